/** The published package starts without a network and with an empty cache: nothing is downloaded, and nothing waits for it. */

import { assert, assertEquals } from "@std/assert";
import { buildPackage } from "../tools/build_package.ts";

/** Milliseconds that an empty cache may cost. */
const MOST = 500;

const folder = await Deno.makeTempDir({ prefix: "pcp_offline_" });
await buildPackage(`${folder}/package`);
const built = `${folder}/package/built`;
await Deno.writeTextFile(
  `${folder}/script.ts`,
  `import { Client, InboundMap } from "${built}/mod.js";
import { SimulatedServer, startLoopbackServer } from "${built}/testing.js";
const host = await startLoopbackServer(new SimulatedServer());
const handle = await Client.start("127.0.0.1", "127.0.0.1", { port: host.local.port });
const mapping = handle.request(new InboundMap(6000, 3600));
console.log((await mapping.ready()).externalAddress);
await handle.shutdown();
await host.close();`,
);

const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  "a script with both addresses": [`${folder}/script.ts`],
  "the command line": [`${built}/repl.js`, "map", "6000/tcp", "--simulate", "--json"],
  "the JSON-RPC server": [`${built}/rpc_main.js`, "--stdio"],
};

for (const [name, program] of Object.entries(PROGRAMS)) {
  Deno.test({
    name: `${name} starts without a network as fast with an empty cache as with a full one`,
    ignore: !await canUnshare(),
    fn: async () => {
      const times = { full: [] as number[], empty: [] as number[] };
      const cache = `${folder}/cache`;
      await run(program, cache);
      for (let round = 0; round < 3; round++) {
        times.full.push(await run(program, cache));
        times.empty.push(await run(program, await Deno.makeTempDir({ dir: folder })));
      }
      const [full, empty] = [Math.min(...times.full), Math.min(...times.empty)];
      assert(empty - full < MOST, `${empty} ms with an empty cache, ${full} ms with a full one`);
    },
  });
}

/** Runs a program in a network namespace that has only loopback, and returns the milliseconds until its end. */
async function run(program: readonly string[], cache: string): Promise<number> {
  const deno = [Deno.execPath(), "run", "-A", "--no-config", "--no-prompt", "--no-check"];
  const began = performance.now();
  const { code, stderr } = await new Deno.Command("unshare", {
    args: ["-n", "sh", "-c", 'ip link set lo up; exec "$@"', "sh", ...deno, ...program],
    env: { DENO_DIR: cache, NO_COLOR: "1" },
    stdin: "null", // its end ends the JSON-RPC server
    cwd: folder,
  }).output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
  return performance.now() - began;
}

/** Namespaces need Linux and root. */
async function canUnshare(): Promise<boolean> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  const command = new Deno.Command("unshare", { args: ["-n", "ip", "link", "set", "lo", "up"] });
  return await command.output().then(({ success }) => success, () => false);
}

globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
