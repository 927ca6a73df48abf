import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { ClosedError } from "../../src/client/errors.ts";
import { diagnose, type DiagnosisInput } from "../../src/client/diagnosis/diagnose.ts";
import type { Diagnosis } from "../../src/client/diagnosis/diagnosis.ts";
import type { TraceEvent } from "../../src/client/trace.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import type { InquiryResult } from "../../src/engine/events.ts";
import { type Lab, lab, type LabOptions } from "../../src/testing/lab.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { IpAddress } from "../../src/wire/address.ts";
import { encodeResponse } from "../../src/wire/message.ts";
import {
  CLIENT,
  isSearch,
  multicast,
  opened,
  remains,
  requests,
  SERVER,
} from "../helpers/client.ts";

/** A diagnosis in a new lab, and what it left there. */
async function diagnosis(
  options: LabOptions,
  prepare: (world: Lab) => unknown = () => {},
): Promise<Diagnosis & { readonly took: number }> {
  await using world = await lab(options);
  await prepare(world);
  const began = world.clock.now();
  const result = await world.settled(world.handle.diagnose());
  const took = world.clock.now() - began;
  assertEquals(world.server.mappings.size, world.handle.mappings.length, "it leaves no mapping");
  assertEquals(structuredClone(result), result, "it is plain JSON");
  assertEquals(world.server.counters.violations, {});
  return { ...result, took };
}

function codes({ findings }: Diagnosis): string[] {
  return findings.map(({ code, level }) => `${code} ${level}`);
}

/** The text of the finding. */
function text({ findings }: Diagnosis, code: string): string {
  return findings.find((finding) => finding.code === code)?.text ?? `no finding "${code}"`;
}

Deno.test("diagnose() describes a router that works", async () => {
  const result = await diagnosis({ server: { externalAddress: "20.30.40.1", epoch: 100_000 } });
  assertEquals(codes(result), ["pcp good", "public good", "upSince notice", "hears good"]);
  const { ok, client, server, port, protocol, roundTrip, epoch, externalAddress } = result;
  assertEquals([ok, client, server, port], [true, "192.168.1.10", "192.168.1.1", 5351]);
  assertEquals([protocol, roundTrip, epoch, externalAddress], ["PCP", 2, 100_000, "20.30.40.1"]);
  assertEquals([result.addressKind, result.refusal], ["global", null]);
  assertEquals(result.announcements, { listening: true, heard: 0 });
  const since = Date.now() - Date.parse(result.upSince ?? "");
  assert(Math.abs(since - 100_000_000) < 10_000, `${since}`);
  assert(text(result, "upSince").includes("1 day and 3 hours"), text(result, "upSince"));
  assert(result.took < 100);
});

Deno.test("diagnose() requests no mapping if one has the address", async () => {
  await using world = await lab({ server: { externalAddress: "20.30.40.1" } });
  await opened(world);
  const result = await world.settled(world.handle.diagnose());
  assertEquals([result.externalAddress, result.ok], ["20.30.40.1", true]);
  assertEquals(world.server.counters.received, { map: 1, announce: 1 });
});

Deno.test("diagnose() finds double NAT and carrier NAT by the external address", async () => {
  const cases = [
    ["10.1.2.3", "private", "doubleNat problem"],
    ["172.31.0.1", "private", "doubleNat problem"],
    ["192.168.178.2", "private", "doubleNat problem"],
    ["100.64.0.1", "shared", "carrierNat problem"],
    ["192.0.0.2", "shared", "carrierNat problem"],
    ["169.254.7.7", "linkLocal", "oddAddress problem"],
    ["198.18.0.1", "reserved", "oddAddress problem"],
    ["203.0.113.5", "documentation", "simulated notice"],
  ] as const;
  for (const [externalAddress, kind, finding] of cases) {
    const result = await diagnosis({ server: { externalAddress } });
    assertEquals([result.addressKind, codes(result)[1], result.ok], [kind, finding, false]);
    assert(result.findings[1]?.text.includes(externalAddress));
  }
});

