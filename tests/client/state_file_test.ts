/** The file of FileStore against paths and programs that mean no good, with the files of Deno and those of Node. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { FileStore, StoreError, systemClock } from "../../mod.ts";
import { denoFileSystem } from "../../src/client/persistence/deno_file_system.ts";
import type { FileStoreParts } from "../../src/client/persistence/file_store.ts";
import type { FileSystem } from "../../src/client/persistence/file_system.ts";
import { nodeFileSystem } from "../../src/client/persistence/node_file_system.ts";
import { ManualClock } from "../../src/testing/mod.ts";
import { makeFifo, StateFolder, stateText, STORED } from "./state_folder.ts";

interface Runtime {
  readonly name: string;
  readonly parts: FileStoreParts;
  /** The end of the name of its lock. */
  readonly lock: string;
}

const RUNTIMES: readonly Runtime[] = [
  { name: "Deno", parts: { clock: systemClock, files: denoFileSystem }, lock: "lock" },
  { name: "Node", parts: { clock: systemClock, files: nodeFileSystem }, lock: "lock.1" },
];

/** A test with the files of each runtime. */
function onEach(
  name: string,
  test: (open: (path: string) => FileStore, runtime: Runtime) => Promise<void>,
): void {
  for (const runtime of RUNTIMES) {
    Deno.test({
      name: `with the files of ${runtime.name}, ${name}`,
      ignore: Deno.build.os === "windows",
      fn: () => test((path) => new FileStore(path, runtime.parts), runtime),
    });
  }
}

async function refusal(store: FileStore): Promise<StoreError> {
  return await assertRejects(() => store.load(), StoreError);
}

onEach(
  "a device, a FIFO, a folder or a file of something else is refused and not touched (K-2)",
  async (open) => {
    await using folder = await StateFolder.create();
    await makeFifo(folder.file("fifo"));
    await Deno.mkdir(folder.file("folder"));
    await Deno.symlink("/dev/null", folder.file("link_to_device"));
    await Deno.symlink("fifo", folder.file("link_to_fifo"));
    await Deno.symlink("circle", folder.file("circle"));
    const foreign = {
      "notes.txt": "buy milk",
      "list.json": "[]",
      "empty.json": "{}",
      "tools.json": '{"version": 1, "isRoot": true, "tools": {}}',
      "package.json": '{"version": "1.0.0", "mappings": []}',
      "zeros": "\\0".repeat(100),
      "mappings.json": '{"mappings": [], "version": 1',
      "number": "1",
    };
    for (const [name, text] of Object.entries(foreign)) {
      await Deno.writeTextFile(
        folder.file(name),
        text,
      );
    }
    const before = await folder.contents();
    const kinds = ["fifo", "folder", "folder/", ".", "link_to_device", "link_to_fifo"];
    for (const name of [...kinds, ...Object.keys(foreign)]) {
      const error = await refusal(open(folder.file(name)));
      assertEquals(error.reason, "foreign", name);
      assertStringIncludes(error.message, "was not touched; name another file");
    }
    for (const device of ["/dev/null", "/dev/zero", "/"]) {
      assertEquals((await refusal(open(device))).reason, "foreign", device);
    }
    assertEquals((await refusal(open(folder.file("circle")))).reason, "unwritable");
    assertEquals(await folder.contents(), before);
  },
);

onEach("an empty or blank state file counts as none (K-3)", async (open) => {
  for (const text of ["", "\n", " \r\n\t"]) {
    await using folder = await StateFolder.create();
    const path = folder.file("state");
    await Deno.writeTextFile(path, text);
    const store = open(path);
    assertEquals(await store.load(), []);
    await store.save([STORED]);
    await store.close();
    assertEquals(await open(path).load(), [STORED]);
  }
});

onEach(
  "a link to the state file is followed to its target, which has the lock beside it",
  async (open, { lock }) => {
    await using folder = await StateFolder.create();
    for (const name of ["data", "links", "elsewhere"]) await Deno.mkdir(folder.file(name));
    await Deno.symlink("../links/second", folder.file("data/first"));
    await Deno.symlink(folder.file("elsewhere/state.json"), folder.file("links/second"));
    const store = open(folder.file("data/first"));
    assertEquals(await store.load(), []); // the target does not exist yet
    await store.save([STORED]);
    const error = await refusal(open(folder.file("elsewhere/state.json")));
    assertEquals(error.reason, "inUse");
    const names = (path: string): string[] =>
      [...Deno.readDirSync(folder.file(path))].map((e) => e.name).sort();
    assertEquals([names("data"), names("links"), names("elsewhere")], [
      ["first"],
      ["second"],
      ["state.json", `state.json.${lock}`],
    ]);
    // The path is resolved once: the links may lead elsewhere now.
    await Deno.remove(folder.file("data/first"));
    await Deno.symlink("other.json", folder.file("data/first"));
    await store.save([]);
    await store.close();
    assertEquals([names("data"), names("elsewhere")], [["first"], [
      "state.json",
      `state.json.${lock}`,
    ]]);
  },
);

