import { assert, assertEquals } from "@std/assert";
import { SimulatedServer } from "../../src/testing/server/simulated_server.ts";
import type { ServerOptions } from "../../src/testing/server/server_options.ts";
import { CLIENT, GATEWAY, IgdWorld } from "../helpers/igd_world.ts";

const ALL = ["pcp", "nat-pmp", "upnp"] as const;

Deno.test("nothing of UPnP leaves while the gateway answers in PCP (U-1.1, S-12)", () => {
  const { world } = gateway({ protocols: ["pcp", "nat-pmp"] });
  const id = world.map();
  world.pass(7_200_000);
  assertEquals(world.granted(id)?.protocol, "pcp");
  assertEquals(world.texts(), []);
});

Deno.test("the search begins 1 s after the first request in PCP (U-1.2)", () => {
  const world = new IgdWorld({ protocols: ALL });
  world.map();
  world.pass(10_000);
  assertEquals(world.sent[0]?.at, 1_000);
});

Deno.test("after a refusal by ICMP the search begins at once, and the mapping is there within 1 s (U-1.2)", () => {
  const world = new IgdWorld({ protocols: ALL });
  const id = world.map();
  world.pass(10);
  world.step({ type: "unreachable" });
  world.pass(980);
  assertEquals(world.sent[0]?.at, 10);
  assertEquals(world.granted(id)?.protocol, "upnp");
});

Deno.test("after silence the mapping is there within 4 s (U-1.2, U-1.3)", () => {
  const world = new IgdWorld({ protocols: ALL });
  const id = world.map();
  world.pass(4_000);
  assertEquals(world.granted(id)?.protocol, "upnp");
});

Deno.test("only the first datagram in PCP was lost: the mapping is made in PCP, none in UPnP (U-1.3, Q-34)", () => {
  const { world, server } = gateway({ protocols: ["pcp"] });
  server.swallow(1);
  const id = world.map();
  world.pass(60_000);
  assertEquals(world.granted(id)?.protocol, "pcp");
  assertEquals(world.actions().filter((each) => each.startsWith("Add")), []);
});

Deno.test("NAT-PMP's answer comes before UPnP's (U-1.4)", () => {
  const { world } = gateway({ protocols: ["nat-pmp"] });
  const id = world.map();
  world.pass(10_000);
  assertEquals(world.granted(id)?.protocol, "nat-pmp");
  assertEquals(world.actions().filter((each) => each.startsWith("Add")), []);
});

Deno.test("a mapping made over UPnP stays there when PCP comes back, the next one is PCP's (U-1.5, Q-34)", () => {
  const { world, server } = gateway({ protocols: ["upnp"] });
  const first = world.map();
  world.pass(10_000);
  assertEquals(world.granted(first)?.protocol, "upnp");
  server.setProtocols(["pcp"]);
  world.pass(1_801_000);
  const second = world.map({ internalPort: 7_000 });
  world.pass(4_000_000);
  assertEquals(world.granted(second)?.protocol, "pcp");
  assertEquals(world.granted(first)?.protocol, "upnp");
  assertEquals(world.igd.mappings.size, 1);
  assertEquals(server.mapping(6, 6_000), undefined, "no second one");
  assertEquals(world.states(first).filter((state) => state === "expired"), []);
});

Deno.test("what PCP answers late is not made over UPnP as well (U-1.4)", () => {
  const { world, server } = gateway({ protocols: ["upnp"] });
  const id = world.map();
  for (let wait = 0; wait < 10_000; wait++) {
    if (world.texts().some((each) => each.startsWith("AddAny"))) break;
    world.pass(1);
  }
  server.setProtocols(["pcp"]);
  world.pass(120_000);
  const protocol = world.granted(id)?.protocol;
  assertEquals(world.igd.mappings.size, protocol === "upnp" ? 1 : 0);
});

Deno.test("without upnp in the protocols nothing of it is used (U-1.6, S-12)", () => {
  const world = new IgdWorld({ protocols: ["pcp", "nat-pmp"] });
  world.map();
  world.pass(60_000);
  assertEquals(world.texts(), []);
});

Deno.test("an outbound mapping, and one with a filter, begin no search (U-1.6)", () => {
  const world = new IgdWorld({ protocols: ALL });
  const remote = { remoteAddress: CLIENT, remotePort: 80 };
  world.map({ opcode: "peer", externalPort: 0, ...remote });
  world.map({
    options: [{ type: "filter", prefixLength: 128, remotePort: 0, remoteAddress: CLIENT }],
  });
  world.pass(120_000);
  assertEquals(world.texts(), []);
  world.map({ internalPort: 6_001 });
  world.pass(5_000);
  assert(world.texts().some((each) => each.startsWith("search")), "the next one does");
});

Deno.test("the gateway is judged silent only after the search (U-1.2)", () => {
  const world = new IgdWorld({ protocols: ALL });
  world.igd.silent = true;
  world.map();
  world.step({ type: "unreachable" });
  world.pass(4_000);
  assertEquals(world.all("gateway"), []);
  world.pass(2_000);
  assertEquals(world.all("gateway").map(({ state }) => state), ["refuses"]);
});

Deno.test("a gateway that answers over UPnP answers (U-14.1)", () => {
  const world = new IgdWorld({ protocols: ALL });
  world.map();
  world.pass(5_000);
  const [gateway] = world.all("gateway");
  assertEquals([gateway?.state, gateway?.protocol], ["answers", "upnp"]);
  assertEquals(world.engine.epoch, undefined);
});

Deno.test("an ANNOUNCE of the caller is refused, and begins no search (U-1.6, U-14.1)", () => {
  const world = new IgdWorld();
  world.step({ type: "announce" });
  world.pass(10_000);
  assertEquals(world.all("announceFailed").map(({ code }) => code), [1]);
  assertEquals(world.texts(), []);
});

Deno.test("a refusal of PCP's version holds back no renewal and no deletion over UPnP (U-1.5, Q-34)", () => {
  const { world, server } = gateway({ protocols: ["upnp"] });
  const id = world.map({ lifetime: 600 });
  world.pass(10_000);
  assertEquals(world.granted(id)?.protocol, "upnp");
  server.setProtocols(["pcp"]);
  server.fail(1);
  world.pass(280_000);
  world.map({ internalPort: 7_000 });
  world.pass(2_000);
  const since = world.now;
  world.pass(20_000);
  assert(world.actions(since).includes("AddPortMapping 6000 6000 600"), "at half of the lease");
  world.release(id);
  world.pass(1_000);
  assertEquals(world.states(id).at(-1), "revoked");
});

/** A gateway with both faces. */
function gateway(options: ServerOptions): { world: IgdWorld; server: SimulatedServer } {
  const server = new SimulatedServer({ ...options, hostnames: [`${GATEWAY}`] } as ServerOptions);
  const world = new IgdWorld({
    protocols: ALL,
    onSend: (sender, bytes) => {
      const source = { address: CLIENT, port: 50_000 };
      for (const reply of server.receive(sender.now, bytes, source)) {
        sender.later(() => {
          const from = { address: GATEWAY, port: 5_351 };
          sender.step({ type: "datagram", bytes: reply.bytes, source: from, multicast: false });
        }, 1);
      }
    },
  });
  return { world, server };
}
