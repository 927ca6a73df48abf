/** Several servers, and several addresses of one (RFC 7488, RFC 7723, RFC 6887 section 8.1). */

import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { resolveAddresses } from "../../src/client/network/addresses.ts";
import type { Gateway } from "../../src/discovery/gateway.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { encodeResponse } from "../../src/wire/message.ts";
import { decodeRequest } from "../../src/wire/message.ts";
import { assertWithin, transmissionTimes } from "../helpers/oracle.ts";
import { MultiHostLab } from "../helpers/multi_host_lab.ts";

const CLIENT = "192.168.1.10";
const ROUTER = "192.168.1.1";
const ANYCAST = "192.0.0.9"; // RFC 7723 section 3
const map = (port = 6000) => new InboundMap(port, 7200);

Deno.test("A client sends requests to the given server only (C-8.1-1, C-8.1-3)", async () => {
  await using lab = new MultiHostLab();
  await lab.serve(ROUTER);
  const configured = await lab.serve("198.51.100.1");
  const handle = await lab.start(CLIENT, "198.51.100.1");
  await lab.settled(handle.request(map()).ready());
  assertEquals(configured.server.mappings.size, 1);
  assertEquals(lab.sentTo(ROUTER), []);
  assertEquals(lab.sentTo("198.51.100.1").length, 1);
});

Deno.test("Without a server the default gateway is used, and only then discovered (C-8.1-1)", async () => {
  let looked = 0;
  const find = () => {
    looked++;
    return Promise.resolve(GATEWAYS);
  };
  const given = await resolveAddresses(CLIENT, "198.51.100.1", true, find);
  assertEquals([given.serverAddresses.join(), looked], ["198.51.100.1", 0]);
  const found = await resolveAddresses(undefined, undefined, false, find);
  assertEquals([`${found.clientAddress}`, found.serverAddresses.join(), looked], [
    CLIENT,
    ROUTER,
    1,
  ]);
});

Deno.test("The anycast address follows the gateway, with `anycast` only (E-7723-1, E-7723-2)", async () => {
  const find = () => Promise.resolve(GATEWAYS);
  const on = await resolveAddresses(undefined, undefined, true, find);
  assertEquals(on.serverAddresses.join(), `${ROUTER},${ANYCAST}`);
  const six = await resolveAddresses("2001:db8:1::10", undefined, true, find);
  assertEquals(six.serverAddresses.join(), "fe80::1%eth0,2001:1::1");
  const off = await resolveAddresses(undefined, undefined, false, find);
  assertEquals(off.serverAddresses.join(), ROUTER);
  const given = await resolveAddresses(CLIENT, [ROUTER], true, find);
  assertEquals(given.serverAddresses.join(), ROUTER);
});

Deno.test("After four requests without a response the anycast address is used (E-7723-1, C-7488-3)", async () => {
  await using lab = new MultiHostLab();
  const far = await lab.serve(ANYCAST);
  const handle = await lab.start(CLIENT, [ROUTER, ANYCAST]);
  const mapping = handle.request(map());
  await lab.settled(mapping.ready());
  assertEquals([lab.sentTo(ROUTER).length, lab.sentTo(ANYCAST).length], [4, 1]);
  const firstAt = lab.sentTo(ROUTER)[0]?.at ?? 0;
  const movedAt = lab.sentTo(ANYCAST)[0]?.at ?? 0;
  assertWithin(movedAt - firstAt, transmissionTimes[3] ?? [0, 0], "the fifth request");
  assertEquals(handle.server, ANYCAST);
  assertEquals(far.server.mappings.size, 1);
});

Deno.test("A response from another address than the anycast one is ignored (E-7723-3)", async () => {
  await using lab = new MultiHostLab();
  const handle = await lab.start(CLIENT, ANYCAST);
  const mapping = handle.request(map());
  await lab.advance(100);
  const [sent] = lab.sentTo(ANYCAST);
  const request = decodeRequest(sent?.bytes ?? new Uint8Array());
  assert(request.ok && request.value.type === "map" && sent !== undefined);
  const answer = encodeResponse({ ...request.value, result: 0, epoch: 7, externalPort: 6000 });
  await lab.forge({ hostname: "198.51.100.1", port: 5351 }, sent.from, answer);
  assertEquals(mapping.state.type, "starting");
  assertEquals(handle.stats().ignored, { source: 1 });
});

Deno.test("A change of the route to the anycast address is handled as a restart (E-7723-4)", async () => {
  await using lab = new MultiHostLab();
  const near = await lab.serve(ANYCAST, { epoch: 100_000, maxLifetime: 600 });
  const handle = await lab.start(CLIENT, ANYCAST);
  const mappings = [6000, 6001, 6002].map((port) => handle.request(map(port)));
  await lab.settled(Promise.all(mappings.map((mapping) => mapping.ready())));
  near.close();
  const other = await lab.serve(ANYCAST, { epoch: 40, maxLifetime: 600 });
  await lab.advance(400_000);
  assertEquals(other.server.mappings.size, 3);
  assertEquals(handle.pollError()?.name, "ServerRestartedError");
  assertEquals(mappings.map(({ state }) => state.type), ["running", "running", "running"]);
});

