import { assertEquals } from "@std/assert";
import { labPossible } from "./lab_possible.ts";
import type { LabProcess } from "./process.ts";
import { type Router, startLab } from "./router.ts";
import { scenarios } from "./scenarios.ts";

// A program with a state file is killed at random times while it requests, renews and revokes mappings of a real router.
// `PCP_CRASHES` sets how often; default 10 times.

const CRASHES = Number(Deno.env.get("PCP_CRASHES") ?? 10);

scenarios("a program that is killed", await labPossible(), {
  "gets its mappings again, never two of one, and leaves none in the end (C-11.2-N7)": async () => {
    await using lab = await startLab();
    const folder = await Deno.makeTempDir({ prefix: "pcp-crash-" });
    const path = `${folder}/state.json`;
    try {
      let hadAgain = 0;
      for (let crash = 0; crash < CRASHES; crash++) {
        hadAgain += await crashOnce(lab, path, `crash ${crash + 1}`, crash % 2 === 1);
      }
      const agent = start(lab, path, "finish");
      hadAgain += await checkRestored(agent, await externalPorts(lab, "the end"), "the end");
      await line(agent, "finished", 20_000);
      await agent.ended();
      await lab.expectMappings([]);
      assertEquals(JSON.parse(await Deno.readTextFile(path)), { version: 1, mappings: [] });
      if (CRASHES >= 10) {
        assertEquals(hadAgain > 0, true, "no crash left a mapping: nothing was tested");
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/**
 * Starts the program, kills it, and checks the mappings; returns how many mappings it had restored. A program that is killed
 * `late` has restored them, however slow the machine is.
 */
async function crashOnce(
  lab: Router,
  path: string,
  when: string,
  late: boolean,
): Promise<number> {
  const before = await externalPorts(lab, when);
  const agent = start(lab, path);
  await line(agent, "begun", 20_000);
  const restoring = checkRestored(agent, before, when);
  const dead = (late ? restoring : Promise.resolve())
    .then(() => new Promise((resolve) => setTimeout(resolve, Math.random() * MOST_LIFE)))
    .then(() => agent.kill("SIGKILL"));
  const restored = await restoring.catch((error: unknown) => {
    // Killed before it could print.
    if (!late && String(error).includes("the program has ended")) return 0;
    throw error;
  });
  assertEquals((await dead).signal, "SIGKILL", `${when}: it ended by itself: ${agent.errors}`);
  const errors = agent.untaken.filter(({ event }) => event === "error" || event === undefined);
  assertEquals(errors, [], `${when}: ${agent.errors}`);
  await externalPorts(lab, when);
  return restored;
}

/** The program must have restored each mapping of the router, with the same external port. */
async function checkRestored(
  agent: LabProcess,
  held: ReadonlyMap<number, number>,
  when: string,
): Promise<number> {
  const restored = await line(agent, "restored", 15_000);
  const left = restored["left"] as number[];
  const ports = new Map(restored["ports"] as [number, number][]);
  for (const [port, external] of held) {
    assertEquals(left.includes(port), true, `${when}: port ${port} was forgotten, known: ${left}`);
    if (ports.has(port)) {
      assertEquals(ports.get(port), external, `${when}: external port of ${port}`);
    }
  }
  return ports.size;
}

/** External port by internal port; asserts that none has two. */
async function externalPorts(lab: Router, when: string): Promise<Map<number, number>> {
  const mappings = await lab.mappings();
  const ports = new Map(
    mappings.map(({ internalPort, externalPort }) => [internalPort, externalPort]),
  );
  assertEquals(
    ports.size,
    mappings.length,
    `${when}: two mappings of one port: ${JSON.stringify(mappings)}`,
  );
  return ports;
}

function start(lab: Router, path: string, task = ""): LabProcess {
  return lab.insideDeno("tests/lab/crash_agent.ts", [path, task]);
}

async function line(
  agent: LabProcess,
  event: string,
  timeout: number,
): Promise<Readonly<Record<string, unknown>>> {
  return await agent.expectLine((each) => each["event"] === event, timeout, `"${event}"`);
}

/** Most milliseconds from the program's first line, or from its restored mappings, to its end. */
const MOST_LIFE = 600;