Deno.test("diagnose() finds another router in between by ADDRESS_MISMATCH (C-8.1-5)", async () => {
  const result = await diagnosis({}, ({ server }) => server.fail(12, { opcode: 1 }));
  assertEquals(codes(result).slice(0, 2), ["pcp good", "addressMismatch problem"]);
  assertEquals([result.refusal, result.ok], [{ code: 12, name: "ADDRESS_MISMATCH" }, false]);
});

Deno.test("diagnose() explains a refusal", async () => {
  const refused = await diagnosis({}, ({ server }) => server.fail(2, { times: Infinity }));
  assertEquals([codes(refused)[1], refused.refusal?.name], ["refused problem", "NOT_AUTHORIZED"]);
  const offline = await diagnosis({ server: { externalAddress: null } });
  assertEquals([codes(offline)[1], offline.refusal?.name], [
    "noInternet problem",
    "NETWORK_FAILURE",
  ]);
});

Deno.test("diagnose() uses the refusal of a mapping, and requests no other", async () => {
  await using world = await lab();
  world.server.fail(12, { lifetime: 1_800 });
  world.handle.request(new InboundMap(6000, 7200));
  await world.advance(100);
  const result = await world.settled(world.handle.diagnose());
  assertEquals([codes(result)[1], result.refusal?.code], ["addressMismatch problem", 12]);
  assertEquals(world.server.counters.received, { map: 1, announce: 1 });
});

Deno.test("diagnose() ends after 8 s without a response", async () => {
  const result = await diagnosis({}, ({ server }) => server.silent = true);
  assertEquals([codes(result), result.took, result.ok], [["noServer problem"], 8_000, false]);
  assertEquals([result.protocol, result.roundTrip, result.epoch, result.upSince], [
    null,
    null,
    null,
    null,
  ]);
});

Deno.test("diagnose() retransmits PCP after 3 s, and NAT-PMP in between (C-8.1.1-1)", async () => {
  await using world = await lab();
  world.server.silent = true;
  await world.settled(world.handle.diagnose());
  const natPmp = world.sent().filter(({ bytes }) => bytes[0] === 0).map(({ at }) => at);
  assertEquals(natPmp, [1_000, 1_250, 1_750, 2_750, 4_750]);
  const [first, second, ...more] = requests(world);
  assertEquals([first?.at, more], [0, []]);
  assert(Math.abs((second?.at ?? 0) - 3_000) <= 300, `${second?.at}`);
});

Deno.test("diagnose() finds a gateway that speaks NAT-PMP only", async () => {
  const result = await diagnosis({ server: { natPmpOnly: true, externalAddress: "20.30.40.1" } });
  assertEquals(codes(result), ["natPmp good", "public good", "upSince notice", "hears good"]);
  assertEquals([result.protocol, result.externalAddress, result.ok], [
    "NAT-PMP",
    "20.30.40.1",
    true,
  ]);
  assert(result.took < 100);
  const mute = await diagnosis({ server: { natPmpOnly: true } }, ({ server }) => {
    server.tamper = (reply, request) => request[0] === 2 ? [] : [reply]; // does not respond to PCP
  });
  assert(mute.took < 2_000, `${mute.took}`);
  assertEquals(mute.protocol, "NAT-PMP");
  const offline = await diagnosis({ server: { natPmpOnly: true, externalAddress: null } });
  assertEquals(offline.findings[1]?.code, "noInternet");
});

Deno.test("diagnose() names a NAT-PMP result as the engine does, a code that no RFC defines included", async () => {
  for (const [result, name] of [[2, "NOT_AUTHORIZED"], [9, "MALFORMED_REQUEST"]] as const) {
    const { refusal } = await diagnosis({ server: { natPmpOnly: true } }, ({ server }) => {
      server.tamper = (reply, request) => {
        if (request[0] === 0) reply[3] = result;
        return [reply];
      };
    });
    assertEquals(refusal?.name, name);
  }
});

