import { assert, assertEquals, assertMatch } from "@std/assert";
import type { MappingSnapshot } from "../../mod.ts";
import { Hook, type HookResult } from "../../src/repl/hook.ts";
import { ManualClock } from "../../src/testing/mod.ts";
import { startHarness } from "./harness.ts";

const RUN = `map 6000/tcp -k --exec 'update "my host"'`;

Deno.test("--exec runs the program with the assignment in its environment", async () => {
  await using harness = await startHarness();
  await harness.run(RUN);
  assertEquals(harness.runs, [{
    program: ["update", "my host"],
    variables: {
      PCP_EXTERNAL_ADDRESS: "203.0.113.5",
      PCP_EXTERNAL_PORT: "6000",
      PCP_INTERNAL_PORT: "6000",
      PCP_PROTOCOL: "tcp",
      PCP_STATE: "running",
      PCP_LIFETIME: "3600",
    },
  }]);
});

Deno.test("--exec runs again only when the external address or port changes", async () => {
  await using harness = await startHarness();
  await harness.run(`${RUN} --lifetime 100`);
  await harness.clock.advance(1_000_000);
  assertEquals(harness.runs.length, 1);
  harness.host.changeExternalAddress("203.0.113.9");
  await harness.clock.advance(1_000);
  harness.host.update(() => true, { externalPort: 7_000 });
  await harness.clock.advance(1_000);
  assertEquals(
    harness.runs.map(({ variables: v }) =>
      `${v["PCP_EXTERNAL_ADDRESS"]} ${v["PCP_EXTERNAL_PORT"]}`
    ),
    ["203.0.113.5 6000", "203.0.113.9 6000", "203.0.113.9 7000"],
  );
});

Deno.test("--exec runs one program at a time, and once more for the latest change", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  await using harness = await startHarness({
    runProgram: () => promise.then(() => ({ success: true, reason: "exit code 0" })),
  });
  await harness.run(RUN);
  for (const address of ["203.0.113.7", "203.0.113.8", "203.0.113.9"]) {
    harness.host.changeExternalAddress(address);
    await harness.clock.advance(1_000);
  }
  assertEquals(harness.runs.length, 1);
  resolve();
  await harness.clock.advance(0);
  const addresses = harness.runs.map(({ variables }) => variables["PCP_EXTERNAL_ADDRESS"]);
  assertEquals(addresses, ["203.0.113.5", "203.0.113.9"]);
});

Deno.test("a program that fails is reported, and the mapping stays open", async () => {
  await using harness = await startHarness({
    runProgram: () => Promise.resolve({ success: false, reason: "exit code 3" }),
  });
  assertEquals(await harness.run(RUN), 0);
  const [, , failure = ""] = harness.take().sort((a, b) => a.length - b.length);
  assertMatch(
    failure,
    /^Cannot run the program of mapping 1: "update my host" ended with exit code 3; the mapping stays open$/,
  );
  assertEquals(harness.server.mappings.size, 1);
});

Deno.test("a command that ends fails if its program fails", async () => {
  await using harness = await startHarness({
    mode: "once",
    runProgram: () => Promise.resolve({ success: false, reason: "exit code 3" }),
  });
  assertEquals(await harness.run("map 6000/tcp --exec update"), 1);
});

Deno.test("--exec runs at most once a second, for the latest state", async () => {
  await using harness = await startHarness();
  await harness.run(RUN);
  const starts: number[] = [harness.clock.now()];
  await harness.clock.advance(10_000);
  for (let change = 0; change < 100; change++) { // ten changes a second
    harness.host.changeExternalAddress(`203.0.113.${100 + change}`);
    const before = harness.runs.length;
    await harness.clock.advance(100);
    if (harness.runs.length > before) starts.push(harness.clock.now());
    assert(harness.runs.length <= before + 1);
  }
  await harness.clock.advance(2_000);
  assert(harness.runs.length >= 10 && harness.runs.length <= 13, `${harness.runs.length} runs`);
  starts.slice(1).reduce((last, now) => {
    assert(now - last >= 1_000 - 100, `${last}, ${now}`); // observed every 100 ms
    return now;
  });
  assertEquals(harness.runs.at(-1)?.variables["PCP_EXTERNAL_ADDRESS"], "203.0.113.199");
});

Deno.test("--exec does not run for a state that has gone before its turn", async () => {
  await using harness = await startHarness();
  await harness.run(RUN, 0.1);
  harness.host.changeExternalAddress("203.0.113.9");
  await harness.clock.advance(100);
  harness.host.changeExternalAddress("203.0.113.5");
  await harness.clock.advance(10_000);
  assertEquals(harness.runs.length, 1);
});

