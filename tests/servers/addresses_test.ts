/** Sockets and addresses of a client (RFC 6887 sections 4, 8.1, 11.5, 16.4). */

import { assert, assertEquals } from "@std/assert";
import { resolveAddresses } from "../../src/client/network/addresses.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import type { HostSurvey } from "../../src/client/network/network_watcher.ts";
import { IpAddress } from "../../src/wire/address.ts";
import { decodeRequest } from "../../src/wire/message.ts";
import { MultiHostLab } from "../helpers/multi_host_lab.ts";

const [CLIENT, MOVED, ROUTER] = ["192.168.1.10", "192.168.1.77", "192.168.1.1"];
const map = (port = 6000) => new InboundMap(port, 7200);

Deno.test("A mapping is requested with a private and with a public address (C-4-1, C-8.4-2)", async () => {
  for (const client of [CLIENT, "198.51.100.10", "10.0.0.7"]) {
    await using lab = new MultiHostLab();
    const host = await lab.serve(ROUTER);
    const handle = await lab.start(client, ROUTER);
    await lab.settled(handle.request(map()).ready());
    assertEquals(host.server.mappings.size, 1);
  }
});

Deno.test("Every request of a client is sent from one random port of one address (C-11.5-1, C-8.1-4, C-18.1-2)", async () => {
  const ports = new Set<number>();
  for (let n = 0; n < 20; n++) {
    await using lab = new MultiHostLab();
    await lab.serve(ROUTER, { maxLifetime: 600 });
    const others = [];
    for (let other = 0; other < n; other++) others.push(await lab.start(CLIENT, ROUTER));
    const handle = await lab.start(CLIENT, ROUTER);
    const mapping = handle.request(map());
    await lab.advance(1_000_000);
    await lab.settled(mapping.revoke());
    const sources = new Set(lab.sentTo().map(({ from }) => `${from.hostname} ${from.port}`));
    assertEquals(sources.size, 1);
    ports.add(lab.sentTo()[0]?.from.port ?? 0);
  }
  assert(ports.size > 15 && !ports.has(5350) && !ports.has(5351), [...ports].join(" "));
});

Deno.test("The address in the header is the source address of the datagram (C-8.1-5)", async () => {
  await using lab = new MultiHostLab();
  await lab.serve(ROUTER);
  const handle = await lab.start(CLIENT, ROUTER);
  await lab.settled(handle.request(map()).ready());
  for (const { bytes, from } of lab.sentTo()) {
    const request = decodeRequest(bytes);
    assert(request.ok);
    assertEquals(`${request.value.clientAddress}`, from.hostname);
  }
});

Deno.test("ready() does not resolve before the response (C-10.2-1)", async () => {
  await using lab = new MultiHostLab();
  const host = await lab.serve(ROUTER);
  host.server.silent = true;
  const handle = await lab.start(CLIENT, ROUTER);
  const mapping = handle.request(map());
  let isReady = false;
  const ready = mapping.ready().then(() => isReady = true);
  await lab.advance(60_000);
  assertEquals(isReady, false);
  host.server.silent = false;
  await lab.settled(ready);
  assertEquals(host.server.mappings.size, 1);
});

Deno.test("After a change of this host's address mappings are requested from the new one, and the change is reported (C-11.5-3, C-16.4-2, C-16.4-1)", async () => {
  await using lab = new MultiHostLab();
  const host = await lab.serve(ROUTER);
  let here = CLIENT;
  const surveyor: HostSurvey = {
    hostAddresses: () => Promise.resolve([here]),
    find: () => resolveAddresses(here, ROUTER, false),
    wallTime: () => lab.clock.now(),
  };
  const handle = await lab.start(CLIENT, ROUTER, { watch: { surveyor } });
  const mapping = handle.request(map());
  await lab.settled(mapping.ready());
  while (mapping.pollAlert() !== undefined);
  await lab.advance(10_000);
  here = MOVED;
  await lab.advance(20_000);
  const [request] = lab.sentTo().filter(({ from }) => from.hostname === MOVED);
  const decoded = decodeRequest(request?.bytes ?? new Uint8Array());
  assert(decoded.ok && decoded.value.type === "map");
  assertEquals(`${decoded.value.clientAddress}`, MOVED);
  assertEquals(handle.pollError()?.name, "NetworkChangedError");
  assertEquals(mapping.state.type, "running");
  const moved = [...host.server.mappings.values()].find(({ internalAddress }) =>
    `${internalAddress}` === MOVED
  );
  assertEquals(mapping.assigned?.externalPort, moved?.externalPort);
  const alerts = [];
  for (let alert = mapping.pollAlert(); alert !== undefined; alert = mapping.pollAlert()) {
    alerts.push(alert.type);
  }
  assert(alerts.includes("assigned"), alerts.join(" "));
});

