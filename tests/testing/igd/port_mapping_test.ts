import { assert, assertEquals } from "@std/assert";
import { CLIENT, Gateway, key, mapping, odd, OTHER, type Values } from "./gateway.ts";

const add = (gateway: Gateway, values: Values = {}, from = CLIENT) =>
  gateway.action("AddPortMapping", mapping(values), from);

Deno.test("a mapping is made, read, and deleted", () => {
  for (const version of [1, 2] as const) {
    const gateway = new Gateway({ version });
    assertEquals(gateway.action("GetSpecificPortMappingEntry", key()), 714);
    assertEquals(add(gateway), {});
    gateway.pass(600_000);
    const entry = {
      NewInternalPort: "6000",
      NewInternalClient: "192.168.1.23",
      NewEnabled: "1",
      NewPortMappingDescription: "game server",
      NewLeaseDuration: "3000",
    };
    assertEquals(gateway.action("GetSpecificPortMappingEntry", key()), entry);
    const listed = { NewRemoteHost: "", NewExternalPort: "6000", NewProtocol: "TCP", ...entry };
    assertEquals(gateway.action("GetGenericPortMappingEntry", { NewPortMappingIndex: 0 }), listed);
    assertEquals(gateway.action("GetGenericPortMappingEntry", { NewPortMappingIndex: 1 }), 713);
    assertEquals(gateway.action("DeletePortMapping", key()), {});
    assertEquals(gateway.action("DeletePortMapping", key()), 714);
    assertEquals([gateway.igd.mappings.size, gateway.igd.counters.violations], [0, {}]);
  }
});

Deno.test("TCP and UDP of one port are two mappings", () => {
  const gateway = new Gateway();
  add(gateway);
  add(gateway, { NewProtocol: "UDP" });
  assertEquals([...gateway.igd.mappings.keys()], ["TCP 6000", "UDP 6000"]);
});

Deno.test("a mapping ends with its lease, which adding again extends", () => {
  const gateway = new Gateway();
  add(gateway);
  assertEquals(gateway.igd.deadline, 3_600_000);
  gateway.pass(1_800_000);
  add(gateway);
  gateway.pass(3_599_999);
  assertEquals(gateway.igd.mappings.size, 1);
  gateway.pass(1);
  assertEquals([gateway.igd.mappings.size, gateway.igd.deadline], [0, undefined]);
});

Deno.test("a lease of 0 is permanent in version 1, and a week in version 2 (U-8.9)", () => {
  const [old, recent] = [new Gateway({ version: 1 }), new Gateway({ version: 2 })];
  for (const gateway of [old, recent]) assertEquals(add(gateway, { NewLeaseDuration: 0 }), {});
  assertEquals([old.igd.deadline, recent.igd.deadline], [undefined, 604_800_000]);
});

Deno.test("the port of another host is refused, also to a deletion (S-5)", () => {
  const codes = [[1, 718, 718], [2, 718, 606]] as const;
  for (const [version, taken, foreign] of codes) {
    const gateway = new Gateway({ version });
    gateway.igd.insert(0, { externalPort: 6000, internalClient: "192.168.1.66", lease: 60 });
    assertEquals(gateway.igd.mappings.get("TCP 6000")?.internalPort, 6000);
    assertEquals(add(gateway), taken);
    assertEquals(gateway.action("DeletePortMapping", key()), foreign);
    assertEquals(
      add(gateway, { NewExternalPort: 7000, NewInternalClient: "192.168.1.66" }),
      foreign,
    );
    assertEquals(gateway.igd.counters.violations, { foreignDelete: 1, internalClient: 1 });
    assertEquals(gateway.action("DeletePortMapping", key(), OTHER), {});
  }
});

Deno.test("one's own mapping is replaced by another internal port", () => {
  const gateway = new Gateway();
  add(gateway);
  assertEquals(add(gateway, { NewInternalPort: 7000 }), {});
  assertEquals(gateway.igd.mappings.get("TCP 6000")?.internalPort, 7000);
});

