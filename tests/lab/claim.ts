import { run, toolEnvironment } from "./process.ts";

/**
 * A unique name for a lab, with the removal of everything under that name: namespaces, the processes in them, a directory.
 *
 * A shell waits for the end of its stdin and then removes them. Its stdin ends with the release of the claim and with the
 * end of this process, even by SIGKILL; the shell itself ignores the signals of a terminal.
 */
export class Claim {
  /** Unique part of the names, short enough for the name of an interface. */
  readonly id: string;
  /** Beginning of the namespaces' names. */
  readonly prefix: string;
  /** Directory for files. */
  readonly directory: string;
  readonly #guard: Deno.ChildProcess;

  /**
   * Claims a free name. Creating the directory is the lock, because test files that run in parallel share the process id.
   * The number is random, so that no file reuses the number of another one and reports its leftovers.
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

  /** Removes everything; a second call does nothing. */
  async release(): Promise<void> {
    if (!this.#guard.stdin.locked) await this.#guard.stdin.close();
    await this.#guard.status;
  }
}

/** Namespaces and directories of this process's labs; none after all are released. */
export async function leftovers(): Promise<string[]> {
  return (await labNames()).filter(({ prefix }) => taken.has(prefix)).map(({ name }) => name);
}

/** Removes the leftovers of ended processes whose shells were killed too. */
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
    if (error instanceof Deno.errors.NotFound) return []; // there has been no namespace
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
const LAB_NAME = /^(?<prefix>pcp-lab-(?<pid>\d+)x\d+)(-in|-rt|-out|-3rd)?$/;

/** Deleting a namespace deletes the interfaces in it. Errors for missing namespaces are ignored. */
const REMOVE = `
trap '' INT TERM HUP
cat >/dev/null
for suffix in in rt out 3rd; do
  for pid in $(ip netns pids "$1-$suffix" 2>/dev/null); do kill -KILL "$pid"; done
  ip netns del "$1-$suffix" 2>/dev/null
done
rm -rf "$2"
`;

const taken = new Set<string>();
