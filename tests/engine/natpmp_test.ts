/** NAT-PMP with servers that speak nothing newer (RFC 6886, RFC 6887 section 9 and appendix A). */

import { assert, assertEquals, assertExists } from "@std/assert";
import type { MappingId } from "../../src/engine/events.ts";
import { IpAddress } from "../../src/wire/address.ts";
import {
  decodeNatPmpRequest,
  encodeNatPmpResponse,
  type NatPmpProtocol,
  type NatPmpRequest,
  type NatPmpResponse,
} from "../../src/wire/natpmp.ts";
import { hex, octets } from "../helpers/hex.ts";
import { client6, external4, mapSpec, peerSpec, server6 } from "../helpers/specs.ts";
import { Timeline, type TimelineOptions } from "../helpers/timeline.ts";

/** A timeline with a server that speaks NAT-PMP only. */
class NatPmpTimeline extends Timeline {
  constructor(options: TimelineOptions = {}) {
    super({ random: () => 0.5, protocols: ["pcp", "nat-pmp"], ...options });
  }

  /** What was sent since the last look: "PCP" or the NAT-PMP request. */
  requests(): ("PCP" | NatPmpRequest)[] {
    return this.takeSends().map(({ bytes }) => {
      if (bytes[0] === 2) return "PCP";
      const decoded = decodeNatPmpRequest(bytes);
      assert(decoded.ok, hex(bytes));
      return decoded.value;
    });
  }

  /** The version error, which has the epoch as every packet does. */
  refuseVersion(epoch = this.epoch): this {
    return this.reply({ type: "error", opcode: 1, result: 1, epoch });
  }

  reply(response: NatPmpResponse, multicast = false): this {
    return this.receive(encodeNatPmpResponse(response), { multicast });
  }

  tellAddress(epoch = this.epoch, address = external4, multicast = false): this {
    return this.reply({ type: "externalAddress", result: 0, epoch, address }, multicast);
  }

  grantPort(changes: { epoch?: number; lifetime?: number; port?: number; result?: number } = {}) {
    const { epoch = this.epoch, lifetime = 3600, port = 40000, result = 0 } = changes;
    const protocol: NatPmpProtocol = 6;
    return this.reply({
      type: "map",
      result,
      epoch,
      protocol,
      internalPort: 8080,
      externalPort: port,
      lifetime,
    });
  }
}

const MAP = {
  type: "map",
  protocol: 6,
  internalPort: 8080,
  externalPort: 0,
  lifetime: 7200,
} as const;

/** A mapping that NAT-PMP granted at time 0. */
function granted(options: TimelineOptions = {}): { t: NatPmpTimeline; id: MappingId } {
  const t = new NatPmpTimeline(options);
  const id = t.request(mapSpec());
  t.refuseVersion().tellAddress().grantPort();
  t.takeSends();
  t.takeEvents();
  return { t, id };
}

Deno.test("a version error of version 0 makes the request go on in NAT-PMP at once (C-9-5, C-9-8, C-9-10)", () => {
  const errors = [
    "00000001 000003e8",
    "00810001 000003e8",
    "00800001 ffffffff",
    "00810001",
  ];
  for (const error of errors) {
    const t = new NatPmpTimeline();
    const id = t.request(mapSpec());
    t.receive(octets(error));
    assertEquals(t.requests(), ["PCP", { type: "externalAddress" }]);
    t.tellAddress();
    assertEquals(t.requests(), [MAP]);
    t.grantPort();
    assertEquals(t.state(id), { type: "running" });
    const assignment = t.events("granted")[0]?.assignment;
    assertEquals(assignment?.externalAddress, external4);
    assertEquals([assignment?.externalPort, assignment?.lifetime], [40000, 3600]);
  }
});