Deno.test("Two servers have two handles with their own nonces, epochs and holds (C-7488-9, C-11.4-L2, C-8.5-8, C-11.2-N2)", async () => {
  await using lab = new MultiHostLab();
  const [young, old] = [await lab.serve(ROUTER), await lab.serve("192.168.1.2", { epoch: 1e6 })];
  const handles = [await lab.start(CLIENT, ROUTER), await lab.start(CLIENT, "192.168.1.2")];
  young.server.fail(8, { lifetime: 3600, times: 2 });
  const [first, second] = handles.map((handle) => handle.request(map()));
  await lab.advance(1_000);
  assertEquals([first?.state.type, second?.state.type], ["error", "running"]);
  await lab.settled(handles[1]?.request(map(6001)).ready() ?? Promise.reject());
  await lab.advance(3_600_000);
  assertEquals([young.server.mappings.size, old.server.mappings.size], [0, 2]);
  assertEquals(handles.map((handle) => handle.pollError()), [undefined, undefined]);
  const nonces = [ROUTER, "192.168.1.2"].map((to) => {
    const decoded = decodeRequest(lab.sentTo(to)[0]?.bytes ?? new Uint8Array());
    return decoded.ok && decoded.value.type === "map" ? `${decoded.value.nonce}` : "";
  });
  assertNotEquals(nonces[0], nonces[1]);
});

Deno.test("A new server gets requests at once, regardless of errors of the old one (C-8.3-NEW)", async () => {
  await using lab = new MultiHostLab();
  const one = await lab.serve(ROUTER);
  await lab.serve("192.168.1.2");
  one.server.fail(2, { lifetime: 1800, times: Infinity });
  const handle = await lab.start(CLIENT, ROUTER);
  handle.request(map());
  await lab.advance(1_000);
  const other = await lab.start(CLIENT, "192.168.1.2");
  other.request(map());
  await lab.advance(10);
  assertEquals(lab.sentTo("192.168.1.2").length, 1);
});

Deno.test("Each gateway has its own mappings, and one without responses delays no other (C-7488-10, C-7488-11)", async () => {
  await using lab = new MultiHostLab();
  await lab.serve(ROUTER);
  await lab.serve("192.168.1.2");
  const handles = await Promise.all(
    [ROUTER, "192.168.1.2", "192.168.1.3"].map((server) => lab.start(CLIENT, server)),
  );
  const mappings = handles.map((handle) => handle.request(map()));
  await lab.advance(1_000);
  assertEquals(mappings.map(({ state }) => state.type), ["running", "running", "starting"]);
});

Deno.test("A refused family does not affect the other: support is found by a request (C-10-3, C-8.1-2)", async () => {
  await using lab = new MultiHostLab();
  const router6 = await lab.serve("2001:db8:1::1");
  const router4 = await lab.serve(ROUTER);
  router6.server.fail(2, { times: Infinity });
  const four = (await lab.start(CLIENT, ROUTER)).request(map());
  const six = (await lab.start("2001:db8:1::10", "2001:db8:1::1", { multicast: false }))
    .request(map());
  await lab.advance(3_600_000);
  assertEquals([four.state.type, six.state.type], ["running", "error"]);
  assertEquals(router4.server.mappings.size, 1);
});

Deno.test("IPv6 uses link-local routers with their interface, and pinholes for this host's address (C-11.1-F1, C-11.1-F3)", async () => {
  await using lab = new MultiHostLab();
  await lab.serve("fe80::1%eth0");
  const handle = await lab.start("fe80::2%eth0", "fe80::1%eth0", { multicast: false });
  assertEquals([handle.client, handle.server], ["fe80::2%eth0", "fe80::1%eth0"]);
  const assigned = await lab.settled(handle.request(map()).ready());
  assertEquals([assigned.externalAddress, assigned.externalPort], ["fe80::2", 6000]);
});

Deno.test("Five mappings at an unreachable address move to the next one together, once (C-7488-5)", async () => {
  await using lab = new MultiHostLab();
  const second = await lab.serve("192.168.1.2");
  const refused = Object.assign(new Error("Connection refused"), { code: "ECONNREFUSED" });
  lab.network.failSends = ({ hostname }) => hostname === ROUTER ? refused : undefined;
  const handle = await lab.start(CLIENT, [ROUTER, "192.168.1.2", "192.168.1.3"]);
  const mappings = Array.from({ length: 5 }, (_, n) => handle.request(map(6000 + n)));
  await lab.advance(100);
  assertEquals(mappings.map(({ state }) => state.type), mappings.map(() => "running"));
  assertEquals([second.server.mappings.size, handle.server], [5, "192.168.1.2"]);
});

Deno.test("An address that stops responding is replaced before the mapping ends (C-7488-7)", async () => {
  await using lab = new MultiHostLab();
  const one = await lab.serve(ROUTER, { maxLifetime: 600 });
  const two = await lab.serve("192.168.1.2", { maxLifetime: 600 });
  const handle = await lab.start(CLIENT, [ROUTER, "192.168.1.2"]);
  const mapping = handle.request(map());
  await lab.settled(mapping.ready());
  one.server.silent = true;
  await lab.advance(599_000);
  assertEquals(mapping.state.type, "running");
  assertEquals(two.server.mappings.size, 1);
  assertEquals(handle.server, "192.168.1.2");
  await lab.advance(3_600_000);
  assertEquals(mapping.state.type, "running");
});

Deno.test("An empty list of server addresses is refused", async () => {
  await assertRejects(() => resolveAddresses(CLIENT, [], false), TypeError, "empty");
});

const REASON = "the only default gateway";
const GATEWAYS: readonly Gateway[] = [
  { family: "IPv4", gateway: ROUTER, interface: "eth0", client: CLIENT, reason: REASON },
  {
    family: "IPv6",
    gateway: "fe80::1%eth0",
    interface: "eth0",
    client: "2001:db8:1::10",
    reason: REASON,
  },
];
