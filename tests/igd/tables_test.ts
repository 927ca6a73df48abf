import { assertEquals } from "@std/assert";
import { IgdWorld, type Interception } from "../helpers/igd_world.ts";

// What each answer leads to in the end.

const NEW_MAPPING: readonly (readonly [number, string])[] = [
  [715, "MALFORMED_REQUEST retry 60 upnp 715"],
  [716, "MALFORMED_REQUEST retry 60 upnp 716"],
  [726, "MALFORMED_REQUEST retry 60 upnp 726"],
  [732, "MALFORMED_REQUEST retry 60 upnp 732"],
  [727, "CANNOT_PROVIDE_EXTERNAL retry 60 upnp 727"],
  [718, "CANNOT_PROVIDE_EXTERNAL retry 60 upnp 718"],
  [729, "CANNOT_PROVIDE_EXTERNAL retry 60 upnp 729"],
  [724, "CANNOT_PROVIDE_EXTERNAL retry 60 upnp 724"],
  [728, "NO_RESOURCES retry 30 upnp 728"],
  [603, "NO_RESOURCES retry 30 upnp 603"],
  [725, "NO_RESOURCES retry 30 upnp 725"],
  [402, "NO_RESOURCES retry 30 upnp 402"],
  [600, "NO_RESOURCES retry 30 upnp 600"],
  [999, "NO_RESOURCES retry 30 upnp 999"],
  [-911, "NO_RESOURCES retry 30 upnp -911"],
  [501, "NO_RESOURCES retry 30 upnp 501"],
  [606, "NOT_AUTHORIZED retry 60 upnp 606"],
  [604, "NOT_AUTHORIZED retry 60 upnp 604"],
  [403, "NOT_AUTHORIZED retry 60 upnp 403"],
  [401, "UNSUPP_OPCODE retry 60 upnp 401"],
  [602, "UNSUPP_OPCODE retry 60 upnp 602"],
];
for (const version of [1, 2] as const) {
  for (const [code, state] of NEW_MAPPING) {
    Deno.test(`version ${version}: error ${code} to every new mapping becomes ${state} (U-8.11, U-14.1)`, () => {
      const world = new IgdWorld({ igd: { version } });
      world.intercept = (_exchange, text) => text.startsWith("Add") ? fault(code) : undefined;
      const id = world.map();
      world.pass(5_000);
      assertEquals(world.states(id).at(-1), state);
      assertEquals(world.igd.counters.violations, {});
    });
  }
}

for (const externalAddressText of ["192.168.178.2", "100.64.0.9"]) {
  Deno.test(`501 with ${externalAddressText} outside is a failure of the network (U-14.1)`, () => {
    const world = new IgdWorld({ igd: { quirks: { externalAddressText } } });
    world.intercept = (_exchange, text) => text.startsWith("Add") ? fault(501) : undefined;
    const id = world.map();
    world.pass(5_000);
    assertEquals(world.states(id).at(-1), "NETWORK_FAILURE retry 30 upnp 501");
  });
}

const STATUSES: readonly (readonly [number, string])[] = [
  [401, "NOT_AUTHORIZED retry 60"],
  [403, "NOT_AUTHORIZED retry 60"],
  [404, "UNSUPP_OPCODE retry 60"],
  [405, "UNSUPP_OPCODE retry 60"],
  [410, "UNSUPP_OPCODE retry 60"],
  [302, "UNSUPP_OPCODE retry 60"],
  [200, "UNSUPP_OPCODE retry 60"],
  [400, "MALFORMED_REQUEST retry 60"],
  [411, "MALFORMED_REQUEST retry 60"],
  [412, "MALFORMED_REQUEST retry 60"],
  [415, "MALFORMED_REQUEST retry 60"],
  [501, "MALFORMED_REQUEST retry 60"],
  [500, "NO_RESOURCES retry 30 upnp 501"],
];
for (const [status, state] of STATUSES) {
  Deno.test(`status ${status} with a page in place of a result becomes ${state} (U-4.8, U-7.2)`, () => {
    const world = new IgdWorld({ igd: { version: 1 } });
    const page = { status, body: "<html><body>Login</body></html>" };
    world.intercept = (_exchange, text) => text.startsWith("Add") ? page : undefined;
    const id = world.map();
    world.pass(10_000);
    assertEquals(world.states(id).at(-1), state);
  });
}

const DELETIONS: readonly (readonly [number, string])[] = [
  [714, "revoked"],
  [606, "NOT_AUTHORIZED upnp 606"],
  [718, "NOT_AUTHORIZED upnp 718"],
  [403, "NOT_AUTHORIZED upnp 403"],
];
for (const [code, state] of DELETIONS) {
  Deno.test(`error ${code} to a deletion becomes ${state} (U-11.2)`, () => {
    const world = running("IPv4");
    world.intercept = (_exchange, text) => text.startsWith("Delete") ? fault(code) : undefined;
    world.release(0);
    world.pass(5_000);
    assertEquals(world.states(0).at(-1), state);
  });
}

for (const code of [402, 501, 999]) {
  Deno.test(`error ${code} to a deletion: again later, until it works (U-11.2)`, () => {
    const world = running("IPv4");
    let failures = 2;
    world.intercept = (_exchange, text) =>
      text.startsWith("Delete") && failures-- > 0 ? fault(code) : undefined;
    world.release(0);
    world.pass(120_000);
    assertEquals(world.states(0).at(-1), "revoked");
    assertEquals(world.igd.mappings.size, 0);
  });
}

const PINHOLES: readonly (readonly [number, string])[] = [
  [606, "NOT_AUTHORIZED retry 60 upnp 606"],
  [703, "NOT_AUTHORIZED retry 60 upnp 703"],
  [403, "NOT_AUTHORIZED retry 60 upnp 403"],
  [702, "running"],
  [701, "NO_RESOURCES retry 30 upnp 701"],
  [728, "NO_RESOURCES retry 30 upnp 728"],
  [705, "UNSUPP_PROTOCOL retry 60 upnp 705"],
  [707, "UNSUPP_PROTOCOL retry 60 upnp 707"],
  [706, "MALFORMED_REQUEST retry 60 upnp 706"],
  [708, "MALFORMED_REQUEST retry 60 upnp 708"],
  [402, "MALFORMED_REQUEST retry 60 upnp 402"],
  [501, "NO_RESOURCES retry 30 upnp 501"],
  [999, "NO_RESOURCES retry 30 upnp 999"],
];
for (const [code, state] of PINHOLES) {
  Deno.test(`error ${code} to a new pinhole becomes ${state} (U-13.3, U-13.4)`, () => {
    const world = new IgdWorld({ family: "IPv6" });
    world.intercept = (_exchange, text) => text.startsWith("AddPin") ? fault(code) : undefined;
    const id = world.map();
    world.pass(5_000);
    assertEquals(world.states(id).at(-1), state);
  });
}

function running(family: "IPv4" | "IPv6"): IgdWorld {
  const world = new IgdWorld({ family, igd: { version: 1 } });
  world.map();
  world.pass(1_000);
  assertEquals(world.state(0)?.type, "running");
  return world;
}

function fault(code: number): Interception {
  const body = "<s:Envelope><s:Body><s:Fault><detail><UPnPError>" +
    `<errorCode>${code}</errorCode></UPnPError></detail></s:Fault></s:Body></s:Envelope>`;
  return { status: 500, body };
}
