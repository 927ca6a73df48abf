/** FileStore of the built package in programs of their own, with Deno, Node and Bun where they are installed. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { StateFolder, STORED } from "../client/state_folder.ts";
import { buildPackage } from "../tools/build_package.ts";
import { runDeno } from "../tools/processes.ts";
import { cachedRuntime } from "../tools/runtime_cache.ts";

const packageFolder = await StateFolder.create();
await buildPackage(packageFolder.file("package"));
const PROGRAM = packageFolder.file("package/state_program.mjs");
await Deno.writeTextFile(
  PROGRAM,
  `import { FileStore, StoreError } from "./built/mod.js";
import process from "node:process";
const [path, command] = process.argv.slice(2);
const store = new FileStore(path);
process.chdir("elsewhere"); // changes nothing: the path was made absolute before
try {
  const mappings = await store.load();
  console.log("loaded " + mappings.length);
  if (command === "hold") await new Promise((resolve) => process.stdin.on("data", resolve));
  await store.save([...mappings, ${JSON.stringify(STORED)}]);
  await store.close();
  process.exit(0);
} catch (error) {
  if (!(error instanceof StoreError)) throw error;
  console.log(error.reason + " " + error.message);
  process.exit(1);
}`,
);

/** `deno task runtimes bun` installs it. */
const BUN = await cachedRuntime("bun") ?? "bun";

/** The command line of each runtime. */
const RUNTIMES: Readonly<Record<string, (folder: string) => readonly string[]>> = {
  deno: (folder) => [
    Deno.execPath(),
    "run",
    "--no-prompt",
    `--allow-read=${packageFolder.path},${folder}`,
    `--allow-write=${folder}`,
    "--allow-run", // to find out whether a process of Node runs
  ],
  node: () => ["node"],
  bun: () => [BUN],
};

const installed: string[] = [];
for (const [name, command] of Object.entries(RUNTIMES)) {
  const [program = ""] = command("");
  if (await runs(program)) installed.push(name);
}

for (const name of Object.keys(RUNTIMES)) {
  Deno.test({
    name: `FileStore keeps its mappings with ${name}`,
    ignore: !installed.includes(name),
    fn: async () => {
      await using state = await stateFolder();
      assertEquals(await run(name, state.path), "loaded 0");
      assertEquals(await run(name, state.path), "loaded 1");
      const { mode } = await Deno.stat(state.file("mappings.json"));
      if (Deno.build.os !== "windows") assertEquals((mode ?? 0) & 0o777, 0o600);
      assertEquals(await Array.fromAsync(Deno.readDir(state.file("elsewhere"))), []);
      await Deno.writeTextFile(state.file("mappings.json"), "notes of a user");
      const refused = await run(name, state.path);
      assertMatch(refused, /^foreign Cannot keep mappings in "mappings.json": .* was not touched/);
      assertEquals(await Deno.readTextFile(state.file("mappings.json")), "notes of a user");
    },
  });
}

Deno.test("FileStore needs no permission for the real name of a folder that is a link", async () => {
  await using state = await stateFolder();
  await using links = await StateFolder.create();
  const link = links.file("link");
  await Deno.symlink(state.path, link);
  const flags = [`--allow-read=${packageFolder.path},${link}`, `--allow-write=${link}`];
  const file = ["run", "--no-prompt", ...flags, PROGRAM.replace("state_program", "link_program")];
  await Deno.writeTextFile(
    file.at(-1) ?? "",
    (await Deno.readTextFile(PROGRAM)).replace('process.chdir("elsewhere");', ""),
  );
  const { stdout, stderr } = await runDeno([...file, `${link}/mappings.json`]);
  assertEquals([stdout, stderr], ["loaded 0\n", ""]);
  assertEquals(await state.names(), ["elsewhere", "mappings.json", "mappings.json.lock"]);
});

for (const first of Object.keys(RUNTIMES)) {
  for (const second of Object.keys(RUNTIMES)) {
    Deno.test({
      name:
        `FileStore with ${second} refuses the file that ${first} uses, until it ends or crashes`,
      ignore: !installed.includes(first) || !installed.includes(second),
      fn: async () => {
        await using state = await stateFolder();
        for (const end of ["save", "crash"]) {
          const holder = start(first, state.path, "hold");
          const reader = holder.stdout.pipeThrough(new TextDecoderStream()).getReader();
          assertMatch((await reader.read()).value ?? "", /^loaded/);
          assertMatch(await run(second, state.path), /^inUse /);
          const writer = holder.stdin.getWriter();
          if (end === "save") await writer.write(new TextEncoder().encode("go on\n"));
          else holder.kill("SIGKILL");
          await holder.status;
          await writer.abort().catch(() => {}); // the program has gone
          await reader.cancel();
          assertMatch(await run(second, state.path), /^loaded/, end);
        }
        const left = await state.names();
        assert(left.length <= 4, left.join()); // the file, the folder, one lock of each kind
      },
    });
  }
}

async function stateFolder(): Promise<StateFolder> {
  const folder = await StateFolder.create();
  await Deno.mkdir(folder.file("elsewhere"));
  return folder;
}

function start(name: string, folder: string, ...words: readonly string[]): Deno.ChildProcess {
  const [program = "", ...args] = RUNTIMES[name]?.(folder) ?? [];
  return new Deno.Command(program, {
    args: [...args, PROGRAM, "mappings.json", ...words],
    cwd: folder,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

/** What the program prints. */
async function run(name: string, folder: string): Promise<string> {
  const child = start(name, folder);
  await child.stdin.close();
  return (await new Response(child.stdout).text()).trim();
}

async function runs(program: string): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args: ["--version"] }).output()).success;
  } catch {
    return false;
  }
}

globalThis.addEventListener("unload", () => {
  Deno.removeSync(packageFolder.path, { recursive: true });
});
