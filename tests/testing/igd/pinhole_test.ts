import { assertEquals } from "@std/assert";
import { ADD_PINHOLE, DELETE_PINHOLE } from "../../helpers/igd_vectors.ts";
import {
  CLIENT,
  CLIENT6,
  FIREWALL,
  Gateway,
  odd,
  pinhole,
  resultOf,
  type Values,
} from "./gateway.ts";

const run = (gateway: Gateway, action: string, values: Values = {}, from = CLIENT6) =>
  gateway.action(action, values, from, FIREWALL);
const add = (gateway: Gateway, values: Values = {}) => run(gateway, "AddPinhole", pinhole(values));

Deno.test("the simulated gateway makes and deletes the pinhole of a client (V-10)", () => {
  const gateway = new Gateway();
  assertEquals(resultOf(gateway.request(ADD_PINHOLE, CLIENT6)), { UniqueID: "1" });
  assertEquals(gateway.igd.pinholes.get(1)?.expires, 3_600_000);
  assertEquals(run(gateway, "CheckPinholeWorking", { UniqueID: 1 }), 709);
  assertEquals(resultOf(gateway.request(DELETE_PINHOLE, CLIENT6)), {});
  assertEquals(run(gateway, "CheckPinholeWorking", { UniqueID: 1 }), 704);
  assertEquals([gateway.igd.pinholes.size, gateway.igd.counters.violations], [0, {}]);
});

Deno.test("the same five values give the same number, and extend the lease (U-13.6)", () => {
  const gateway = new Gateway();
  add(gateway);
  gateway.pass(1_000_000);
  assertEquals(add(gateway), { UniqueID: "1" });
  assertEquals(add(gateway, { InternalPort: 6001 }), { UniqueID: "2" });
  assertEquals(gateway.igd.deadline, 4_600_000);
  gateway.pass(3_600_000);
  assertEquals([gateway.igd.pinholes.size, gateway.igd.deadline], [0, undefined]);
});

Deno.test("pinholes out of range are refused, and counted (U-13.4)", () => {
  const refusals: readonly (readonly [Values, number, object])[] = [
    [{ LeaseTime: 0 }, 402, { lease: 1 }],
    [{ LeaseTime: 86_401 }, 402, { lease: 1 }],
    [{ InternalPort: 0 }, 706, { portZero: 1 }],
    [{ Protocol: 65_535 }, 707, {}],
    [{ Protocol: 1 }, 705, {}],
    [{ InternalClient: "192.168.1.23" }, 402, {}],
    [{ InternalClient: "2001:db8:77::3" }, 606, { internalClient: 1 }],
  ];
  for (const [values, code, violations] of refusals) {
    const gateway = new Gateway();
    assertEquals([values, add(gateway, values)], [values, code]);
    assertEquals([gateway.igd.pinholes.size, gateway.igd.counters.violations], [0, violations]);
  }
  const gateway = new Gateway();
  assertEquals(run(gateway, "AddPinhole", pinhole(), CLIENT), 606);
  assertEquals(
    new Gateway({ pinholes: false }).request(ADD_PINHOLE, CLIENT6).slice(0, 12),
    "HTTP/1.1 404",
  );
});

Deno.test("Q-33: numbers begin at 1 after a restart, so an old one may be another host's", () => {
  const gateway = new Gateway();
  add(gateway);
  add(gateway, { InternalPort: 6001 });
  gateway.igd.restart(0);
  assertEquals(gateway.igd.pinholes.size, 0);
  assertEquals(add(gateway, { InternalPort: 6001 }), { UniqueID: "1" });
});

Deno.test("Q-33: a pinhole is deleted by its own client only", () => {
  const gateway = new Gateway();
  add(gateway);
  assertEquals(run(gateway, "DeletePinhole", { UniqueID: 1 }, CLIENT), 606);
  assertEquals([gateway.igd.pinholes.size, gateway.igd.counters.violations], [1, {
    foreignDelete: 1,
  }]);
});

Deno.test("Q-33: the firewall is off, or allows no pinholes, or has its own code for unknown ones", () => {
  const status = (gateway: Gateway) => [run(gateway, "GetFirewallStatus"), add(gateway)];
  assertEquals(status(odd({})), [
    { FirewallEnabled: "1", InboundPinholeAllowed: "1" },
    { UniqueID: "1" },
  ]);
  assertEquals(status(odd({ firewall: "off" })), [
    { FirewallEnabled: "0", InboundPinholeAllowed: "1" },
    702,
  ]);
  assertEquals(status(odd({ firewall: "noPinholes" })), [
    { FirewallEnabled: "1", InboundPinholeAllowed: "0" },
    703,
  ]);
  assertEquals(run(new Gateway(), "DeletePinhole", { UniqueID: 7 }), 704);
  assertEquals(run(odd({ unknownPinhole: 501 }), "DeletePinhole", { UniqueID: 7 }), 501);
});

Deno.test("actions that no client of pinholes needs are refused, and counted (U-13.6)", () => {
  const gateway = new Gateway();
  assertEquals(run(gateway, "UpdatePinhole", { UniqueID: 1, NewLeaseTime: 60 }), 606);
  assertEquals(gateway.igd.counters.violations, { action: 1 });
});
