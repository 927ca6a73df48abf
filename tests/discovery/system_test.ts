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

Deno.test("runningSystem.fileReader() returns texts, and undefined for what cannot be read", async () => {
  const read = await runningSystem.fileReader();
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, "text");
  assertEquals(read?.(path), "text");
  await Deno.remove(path);
  assertEquals(read?.(path), undefined);
});

Deno.test({
  name: "files of the kernel are read with all permissions only, and never with a question (H-3)",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const module = new URL("../../src/discovery/system.ts", import.meta.url).href;
    const path = await Deno.makeTempFile({ suffix: ".ts" });
    await Deno.writeTextFile(
      path,
      `import { runningSystem } from "${module}";
      const read = await runningSystem.fileReader();
      console.log(typeof read, typeof read?.("/proc/net/route"));`,
    );
    const run = async (...flags: string[]): Promise<string> => {
      const { stdout, stderr } = await runDeno(["run", "--no-config", ...flags, path]);
      return stdout.trim() || stderr;
    };
    assertEquals(await run("-A"), "function string");
    assertEquals(await run("--allow-read"), "function undefined");
    assertEquals(await run("--allow-net", "--allow-run"), "undefined undefined");
    await Deno.remove(path);
  },
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
