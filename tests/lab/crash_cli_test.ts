import { assertEquals } from "@std/assert";
import { labPossible } from "./lab_possible.ts";
import type { LabProcess } from "./process.ts";
import { type Router, startLab } from "./router.ts";
import { scenarios } from "./scenarios.ts";

// The command line with --state is killed at random times while it maps and revokes at a real router. `PCP_CRASHES` sets
// how often; default 12 times. Commands that end before do not count.

const CRASHES = Number(Deno.env.get("PCP_CRASHES") ?? 12);

scenarios("a command that is killed", await labPossible(), {
  "gets its mappings again with --state, never two of one, and leaves none in the end":
    async () => {
      await using lab = await startLab();
      const folder = await Deno.makeTempDir({ prefix: "pcp-crash-" });
      const state = `${folder}/state.json`;
      try {
        let life = await lifeOf(start(lab, state, ["map", "6000/tcp", "--lifetime", "600"]));
        for (let crash = 0; crash < CRASHES;) {
          const before = await externalPorts(lab);
          const words = chooseWords();
          const whole = await killSoon(start(lab, state, words), life);
          const after = await externalPorts(lab);
          // Only `revoke` may end a mapping, and only after it the external port may change.
          for (const [port, external] of before) {
            if (words[0] === "map") {
              assertEquals(after.get(port), external, `${crash + 1}: ${words}`);
            }
          }
          if (whole === undefined) crash++;
          else life = whole;
        }
        const last = start(lab, state, ["revoke", "all"]);
        assertEquals((await last.ended()).code, 0, last.errors);
        await lab.expectMappings([]);
        assertEquals(JSON.parse(await Deno.readTextFile(state)), { version: 1, mappings: [] });
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
});

function chooseWords(): readonly string[] {
  if (Math.random() < 0.2) return ["revoke", "all"];
  const port = 6000 + Math.floor(Math.random() * 4);
  const suggestion = 20_000 + Math.floor(Math.random() * 40_000);
  return ["map", `${port}/tcp`, "--lifetime", "600", "--external-port", `${suggestion}`];
}

function start(lab: Router, state: string, words: readonly string[]): LabProcess {
  const where = ["--client", "192.168.77.2", "--server", "192.168.77.1"];
  return lab.insideDeno("repl.ts", [...words, ...where, "--state", state]);
}

/**
 * Kills a command at a random time, on average when it is due to end. Returns how many milliseconds it took if it ended
 * before: a busy machine needs longer.
 */
async function killSoon(command: LabProcess, life = 0): Promise<number | undefined> {
  const timer = setTimeout(() => void command.kill("SIGKILL"), Math.random() * 2 * life);
  const whole = await lifeOf(command);
  clearTimeout(timer);
  return whole;
}

/** The milliseconds that a command took to its end; undefined if it was killed. */
async function lifeOf(command: LabProcess): Promise<number | undefined> {
  const began = performance.now();
  const { signal, code } = await command.ended();
  if (signal === "SIGKILL") return undefined;
  assertEquals(code, 0, command.errors);
  return performance.now() - began;
}

/** External port by internal port; asserts that none has two. */
async function externalPorts(lab: Router): Promise<Map<number, number>> {
  const mappings = await lab.mappings();
  const ports = new Map(mappings.map((each) => [each.internalPort, each.externalPort]));
  assertEquals(ports.size, mappings.length, `two of one port: ${JSON.stringify(mappings)}`);
  return ports;
}