Deno.test("each renewal tries PCP first, at half time, then NAT-PMP, with the address (C-9-7, C-9-1, D-3.2-4)", () => {
  const { t, id } = granted();
  t.silentUntil(1_799_999).at(1_800_000);
  assertEquals(t.requests(), ["PCP"]);
  t.refuseVersion();
  assertEquals(t.requests(), [{ type: "externalAddress" }]);
  t.tellAddress();
  assertEquals(t.requests(), [{ ...MAP, externalPort: 40000 }]);
  t.grantPort();
  assertEquals(t.state(id), { type: "running" });
  assertEquals(t.events("granted").at(-1)?.changed, false);
  t.request(mapSpec({ internalPort: 81 }));
  assertEquals(t.requests(), ["PCP"]);
});

Deno.test("a server that learns PCP is spoken to in PCP (C-9-7)", () => {
  const { t, id } = granted();
  t.at(1_800_000).answer(id, { lifetime: 600 });
  assertEquals(t.state(id), { type: "running" });
  t.takeSends();
  t.silentUntil(2_099_999).at(2_138_000); // 9/16 of the lifetime, at a whole second
  assertEquals(t.requests(), ["PCP"]);
});

Deno.test("five requests and five version errors make five mappings, not 25 (C-9-9)", () => {
  const t = new NatPmpTimeline();
  for (let n = 0; n < 5; n++) t.request(mapSpec({ internalPort: 8000 + n }));
  for (let n = 0; n < 5; n++) t.refuseVersion();
  assertEquals(t.requests().filter((request) => request === "PCP").length, 5);
  t.tellAddress();
  for (let n = 0; n < 5; n++) {
    const [request, ...more] = t.requests();
    assert(request !== "PCP" && request?.type === "map");
    assertEquals([request.internalPort, more], [8000 + n, []]);
    t.reply({ ...request, result: 0, epoch: t.epoch, externalPort: 9000 + n });
  }
  assertEquals(t.requests(), []);
  assertEquals(t.events("granted").length, 5);
});

Deno.test("unanswered requests are repeated nine times, waits doubling from 250 ms", () => {
  const t = new NatPmpTimeline();
  const id = t.request(mapSpec());
  t.refuseVersion().takeSends();
  const times: number[] = [0];
  t.at(127_749);
  times.push(...t.takeSends().map(({ at }) => at));
  assertEquals(times, [0, 250, 750, 1750, 3750, 7750, 15_750, 31_750, 63_750]);
  assertEquals(t.state(id).type, "starting");
  t.at(127_750);
  assertEquals(t.state(id), { type: "error", code: 1, name: "UNSUPP_VERSION", retryIn: 1800 });
  t.silentUntil(127_750 + 1_799_999).at(127_750 + 1_800_000);
  assertEquals(t.requests(), ["PCP"]);
});

Deno.test("a deletion goes on in NAT-PMP, too", () => {
  const { t, id } = granted();
  t.at(10_000).release(id);
  assertEquals(t.requests(), ["PCP"]);
  t.refuseVersion();
  assertEquals(t.requests(), [{ ...MAP, lifetime: 0 }]);
  t.grantPort({ lifetime: 0, port: 0 });
  assertEquals(t.state(id), { type: "revoked" });
  t.silentUntil(10_000_000);
});

Deno.test("a deletion that is refused is held, then begins in PCP again", () => {
  const { t, id } = granted();
  t.at(10_000).release(id).refuseVersion().takeSends();
  t.grantPort({ result: 3 });
  t.silentUntil(39_999).at(40_000);
  assertEquals(t.requests(), ["PCP"]);
  t.refuseVersion();
  assertEquals(t.requests(), [{ ...MAP, lifetime: 0 }]);
  t.grantPort({ lifetime: 0, port: 0 });
  assertEquals(t.state(id), { type: "revoked" });
});

