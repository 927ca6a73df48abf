import { assertEquals, assertStringIncludes } from "@std/assert";

/** Opens a socket on loopback in a Deno of its own, and prints the network's name and what arrived. */
const PROGRAM = `
  import { defaultNetwork } from ${JSON.stringify(source("open.ts"))};
  const network = defaultNetwork();
  const { promise, resolve, reject } = Promise.withResolvers();
  const sink = { datagram: (bytes) => resolve(bytes.length), error: reject };
  const transport = await network.open({ hostname: "127.0.0.1", port: 0 }, sink);
  await transport.send(new Uint8Array(60), transport.local);
  console.log(network.name, await promise);
  transport.close();
`;

Deno.test("defaultNetwork() is Deno.listenDatagram where the program enables it", async () => {
  assertEquals(await run(["--unstable-net"], PROGRAM), "Deno.listenDatagram 60");
});

Deno.test("defaultNetwork() is node:dgram where Deno.listenDatagram is missing", async () => {
  assertEquals(await run([], PROGRAM), "node:dgram 60");
});

Deno.test("denoNetwork names the flag it needs", async () => {
  const program = `
    import { denoNetwork } from ${JSON.stringify(source("deno.ts"))};
    const sink = { datagram() {}, error() {} };
    await denoNetwork.open({ hostname: "127.0.0.1", port: 0 }, sink).catch((e) => console.log(e.message));
  `;
  assertStringIncludes(await run([], program), "needs the flag --unstable-net");
});

Deno.test("the transports need no unstable types", async () => {
  const args = ["check", "--no-config", source("mod.ts")];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  assertEquals([success, success ? "" : new TextDecoder().decode(stderr)], [true, ""]);
});

function source(name: string): string {
  return new URL(`../../src/transport/${name}`, import.meta.url).href;
}

async function run(flags: string[], program: string): Promise<string> {
  const url = `data:application/javascript,${encodeURIComponent(program)}`;
  const args = ["run", "--no-config", "--allow-net=127.0.0.1", "--allow-import", ...flags, url];
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  return new TextDecoder().decode(stdout).trim() || new TextDecoder().decode(stderr);
}