onEach(
  "nothing is written through a link that lies in wait for the file of a save",
  async (open) => {
    await using folder = await StateFolder.create();
    await Deno.writeTextFile(folder.file("victim"), "precious");
    const path = folder.file("state.json");
    for (const name of [".new", ".tmp", ".new.0"]) await Deno.symlink("victim", `${path}${name}`);
    const store = open(path);
    await store.load();
    await store.save([STORED]);
    await store.close();
    assertEquals(await Deno.readTextFile(folder.file("victim")), "precious");
    assertEquals((await Deno.lstat(path)).isFile, true);
  },
);

onEach(
  "a lock that is a link, a FIFO, a folder or a file of something else is not touched",
  async (open) => {
    const makers: ((path: string, folder: StateFolder) => Promise<void>)[] = [
      (path) => Deno.symlink("victim", path),
      (path) => Deno.symlink("nowhere", path),
      (path) => makeFifo(path),
      (path) => Deno.mkdir(path),
      (path) => Deno.writeTextFile(path, "buy milk"),
      (path) => Deno.writeTextFile(path, `deno ${"1".repeat(1_000)}\n`),
    ];
    for (const make of makers) {
      await using folder = await StateFolder.create();
      await Deno.writeTextFile(folder.file("victim"), "");
      await make(folder.file("state.json.lock"), folder);
      const before = await folder.contents();
      const error = await refusal(open(folder.file("state.json")));
      assertEquals(error.reason, "foreign");
      assertStringIncludes(error.message, 'state.json.lock" is not a lock file');
      assertEquals(await folder.contents(), before);
    }
  },
);

onEach("a file that is longer than 16 MiB is not read", async (open) => {
  await using folder = await StateFolder.create();
  const path = folder.file("state.json");
  await Deno.writeTextFile(path, '{"version":1,"mappings":[');
  await Deno.truncate(path, 1024 ** 4); // a terabyte of nothing
  const before = await folder.contents();
  const error = await refusal(open(path));
  assertEquals(error.reason, "unreadable");
  assertMatch(error.message, /it has 1099511627776 octets, more than the 16777216 that are read/);
  assertEquals(await folder.contents(), before);
});

onEach("more than 16 MiB are not written, and the file stays as it was", async (open) => {
  await using folder = await StateFolder.create();
  const path = folder.file("state.json");
  const store = open(path);
  await store.load();
  await store.save([STORED]);
  const error = await assertRejects(() => store.save(Array(70_000).fill(STORED)), StoreError);
  assertEquals(error.reason, "unwritable");
  await store.close();
  assertEquals(await open(path).load(), [STORED]);
});

onEach("a file that another program puts in its place is not replaced", async (open) => {
  await using folder = await StateFolder.create();
  const path = folder.file("state.json");
  const store = open(path);
  await store.load();
  await store.save([STORED]);
  const others = [
    () => Deno.writeTextFile(path, "notes of a user"),
    async () => {
      await Deno.remove(path);
      await Deno.mkdir(path);
    },
    async () => {
      await Deno.remove(path);
      await Deno.symlink("/dev/null", path);
    },
  ];
  for (const put of others) {
    await put();
    const before = await folder.contents();
    const error = await assertRejects(() => store.save([]), StoreError);
    assertEquals(error.reason, "foreign");
    assertEquals(await folder.contents(), before);
  }
  await Deno.remove(path);
  await store.save([STORED]); // a file that was removed is made again
  await Deno.writeTextFile(path, stateText([])); // a state file, edited
  await store.save([STORED]);
  await store.close();
  assertEquals(await open(path).load(), [STORED]);
});

onEach(
  "what a crash during a save left is removed, and nothing that only seems to be",
  async (open, { lock }) => {
    await using folder = await StateFolder.create();
    const path = folder.file("state.json");
    const unfinished = `${path}.${"0123456789abcdef".repeat(2)}.new`;
    const similar = [
      "state.json.new",
      "state.json.0123.new",
      "other.json.0123456789abcdef0123456789abcdef.new",
    ];
    for (const name of similar) await Deno.writeTextFile(folder.file(name), "");
    await Deno.mkdir(`${unfinished.slice(0, -5)}0.new`);
    await Deno.writeTextFile(unfinished, "{");
    const store = open(path);
    await store.load();
    await store.close();
    assertEquals(
      await folder.names(),
      [...similar, "state.json.0123456789abcdef0123456789abcde0.new", `state.json.${lock}`].sort(),
    );
  },
);