Deno.test("ports and arguments out of range are refused, and counted (U-8.2, S-6)", () => {
  const refusals: readonly (readonly [Values, number, object])[] = [
    [{ NewExternalPort: 0 }, 716, { portZero: 1 }],
    [{ NewInternalPort: 0 }, 732, { portZero: 1 }],
    [{ NewExternalPort: 65_536 }, 402, {}],
    [{ NewExternalPort: "06000" }, 402, {}],
    [{ NewProtocol: "tcp" }, 402, {}],
    [{ NewInternalClient: "host" }, 402, {}],
    [{ NewRemoteHost: "198.51.100.7" }, 402, { remoteHost: 1 }],
    [{ NewLeaseDuration: 604_801 }, 402, { lease: 1 }],
    [{ NewLeaseDuration: -1 }, 402, {}],
  ];
  for (const [values, code, violations] of refusals) {
    const gateway = new Gateway();
    assertEquals([values, add(gateway, values)], [values, code]);
    assertEquals([gateway.igd.mappings.size, gateway.igd.counters.violations], [0, violations]);
  }
  const gateway = new Gateway({ version: 1 });
  assertEquals(add(gateway, { NewRemoteHost: "198.51.100.7" }), 726);
  assertEquals(gateway.action("AddPortMapping", key()), 402);
  assertEquals(gateway.action("GetGenericPortMappingEntry", { NewPortMappingIndex: "x" }), 402);
  assertEquals(gateway.action("Unknown"), 401);
  assertEquals(gateway.igd.log.map(({ code }) => code), [726, 402, 402, 401]);
  assertEquals(add(gateway, { NewLeaseDuration: 604_800 }), {});
});

Deno.test("a mapping that is disabled or oddly described is made, and counted (U-8.1, U-8.10)", () => {
  const gateway = new Gateway();
  assertEquals(add(gateway, { NewEnabled: 0 }), {});
  assertEquals(add(gateway, { NewPortMappingDescription: "" }), {});
  assertEquals(add(gateway, { NewPortMappingDescription: "a&lt;b" }), {});
  assertEquals(gateway.igd.counters.violations, { disabled: 1, description: 2 });
  assertEquals(gateway.igd.mappings.get("TCP 6000")?.description, "a<b");
});

Deno.test("AddAnyPortMapping assigns the next free port, in version 2 only (U-8.6)", () => {
  const gateway = new Gateway();
  gateway.igd.insert(0, { externalPort: 6000, internalClient: "192.168.1.66" });
  assertEquals(gateway.action("AddAnyPortMapping", mapping()), { NewReservedPort: "6001" });
  assertEquals(gateway.action("AddAnyPortMapping", mapping()), { NewReservedPort: "6001" });
  gateway.igd.insert(0, { externalPort: 65_535, internalClient: "192.168.1.66" });
  assertEquals(gateway.action("AddAnyPortMapping", mapping({ NewExternalPort: 65_535 })), 728);
  assertEquals(new Gateway({ version: 1 }).action("AddAnyPortMapping", mapping()), 401);
});

Deno.test("a full table refuses (Q-16)", () => {
  for (const [version, code] of [[1, 501], [2, 728]] as const) {
    const gateway = new Gateway({ version, capacity: 1 });
    assertEquals([add(gateway), add(gateway)], [{}, {}]);
    assertEquals(add(gateway, { NewExternalPort: 6001 }), code);
  }
  const silent = new Gateway({ capacity: 1, quirks: { fullSilently: true } });
  assertEquals([add(silent), add(silent, { NewExternalPort: 6001 })], [{}, {}]);
  assertEquals(silent.igd.mappings.size, 1);
});

Deno.test("the external address follows the gateway, and is empty while the line is down (Q-23)", () => {
  let address = "20.30.40.1";
  const gateway = new Gateway({}, () => address);
  const read = () => gateway.action("GetExternalIPAddress");
  assertEquals(read(), { NewExternalIPAddress: "20.30.40.1" });
  address = "20.30.40.2";
  assertEquals(read(), { NewExternalIPAddress: "20.30.40.2" });
  gateway.igd.isConnected = false;
  assertEquals(read(), { NewExternalIPAddress: "" });
  gateway.igd.quirks = { externalAddressText: "0.0.0.0" };
  assertEquals(read(), { NewExternalIPAddress: "0.0.0.0" });
});

Deno.test("Q-13, Q-14: leases are refused, finite or permanent ones", () => {
  const leases = (quirks: object) => {
    const gateway = odd(quirks, 1);
    return [add(gateway), add(gateway, { NewLeaseDuration: 0 })];
  };
  assertEquals(leases({ refusesFiniteLeases: 725 }), [725, {}]);
  assertEquals(leases({ refusesFiniteLeases: -911 }), [-911, {}]);
  assertEquals(leases({ refusesPermanentLeases: 402 }), [{}, 402]);
});

Deno.test("Q-15: external and internal port must be equal", () => {
  const gateway = odd({ samePorts: true });
  assertEquals([add(gateway, { NewExternalPort: 7000 }), add(gateway)], [724, {}]);
});

Deno.test("Q-16: success, and nothing is kept", () => {
  const gateway = odd({ keepsNothing: true });
  assertEquals([add(gateway), gateway.igd.mappings.size], [{}, 0]);
});