Deno.test("A mapping is deleted from the address that it was requested from (C-8.4-D, C-8.4-3)", async () => {
  await using lab = new MultiHostLab();
  const host = await lab.serve("2001:db8:1::1");
  const options = { multicast: false } as const;
  const old = await lab.start("2001:db8:1::a1", "2001:db8:1::1", options);
  await lab.settled(old.request(map()).ready());
  const rotated = await lab.start("2001:db8:1::b2", "2001:db8:1::1", options);
  await lab.settled(rotated.request(map()).ready());
  assertEquals(host.server.mappings.size, 2);
  await lab.settled(old.shutdown());
  const deletion = lab.sentTo().at(-1);
  assertEquals(deletion?.from.hostname, "2001:db8:1::a1");
  const left = [...host.server.mappings.values()].map(({ internalAddress }) => internalAddress);
  assertEquals(left.join(), "2001:db8:1::b2");
});

Deno.test("Renewals need no traffic, and no traffic replaces them (C-15-2)", async () => {
  await using lab = new MultiHostLab();
  const host = await lab.serve(ROUTER, { maxLifetime: 120 });
  const handle = await lab.start(CLIENT, ROUTER);
  handle.request(map());
  await lab.advance(3_600_000);
  assertEquals(host.server.mappings.size, 1);
  const renewals = lab.sentTo().length - 1;
  assert(renewals >= 48 && renewals <= 60, `${renewals} renewals of 120 s in an hour`);
});

Deno.test("A request for one mapping reveals that the server lost the others (C-16.3.2-1)", async () => {
  await using lab = new MultiHostLab();
  const host = await lab.serve(ROUTER);
  const handle = await lab.start(CLIENT, ROUTER);
  const mappings = [6000, 6001, 6002].map((port) => handle.request(map(port)));
  await lab.settled(Promise.all(mappings.map((mapping) => mapping.ready())));
  await lab.advance(60_000);
  host.restart({ announce: false });
  assertEquals(host.server.mappings.size, 0);
  mappings[1]?.renew(7200);
  await lab.advance(100);
  assertEquals(host.server.mappings.size, 3);
});

Deno.test("Jumps of the wall clock change nothing (C-8.5-6)", async () => {
  await using lab = new MultiHostLab();
  const host = await lab.serve(ROUTER, { maxLifetime: 600 });
  const handle = await lab.start(CLIENT, ROUTER);
  const mapping = handle.request(map());
  await lab.settled(mapping.ready());
  const now = Date.now;
  try {
    for (const jump of [86_400_000, -86_400_000]) {
      Date.now = () => now() + jump;
      await lab.advance(1_000_000);
    }
  } finally {
    Date.now = now;
  }
  assertEquals(handle.pollError(), undefined);
  assertEquals([mapping.state.type, host.server.mappings.size], ["running", 1]);
});

Deno.test("A link-local client has its scope in the socket, not in the request (C-8.1-5)", async () => {
  await using lab = new MultiHostLab();
  await lab.serve("fe80::1%eth0");
  const handle = await lab.start("fe80::2%eth0", "fe80::1%eth0", { multicast: false });
  await lab.settled(handle.request(map()).ready());
  const request = decodeRequest(lab.sentTo()[0]?.bytes ?? new Uint8Array());
  assert(request.ok);
  assertEquals(request.value.clientAddress.equals(IpAddress.parse("fe80::2")), true);
});