Deno.test("a second answer to a deletion does not pass for that to the mapping after it", () => {
  const { t, id } = granted();
  t.release(id).refuseVersion();
  const next = t.request(mapSpec());
  t.grantPort({ lifetime: 0, port: 0 }).refuseVersion();
  t.takeEvents();
  t.grantPort({ lifetime: 0, port: 0 });
  assertEquals(t.ignored(), ["stale"]);
  t.grantPort();
  assertEquals(t.state(next), { type: "running" });
});

Deno.test("a deletion during a renewal is not mistaken for it when NAT-PMP refuses it", () => {
  const { t, id } = granted();
  t.at(1_800_000).release(id).refuseVersion().takeSends();
  t.grantPort({ result: 2 });
  assertEquals(t.state(id), { type: "error", code: 2, name: "NOT_AUTHORIZED" });
});

Deno.test("a deletion without an answer is over", () => {
  const { t, id } = granted();
  t.at(10_000).release(id).refuseVersion().at(10_000 + 127_750);
  assertEquals(t.state(id), { type: "revoked" });
});

Deno.test("a live mapping outlasts a server that falls silent in NAT-PMP", () => {
  const { t, id } = granted();
  t.at(1_800_000).refuseVersion().at(1_800_000 + 127_750);
  assertEquals(t.state(id), { type: "running" });
  assertEquals(t.events("lost"), []);
  t.takeSends();
  t.at(2_700_000);
  assertEquals(t.requests(), ["PCP"]);
});

Deno.test("errors of NAT-PMP have PCP's codes", () => {
  const codes = [[2, 2], [3, 7], [4, 8], [5, 4], [9, 3]] as const;
  for (const [result, code] of codes) {
    const t = new NatPmpTimeline();
    const id = t.request(mapSpec());
    t.refuseVersion().tellAddress().grantPort({ result });
    const state = t.state(id);
    assert(state.type === "error");
    assertEquals(state.code, code);
  }
});

Deno.test("an error that answers the address request answers the mapping", () => {
  const t = new NatPmpTimeline();
  const id = t.request(mapSpec());
  t.refuseVersion();
  t.reply({ type: "externalAddress", result: 3, epoch: t.epoch, address: external4 });
  assertEquals(t.state(id), { type: "error", code: 7, name: "NETWORK_FAILURE", retryIn: 30 });
});

Deno.test("a short error answers the only request under way", () => {
  const t = new NatPmpTimeline();
  const id = t.request(mapSpec());
  t.refuseVersion().tellAddress().takeEvents();
  t.receive(octets("00810005 000003e8")); // of opcode 1, which was not requested
  assertEquals(t.ignored(), ["unmatched"]);
  t.receive(octets("00820005 000003e8"));
  assertEquals(t.state(id).type, "error");
  t.takeEvents();
  t.receive(octets("00820005 000003e8"));
  assertEquals(t.ignored(), ["stale"]);
});

Deno.test("copies, and datagrams of other hosts, change nothing", () => {
  const { t } = granted();
  t.grantPort();
  t.receive(octets("00800003 000003e8 00000000"));
  t.receive(octets("0081"));
  t.receive(octets("00830000 000003e8"));
  assertEquals(t.ignored().length, 4);
  assertEquals(new NatPmpTimeline().tellAddress().takeEvents().map(({ type }) => type), [
    "ignored",
  ]);
});

Deno.test("an announced new address is reported, and suggested from then on", () => {
  const { t, id } = granted();
  const address = IpAddress.parse("203.0.113.99");
  t.at(10_000).tellAddress(1010, address, true);
  const last = t.events("granted").at(-1);
  assertEquals([last?.id, last?.changed, last?.assignment.externalAddress], [id, true, address]);
  t.tellAddress(1010, address, true);
  assertEquals(t.events("granted").length, 2);
  t.sends(0);
});

