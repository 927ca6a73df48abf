/** A lease as a bar, and what happened to a mapping in one line: in `show` and `watch`. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { MappingSnapshot } from "../../mod.ts";
import { ASCII, BLOCKS, leaseBar, showsBlocks } from "../../src/repl/lease_bar.ts";
import { startHarness } from "./harness.ts";

const START = Date.UTC(2026, 0, 2, 12, 0, 0);

const MAPPING: MappingSnapshot = {
  mappingId: 1,
  kind: "inbound",
  protocol: "tcp",
  internalPort: 6000,
  lifetime: 100,
  requestType: "keepAlive",
  state: { type: "running" },
  assigned: {
    externalAddress: "203.0.113.5",
    externalPort: 6000,
    lifetime: 100,
    protocol: "pcp",
  },
  expiresAt: new Date(START + 100_000).toISOString(),
};

Deno.test("leaseBar() marks now and the next renewal", () => {
  const at = (seconds: number, style = ASCII, mapping = MAPPING): string | undefined =>
    leaseBar(mapping, new Date(START + seconds * 1000), 10, style);
  assertEquals(at(0), ">....|....");
  assertEquals(at(25), "##>..|....");
  assertEquals(at(55), "#####>....");
  assertEquals(at(99), "#########>");
  assertEquals(at(1000), "#########>");
  assertEquals(at(-5), ">....|....");
  assertEquals(at(25, BLOCKS), "██▌░░┃░░░░");
  assertEquals(at(25, ASCII, { ...MAPPING, requestType: "once" }), "##>.......");
  assertEquals(at(25, ASCII, { ...MAPPING, assigned: null, expiresAt: null }), undefined);
  assertEquals(leaseBar(MAPPING, new Date(START), 1, ASCII), ">");
});

Deno.test("block characters are shown where the locale is UTF-8, and never on a dumb terminal", () => {
  const cases: [Record<string, string>, string, boolean][] = [
    [{ LANG: "en_GB.UTF-8", TERM: "xterm" }, "linux", true],
    [{ LANG: "de_DE.utf8" }, "linux", true],
    [{ LANG: "C" }, "linux", false],
    [{}, "linux", false],
    [{ LC_ALL: "C", LANG: "en_GB.UTF-8" }, "linux", false],
    [{ LC_ALL: "", LC_CTYPE: "C.UTF-8" }, "darwin", true],
    [{ LANG: "en_GB.UTF-8", TERM: "dumb" }, "linux", false],
    [{}, "windows", true],
  ];
  for (const [env, platform, expected] of cases) {
    assertEquals(showsBlocks(platform, (name) => env[name]), expected, JSON.stringify(env));
  }
});

Deno.test("show draws the lease and the last events in one line each", async () => {
  await using harness = await startHarness({ columns: 100 });
  await harness.run("map 6000 -k --lifetime 120");
  await harness.clock.advance(300_000); // several renewals
  harness.take();
  await harness.run("show 1");
  assertMatch(harness.take().join("\n"), /^events +asked \S+ → running \S+ → renewed x\d+ \S+$/m);
  harness.server.silent = true;
  await harness.clock.advance(130_000); // lost
  harness.server.silent = false;
  let shown = "";
  for (let i = 0; i < 60 && !shown.includes("back"); i++) { // the waits between requests are random
    await harness.clock.advance(5_000);
    harness.take();
    await harness.run("show 1");
    shown = harness.take().join("\n");
  }
  assertMatch(shown, /^lease +[█▌┃░]{40}$/m);
  assertMatch(shown, /^events .*waiting x\d \S+ → lost \S+ → waiting x\d \S+ → back \S+$/m);
});

Deno.test("without block characters show uses ASCII, and fits 20 columns", async () => {
  await using harness = await startHarness({ columns: 20, blocks: false });
  await harness.run("map 6000 -k");
  harness.take();
  await harness.run("show 1");
  const lines = harness.take();
  assertMatch(lines.join("\n"), /^lease +[#>.|]+$/m);
  for (const line of lines.slice(0, lines.indexOf("history"))) assert(line.length <= 20, line);
});

Deno.test("watch has bars and events, and at 1,000 mappings those first that do not run", async () => {
  await using harness = await startHarness({ live: true, columns: 120, rows: 24 });
  await harness.run("map 6000 -k");
  const cancel = new AbortController();
  const stop = (): void => {
    harness.clock.alarm(harness.clock.now() + 1_000, () => cancel.abort());
  };
  stop();
  harness.raw = "";
  await harness.run("watch", 2, cancel.signal);
  assertMatch(harness.raw, /running +1 h +PCP\n {4}[█▌┃░]{30,} {2}asked .* → running/);
  await harness.run(
    "js void Array.from({ length: 999 }, (_, i) => handle.request(new InboundMap(10_000 + i, 600)))",
    30,
  );
  harness.server.silent = true;
  await harness.run("js void handle.request(new InboundMap(9_000, 600))", 4);
  harness.raw = "";
  const again = new AbortController();
  harness.clock.alarm(harness.clock.now() + 300, () => again.abort());
  await harness.run("watch", 1, again.signal);
  const [frame = ""] = harness.raw.split("Ctrl-C ends watching");
  const lines = frame.split("\n");
  assert(lines.length <= 24, `${lines.length}`);
  assertMatch(lines[1] ?? "", / 9000 .*asking/);
  assertMatch(frame, /and \d+ more; 1000 of 1001 run/);
});

Deno.test("watch fits a terminal of 20 columns", async () => {
  await using harness = await startHarness({ live: true, columns: 20, rows: 10 });
  await harness.run("map 6000/tcp 6001/udp 6002/udp -k");
  harness.raw = "";
  const cancel = new AbortController();
  harness.clock.alarm(harness.clock.now() + 400, () => cancel.abort());
  await harness.run("watch", 1, cancel.signal);
  const [frame = ""] = harness.raw.split("Ctrl-C ends");
  const lines = frame.split("\n");
  for (const line of lines) assert(line.length < 20, line);
  assert(lines.some((line) => line.includes("203.0.113.5:6000")), frame);
});
