/** Discovery on macOS, BSD, illumos and Windows, from recorded output. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { parseIfconfig } from "../../src/discovery/bsd.ts";
import { DiscoveryError, SystemError } from "../../src/discovery/discovery_error.ts";
import { findGateways, type Gateway } from "../../src/discovery/gateway.ts";
import { parsePowerShell } from "../../src/discovery/windows.ts";
import { type Answers, FakeSystem, local } from "./fake_system.ts";
import { transcript } from "./recorded.ts";

Deno.test("macOS: the primary network is first, a tunnel last, its route without a host is none (H-1, H-2)", async () => {
  const tunnel = "a tunnel (POINTOPOINT, no link layer)";
  assertEquals(await gateways("macos", "darwin"), [
    `IPv4 192.168.1.1 en0 192.168.1.23: first: a local network precedes ${tunnel}`,
    `IPv4 10.64.0.1 utun4 10.64.12.34: after "192.168.1.1": ${tunnel} follows a local network`,
    "IPv6 fe80::3681:c4ff:fe11:2233%en0 en0 2001:db8:4a1:7c00:1869:3a2b:8e7f:1: the only default gateway",
  ]);
});

Deno.test("macOS: a second network, for programs bound to it, follows the primary one", async () => {
  const { "netstat -rn": routes = "", ...rest } = await transcript("macos");
  const other = routes.replace(/192\.168\.1\.1 {8}UGScIg( +)en7/, "192.168.9.1        UGScIg$1en7");
  const found = await findGateways(
    new FakeSystem({ platform: "darwin", programs: { ...rest, "netstat -rn": other } }),
  );
  assertEquals(found.slice(0, 2).map(({ gateway, reason }) => `${gateway}: ${reason}`), [
    "192.168.1.1: first: the primary network precedes a secondary network",
    '192.168.9.1: after "192.168.1.1": a secondary network follows the primary network',
  ]);
});

Deno.test("FreeBSD, OpenBSD, NetBSD and illumos", async () => {
  assertEquals(await gateways("freebsd", "freebsd"), [
    "IPv4 192.168.1.1 em0 192.168.1.5: the only default gateway",
    "IPv6 fe80::1%em0 em0 2001:db8:1:0:a00:27ff:fe7b:2a01: the only default gateway",
  ]);
  assertEquals(await gateways("openbsd", "openbsd"), [
    "IPv4 192.168.2.1 em0 192.168.2.9: first: metric 8 precedes metric 12",
    'IPv4 192.168.1.1 iwm0 192.168.1.9: after "192.168.2.1": metric 12 follows metric 8',
  ]);
  assertEquals(await gateways("netbsd", "netbsd"), [
    "IPv4 10.0.2.2 wm0 10.0.2.15: the only default gateway",
    "IPv6 fe80::2%wm0 wm0 fd00::a00:27ff:fea8:f001: the only default gateway",
  ]);
  assertEquals(await gateways("illumos", "illumos"), [
    "IPv4 10.0.2.2 e1000g0 10.0.2.15: the only default gateway",
  ]);
});

Deno.test("parseIfconfig() reads the properties of interfaces (H-1, H-2)", async () => {
  const read = async (name: string) => {
    const links = parseIfconfig((await transcript(name))["ifconfig -a"] ?? "");
    return links.map((link) => `${link.name} ${[...link.properties].toSorted().join()}`.trim());
  };
  assertEquals(await read("macos"), [
    "lo0 loopback,noLinkLayer",
    "gif0 down,noLinkLayer,pointToPoint",
    "stf0 down,noLinkLayer",
    "en0",
    "en7",
    "utun0 noLinkLayer,pointToPoint",
    "utun4 noLinkLayer,pointToPoint",
  ]);
  assertEquals(await read("openbsd"), [
    "lo0 loopback,noLinkLayer",
    "em0",
    "iwm0",
    "wg0 noArp,noLinkLayer",
  ]);
});

Deno.test("a Mac without a network has no gateway, and an interface without carrier leads to none", async () => {
  const { "ifconfig -a": links = "", ...routes } = await transcript("freebsd");
  const unplugged = links.replace("status: active", "status: no carrier");
  const programs = { ...routes, "ifconfig -a": unplugged };
  const error = await assertRejects(
    () => findGateways(new FakeSystem({ platform: "freebsd", programs })),
    DiscoveryError,
  );
  assertEquals(error.reason, "noDefaultRoute");
  const nothing = { "netstat -rn": "Routing tables\n", "ifconfig -a": links };
  await assertRejects(
    () => findGateways(new FakeSystem({ platform: "darwin", programs: nothing })),
    DiscoveryError,
    "no default route was found",
  );
});

Deno.test("macOS names the permission that is missing", async () => {
  const denied = SystemError.from({ name: "NotCapable" }, 'run "netstat"', "--allow-run=netstat");
  const programs = { "netstat -rn": denied, "ifconfig -a": denied };
  await assertRejects(
    () => findGateways(new FakeSystem({ platform: "darwin", programs })),
    DiscoveryError,
    "--allow-run=netstat",
  );
});

Deno.test("Windows: adapters of programs follow those of hardware, and scopes are numbers (H-2)", async () => {
  const answers = await powerShell("windows_vpn");
  assertEquals((await findGateways(new FakeSystem(answers))).map(show), [
    "IPv4 192.168.1.1 Ethernet 2 192.168.1.57: first: a local network precedes a tunnel (no hardware)",
    'IPv4 10.8.0.1 Büro 10.8.0.2: after "192.168.1.1": a tunnel (no hardware) follows a local network',
    "IPv6 fe80::3681:c4ff:fe11:2233%12 Ethernet 2 2001:db8:4a1:7c00:9c1f:22aa:10bb:5: the only default gateway",
  ]);
});

Deno.test("Windows: route print is read in any language where PowerShell cannot be run", async () => {
  for (const reason of ["programMissing", "programFailed", "programStopped"] as const) {
    const answers = await routePrint(new SystemError(reason, "no"));
    assertEquals((await findGateways(new FakeSystem(answers))).map(show), [
      "IPv4 192.168.1.1 Ethernet 2 192.168.1.57: the only default gateway",
      "IPv6 fe80::3681:c4ff:fe11:2233%12 Ethernet 2 fe80::2%12: the only default gateway",
    ]);
  }
});

Deno.test("Windows: without the permission no second program is tried (H-3)", async () => {
  const system = new FakeSystem(await routePrint(new SystemError("permissionDenied", "no")));
  await assertRejects(() => findGateways(system), DiscoveryError);
  assertEquals([system.ran.length, system.questions], [1, 0]);
});

Deno.test("parsePowerShell() refuses what is not its JSON, and leaves out what makes no sense", () => {
  for (const text of ["", "Get-NetRoute : Access denied", "[]", "7"]) {
    assertEquals(assertThrows(() => parsePowerShell(text), SystemError).reason, "programFailed");
  }
  const odd = { routes: { DestinationPrefix: "0.0.0.0/0" }, adapters: null, addresses: [7, {}] };
  assertEquals(parsePowerShell(JSON.stringify(odd)).routes, []);
});

async function gateways(name: string, platform: string): Promise<string[]> {
  const system = new FakeSystem({ platform, programs: await transcript(name) });
  return (await findGateways(system)).map(show);
}

async function powerShell(name: string): Promise<Answers> {
  return { platform: "windows", programs: await transcript(name) };
}

async function routePrint(failure: SystemError): Promise<Answers> {
  return {
    platform: "windows",
    programs: { powershell: failure, ...await transcript("windows_route") },
    addresses: [
      local("Ethernet 2", "192.168.1.57/24"),
      local("Ethernet 2", "fe80::2/64", 12),
      local("Loopback Pseudo-Interface 1", "127.0.0.1/8"),
    ],
  };
}

function show({ family, gateway, interface: name, client, reason }: Gateway): string {
  return `${family} ${gateway} ${name} ${client}: ${reason}`;
}
