/** Addresses and names as people write them (H-6). */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Client } from "../../src/client/client.ts";
import { resolveAddresses } from "../../src/client/network/addresses.ts";
import { parseAddress, parseServer, resolveServers } from "../../src/client/network/server_text.ts";
import { DiscoveryError } from "../../src/discovery/discovery_error.ts";
import { MemoryNetwork } from "../../src/transport/memory.ts";
import { IpAddress } from "../../src/wire/address.ts";

Deno.test("an address may have blanks around it, brackets, a zone by name or by number (H-6)", () => {
  const cases = [
    [" 192.168.1.1\t", "192.168.1.1"],
    ["[192.168.1.1]", "192.168.1.1"],
    ["[2001:db8::1]", "2001:db8::1"],
    ["\n[fe80::1%eth0] ", "fe80::1%eth0"],
    ["fe80::1%2", "fe80::1%2"],
    ["[fe80::1%2]", "fe80::1%2"],
  ] as const;
  for (const [text, expected] of cases) {
    assertEquals(parseAddress("server", text).toString(), expected);
    assertEquals(String(parseServer(text)), expected);
  }
});

Deno.test("a server may be a host name (H-6)", () => {
  for (
    const name of [
      "fritz.box",
      "router",
      "my_router.lan",
      "xn--bcher-kva.example",
      "a1.b2.",
      "10.0.0.x",
    ]
  ) {
    assertEquals(parseServer(` ${name} `), name);
  }
});

Deno.test("what is neither an address nor a host name is refused with its text (H-6)", () => {
  const cases = [
    "",
    " ",
    "192.168.1",
    "192.168.1.256",
    "1",
    "[fritz.box]",
    "fritz..box",
    "-a.b",
    "a b",
    "fe80::1%",
    "192.168.1.1:5351",
    "http://fritz.box",
    "a".repeat(64),
    "224.0.0.1",
    "0.0.0.0",
    "::",
  ];
  for (const text of cases) {
    assertThrows(() => parseServer(text), TypeError, `got "${text}"`);
  }
  assertThrows(() => parseAddress("client", "fritz.box"), TypeError, "the client address must be");
  assertThrows(() => parseServer(7 as unknown as string), TypeError, 'got "7"');
});

Deno.test("resolveServers() gives the addresses of one family, that of the client if it is known (H-6)", async () => {
  const show = async (servers: readonly (IpAddress | string)[], family?: "IPv4" | "IPv6") =>
    (await resolveServers(servers, family)).map((each) => each.join());
  const [four, six] = [IpAddress.parse("192.168.1.1"), IpAddress.parse("2001:db8::1")];
  assertEquals(await show([four]), ["192.168.1.1"]);
  assertEquals(await show([four, six]), ["192.168.1.1,2001:db8::1"]); // refused later, as two families
  assertEquals(await show(["localhost"], "IPv4"), ["127.0.0.1"]);
  assertEquals((await show(["localhost"]))[0], "127.0.0.1");
  assertEquals(await show([four, "localhost"]), ["192.168.1.1,127.0.0.1"]);
});

Deno.test("a name without an address is a DiscoveryError that says so (H-6)", async () => {
  const start = () =>
    Client.start(undefined, "no-such-host.invalid", { network: new MemoryNetwork() });
  const error = await assertRejects(
    start,
    DiscoveryError,
    'Cannot find the server "no-such-host.invalid"',
  );
  assertEquals(error.reason, "hostUnknown");
});

Deno.test("a client of a host name is a client of its address (H-6)", async () => {
  const found = await resolveAddresses("127.0.0.1", " localhost ", false);
  assertEquals([`${found.clientAddress}`, found.serverAddresses.join()], [
    "127.0.0.1",
    "127.0.0.1",
  ]);
  const handle = await Client.start(undefined, "localhost", { network: new MemoryNetwork() });
  assertEquals([handle.client, handle.server], ["127.0.0.1", "127.0.0.1"]);
  await handle.shutdown();
});
