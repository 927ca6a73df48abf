/** The package as it is published: built by `deno task build`, and used as an importing program uses it. */

import { assert, assertEquals, assertMatch, assertObjectMatch, assertRejects } from "@std/assert";
import { relative } from "node:path/posix";
import { SimulatedServer, startLoopbackServer } from "../../src/testing/mod.ts";
import { buildPackage } from "../tools/build_package.ts";
import { deadLinks } from "../tools/documents.ts";
import { packForNpm, run } from "../tools/npm_package.ts";
import { manifest, ROOT } from "../tools/repository.ts";
import { runDeno } from "../tools/processes.ts";
import { RpcProcess } from "./rpc_process.ts";

const folder = await Deno.makeTempDir({ prefix: "pcp_package_" });
await buildPackage(folder);
const { exports } = await manifest();

Deno.test("the package has the entries of deno.json, with the same names of values", async () => {
  const program = `${folder}/names.ts`;
  const specifiers = Object.keys(exports).map((entry) => `@portcontrol/pcp${entry.slice(1)}`);
  const lines = specifiers.map((specifier) =>
    `console.log(Object.keys(await import("${specifier}")).sort().join());`
  );
  await Deno.writeTextFile(program, lines.join("\n"));
  const { code, stdout, stderr } = await runDeno(["run", "-A", program]);
  assertEquals([code, stderr], [0, ""]);
  const names = Object.values(exports).map(async (path) =>
    Object.keys(await import(new URL(path, ROOT).href)).sort().join()
  );
  assertEquals(stdout.trimEnd().split("\n"), await Promise.all(names));
});

