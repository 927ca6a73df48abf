import { assert, assertEquals, assertRejects } from "@std/assert";
import { DiscoveryError, SystemError } from "../../src/discovery/discovery_error.ts";
import { findGateways, type Gateway } from "../../src/discovery/gateway.ts";
import { discoverGateways } from "../../src/discovery/mod.ts";
import { type Answers, FakeSystem, local } from "./fake_system.ts";

const ROUTES_4 = "ip -j -4 route show default";
const ROUTES_6 = "ip -j -6 route show default";

Deno.test("findGateways() finds both families of a home network (C-8.1-2)", async () => {
  assertEquals(
    await gateways({
      programs: {
        [ROUTES_4]: `[{"dst":"default","gateway":"192.168.1.1","dev":"eth0","metric":100}]`,
        "ip -j -4 route get 192.168.1.1":
          `[{"dst":"192.168.1.1","dev":"eth0","prefsrc":"192.168.1.2"}]`,
        [ROUTES_6]: `[{"dst":"default","gateway":"fe80::1","dev":"eth0","metric":100}]`,
        "ip -j -6 route get fe80::1 oif eth0":
          `[{"dst":"fe80::1","dev":"eth0","prefsrc":"fe80::2"}]`,
        "ip -j -6 address show dev eth0": `[{"addr_info":[
          {"local":"2001:db8::2","preferred_life_time":3600},{"local":"fe80::2"}]}]`,
      },
    }),
    [
      { family: "IPv4", gateway: "192.168.1.1", interface: "eth0", client: "192.168.1.2" },
      { family: "IPv6", gateway: "fe80::1%eth0", interface: "eth0", client: "2001:db8::2" },
    ],
  );
});

Deno.test("findGateways() names the interface of a link-local client", async () => {
  const [gateway] = await gateways({
    programs: {
      [ROUTES_4]: "[]",
      [ROUTES_6]: `[{"dst":"default","gateway":"fe80::1","dev":"eth0"}]`,
      "ip -j -6 route get fe80::1 oif eth0": `[{"dev":"eth0","prefsrc":"fe80::2"}]`,
      "ip -j -6 address show dev eth0": `[{"addr_info":[{"local":"fe80::2"}]}]`,
    },
  });
  assertEquals(gateway?.client, "fe80::2%eth0");
});

Deno.test("findGateways() lists several gateways, the best first, and the VPN not at all", async () => {
  const found = await gateways({
    programs: {
      [ROUTES_4]: `[
        {"dst":"default","gateway":"10.8.0.1","dev":"tun0","metric":50},
        {"dst":"default","gateway":"192.168.2.1","dev":"wlan0","metric":600},
        {"dst":"default","gateway":"192.168.1.1","dev":"eth0","metric":100},
        {"dst":"default","gateway":"172.17.0.1","dev":"docker0"}
      ]`,
      [ROUTES_6]: "[]",
      "ip -j -4 route get 192.168.1.1": `[{"dev":"eth0","prefsrc":"192.168.1.2"}]`,
      "ip -j -4 route get 192.168.2.1": `[{"dev":"wlan0","prefsrc":"192.168.2.2"}]`,
    },
  });
  assertEquals(found.map(({ gateway }) => gateway), ["192.168.1.1", "192.168.2.1"]);
});

Deno.test("findGateways() takes a VPN's gateway where there is no other", async () => {
  const found = await gateways({
    programs: {
      [ROUTES_4]: `[{"dst":"default","gateway":"10.8.0.1","dev":"tun0","metric":50}]`,
      "ip -j -4 route get 10.8.0.1": `[{"dev":"tun0","prefsrc":"10.8.0.2"}]`,
    },
  });
  assertEquals(found.map(({ client }) => client), ["10.8.0.2"]);
});

Deno.test("findGateways() lists a gateway once, though two interfaces lead there", async () => {
  const found = await gateways({
    programs: {
      [ROUTES_4]: `[
        {"dst":"default","gateway":"192.168.1.1","dev":"eth0","metric":100},
        {"dst":"default","gateway":"192.168.1.1","dev":"wlan0","metric":600}
      ]`,
      "ip -j -4 route get 192.168.1.1": `[{"dev":"eth0","prefsrc":"192.168.1.2"}]`,
    },
  });
  assertEquals(found, [
    { family: "IPv4", gateway: "192.168.1.1", interface: "eth0", client: "192.168.1.2" },
  ]);
});

Deno.test("findGateways() skips a gateway that cannot be reached", async () => {
  const found = await gateways({
    programs: {
      [ROUTES_4]: `[{"dst":"default","nexthops":[
        {"gateway":"192.168.1.1","dev":"eth0","weight":2},
        {"gateway":"192.168.2.1","dev":"eth1","weight":1}
      ]}]`,
      "ip -j -4 route get 192.168.2.1": `[{"dev":"eth1","prefsrc":"192.168.2.2"}]`,
    },
  });
  assertEquals(found.map(({ gateway }) => gateway), ["192.168.2.1"]);
});

Deno.test("findGateways() includes advice in the error for a missing default route", async () => {
  const error = await failure({ programs: { [ROUTES_4]: "[]", [ROUTES_6]: "" } });
  assertEquals([error.reason, error.detail], ["noDefaultRoute", "no default route was found"]);
  assertEquals(
    error.message,
    "Cannot find the default gateway: no default route was found; " +
      'pass the addresses, as in Client.start("192.168.1.2", "192.168.1.1")',
  );
});

