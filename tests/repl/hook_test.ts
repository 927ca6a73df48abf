import { assertEquals, assertMatch } from "@std/assert";
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

Deno.test("--exec of the session applies to every mapping", async () => {
  await using harness = await startHarness({ defaults: { exec: ["update"] } });
  await harness.run("map 6000/tcp");
  await harness.run("map 6001/udp");
  assertEquals(harness.runs.map(({ variables }) => variables["PCP_PROTOCOL"]), ["tcp", "udp"]);
});