Deno.test("diagnose() prefers PCP if a router speaks both and one response was lost (G-2)", async () => {
  const result = await diagnosis({ server: { natPmp: true } }, ({ server }) => server.swallow(1));
  assertEquals([result.protocol, result.took > 1_000], ["PCP", true]);
});

Deno.test("diagnose() finds a server of another version", async () => {
  const result = await diagnosis({}, ({ server }) => {
    server.tamper =
      () => [encodeResponse({ type: "announce", version: 1, result: 1, lifetime: 60, epoch: 7 })];
  });
  assertEquals(codes(result), ["otherVersion problem"]);
});

Deno.test("diagnose() reports that this computer cannot send", async () => {
  const result = await diagnosis({}, ({ network }) => {
    network.failSends = () => new Error("Network is unreachable (os error 101)");
  });
  assertEquals(codes(result), ["cannotSend problem"]);
  assert(text(result, "cannotSend").includes("Network is unreachable (os error 101)"));
});

Deno.test("diagnose() reports whether announcements are received", async () => {
  const heard = await diagnosis(
    {},
    (world) =>
      multicast(world, encodeResponse({ type: "announce", result: 0, lifetime: 0, epoch: 7 })),
  );
  assertEquals(heard.announcements, { listening: true, heard: 1 });
  assert(text(heard, "hears").includes("once heard"));
  const deaf = await diagnosis({ client: { multicast: false } });
  assertEquals([deaf.announcements, codes(deaf).at(-1)], [
    { listening: false, heard: 0 },
    "deaf notice",
  ]);
});

Deno.test("diagnose() of an IPv6 firewall finds this computer's own address, and sends no NAT-PMP", async () => {
  const addresses = { clientAddress: "2a00:1450::10", serverAddress: "2a00:1450::1" };
  const result = await diagnosis({ ...addresses, client: { multicast: false } });
  assertEquals([result.externalAddress, result.ok], ["2a00:1450::10", true]);
  assert(text(result, "public").startsWith("This computer's own address 2a00:1450::10"));
  await using world = await lab(addresses);
  world.server.silent = true;
  await world.settled(world.handle.diagnose());
  const sent = world.sent().filter(({ bytes }) => !isSearch(bytes));
  assertEquals(sent.map(({ bytes }) => bytes[0]), [2, 2]);
});

Deno.test("diagnose() is ended by its signal, refused after shutdown(), and leaves nothing behind", async () => {
  const world = await lab();
  world.server.silent = true;
  const controller = new AbortController();
  const aborted = assertRejects(
    () => world.handle.diagnose({ signal: controller.signal }),
    Error,
    "enough",
  );
  await world.advance(1_500);
  controller.abort(new Error("enough"));
  await aborted;
  world.server.silent = false;
  world.server.swallow(Infinity, 1);
  const late = new AbortController();
  const inSecondPart = assertRejects(
    () => world.handle.diagnose({ signal: late.signal }),
    Error,
    "late",
  );
  await world.advance(1_000);
  late.abort(new Error("late"));
  await inSecondPart;
  await world.settled(world.handle.shutdown());
  await assertRejects(() => world.handle.diagnose(), ClosedError, "Cannot diagnose the network");
  assertEquals(await remains(world), { mappings: 0, alarms: 0, sockets: 0 });
});

Deno.test("diagnose() waits 4 s for the address at most, and reports no refusal then", async () => {
  const result = await diagnosis({}, ({ server }) => server.swallow(Infinity, 1));
  assertEquals([codes(result)[1], result.took], ["addressUnknown notice", 4_002]);
});

Deno.test("diagnose() passes its datagrams to onTrace, and counts them", async () => {
  const traced: string[] = [];
  const onTrace = ({ direction, text }: TraceEvent): void =>
    void traced.push(`${direction} ${text.split(",")[0]}`);
  await using world = await lab({ client: { onTrace } });
  await opened(world);
  traced.length = 0;
  await world.settled(world.handle.diagnose());
  assertEquals(traced, ["sent PCP ANNOUNCE request", "received PCP ANNOUNCE response"]);
  assertEquals([world.handle.stats().sent, world.handle.stats().received], [2, 2]);
});

