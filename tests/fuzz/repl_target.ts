import { assert } from "@std/assert";
import { errorLines } from "../../src/repl/report.ts";
import { paint } from "../../src/repl/text.ts";
import { complete } from "../../src/repl/complete.ts";
import { parseLine, parseWords } from "../../src/repl/parse.ts";
import { COMMANDS } from "../../src/repl/table.ts";
import { UsageError } from "../../src/repl/usage_error.ts";
import { splitWords } from "../../src/repl/words.ts";
import { seededRandom } from "../../src/testing/random.ts";
import type { Target } from "./target.ts";

/** Lines in a round. */
const LINES = 100;

/** Random lines for the prompt and the command line. */
export const repl: Target = {
  name: "repl",
  invariant:
    "Every line is parsed, or rejected by a UsageError without control characters; completion offers only what begins with the typed word.",
  shortRounds: 30,
  inputsPerRound: LINES,
  start: () => ({
    round: async (seed) => {
      const random = seededRandom(seed);
      for (let i = 0; i < LINES; i++) await check(randomLine(random));
    },
  }),
};

async function check(line: string): Promise<void> {
  try {
    parsesOrRejects(() => parseLine(line));
    parsesOrRejects(() => parseWords(line.split(/\s+/)));
    parsesOrRejects(() => splitWords(line));
    const { candidates } = await complete(line, {
      ids: [1, 2, 17],
      gateways: () => Promise.resolve(["192.168.1.1"]),
      clients: () => Promise.resolve(["192.168.1.10"]),
      names: ["handle", "last"],
    });
    assert(candidates.every((each) => each.length > 0), "completion offers nothing");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${JSON.stringify(line)}: ${reason}`, { cause: error });
  }
}

function parsesOrRejects(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const shown = errorLines(error, RENDER_OPTIONS);
    assert(
      shown.length > 0 && !shown.some((each) => /\p{Cc}/u.test(each)),
      "the error is empty or has control characters",
    );
  }
}

const RENDER_OPTIONS = { json: false, paint: paint(false), inspect: String, where: "" };

const PIECES: readonly string[] = [
  ...COMMANDS.flatMap(({ name, examples, options }) => [
    name,
    ...examples,
    ...options.map((option) => `--${option.name}`),
  ]),
  ..."6000/tcp 6000/udp 6000 /tcp 70000/tcp -1 0 1 all on off 198.51.100.7:443 [2001:db8::1]:53 ::1"
    .split(" "),
  ..."--lifetime=60 --lifetime --keep-alive --repeat=2 --json --simulate --filter=0 -h -- --no-json"
    .split(" "),
  ...["'", '"', "\\", "=", "#", "\t", "\u0000", "\u001b[31m", "🦕", "\u202e", "ﬁ", "__proto__"],
];

/** Pieces of commands in random order, with some characters replaced, removed or inserted. */
function randomLine(random: () => number): string {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  let line = Array.from({ length: Math.floor(random() * 7) }, () => pick(PIECES))
    .join(random() < 0.9 ? " " : "");
  for (let changes = Math.floor(random() * 3); changes > 0; changes--) {
    const at = Math.floor(random() * (line.length + 1));
    const inserted = random() < 0.5 ? "" : String.fromCharCode(Math.floor(random() * 0x180));
    line = line.slice(0, at) + inserted + line.slice(at + (random() < 0.5 ? 1 : 0));
  }
  return random() < 0.01 ? line.repeat(200) : line;
}