Deno.test("findGateways() reports that ip is missing or not permitted", async () => {
  for (const reason of ["programMissing", "permissionDenied"] as const) {
    const refusal = new SystemError(reason, "it cannot be run");
    const error = await failure({ programs: { [ROUTES_4]: refusal, [ROUTES_6]: refusal } });
    assertEquals([error.reason, error.cause], [reason, refusal]);
    assert(error.message.includes("it cannot be run; pass the addresses"), error.message);
  }
});

Deno.test("findGateways() reports a gateway that was found though the other family failed", async () => {
  const found = await gateways({
    programs: {
      [ROUTES_4]: new SystemError("permissionDenied", "no"),
      [ROUTES_6]: `[{"dst":"default","gateway":"2001:db8::1","dev":"eth0"}]`,
      "ip -j -6 route get 2001:db8::1": `[{"dev":"eth0","prefsrc":"2001:db8::2"}]`,
      "ip -j -6 address show dev eth0": `[{"addr_info":[{"local":"2001:db8::2"}]}]`,
    },
  });
  assertEquals(found.map(({ gateway }) => gateway), ["2001:db8::1"]);
});

Deno.test("findGateways() uses the package if ip does not support JSON", async () => {
  const noJson = new SystemError("programFailed", '"ip" said "unrecognized option: j"');
  const found = await gateways({
    programs: { [ROUTES_4]: noJson, [ROUTES_6]: noJson },
    gateways: { IPv4: { gateway: "192.168.1.1", interface: "eth0" } },
    addresses: [local("lo", "127.0.0.1/8"), local("eth0", "192.168.1.2/24")],
  });
  assertEquals(found, [
    { family: "IPv4", gateway: "192.168.1.1", interface: "eth0", client: "192.168.1.2" },
  ]);
});

Deno.test("findGateways() works by prefixes on macOS", async () => {
  const found = await gateways({
    platform: "darwin",
    gateways: {
      IPv4: { gateway: "192.168.1.1", interface: "en0" },
      IPv6: { gateway: "fe80::1%en0", interface: "en0" },
    },
    addresses: [
      local("en0", "fe80::2/64", 4),
      local("en0", "10.0.0.7/8"),
      local("en0", "192.168.1.2/24"),
      local("en0", "2001:db8::2/64", 0),
      local("utun0", "fe80::9/64", 7),
    ],
  });
  assertEquals(found, [
    { family: "IPv4", gateway: "192.168.1.1", interface: "en0", client: "192.168.1.2" },
    { family: "IPv6", gateway: "fe80::1%en0", interface: "en0", client: "2001:db8::2" },
  ]);
});

Deno.test("findGateways() takes macOS's route into a tunnel for no gateway", async () => {
  const error = await failure({
    platform: "darwin",
    gateways: { IPv6: { gateway: "fe80::%utun0", interface: "utun0" } },
    addresses: [local("utun0", "fe80::9/64", 7)],
  });
  assertEquals(error.reason, "noDefaultRoute");
});

Deno.test("findGateways() names interfaces by their number on Windows", async () => {
  const found = await gateways({
    platform: "win32",
    gateways: { IPv6: { gateway: "fe80::1", interface: "Ethernet 2" } },
    addresses: [local("Ethernet 2", "fe80::2/64", 12)],
  });
  assertEquals(found, [
    { family: "IPv6", gateway: "fe80::1%12", interface: "Ethernet 2", client: "fe80::2%12" },
  ]);
});

Deno.test("findGateways() reports that no address faces the gateway", async () => {
  const error = await failure({
    platform: "darwin",
    gateways: { IPv4: { gateway: "192.168.1.1", interface: "en0" } },
  });
  assertEquals([error.reason, error.detail], ["noLocalAddress", 'no address faces "192.168.1.1"']);
});

Deno.test("discoverGateways() finds the gateways of this computer, or throws the reason", async () => {
  try {
    const found = await discoverGateways();
    assert(found.length > 0);
    for (const gateway of found) assertEquals(gateway.client === gateway.gateway, false);
  } catch (error) {
    assert(error instanceof DiscoveryError, String(error));
  }
});

Deno.test("discoverGateways() names the permission it lacks", async () => {
  const module = new URL("../../src/discovery/mod.ts", import.meta.url).href;
  const program = `
    import { DiscoveryError, discoverGateways, interfaceOf } from ${JSON.stringify(module)};
    for (const attempt of [discoverGateways, () => interfaceOf("192.168.1.2")]) {
      try { await attempt(); } catch (e) { console.log(e instanceof DiscoveryError, e.reason); }
    }
  `;
  const url = `data:application/javascript,${encodeURIComponent(program)}`;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const args = ["run", "--no-prompt", "--config", config, "--allow-import", url];
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  const text = new TextDecoder();
  assertEquals(text.decode(stdout), "true permissionDenied\n".repeat(2), text.decode(stderr));
});

function gateways(answers: Answers): Promise<Gateway[]> {
  return findGateways(new FakeSystem(answers));
}

function failure(answers: Answers): Promise<DiscoveryError> {
  return assertRejects(() => gateways(answers), DiscoveryError);
}