Deno.test("Durations are given in their two largest units", async () => {
  const cases = [
    [0, "0 seconds"],
    [1, "1 second"],
    [61, "1 minute and 1 second"],
    [3_600, "1 hour"],
    [3_601, "1 hour"],
    [90_061, "1 day and 1 hour"],
    [172_800, "2 days"],
  ] as const;
  for (const [epoch, duration] of cases) {
    const result = await diagnosis({ server: { epoch } });
    assertEquals(/ports for (.*?)\. /.exec(text(result, "upSince"))?.[1], duration);
  }
});

Deno.test("diagnose() says that the gateway of a container or of WSL is not the router (H-7)", async () => {
  for (const [where, remedy] of SURROUNDINGS) {
    const asked: string[] = [];
    const surroundings = (client: string): Promise<typeof where> => {
      asked.push(client);
      return Promise.resolve(where);
    };
    const silent = await behind(surroundings, {});
    assertEquals(codes(silent), ["noServer problem"]);
    assertMatch(text(silent, "noServer"), remedy);
    const mismatch = await behind(surroundings, { protocol: "pcp", result: 12 });
    assertEquals(codes(mismatch)[1], "addressMismatch problem");
    assertMatch(text(mismatch, "addressMismatch"), remedy);
    assertEquals(asked, [CLIENT, CLIENT]);
    // A gateway that answers, or refuses for another reason, is a router.
    assertEquals(
      codes(await behind(surroundings, { protocol: "pcp", result: 2 }))[1],
      "refused problem",
    );
    assertEquals(asked.length, 2);
  }
});

const SURROUNDINGS = [
  ["container", /in a container: .*not the router.*--network host/],
  ["wsl", /\(WSL\): .*not the router.*networkingMode=mirrored/],
] as const;

/** A diagnosis from another answer of the gateway. */
async function behind(
  surroundings: DiagnosisInput["surroundings"],
  answer: InquiryResult,
): Promise<Diagnosis> {
  return await diagnose({
    client: IpAddress.parse(CLIENT),
    server: SERVER,
    port: 5351,
    clock: new ManualClock(),
    mappings: [],
    upnp: { found: undefined, elsewhere: [], isUnreadable: false },
    announcements: { listening: true, heard: 0 },
    inquire: () => Promise.resolve(answer),
    describeGateway: () => "nothing answers",
    sendError: () => undefined,
    externalAddress: () => Promise.resolve("20.30.40.1"),
    surroundings,
  }, undefined);
}

Deno.test("a mapping and the diagnosis give the same reason why an address is not reached (D-1, D-3)", async () => {
  const addresses = [
    "10.0.0.1",
    "192.168.1.9",
    "100.64.0.1",
    "192.0.0.2",
    "169.254.0.1",
    "fd00::1",
    "fe80::1",
  ];
  for (const externalAddress of addresses) {
    await using world = await lab({
      ...(externalAddress.includes(":")
        ? { clientAddress: externalAddress, serverAddress: "2001:db8::1" }
        : { server: { externalAddress } }),
      client: { multicast: false },
    });
    const { reachProblem } = await world.settled(
      world.handle.request(new InboundMap(6000, 60)).ready(),
    );
    const result = await world.settled(world.handle.diagnose());
    assertEquals(codes(result)[1], `${reachProblem} problem`, externalAddress);
  }
});

Deno.test("a unique local address is no double NAT (D-3)", async () => {
  await using world = await lab({
    clientAddress: "fd00:1::10",
    serverAddress: "fd00:1::1",
    client: { multicast: false },
  });
  const result = await world.settled(world.handle.diagnose());
  assertEquals([result.addressKind, codes(result)[1], result.ok], [
    "private",
    "uniqueLocal problem",
    false,
  ]);
  assertStringIncludes(text(result, "uniqueLocal"), "no second router");
});