Deno.test("the built JSON-RPC server loads no package", async () => {
  const files = ["rpc_main.js"];
  for await (const { name } of Deno.readDir(`${folder}/built/rpc_main`)) {
    files.push(`rpc_main/${name}`);
  }
  const texts = await Promise.all(
    files.map((file) => Deno.readTextFile(`${folder}/built/${file}`)),
  );
  const code = texts.join("\n");
  assertEquals(code.match(/(^import |^\} from |\bimport\()"(?!\.|node:)[^"]*"/gm), null);
});

Deno.test("the package's types are those of its sources", async () => {
  const program = `${folder}/types.ts`;
  await Deno.writeTextFile(
    program,
    `import { Client, InboundMap } from "@portcontrol/pcp";
     import { IpAddress } from "@portcontrol/pcp/wire";
     const handle = await Client.start();
     const port: string = (await handle.request(new InboundMap(1, 2)).ready()).externalPort;
     console.log(port, IpAddress.parse(1));`,
  );
  const { code, stderr } = await runDeno(["check", program]);
  assertEquals(code, 1);
  assertMatch(stderr, /Type 'number' is not assignable to type 'string'/);
  assertMatch(stderr, /Argument of type 'number' is not assignable to parameter of type 'string'/);
  assertMatch(stderr, /Found 2 errors/);
});

Deno.test("a script opens a mapping with the package, and its parts know each other's classes", async () => {
  const program = `${folder}/script.ts`;
  await Deno.writeTextFile(
    program,
    `import { InboundMap, IpAddress, ResultCodeError } from "@portcontrol/pcp";
     import { lab } from "@portcontrol/pcp/testing";
     import * as wire from "@portcontrol/pcp/wire";
     await using world = await lab();
     const opened = world.handle.request(new InboundMap(6000, 3600)).ready();
     await world.advance(1_000);
     const { externalPort } = await opened;
     world.server.fail(wire.ResultCode.NotAuthorized);
     const refused = world.handle.request(new InboundMap(6001, 3600)).ready().catch((error) => error);
     await world.advance(1_000);
     const error = await refused;
     console.log(externalPort, IpAddress === wire.IpAddress, error instanceof ResultCodeError, error.name);`,
  );
  const { stdout, stderr } = await runDeno(["run", "-A", program]);
  assertEquals([stdout, stderr], ["40000 true true ResultCodeError\n", ""]);
});

Deno.test("the package's command line opens a port, and explains a usage error", async () => {
  const repl = `${folder}/built/repl.js`;
  const args = ["run", "-A", repl, "map", "6000/tcp", "--simulate", "--json"];
  const { code, stdout, stderr } = await runDeno(args);
  assertEquals([code, stderr], [0, ""]);
  assertEquals(JSON.parse(stdout).assigned.externalPort, 6000);
  const wrong = await runDeno(["run", "-A", repl, "mpa", "6000/tcp"]);
  assertEquals(wrong.code, 2);
  assertMatch(wrong.stderr, /map/);
});

Deno.test("the package's JSON-RPC server opens a port", async () => {
  await using server = await RpcProcess.initialized({ entry: `${folder}/built/rpc_main.js` });
  await server.openMapping();
  const mapping = await server.call("mapping/get", { mappingId: 1 });
  assertObjectMatch(mapping, { state: { type: "running" } });
});

Deno.test({
  name: "discovery of the package runs in Node, without the program ip too (H-3)",
  ignore: Deno.build.os !== "linux" || !await canRun("node"),
  fn: async () => {
    const program = `${folder}/discover.mjs`;
    await Deno.writeTextFile(
      program,
      `import { discoverGateways, localAddressFor } from "./built/discovery.js";
       const show = (found) => found.map(({ gateway, client }) => [gateway, client]);
       console.log(JSON.stringify(await discoverGateways().then(show, ({ reason }) => reason)));
       console.log(await localAddressFor("127.0.0.1"));`,
    );
    const node = async (path: string): Promise<string> => {
      const env = { PATH: path };
      const which = await new Deno.Command("sh", { args: ["-c", "command -v node"] }).output();
      const command = new TextDecoder().decode(which.stdout).trim();
      const { stdout, stderr } = await new Deno.Command(command, { args: [program], env }).output();
      return new TextDecoder().decode(stdout) || new TextDecoder().decode(stderr);
    };
    const found = await node("/nowhere");
    // A machine without a default route has no gateway, which is another answer than that of a missing program.
    assertMatch(found, /^(\[\[.*\]\]|"noDefaultRoute")\n127\.0\.0\.1\n$/);
    assertEquals(await node(Deno.env.get("PATH") ?? ""), found);
  },
});

Deno.test({
  name: "SIGTERM to a program in Node deletes its mapping and ends it with 143 (K-10)",
  ignore: !await canRun("node"),
  fn: async () => {
    const host = await startLoopbackServer(new SimulatedServer());
    const program = `${folder}/release.mjs`;
    await Deno.writeTextFile(
      program,
      `import { Client, InboundMap } from "./built/mod.js";
       const options = { port: ${host.local.port}, releaseOn: ["SIGINT", "SIGTERM"] };
       const handle = await Client.start("127.0.0.1", "127.0.0.1", options);
       await handle.request(new InboundMap(6000, 60)).ready();
       console.log("open");`,
    );
    const child = new Deno.Command("node", { args: [program], stdout: "piped" }).spawn();
    const reader = child.stdout.getReader();
    assertEquals(new TextDecoder().decode((await reader.read()).value), "open\n");
    assertEquals(host.server.mappings.size, 1);
    child.kill("SIGTERM");
    assertEquals((await child.status).code, 143);
    assertEquals(host.server.mappings.size, 0);
    await reader.cancel();
    host.close();
  },
});

Deno.test("a folder that holds anything else is left alone", async () => {
  const other = await Deno.makeTempDir();
  await Deno.writeTextFile(`${other}/other.txt`, "content");
  await assertRejects(() => buildPackage(other), Error, "holds other things");
  assertEquals(await Deno.readTextFile(`${other}/other.txt`), "content");
  await Deno.remove(other, { recursive: true });
});

Deno.test("the package can be published, and its documents link to its files", async () => {
  const { code, stderr } = await runDeno([
    "publish",
    "--dry-run",
    "--allow-dirty",
    "--config",
    `${folder}/deno.json`,
  ]);
  assertEquals(code, 0, stderr);
  const files = [...stderr.matchAll(/file:\/\/(\S+) \(/g)].map(([, path = ""]) => {
    return relative(folder, decodeURI(path));
  });
  for (const file of ["built/mod.js", "README.md", "docs/api.md"]) {
    assert(files.includes(file), file);
  }
  // Neither tests nor tools, nor the pictures of the documents.
  assertEquals(files.filter((file) => /^(tests|links|\.)|\.(png|svg)$/.test(file)), []);
  const read = (path: string): Promise<string> => Deno.readTextFile(`${folder}/${path}`);
  assertEquals(await deadLinks(files, read), []);
});

Deno.test("npm's tarball has built files, types and documents, and neither sources nor source maps", async () => {
  const tarball = await Deno.makeTempDir({ prefix: "pcp_tarball_" });
  await packForNpm(`${tarball}/pcp.tgz`);
  await run(["tar", "xzf", "pcp.tgz"], { cwd: tarball });
  const files = (await run(["find", ".", "-type", "f"], { cwd: `${tarball}/package` }))
    .trim().split("\n").map((path) => path.slice("./".length)).sort();
  const known = /^built\/|\.d\.ts$|\.md$|^examples\/|^rpc\/(pcp_client\w*\.py|openrpc\.json)$/;
  assertEquals(files.filter((file) => !known.test(file)), ["LICENSE", "package.json"]);
  const built = await run(["grep", "-rl", "sourceMappingURL=", "."], { cwd: tarball })
    .catch(() => "");
  assertEquals(built, "");
  const { size } = await Deno.stat(`${tarball}/pcp.tgz`);
  assert(size < 1_000_000, `${size}`);
  await Deno.remove(tarball, { recursive: true });
});

globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

async function canRun(program: string): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args: ["--version"] }).output()).success;
  } catch {
    return false; // not installed
  }
}
