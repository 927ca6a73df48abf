/** How commands wait for a gateway that does not answer: a word after 3 s, the verdict after 8 s. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Harness, startHarness } from "./harness.ts";

const SENTENCE = /^Nothing at 192\.168\.1\.1 answers in PCP.*switch on UPnP, NAT-PMP or PCP/;

async function silentHarness(options: Parameters<typeof startHarness>[0] = {}): Promise<Harness> {
  const harness = await startHarness(options);
  harness.server.silent = true;
  return harness;
}

for (const line of ["map 6000", "peer 6000/udp 198.51.100.7:7000", "external", "announce"]) {
  Deno.test(`${line}: a word after 3 s of silence, the verdict and advice after 8 s (D-6)`, async () => {
    await using harness = await silentHarness({ mode: "once" });
    let code: number | undefined;
    const done = harness.start(line).then((status) => code = status);
    await harness.clock.advance(2_900);
    assertEquals(harness.take(), []);
    await harness.clock.advance(200);
    assertMatch(harness.take().join("\n"), /^Waiting for the gateway at 192\.168\.1\.1[^\n]*$/);
    await harness.clock.advance(4_800);
    assertEquals([harness.take(), code], [[], undefined]);
    await harness.clock.advance(300);
    await done;
    const [verdict = "", advice = "", ...rest] = harness.take();
    assertMatch(verdict, SENTENCE);
    assertMatch(advice, /"discover" shows the gateways/);
    assertEquals([rest, code], [[], 1]);
  });
}

Deno.test("a command after the verdict gets the same 8 s, and the same words (D-6)", async () => {
  await using harness = await silentHarness();
  await harness.run("external", 9);
  harness.take();
  assertEquals(await harness.run("announce", 9), 1);
  assertMatch(harness.take()[1] ?? "", SENTENCE);
});

Deno.test("--timeout says how long a command waits, shorter or longer than the verdict", async () => {
  await using harness = await silentHarness();
  assertEquals(await harness.run("announce --timeout 2", 3), 1);
  assertEquals(harness.take()[0], "No answer from 192.168.1.1 within 2 s");
  assertEquals(await harness.run("external --timeout 12", 13), 1);
  const [, verdict = "", , last = "", ...rest] = harness.take();
  assertMatch(verdict, SENTENCE);
  assertEquals([last, rest], ["No answer from 192.168.1.1 within 12 s", []]);
  harness.clock.alarm(harness.clock.now() + 15_000, () => harness.server.silent = false);
  assertEquals(await harness.run("external --timeout 30", 30), 0);
  assertEquals(harness.out, ["203.0.113.5"]);
});

Deno.test("the verdict in --json is one object on standard error", async () => {
  await using harness = await silentHarness({ mode: "once", defaults: { json: true } });
  assertEquals(await harness.run("map 6000", 10), 1);
  assertEquals(harness.out, []);
  const [word = {}, { error } = { error: {} }] = harness.errors.map((line) => JSON.parse(line));
  assertMatch(word.notice, /^Waiting for the gateway/);
  assertEquals([error.name, error.state], ["GatewayError", "silent"]);
  assertMatch(error.message, SENTENCE);
  assert(error.advice.includes("--server"));
});

Deno.test("at the prompt map -k goes on after the verdict, in the background (D-6)", async () => {
  await using harness = await silentHarness({ mode: "prompt" });
  assertEquals(await harness.run("map 6000 -k", 10), 0);
  const [word = "", verdict = "", , state = ""] = harness.take();
  assertMatch(word, /^Waiting for the gateway/);
  assertMatch(verdict, SENTENCE);
  assertMatch(state, /^Mapping 1 is requested until it is there: .*"revoke 1" to stop/);
  harness.server.silent = false;
  await harness.clock.advance(60_000);
  assertEquals(harness.take(), ["mapping 1 (tcp 6000) is reached at 203.0.113.5:6000"]);
});

Deno.test("diagnose of a silent gateway has its finding within 10 s, not an error of the command", async () => {
  await using harness = await silentHarness({ mode: "once" });
  assertEquals(await harness.run("diagnose --json", 10), 1);
  const { protocol, gateway, findings } = JSON.parse(harness.out.join());
  assertEquals([protocol, gateway.state, findings[0].level], [null, "silent", "problem"]);
  assertEquals(harness.errors.length, 1); // the word after 3 s
});

Deno.test("one-shot diagnose listens for announcements (D-3)", async () => {
  await using harness = await startHarness({ mode: "once" });
  await harness.run("diagnose --json");
  assertEquals(JSON.parse(harness.out.join()).announcements.listening, true);
});

Deno.test("map, list and show have the gateway in --json", async () => {
  await using harness = await startHarness({ defaults: { json: true } });
  for (const line of ["map 6000 -k", "list", "show 1"]) {
    await harness.run(line);
    const { gateway } = JSON.parse(harness.take().join());
    assertEquals(gateway.state, "answers", line);
    assert(Number.isFinite(Date.parse(gateway.since)), line);
  }
});

Deno.test("--protocols limits what is asked", async () => {
  await using harness = await startHarness({ server: { protocols: ["nat-pmp"] } });
  assertEquals(await harness.run("map 6000 --protocols pcp", 10), 1);
  assertMatch(harness.take().join("\n"), /^[^]*192\.168\.1\.1/);
  await harness.run("disconnect");
  harness.take();
  assertEquals(await harness.run("map 6000 --protocols nat-pmp"), 0);
  assertEquals(harness.take()[0], "203.0.113.5:6000");
  assertEquals(await harness.run("map 6001 --protocols pcp"), 1);
  assertMatch(harness.take().join(), /Already connected/);
});

Deno.test("the verdict is wrapped between words to the width of the terminal", async () => {
  await using harness = await silentHarness({ mode: "once", columns: 40 });
  await harness.run("map 6000", 10);
  const lines = harness.errors.slice(1);
  for (const line of lines) assert(line.length <= 40, line);
  assertMatch(lines.join(" "), SENTENCE);
});
