/** Requests in flight: no burst that a socket buffer cannot hold, no wait without need. */

import { assert, assertEquals } from "@std/assert";
import { mapSpec, peerSpec } from "../helpers/specs.ts";
import { type Sent, Timeline } from "../helpers/timeline.ts";

/** Requests so many mappings at time 0. */
function wanting(count: number, options: ConstructorParameters<typeof Timeline>[0] = {}): Timeline {
  const t = new Timeline(options);
  for (let n = 0; n < count; n++) {
    t.request(mapSpec({ protocol: n % 2 === 0 ? 6 : 17, internalPort: 1 + (n >> 1) }));
  }
  return t;
}

/** The most requests that were unanswered at once, each for at most `life`. */
function mostInFlight(sends: readonly Sent[], life: number): number {
  let most = 0;
  let oldest = 0;
  sends.forEach(({ at }, index) => {
    while ((sends[oldest]?.at ?? at) <= at - life) oldest++;
    most = Math.max(most, index - oldest + 1);
  });
  return most;
}

Deno.test("10,000 mappings wanted at once are asked for 128 at a time (defect 23)", () => {
  const t = wanting(10_000);
  const latency = 5;
  const sends = t.serve(2_990, () => ({}), latency);
  assertEquals(sends.length, 10_000, "each once");
  assert(mostInFlight(sends, latency) <= 128);
  assertEquals(t.events("granted").length, 10_000);
  const done = t.events("granted").at(-1)?.at ?? 0;
  assert(done < 1_000, `${done} ms for what takes 79 round trips of 5 ms at best`);
});

Deno.test("the first burst is 32, and bursts grow with the answers", () => {
  const sends = wanting(1_000).serve(60, () => ({}), 10);
  const at = (time: number): number => sends.filter((sent) => sent.at === time).length;
  // A quarter of the window must be free before more leave.
  assertEquals([at(0), at(10), at(20), at(30)], [32, 62, 86, 96]);
});

Deno.test("a silent server delays no request for ever: slots end by themselves", () => {
  const t = wanting(1_000);
  t.at(249).sends(32);
  t.at(250).sends(32);
  t.at(500).sends(32);
  t.at(2_600);
  const count = t.takeSends().length + 96;
  assertEquals(count, 32 * 11);
  t.at(60_000);
  const ids = new Set(t.allSends().map(({ id }) => id));
  assertEquals(ids.size, 1_000);
});

Deno.test("at no instant more than 128 leave, whatever the server does", () => {
  for (const latency of [1, 40, 400, 4_000]) {
    const t = wanting(3_000, { seed: latency });
    const lossy = ({ id }: Sent) => (id ?? 0) % 7 === 0 ? undefined : {};
    const sends = t.serve(40_000, lossy, latency);
    const counts = new Map<number, number>();
    for (const { at } of sends) counts.set(at, (counts.get(at) ?? 0) + 1);
    assert(Math.max(...counts.values()) <= 128, `latency ${latency}`);
    assert(mostInFlight(sends, Math.min(latency, 50)) <= 128);
    const served = new Set(t.events("granted").map(({ id }) => id));
    assertEquals(served.size, 3_000 - Math.floor(3_000 / 7));
  }
});

Deno.test("the window shrinks with every repetition, 16 at least", () => {
  const t = wanting(100, { random: () => 0.5, config: { initialWindow: 40 } });
  t.at(2_999);
  assertEquals(t.takeSends().length, 100);
  t.at(3_000);
  assertEquals(t.takeSends().length, 16);
});

Deno.test("a slot whose end rounds down frees itself all the same", () => {
  for (let trial = 1; trial <= 300; trial++) {
    const t = new Timeline({ config: { initialWindow: 1, minimumWindow: 1 } });
    t.at(trial / 7); // 1/7 + 250 - 250 is less than 1/7
    for (const internalPort of [80, 81]) t.request(mapSpec({ internalPort }));
    t.send();
    const { deadline = Infinity } = t.engine;
    t.at(deadline).send();
  }
});

Deno.test("a request that did not leave this host gives its slot back at once (defect 22)", () => {
  const t = wanting(40);
  assertEquals(t.takeSends().length, 32);
  t.step({ type: "sendFailed", id: 1 });
  assertEquals(t.send().id, 33);
});

Deno.test("a released mapping leaves the queue", () => {
  const t = wanting(40);
  t.takeSends();
  for (let id = 33; id <= 39; id++) t.release(id);
  assertEquals(t.state(35), { type: "revoked" });
  t.at(250);
  assertEquals(t.takeSends().map(({ id }) => id), [40]);
});

Deno.test("a mapping answered before its repetition leaves the queue, and uses no slot", () => {
  const oneByOne = { initialWindow: 1, minimumWindow: 1, maximumWindow: 1 };
  const t = new Timeline({ random: () => 0.5, config: oneByOne });
  const first = t.request(mapSpec({ internalPort: 80 }));
  t.at(2_999);
  const second = t.request(mapSpec({ internalPort: 81 }));
  assertEquals(t.takeSends().map(({ id }) => id), [first, second]);
  t.at(3_000); // the first is to be repeated, but the second is under way
  const third = t.request(mapSpec({ internalPort: 82 }));
  t.at(3_001).answer(first);
  assertEquals(t.takeSends(), []);
  t.at(3_002).answer(second);
  assertEquals(t.send().id, third);
});

Deno.test("the round trip is smoothed, and repeated requests do not count", () => {
  const t = new Timeline();
  assertEquals(t.engine.roundTrip, undefined);
  const first = t.request(mapSpec());
  t.at(80).answer(first);
  assertEquals(t.engine.roundTrip, 80);
  const second = t.request(peerSpec());
  t.at(80 + 160).answer(second);
  assertEquals(t.engine.roundTrip, 90);
  const third = t.request(mapSpec({ internalPort: 81 }));
  t.at(5_000).answer(third);
  assertEquals(t.engine.roundTrip, 90);
});

Deno.test("10,000 mappings are renewed without a burst, on one deadline (defect 23)", () => {
  const t = wanting(10_000);
  t.serve(2_000, () => ({ lifetime: 600 }), 5);
  const sends = t.serve(402_000, () => ({ lifetime: 600 }), 5);
  assertEquals(sends.length, 10_000);
  assert(mostInFlight(sends, 5) <= 128);
  assertEquals(t.events("lost"), []);
});

Deno.test("a response for a mapping in the queue matches no request: none was sent (C-11.4-1)", () => {
  const t = wanting(40);
  const sent = t.takeSends()[0];
  const twin = wanting(40).serve(1_000).find(({ id }) => id === 40); // draws the same nonces
  assert(sent?.request.type === "map" && twin?.request.type === "map");
  const { nonce } = twin.request;
  const { internalPort, protocol } = mapSpec({ protocol: 17, internalPort: 20 });
  t.receive(t.answerTo({ ...sent.request, nonce, internalPort, protocol }, {}));
  assertEquals(t.state(40), { type: "requested" });
  assertEquals(t.events("ignored").map(({ reason }) => reason), ["unmatched"]);
});
