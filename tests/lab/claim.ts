import { run, toolEnvironment } from "./process.ts";

/**
 * A name for a lab, and the promise that what goes by it is removed: namespaces, every process in them, a directory.
 *
 * A small shell waits for the end of its stdin and then removes everything. It does so whether the claim is released
 * or this process ends, be it by a signal that no handler sees; it lets the signals of a terminal pass by.
 */
export class Claim {
  /** What tells this lab from all others, short enough for the name of an interface. */
  readonly id: string;
  /** How the names of its namespaces begin. */
  readonly prefix: string;
  /** For files. */
  readonly directory: string;
  readonly #guard: Deno.ChildProcess;

  /**
   * Takes a free name. The directory is the lock, because test files that run in parallel share the process id; the
   * number is drawn, so that no file takes another's number again and finds fault with what it did not leave behind.
   */
  static async take(): Promise<Claim> {
    await sweep();
    for (;;) {
      const id = `${Deno.pid}x${Math.floor(Math.random() * 100_000)}`; // with `vi`: 15 characters at most
      try {
        await Deno.mkdir(`${temporary()}/${PREFIX}${id}`);
        return new Claim(id);
      } catch (error) {
        if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      }
    }
  }

  private constructor(id: string) {
    this.id = id;
    this.prefix = `${PREFIX}${id}`;
    this.directory = `${temporary()}/${this.prefix}`;
    taken.add(this.prefix);
    const [program = "", ...args] = remover(this.prefix);
    this.#guard = new Deno.Command(program, {
      args,
      env: toolEnvironment(),
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
  }

  /** Removes everything; may be called twice. */
  async release(): Promise<void> {
    if (!this.#guard.stdin.locked) await this.#guard.stdin.close();
    await this.#guard.status;
  }
}

/** What is left of the labs of this process: none, once all are released. */
export async function leftovers(): Promise<string[]> {
  return (await labNames()).filter(({ prefix }) => taken.has(prefix)).map(({ name }) => name);
}

/** Removes what is left of processes that are gone and whose shell was killed with them. */
async function sweep(): Promise<void> {
  const prefixes = new Set<string>();
  for (const { prefix, pid } of await labNames()) {
    if (!await exists(`/proc/${pid}`)) prefixes.add(prefix);
  }
  for (const prefix of prefixes) await run(remover(prefix));
}

function remover(prefix: string): string[] {
  return ["sh", "-c", REMOVE, "sh", prefix, `${temporary()}/${prefix}`];
}

async function labNames(): Promise<{ name: string; prefix: string; pid: string }[]> {
  const labs = [];
  for (const name of [...await names("/run/netns"), ...await names(temporary())]) {
    const { prefix, pid } = LAB_NAME.exec(name)?.groups ?? {};
    if (prefix !== undefined && pid !== undefined) labs.push({ name, prefix, pid });
  }
  return labs;
}

async function names(directory: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(directory))).map((entry) => entry.name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return []; // no namespace was ever made here
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function temporary(): string {
  return Deno.env.get("TMPDIR") ?? "/tmp";
}

const PREFIX = "pcp-lab-";
const LAB_NAME = /^(?<prefix>pcp-lab-(?<pid>\d+)x\d+)(-in|-rt|-out)?$/;

/** The ends of the cables go with the namespaces; a namespace that was never made is no reason to stop. */
const REMOVE = `
trap '' INT TERM HUP
cat >/dev/null
for suffix in in rt out; do
  for pid in $(ip netns pids "$1-$suffix" 2>/dev/null); do kill -KILL "$pid"; done
  ip netns del "$1-$suffix" 2>/dev/null
done
rm -rf "$2"
`;

const taken = new Set<string>();
