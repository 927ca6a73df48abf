import { assertEquals, assertThrows } from "@std/assert";
import { client4, mapSpec } from "../helpers/specs.ts";
import { WORLDS } from "./seeds.ts";
import { ExpectedMappings } from "./expected_mappings.ts";
import { runWorld, WorldError } from "./run_world.ts";

for (const [seed, defect] of WORLDS) {
  Deno.test(`world ${seed} keeps the rules: ${defect}`, () => {
    runWorld(seed);
  });
}

Deno.test("a world gives the same events for the same seed", () => {
  const [first, second]: string[][] = [[], []];
  assertEquals(runWorld(7, (line) => first?.push(line)), runWorld(7, (line) => second?.push(line)));
  assertEquals(first, second);
});

Deno.test("a WorldError has the seed and the time", () => {
  assertEquals(new WorldError(3, 5, new Error("why")).message, "World 3 at 5 ms: why");
});

Deno.test("ExpectedMappings rejects a request before the end of its hold", () => {
  const expected = new ExpectedMappings();
  const { id } = expected.add(mapSpec(), Infinity);
  const bytes = new Uint8Array();
  expected.take(0, { type: "send", id, bytes }, true);
  const state = { type: "error", code: 4, name: "UNSUPP_OPCODE", retryIn: 10 } as const;
  expected.take(0, { type: "state", id, state, over: false }, true);
  assertThrows(
    () => expected.take(9_990, { type: "send", id, bytes }, true),
    Error,
    "held until 10000",
  );
  expected.take(10_000, { type: "send", id, bytes }, true);
});

Deno.test("ExpectedMappings rejects the end of an unreleased mapping", () => {
  const expected = new ExpectedMappings();
  const { id } = expected.add(mapSpec({ externalAddress: client4 }), Infinity);
  const state = { type: "expired" } as const;
  assertThrows(
    () => expected.take(0, { type: "state", id, state, over: true }, true),
    Error,
    "ended unreleased",
  );
});

Deno.test("ExpectedMappings lets a restart end the hold of a lease, and of no new mapping", () => {
  const expected = new ExpectedMappings();
  const ids = [1, 2].map((internalPort) => expected.add(mapSpec({ internalPort }), Infinity).id);
  const [lease = 0, fresh = 0] = ids;
  const assignment = {
    externalAddress: client4,
    externalPort: 1,
    lifetime: 600,
    expiresAt: 600_000,
    options: [],
    protocol: "pcp",
  } as const;
  const bytes = new Uint8Array();
  const hold = { code: 8, retryIn: 10 };
  expected.take(0, { type: "granted", id: lease, assignment, changed: true }, true);
  expected.take(0, { type: "renewalRefused", id: lease, ...hold }, true);
  assertThrows(() => expected.take(1, { type: "send", id: lease, bytes }, false), Error, "held");
  expected.take(2, { type: "serverRestarted", epoch: 0 }, true);
  expected.take(3, { type: "send", id: lease, bytes }, false);
  assertThrows(() => expected.take(3, { type: "send", id: fresh, bytes }, false), Error, "held");
});

Deno.test("ExpectedMappings lets a refusal in NAT-PMP hold no later mapping", () => {
  for (const isPcp of [false, true]) {
    const expected = new ExpectedMappings();
    const { id } = expected.add(mapSpec(), Infinity);
    const state = { type: "error", code: 2, name: "NOT_AUTHORIZED", retryIn: 60 } as const;
    expected.take(0, { type: "state", id, state, over: false }, isPcp);
    const later = expected.add(mapSpec(), Infinity).id;
    const send = () =>
      expected.take(1, { type: "send", id: later, bytes: new Uint8Array() }, false);
    if (isPcp) assertThrows(send, Error, "held until 60000");
    else send();
  }
});