onEach(
  "a folder that is a link, or has a name with blanks and dots, is no different",
  async (open) => {
    await using folder = await StateFolder.create();
    await Deno.mkdir(folder.file("a folder..x"));
    await Deno.symlink("a folder..x", folder.file("link"));
    const store = open(folder.file("link/../link//state file"));
    await store.load();
    await store.save([STORED]);
    assertEquals((await refusal(open(folder.file("a folder..x/state file")))).reason, "inUse");
    await store.close();
  },
);

onEach(
  "a save writes 0600 from the first octet, exclusively, to the disk, under a name of its own, and syncs the folder",
  async (_, { parts }) => {
    await using folder = await StateFolder.create();
    const real = await parts.files();
    const log: string[] = [];
    const names = new Set<string>();
    const files: FileSystem = {
      ...bound(real),
      async create(path) {
        const file = await real.create(path);
        assert(file !== undefined);
        names.add(path);
        log.push(`create ${((await Deno.lstat(path)).mode ?? 0) & 0o777}`);
        assertEquals(await real.create(path), undefined); // it exists: never opened again
        return {
          info: () => file.info(),
          read: (octets) => file.read(octets),
          write: (octets) => (log.push("write"), file.write(octets)),
          sync: () => (log.push("sync"), file.sync()),
          close: () => (log.push("close"), file.close()),
        };
      },
      rename: (from, to) => (log.push("rename"), real.rename(from, to)),
      syncFolder: (path) => (log.push(`sync ${path}`), real.syncFolder(path)),
    };
    const store = new FileStore(folder.file("state.json"), {
      clock: systemClock,
      files: () => files,
    });
    await store.load();
    for (let save = 0; save < 2; save++) {
      log.splice(0);
      await store.save([STORED]);
      const folderPath = `${await Deno.realPath(folder.path)}/`;
      assertEquals(log, [
        `create ${0o600}`,
        "write",
        "sync",
        "close",
        "rename",
        `sync ${folderPath}`,
      ]);
    }
    await store.close();
    assertEquals(names.size, 2);
    for (const name of names) assertMatch(name, /\/state\.json\.[0-9a-f]{32}\.new$/);
  },
);

onEach(
  "a file system that does not answer ends every call after 5 seconds",
  async (_, { parts }) => {
    await using folder = await StateFolder.create();
    const real = await parts.files();
    const clock = new ManualClock();
    let hanging: PromiseWithResolvers<void> | undefined;
    const unlocked = Promise.withResolvers<void>();
    const stall = async (): Promise<void> => await hanging?.promise;
    const files: FileSystem = {
      ...bound(real),
      info: async (path) => (await stall(), await real.info(path)),
      rename: async (from, to) => (await stall(), await real.rename(from, to)),
      async lock(path) {
        const lock = await real.lock(path);
        return "holder" in lock ? lock : {
          release: async () => {
            await lock.release();
            unlocked.resolve();
          },
        };
      },
    };
    const open = (): FileStore =>
      new FileStore(folder.file("state.json"), { clock, files: () => files });
    const late = async (call: Promise<unknown>, seconds: number): Promise<void> => {
      const failed = assertRejects(
        () => call,
        StoreError,
        "the file system did not answer within 5 s",
      );
      await clock.advance(seconds * 1_000 - 1);
      assertEquals(clock.pending, 1);
      await clock.advance(1);
      await failed;
    };
    hanging = Promise.withResolvers();
    await late(open().load(), 5);
    hanging.resolve();
    hanging = undefined;
    await unlocked.promise; // the load goes on, too late, and keeps no lock
    const store = open();
    await store.load();
    await store.save([]);
    hanging = Promise.withResolvers();
    await late(store.save([STORED]), 5);
    await late(store.save([STORED, STORED]), 5); // not written beside the first
    hanging.resolve();
    hanging = undefined;
    await store.save([STORED]);
    await store.close();
    assertEquals(clock.pending, 0);
    assertEquals(await open().load(), [STORED]);
  },
);

/** The methods of an object as functions of their own. */
function bound(files: FileSystem): FileSystem {
  return {
    separator: files.separator,
    info: (path) => files.info(path),
    realPath: (path) => files.realPath(path),
    readLink: (path) => files.readLink(path),
    open: (path) => files.open(path),
    create: (path) => files.create(path),
    list: (path) => files.list(path),
    rename: (from, to) => files.rename(from, to),
    remove: (path) => files.remove(path),
    syncFolder: (path) => files.syncFolder(path),
    lock: (path) => files.lock(path),
  };
}