Deno.test("Q-17: entries show a constant lease", () => {
  const gateway = odd({ reportedLease: 120 });
  add(gateway);
  const entry = gateway.action("GetSpecificPortMappingEntry", key());
  assert(typeof entry === "object");
  assertEquals(entry.NewLeaseDuration, "120");
});

Deno.test("Q-18, Q-19: a refresh is refused, or extends nothing", () => {
  const refusing = odd({ refusesRefresh: true });
  assertEquals([add(refusing), add(refusing)], [{}, 718]);
  const ignoring = odd({ ignoresRefresh: true });
  add(ignoring);
  ignoring.pass(1_800_000);
  assertEquals([add(ignoring), ignoring.igd.deadline], [{}, 3_600_000]);
  ignoring.action("DeletePortMapping", key());
  assertEquals([add(ignoring), ignoring.igd.deadline], [{}, 5_400_000]);
});

Deno.test("Q-20: adding overwrites another host's mapping", () => {
  const gateway = odd({ overwrites: true });
  gateway.igd.insert(0, { externalPort: 6000, internalClient: "192.168.1.66" });
  assertEquals(add(gateway), {});
  assertEquals(gateway.igd.mappings.get("TCP 6000")?.internalClient, CLIENT);
});

Deno.test("Q-21: after a restart mappings are lost, kept, or permanent", () => {
  const after = (mappings: "lost" | "kept" | "permanent") => {
    const gateway = new Gateway();
    add(gateway);
    gateway.igd.restart(0, { mappings });
    return [...gateway.igd.mappings.values()].map(({ expires }) => expires);
  };
  assertEquals([after("lost"), after("kept"), after("permanent")], [[], [3_600_000], [Infinity]]);
});

Deno.test("Q-21: a restart ends open connections", () => {
  const gateway = new Gateway();
  const id = gateway.connect();
  const outputs = gateway.igd.restart(0, { byebye: false });
  assertEquals(outputs, [{ type: "reset", connection: id }, { type: "listen", port: 5000 }]);
});

Deno.test("Q-22: mappings end silently, or are dropped by a test", () => {
  const gateway = odd({ dropsAfter: 60_000 });
  add(gateway);
  gateway.pass(60_000);
  assertEquals(gateway.igd.mappings.size, 0);
  gateway.igd.insert(0, { externalPort: 1, internalClient: "192.168.1.66" });
  gateway.igd.insert(0, { externalPort: 2, internalClient: "192.168.1.66", protocol: 17 });
  gateway.igd.drop(({ externalPort }) => externalPort === 1);
  assertEquals([...gateway.igd.mappings.keys()], ["UDP 2"]);
});

Deno.test("Q-24: ports below a number are refused, with a code or without an answer", () => {
  for (const code of [606, 403]) {
    const gateway = odd({ refusesPorts: { below: 1024, with: code } });
    assertEquals(
      [add(gateway, { NewExternalPort: 1023 }), add(gateway, { NewExternalPort: 1024 })],
      [
        code,
        {},
      ],
    );
  }
  const gateway = odd({ refusesPorts: { below: 65_536, with: "close" } });
  const outputs = gateway.exchange(gateway.requestOf("AddPortMapping", mapping()));
  assertEquals(outputs.map(({ type }) => type), ["close"]);
});

Deno.test("Q-31: AddAnyPortMapping is missing, gives port 0, or another port each time", () => {
  const addAny = (gateway: Gateway) => gateway.action("AddAnyPortMapping", mapping());
  assertEquals(addAny(odd({ addAny: "missing" })), 401);
  assertEquals(addAny(odd({ addAny: "zero" })), { NewReservedPort: "0" });
  const other = odd({ addAny: "other" });
  assertEquals(addAny(other), { NewReservedPort: "6001" });
});

Deno.test("Q-32: only plain descriptions are taken", () => {
  const gateway = odd({ plainDescriptions: true });
  assertEquals(add(gateway, { NewPortMappingDescription: "a(b)" }), 402);
  assertEquals(add(gateway, { NewPortMappingDescription: "x".repeat(65) }), 402);
  assertEquals(add(gateway), {});
});

Deno.test("Q-35: another host deletes every mapping each minute", () => {
  const gateway = odd({ deletedEvery: 60_000 });
  add(gateway);
  gateway.pass(59_999);
  assertEquals(gateway.igd.mappings.size, 1);
  gateway.pass(1);
  assertEquals(gateway.igd.mappings.size, 0);
  add(gateway);
  gateway.pass(60_000);
  assertEquals(gateway.igd.mappings.size, 0);
});
