/** The lock of a state file, which programs with Deno and with Node must share. */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { FileStore, StoreError, systemClock } from "../../mod.ts";
import { denoFileSystem } from "../../src/client/persistence/deno_file_system.ts";
import { nodeFileSystem } from "../../src/client/persistence/node_file_system.ts";
import { StateFolder } from "./state_folder.ts";

const RUNTIMES = { deno: denoFileSystem, node: nodeFileSystem };
type Runtime = keyof typeof RUNTIMES;

function open(path: string, runtime: Runtime): FileStore {
  return new FileStore(path, { clock: systemClock, files: RUNTIMES[runtime] });
}

/** The message if the state file is in use. */
async function refusal(store: FileStore): Promise<string | undefined> {
  try {
    await store.load();
    await store.close();
    return undefined;
  } catch (error) {
    if (error instanceof StoreError && error.reason === "inUse") return error.message;
    throw error;
  }
}

Deno.test("a state file in use is refused, whatever runtimes the two programs have", async () => {
  await using folder = await StateFolder.create();
  const path = folder.file("state.json");
  await using other = runningProcess();
  for (const runtime of ["deno", "node"] as const) {
    const store = open(path, runtime);
    await store.load();
    assertStringIncludes(await refusal(open(path, runtime)) ?? "", "another client is using it");
    await store.close();
    assertEquals(await refusal(open(path, runtime)), undefined);
  }
  // One process cannot play programs of two runtimes: the other one's lock is written by hand.
  await Deno.writeTextFile(`${path}.lock`, `deno ${other.pid}\n`);
  assertStringIncludes(await refusal(open(path, "node")) ?? "", `process ${other.pid}`);
  await Deno.writeTextFile(`${path}.lock`, "");
  await Deno.writeTextFile(`${path}.lock.7`, `node ${other.pid}\n`);
  assertStringIncludes(await refusal(open(path, "deno")) ?? "", `process ${other.pid}`);
  assertEquals(await Deno.readTextFile(`${path}.lock`), "");
  await Deno.writeTextFile(`${path}.lock.7`, `node ${other.pid}\nreleased\n`);
  assertEquals(await refusal(open(path, "deno")), undefined);
});

Deno.test("a lock that a crash left is taken, unless its process number has been given to another program", async () => {
  await using other = runningProcess();
  const gone = 999_999_999; // more than a system gives
  const cases: readonly (readonly [string, string, Runtime, boolean])[] = [
    ["lock", `deno ${gone}\n`, "node", false],
    ["lock", `deno ${gone}\n`, "deno", false],
    ["lock.3", `node ${gone}\n`, "node", false],
    ["lock.3", `node ${gone}\n`, "deno", false],
    ["lock", `deno ${other.pid}\n`, "deno", false], // the system would hold the lock
    ["lock", `deno ${Deno.pid}\n`, "node", false], // of an earlier run with the same number: a container
    ["lock.3", `node ${Deno.pid}\n`, "node", false],
    ["lock.3", `node ${Deno.pid}\n`, "deno", false],
    ["lock", `deno ${other.pid}\n`, "node", true],
    ["lock.3", `node ${other.pid}\n`, "node", true],
    ["lock.3", `node ${other.pid}\n`, "deno", true],
    ["lock.3", "", "node", true], // a program writes its number now
    ["lock.3", "", "deno", true],
  ];
  for (const [name, text, runtime, isRefused] of cases) {
    await using folder = await StateFolder.create();
    const path = folder.file("state.json");
    await Deno.writeTextFile(`${path}.${name}`, text);
    const message = await refusal(open(path, runtime));
    assertEquals(message !== undefined, isRefused, `${name} ${text} ${runtime}`);
    if (isRefused && text !== "") {
      assertStringIncludes(message ?? "", `after a crash of it, remove "${folder.path}`);
    }
    const names = { deno: ["lock"], node: [name === "lock" ? "lock.1" : "lock.4"] }[runtime];
    const all = isRefused
      ? [name]
      : runtime === "deno"
      ? [...names, name]
      : [...names, name].filter((each) => each !== "lock.3");
    if (!isRefused) {
      assertEquals(
        await folder.names(),
        [...new Set(all)].sort().map((each) => `state.json.${each}`),
      );
    }
  }
});

Deno.test("a claim without its text is taken when it is old: a crash left it", async () => {
  await using folder = await StateFolder.create();
  const path = folder.file("state.json");
  await Deno.writeTextFile(`${path}.lock.3`, "");
  await Deno.utime(`${path}.lock.3`, 0, Date.now() / 1000 - 11);
  assertEquals(await refusal(open(path, "node")), undefined);
  assertEquals(await folder.names(), ["state.json.lock.4"]);
});

Deno.test("of many clients that start at once one gets the state file", async () => {
  for (const runtime of ["deno", "node"] as const) {
    for (const left of [undefined, "", "node 999999999\n"]) {
      await using folder = await StateFolder.create();
      const path = folder.file("state.json");
      if (left !== undefined) await Deno.writeTextFile(`${path}.lock.1`, left);
      if (left === "") await Deno.utime(`${path}.lock.1`, 0, 0);
      const stores = Array.from({ length: 30 }, () => open(path, runtime));
      const loads = await Promise.allSettled(stores.map((store) => store.load()));
      const counted = loads.filter(({ status }) => status === "fulfilled").length;
      assertEquals(counted, 1, `${runtime}, ${left}`);
      for (const load of loads) {
        if (load.status === "rejected") assertEquals(load.reason.reason, "inUse");
      }
      await Promise.all(stores.map((store) => store.close()));
      assertEquals((await folder.names()).filter((name) => !/\.lock/.test(name)), []);
    }
  }
});

Deno.test("a client that could not lock the state file leaves the other's lock when it is closed", async () => {
  for (const runtime of ["deno", "node"] as const) {
    await using folder = await StateFolder.create();
    const path = folder.file("state.json");
    const first = open(path, runtime);
    await first.load();
    const second = open(path, runtime);
    await assertRejects(() => second.load(), StoreError);
    await second.close();
    await assertRejects(() => second.save([]), StoreError, "another client is using it");
    await first.save([]);
    await first.close();
  }
});

function runningProcess(): AsyncDisposable & { readonly pid: number } {
  const child = new Deno.Command("cat", { stdin: "piped", stdout: "null" }).spawn();
  return {
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      await child.stdin.close();
      await child.status;
    },
  };
}
