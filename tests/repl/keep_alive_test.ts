/** `map --keep-alive`: it goes on through every trouble that can pass, and says what it waits for. */

import { assertEquals, assertMatch } from "@std/assert";
import { ResultCode } from "../../mod.ts";
import { startHarness } from "./harness.ts";

const PASSING = [
  ResultCode.NetworkFailure,
  ResultCode.NoResources,
  ResultCode.UserExQuota,
  ResultCode.NotAuthorized,
];

for (const code of PASSING) {
  Deno.test(`map -k goes on after a refusal with ${code}, and says when it asks again (K-1)`, async () => {
    await using harness = await startHarness({ mode: "once" });
    harness.server.fail(code, { times: 1, lifetime: 30 });
    const cancel = new AbortController();
    harness.clock.alarm(120_000, () => cancel.abort());
    assertEquals(await harness.run("map 6000 -k", 121, cancel.signal), 0);
    const [refusal = "", advice = "", again = ""] = harness.errors;
    assertMatch(refusal, new RegExp(`\\(${code}\\)`));
    assertMatch(advice, /./);
    assertEquals(again, "It is requested again in 30 s");
    assertEquals(harness.out[0], "203.0.113.5:6000");
    assertEquals(harness.out.filter((line) => line.startsWith("mapping 1")).length, 1);
  });
}

const FINAL: [number, string][] = [
  [ResultCode.UnsuppProtocol, "map 6000/sctp -k"],
  [ResultCode.MalformedRequest, "map 6000 -k"],
  [ResultCode.CannotProvideExternal, "map 6000 -k --external-port 80 --prefer-failure"],
];

for (const [code, line] of FINAL) {
  Deno.test(`${line} ends with exit code 1 after a refusal with ${code}, which cannot pass (K-1)`, async () => {
    await using harness = await startHarness({ mode: "once" });
    harness.server.fail(code, { times: 1 });
    assertEquals(await harness.run(line), 1);
    assertMatch(harness.errors[0] ?? "", new RegExp(`\\(${code}\\)`));
    assertEquals(harness.out, []);
    await harness.end();
    assertEquals(harness.server.mappings.size, 0);
  });
}

Deno.test("map -k ends where the gateway's protocol cannot express the request (K-1)", async () => {
  await using harness = await startHarness({ mode: "once", server: { protocols: ["nat-pmp"] } });
  assertEquals(await harness.run("map 6000/sctp -k", 10), 1);
  assertMatch(harness.errors.join("\n"), /speaks NAT-PMP, which cannot express/);
});

Deno.test("map -k at a NAT-PMP gateway without an address goes on (K-1)", async () => {
  await using harness = await startHarness({ mode: "once", server: { protocols: ["nat-pmp"] } });
  harness.server.fail(3, { times: 2 }); // RFC 6886 section 3.5: network failure
  const cancel = new AbortController();
  harness.clock.alarm(600_000, () => cancel.abort());
  assertEquals(await harness.run("map 6000 -k", 601, cancel.signal), 0);
  assertEquals(harness.out[0], "203.0.113.5:6000");
});

Deno.test("at the prompt a refusal that can pass leaves the mapping requested (K-1)", async () => {
  await using harness = await startHarness({ mode: "prompt" });
  harness.server.fail(ResultCode.NoResources, { times: 1, lifetime: 30 });
  assertEquals(await harness.run("map 6000 -k"), 0);
  assertMatch(harness.take().join("\n"), /NO_RESOURCES[^]*Mapping 1 is requested again in 30 s/);
  await harness.clock.advance(31_000);
  assertMatch(harness.take().join("\n"), /mapping 1 .*is reached at 203\.0\.113\.5:6000/);
});

Deno.test("map -k waits for a router that is still starting: word, verdict, mapping (K-1, D-6)", async () => {
  await using harness = await startHarness({ mode: "once" });
  harness.server.silent = true;
  harness.clock.alarm(100_000, () => harness.server.silent = false);
  const cancel = new AbortController();
  harness.clock.alarm(300_000, () => cancel.abort());
  assertEquals(await harness.run("map 6000/tcp -k", 301, cancel.signal), 0);
  const [word = "", verdict = "", advice = "", ...rest] = harness.errors;
  assertMatch(word, /^Waiting for the gateway at 192\.168\.1\.1: asking/);
  assertMatch(verdict, /^Nothing at 192\.168\.1\.1 answers/);
  assertMatch(advice, /--server/);
  assertEquals([rest, harness.out[0]], [[], "203.0.113.5:6000"]);
});

Deno.test("on a terminal one line says what map -k waits for, and keeps itself current (K-1)", async () => {
  await using harness = await startHarness({ mode: "once", live: true, columns: 100 });
  harness.server.silent = true;
  const cancel = new AbortController();
  const done = harness.start("map 6000 -k --lifetime 600", cancel.signal);
  await harness.clock.advance(4_000);
  assertMatch(harness.raw, /Waiting for the gateway at 192\.168\.1\.1: asking\. Ctrl-C deletes it/);
  assertMatch(harness.raw, /asking \(sent 2 times\)\. Ctrl-C/);
  harness.server.silent = false;
  harness.server.fail(ResultCode.NoResources, { times: 1, lifetime: 30 });
  await harness.clock.advance(30_000);
  assertMatch(harness.raw, /Refused with NO_RESOURCES, requested again in \d+ s/);
  await harness.clock.advance(60_000);
  assertMatch(harness.raw, /Open until [-\d :]+\. Ctrl-C deletes it/);
  cancel.abort();
  await harness.clock.advance(1_000);
  assertEquals(await done, 0);
});

Deno.test("map -k waits for a network and says so; without -k the command fails at once (H-4)", async () => {
  await using harness = await startHarness({ mode: "once" });
  harness.isOffline = true;
  assertEquals(await harness.run("map 6000", 0), 1);
  assertMatch(harness.take().join("\n"), /Cannot assign requested address/);
  harness.clock.alarm(harness.clock.now() + 20_000, () => harness.isOffline = false);
  const cancel = new AbortController();
  harness.clock.alarm(harness.clock.now() + 30_000, () => cancel.abort());
  assertEquals(await harness.run("map 6000 -k", 31, cancel.signal), 0);
  assertMatch(harness.errors.join("\n"), /^Waiting for a network: this host has no route/);
  assertEquals(harness.out[0], "203.0.113.5:6000");
});
