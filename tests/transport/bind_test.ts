import { assertEquals, assertRejects } from "@std/assert";
import { bind } from "../../src/transport/bind.ts";
import type { OpenOptions } from "../../src/transport/transport.ts";
import { systemError, TransportError } from "../../src/transport/transport_error.ts";

/** Records the attempts, and refuses the given ones. */
class Attempts {
  readonly tried: string[] = [];
  constructor(readonly refuse: (hostname: string, port: number) => string | undefined) {}

  open = (hostname: string, port: number): string => {
    const endpoint = `${hostname} ${port}`;
    this.tried.push(endpoint);
    const code = this.refuse(hostname, port);
    if (code !== undefined) throw systemError(code, "refused by the test");
    return endpoint;
  };
}

Deno.test("bind() opens a given port as it is", async () => {
  const attempts = new Attempts(() => undefined);
  assertEquals(await bind({ hostname: "::1", port: 5350 }, attempts.open), "::1 5350");
  assertEquals(attempts.tried, ["::1 5350"]);
});

Deno.test("bind() does not try a given port again", async () => {
  const attempts = new Attempts(() => "EADDRINUSE");
  const options = { hostname: "127.0.0.1", port: 5350 };
  const error = await assertRejects(() => bind(options, attempts.open), TransportError);
  assertEquals(
    error.message,
    'Cannot open a socket on "127.0.0.1:5350": refused by the test',
  );
  assertEquals([error.code, attempts.tried.length], ["EADDRINUSE", 1]);
});

Deno.test("bind() takes port 0 from the whole range of 49152 to 65535 (C-8.1-4)", async () => {
  const attempts = new Attempts(() => undefined);
  const options = { hostname: "127.0.0.1", port: 0 };
  assertEquals(await bind(options, attempts.open, () => 0), "127.0.0.1 49152");
  assertEquals(await bind(options, attempts.open, () => 1 - 2 ** -32), "127.0.0.1 65535");
});

Deno.test("bind() tries another random port where one is taken or reserved", async () => {
  for (const code of ["EADDRINUSE", "EACCES"]) {
    const attempts = new Attempts((_, port) => port < 49_154 ? code : undefined);
    let draws = 0;
    const opened = await bind({ hostname: "127.0.0.1", port: 0 }, attempts.open, () => {
      return draws++ / 16_384;
    });
    assertEquals(opened, "127.0.0.1 49154");
  }
});

Deno.test("bind() gives up on random ports some time", async () => {
  const attempts = new Attempts(() => "EADDRINUSE");
  await assertRejects(
    () => bind({ hostname: "127.0.0.1", port: 0 }, attempts.open),
    TransportError,
  );
  assertEquals(attempts.tried.length, 32);
});

Deno.test("bind() does not try other ports where the address is refused", async () => {
  const attempts = new Attempts(() => "EADDRNOTAVAIL");
  const options = { hostname: "203.0.113.9", port: 0 };
  const error = await assertRejects(() => bind(options, attempts.open), TransportError);
  assertEquals([error.code, attempts.tried.length], ["EADDRNOTAVAIL", 1]);
});

Deno.test("bind() binds to the group's own address (RFC 6886 section 3.2.1)", async () => {
  const attempts = new Attempts(() => undefined);
  for (const [options, expected] of GROUPS) {
    assertEquals(await bind(options, attempts.open), `${expected} 5350`);
  }
});

Deno.test("bind() binds to the wildcard address if the system refuses the group", async () => {
  const isGroup = (hostname: string) => /^(224|ff02)/.test(hostname);
  for (const [options] of GROUPS) {
    const attempts = new Attempts((host) => isGroup(host) ? "EADDRNOTAVAIL" : undefined);
    const wildcard = options.multicast?.group.includes(":") ? "::" : "0.0.0.0";
    assertEquals(await bind(options, attempts.open), `${wildcard} 5350`);
  }
});

Deno.test("bind() does not try the wildcard address where the port is taken", async () => {
  const attempts = new Attempts(() => "EADDRINUSE");
  for (const [options] of GROUPS) {
    await assertRejects(() => bind(options, attempts.open), TransportError);
  }
  assertEquals(attempts.tried.length, GROUPS.length);
});

const GROUPS: readonly (readonly [OpenOptions, string])[] = [
  [group({ group: "224.0.0.1", interfaceAddress: "192.168.1.2" }), "224.0.0.1"],
  [group({ group: "ff02::1", interfaceName: "eth0" }), "ff02::1%eth0"],
  [group({ group: "ff02::1%eth0", interfaceName: "eth0" }), "ff02::1%eth0"],
  [group({ group: "ff02::1" }), "ff02::1"],
];

function group(multicast: NonNullable<OpenOptions["multicast"]>): OpenOptions {
  return { hostname: "192.168.1.2", port: 5350, multicast };
}
