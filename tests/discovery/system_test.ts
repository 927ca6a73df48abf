import { assertEquals } from "@std/assert";
import { runningSystem } from "../../src/discovery/system.ts";
import { runDeno } from "../tools/processes.ts";

Deno.test("runningSystem.addresses() lists loopback with its prefix", async () => {
  const addresses = await runningSystem.addresses();
  const loopback = addresses.find(({ address }) => address === "127.0.0.1");
  assertEquals(loopback?.prefixLength, 8);
});

Deno.test("runningSystem.platform is that of Deno", () => {
  assertEquals(runningSystem.platform, Deno.build.os);
});

Deno.test("runningSystem.read() returns a text, or undefined for what cannot be read", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, "text");
  assertEquals(await runningSystem.read(path), "text");
  await Deno.remove(path);
  assertEquals(await runningSystem.read(path), undefined);
});

Deno.test("files of the kernel are read with all permissions only (H-3)", async () => {
  const module = new URL("../../src/discovery/system.ts", import.meta.url).href;
  const program =
    `import { runningSystem } from "${module}"; console.log(await runningSystem.mayReadFiles())`;
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(path, program);
  const run = async (...flags: string[]): Promise<string> => {
    const { stdout, stderr } = await runDeno(["run", "--no-prompt", "--no-config", ...flags, path]);
    return stdout.trim() || stderr;
  };
  assertEquals(await run("-A"), "true");
  assertEquals(await run("--allow-read", "--allow-run", "--allow-net", "--allow-sys"), "false");
  await Deno.remove(path);
});

Deno.test("discovery loads no module of Node under Deno", async () => {
  const module = new URL("../../src/discovery/mod.ts", import.meta.url).href;
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(
    path,
    `import { discoverGateways, localAddressFor } from "${module}";
    for (const find of [discoverGateways, () => localAddressFor("192.0.2.1")]) {
      try { await find(); } catch (error) { if (error.name !== "DiscoveryError") throw error; }
    }`,
  );
  const args = ["run", "-A", "--no-config", "--log-level=debug", path];
  const { code, stderr } = await runDeno(args);
  assertEquals(code, 0, stderr);
  assertEquals(stderr.match(/ node:\S+/g), null);
  await Deno.remove(path);
});