Deno.test("the epoch reveals a restart, and the mappings are requested again", () => {
  const { t, id } = granted();
  t.at(100_000).tellAddress(0, external4, true);
  assertEquals(t.events("serverRestarted").map(({ epoch }) => epoch), [0]);
  t.silentUntil(102_499).at(102_500);
  assertEquals(t.requests(), ["PCP"]);
  t.refuseVersion(2);
  assertEquals(t.requests(), [{ ...MAP, externalPort: 40000 }]);
  t.grantPort({ epoch: 2 });
  assertEquals(t.state(id), { type: "running" });
});

Deno.test("a slow epoch is no restart: 7/8 of the time here, less 2 s", () => {
  for (const [epoch, restarts] of [[1000 + 86, 0], [1000 + 84, 1]] as const) {
    const { t } = granted();
    t.at(100_000).tellAddress(epoch, external4, true);
    assertEquals(t.events("serverRestarted").length, restarts, `${epoch}`);
  }
});

Deno.test("a mapping that is released or refused leaves the queue of NAT-PMP", () => {
  const t = new NatPmpTimeline();
  const ids = [8080, 8081, 8082].map((internalPort) => t.request(mapSpec({ internalPort })));
  t.refuseVersion().takeSends();
  const [first, second, third] = ids;
  assertExists(first);
  assertExists(second);
  assertExists(third);
  t.release(second); // in the queue
  t.release(first); // its request is under way
  const rest = t.requests();
  assertEquals(rest.filter((request) => request === "PCP").length, 2, "two deletions");
  t.tellAddress();
  const ports = t.requests().map((request) =>
    request !== "PCP" && request.type === "map" ? request.internalPort : 0
  );
  assertEquals(ports, [8082]);
});

Deno.test("a late answer in PCP ends the exchange in NAT-PMP, and the next one goes on in PCP", () => {
  const t = new NatPmpTimeline();
  const first = t.request(mapSpec());
  const sent = t.send();
  t.request(mapSpec({ internalPort: 8081 }));
  t.refuseVersion().tellAddress().takeSends();
  t.receive(t.answerTo(sent.request));
  assertEquals(t.state(first), { type: "running" });
  assertEquals(t.requests(), ["PCP"]);
  t.at(10_000);
  assertEquals(t.requests(), ["PCP", "PCP"]);
});

Deno.test("hosts with a public or IPv6 address do not speak NAT-PMP (C-9-13)", () => {
  const clients = [
    { client: IpAddress.parse("198.51.100.10") },
    { client: client6, server: server6 },
  ];
  for (const options of clients) {
    const t = new NatPmpTimeline(options);
    const id = t.request(mapSpec());
    t.refuseVersion();
    assertEquals(t.state(id).type, "error");
    assertEquals(t.requests(), ["PCP"]);
  }
});

Deno.test("a PCP mapping that its server forgot lives to its end, then NAT-PMP makes a new one (F-24)", () => {
  const t = new NatPmpTimeline();
  const id = t.request(mapSpec());
  t.answer(id, { lifetime: 600 }).takeSends();
  t.at(338_000); // its renewal
  t.refuseVersion();
  t.at(341_000);
  assertEquals(t.requests().at(-1), "PCP"); // the question whether that is true
  t.refuseVersion().at(599_999);
  assertEquals(t.requests().filter((request) => request !== "PCP" && request.type === "map"), []);
  assertEquals([t.events("lost").length, t.events("granted").length], [0, 1]);
  t.at(600_000).refuseVersion().tellAddress(0).grantPort({ epoch: 0, port: 41000 });
  assertEquals(t.state(id), { type: "running" });
  assertEquals(t.events("granted").at(-1)?.assignment.externalPort, 41000);
});

Deno.test("what NAT-PMP cannot do is refused and asked again later, the rest is done (C-9-13)", () => {
  const t = new NatPmpTimeline();
  const peer = t.request(peerSpec());
  const map = t.request(mapSpec());
  t.refuseVersion().tellAddress().grantPort();
  assertEquals([t.state(peer).type, t.state(map).type], ["error", "running"]);
});
