/** Probes: whether ICMP refuses datagrams. On loopback, where a port without a socket refuses them. */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import * as esbuild from "esbuild";
import { defaultNetwork } from "../../src/transport/open.ts";
import type { ProbeOptions } from "../../src/transport/transport.ts";
import { TransportError } from "../../src/transport/transport_error.ts";
import { Inbox } from "./inbox.ts";
import { hasIpv6Loopback } from "./loopback.ts";

const ignore = Deno.build.os !== "linux";
const network = defaultNetwork();

for (const hostname of ["127.0.0.1", "::1"]) {
  const absent = ignore || (hostname === "::1" && !hasIpv6Loopback());

  Deno.test({
    name: `a probe hears that nothing listens at a port of ${hostname}`,
    ignore: absent,
    fn: async () => {
      const to = { hostname, port: 9 };
      const error = await probe({ from: hostname, to });
      assertInstanceOf(error, TransportError);
      assertEquals([error.operation, error.code, error.address], ["receive", "ECONNREFUSED", to]);
    },
  });

  Deno.test({
    name: `a probe sends one datagram without octets to ${hostname}, and ends with its signal`,
    ignore: absent,
    fn: async () => {
      const inbox = new Inbox();
      const socket = await network.open({ hostname, port: 0 }, inbox);
      const signal = AbortSignal.timeout(1_600);
      const result = probe({ from: hostname, to: socket.local, signal });
      const { bytes, source } = await inbox.next();
      assertEquals([bytes.length, source.hostname], [0, hostname]);
      assertEquals(await result, undefined);
      assertEquals(inbox.unread, []);
      socket.close();
    },
  });
}

Deno.test({
  name: "a hundred probes leave no descriptor open",
  ignore,
  fn: async () => {
    const before = descriptors();
    const aborted = AbortSignal.abort();
    const to = { hostname: "127.0.0.1", port: 9 };
    for (let i = 0; i < 100; i++) await probe({ from: "127.0.0.1", to, signal: aborted });
    // Other test files run in this process, and open some.
    assert(descriptors() < before + 80, `${before} descriptors before, ${descriptors()} after`);
  },
});

Deno.test("a probe from or to a text that is no address finds nothing", async () => {
  const to = { hostname: "127.0.0.1", port: 9 };
  const signal = AbortSignal.timeout(100);
  assertEquals(
    await probe({ from: "192.0.2.1", to: { ...to, hostname: "none" }, signal }),
    undefined,
  );
});

Deno.test("a probe without the permission asks for none, and finds nothing", async () => {
  const path = new URL("../../src/transport/lazy_probe.ts", import.meta.url).href;
  const program = `
    import { probeByIcmp } from ${JSON.stringify(path)};
    const to = { hostname: "127.0.0.1", port: 9 };
    console.log(await probeByIcmp({ from: "127.0.0.1", to, signal: AbortSignal.timeout(500) }));
  `;
  const url = `data:application/javascript,${encodeURIComponent(program)}`;
  const args = ["run", "--no-config", "--allow-import", url];
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  const text = new TextDecoder();
  assertEquals([text.decode(stdout), text.decode(stderr)], ["undefined\n", ""]);
});

Deno.test({
  name: "a probe in Node hears that nothing listens, and finds nothing where something does",
  ignore: ignore || !await hasNode(),
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      await esbuild.build({
        entryPoints: [new URL("../../src/transport/lazy_probe.ts", import.meta.url).pathname],
        bundle: true,
        format: "esm",
        platform: "node",
        outfile: `${folder}/probe.mjs`,
      });
      const program = `
        import { createSocket } from "node:dgram";
        import { probeByIcmp } from "./probe.mjs";
        const socket = createSocket("udp4");
        socket.bind(0, "127.0.0.1", async () => {
          const to = { hostname: "127.0.0.1", port: socket.address().port };
          const ask = () => probeByIcmp({ from: to.hostname, to, signal: AbortSignal.timeout(200) });
          console.log(await ask());
          socket.close(async () => console.log((await ask()).code));
        });
      `;
      await Deno.writeTextFile(`${folder}/program.mjs`, program);
      const args = [`${folder}/program.mjs`];
      const { stdout, stderr } = await new Deno.Command("node", { args }).output();
      const text = new TextDecoder();
      assertEquals([text.decode(stdout), text.decode(stderr)], ["undefined\nECONNREFUSED\n", ""]);
    } finally {
      await esbuild.stop();
      await Deno.remove(folder, { recursive: true });
    }
  },
});

function probe(options: Partial<ProbeOptions> & Pick<ProbeOptions, "from" | "to">) {
  assert(network.probe !== undefined);
  return network.probe({ signal: new AbortController().signal, ...options });
}

function descriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

async function hasNode(): Promise<boolean> {
  try {
    return (await new Deno.Command("node", { args: ["--version"] }).output()).success;
  } catch {
    return false;
  }
}