Deno.test("a program that fails runs again after growing pauses until it succeeds (K-4)", async () => {
  let failures = 9;
  const starts: number[] = [];
  await using harness = await startHarness({
    runProgram: () => {
      starts.push(harness.clock.now());
      const success = failures-- <= 0;
      return Promise.resolve({ success, reason: success ? "exit code 0" : "exit code 7" });
    },
  });
  await harness.run(`${RUN} --lifetime 86400`);
  await harness.clock.advance(1_000_000);
  const pauses = starts.slice(1).map((start, index) => (start - (starts[index] ?? 0)) / 1_000);
  assertEquals(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
  assertEquals(harness.take().filter((line) => /exit code 7/.test(line)).length, 1);
});

Deno.test("a program that fails runs again at each renewal, and its failure is reported once for each change (K-4)", async () => {
  let isFailing = true;
  await using harness = await startHarness({
    runProgram: () => Promise.resolve({ success: !isFailing, reason: "exit code 7" }),
  });
  const failures = (): number => harness.take().filter((line) => /exit code 7/.test(line)).length;
  await harness.run(`${RUN} --lifetime 140`, 66);
  assertEquals([harness.runs.length, failures()], [7, 1]); // after 0, 1, 3, 7, 15, 31 and 63 s
  await harness.clock.advance(24_000); // renewed after 70 to 87.5 s (RFC 6887 section 11.2.1)
  assertEquals([harness.runs.length, failures()], [8, 0]);
  harness.host.changeExternalAddress("203.0.113.9");
  await harness.clock.advance(30_000);
  assertEquals(failures(), 1);
  isFailing = false;
  await harness.clock.advance(200_000);
  const after = harness.runs.length;
  assertEquals(harness.runs.at(-1)?.variables["PCP_EXTERNAL_ADDRESS"], "203.0.113.9");
  await harness.clock.advance(1_000_000);
  assertEquals([harness.runs.length, failures()], [after, 0]);
});

Deno.test("--exec runs when the mapping is lost, with PCP_STATE=lost, and when it is back", async () => {
  await using harness = await startHarness();
  await harness.run(`${RUN} --lifetime 100`);
  harness.server.silent = true;
  await harness.clock.advance(150_000);
  assertEquals(harness.runs.length, 2);
  assertEquals(harness.runs[1]?.variables, {
    PCP_EXTERNAL_ADDRESS: "203.0.113.5",
    PCP_EXTERNAL_PORT: "6000",
    PCP_INTERNAL_PORT: "6000",
    PCP_PROTOCOL: "tcp",
    PCP_STATE: "lost",
    PCP_LIFETIME: "0",
  });
  await harness.clock.advance(1_000_000);
  assertEquals(harness.runs.length, 2);
  harness.server.silent = false;
  await harness.clock.advance(1_100_000); // at most 1,024 s between two attempts (RFC 6887 section 8.1.1)
  assertEquals(harness.runs.map(({ variables }) => variables["PCP_STATE"]), [
    "running",
    "lost",
    "running",
  ]);
});

Deno.test("--exec does not run for a mapping that is deleted here, or was never open", async () => {
  await using harness = await startHarness();
  await harness.run(RUN);
  await harness.run("revoke 1");
  harness.server.fail(8); // NO_RESOURCES
  await harness.run("map 6001/tcp --exec update --timeout 1");
  assertEquals(harness.runs.length, 1);
});

Deno.test("a program that runs when the session ends gets 2 seconds, and is stopped then (K-5)", async () => {
  for (const [needed, stopped] of [[1_900, false], [2_100, true], [Infinity, true]] as const) {
    let endedAt = -1;
    await using harness = await startHarness({
      runProgram: (_program, _variables, signal) => {
        const { promise, resolve } = Promise.withResolvers<HookResult>();
        const end = (reason: string): void => {
          if (endedAt < 0) endedAt = harness.clock.now();
          resolve({ success: reason === "exit code 0", reason });
        };
        signal.addEventListener("abort", () => end("signal SIGTERM"));
        if (needed < Infinity) harness.clock.alarm(2_000 + needed, () => end("exit code 0"));
        return promise;
      },
    });
    await harness.run(RUN, 2);
    assertEquals(harness.clock.now(), 2_000);
    harness.take();
    await harness.end();
    assertEquals(endedAt, 2_000 + Math.min(needed, 2_000), `${needed}`);
    assertEquals(harness.server.mappings.size, 0);
    const lines = harness.take().join("\n");
    assertEquals(/^Stopped the program of mapping 1: .* did not end/m.test(lines), stopped, lines);
    assertEquals(/Cannot run/.test(lines), false);
  }
});

Deno.test("a failed run is not repeated after the end of the session", async () => {
  await using harness = await startHarness({
    runProgram: () => Promise.resolve({ success: false, reason: "exit code 1" }),
  });
  await harness.run(RUN);
  const before = harness.runs.length;
  await harness.end();
  await harness.clock.advance(1_000_000);
  assertEquals(harness.runs.length, before);
});

Deno.test("at the end a loss still gets its run, within a second of the one before, and another change does not", async () => {
  const snapshot: MappingSnapshot = {
    mappingId: 1,
    kind: "inbound",
    protocol: "tcp",
    internalPort: 6000,
    lifetime: 10,
    requestType: "keepAlive",
    state: { type: "running" },
    assigned: { externalAddress: "203.0.113.5", externalPort: 6000, lifetime: 10, protocol: "pcp" },
    expiresAt: null,
  };
  const moved = {
    externalAddress: "203.0.113.9",
    externalPort: 6000,
    lifetime: 10,
    protocol: "pcp",
  } as const;
  const cases: readonly (readonly [MappingSnapshot, readonly string[]])[] = [
    [{ ...snapshot, state: { type: "expired" }, assigned: null }, ["running", "lost"]],
    [{ ...snapshot, state: { type: "dropped" }, assigned: null }, ["running"]],
    [{ ...snapshot, assigned: moved }, ["running"]],
  ];
  for (const [last, expected] of cases) {
    const clock = new ManualClock();
    const states: (string | undefined)[] = [];
    const hook = new Hook(["update"], {
      clock,
      run: (_program, variables) => {
        states.push(variables["PCP_STATE"]);
        return Promise.resolve({ success: true, reason: "exit code 0" });
      },
      onFailure: () => {},
    });
    hook.update(snapshot);
    await clock.advance(500);
    hook.update(last);
    await clock.settled(hook.end());
    assertEquals([states, clock.pending], [expected, 0]);
  }
});

Deno.test("--exec of the session applies to every mapping", async () => {
  await using harness = await startHarness({ defaults: { exec: ["update"] } });
  await harness.run("map 6000/tcp");
  await harness.run("map 6001/udp");
  assertEquals(harness.runs.map(({ variables }) => variables["PCP_PROTOCOL"]), ["tcp", "udp"]);
});
