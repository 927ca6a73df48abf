import { assert, assertEquals } from "@std/assert";
import { labPossible } from "./lab_possible.ts";
import type { LabProcess } from "./process.ts";
import { type Router, startLab } from "./router.ts";
import { scenarios } from "./scenarios.ts";

// The command line with --state is killed at random times while it maps and revokes at a real router. `PCP_CRASHES` sets
// how often; default 12 times.

const CRASHES = Number(Deno.env.get("PCP_CRASHES") ?? 12);

scenarios("a command that is killed", await labPossible(), {
  "gets its mappings again with --state, never two of one, and leaves none in the end":
    async () => {
      await using lab = await startLab();
      const folder = await Deno.makeTempDir({ prefix: "pcp-crash-" });
      const state = `${folder}/state.json`;
      try {
        let kept = 0;
        for (let crash = 0; crash < CRASHES; crash++) {
          const before = await externalPorts(lab);
          const words = chooseWords();
          await killSoon(start(lab, state, words));
          const after = await externalPorts(lab);
          // Only `revoke` may end a mapping, and only after it the external port may change.
          for (const [port, external] of before) {
            if (words[0] === "map") {
              assertEquals(after.get(port), external, `${crash + 1}: ${words}`);
            }
          }
          kept += before.size;
        }
        const last = start(lab, state, ["revoke", "all"]);
        assertEquals((await last.ended()).code, 0, last.errors);
        await lab.expectMappings([]);
        assertEquals(JSON.parse(await Deno.readTextFile(state)), { version: 1, mappings: [] });
        assert(CRASHES < 12 || kept > 0, "no mapping outlived a command, so nothing was tested");
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

/** Most commands are killed; some end before. */
async function killSoon(command: LabProcess): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.random() * MOST_LIFE));
  const { signal, code } = await command.kill("SIGKILL");
  assert(signal === "SIGKILL" || code === 0, `it ended with ${code}: ${command.errors}`);
}

/** External port by internal port; asserts that none has two. */
async function externalPorts(lab: Router): Promise<Map<number, number>> {
  const mappings = await lab.mappings();
  const ports = new Map(mappings.map((each) => [each.internalPort, each.externalPort]));
  assertEquals(ports.size, mappings.length, `two of one port: ${JSON.stringify(mappings)}`);
  return ports;
}

/** Most milliseconds before the kill; a whole command takes about a third of it. */
const MOST_LIFE = 500;
