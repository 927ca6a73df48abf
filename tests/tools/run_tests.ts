/**
 * `deno task test`: every suite that can run on this machine, one after the other. `deno task test unit doc` picks suites;
 * arguments after `--` go to `deno test`. The last line is `N passed, N failed`, summed over all suites.
 */

// deno-lint-ignore-file no-console -- a command line tool
import { labPossible } from "../lab/lab_possible.ts";
import { exists, ROOT } from "./repository.ts";
import { type Counts, lastLine, readCounts, total } from "./summary.ts";

interface Suite {
  readonly name: string;
  /** Arguments of `deno test`: files and options. */
  readonly args: () => Promise<string[]>;
  /** How many files run at the same time with `--parallel`; as many as there are processors if missing. */
  readonly jobs?: number;
  /** Why the suite cannot run here, and what to install; throws if it must run. */
  readonly obstacle?: () => Promise<string | undefined>;
}

interface Result {
  readonly name: string;
  readonly counts: Counts;
  readonly seconds: number;
  readonly note?: string;
}

/** A suite that takes longer, in milliseconds, hangs and is killed. */
const TIME_LIMIT = 240_000;

/** Folders of tests/ that are a suite of their own or hold no tests. All others are in `unit`. */
const NOT_UNIT = new Set(["bench", "e2e", "helpers", "lab", "runtimes", "tools", "vscode"]);

/** The example of a test of a program that uses the library. */
const SHOWN_TEST = "examples/test_your_app.ts";

const SUITES: readonly Suite[] = [
  { name: "unit", args: async () => ["--parallel", ...await unitFolders(), SHOWN_TEST] },
  { name: "doc", args: async () => ["--doc", ...await documented()] },
  // Real sockets and real time: not parallel, because a busy core delays responses as loss does.
  { name: "e2e", args: () => Promise.resolve(["tests/e2e"]) },
  // Most of the time is waiting, and each file has namespaces of its own.
  {
    name: "lab",
    args: () => Promise.resolve(["--parallel", "tests/lab"]),
    jobs: Math.max(6, navigator.hardwareConcurrency),
    obstacle: labPossible,
  },
];

async function main(args: readonly string[]): Promise<number> {
  const end = args.indexOf("--");
  const picked = end < 0 ? args : args.slice(0, end);
  const passOn = end < 0 ? [] : args.slice(end + 1);
  const unknown = picked.find((name) => !SUITES.some((suite) => suite.name === name));
  if (unknown !== undefined) {
    const names = SUITES.map((suite) => suite.name).join(", ");
    console.error(`Cannot run the suite "${unknown}": the suites are ${names}`);
    return 2;
  }

  const results: Result[] = [];
  for (const suite of SUITES) {
    if (picked.length === 0 || picked.includes(suite.name)) {
      results.push(await runSuite(suite, passOn));
    }
  }
  const sum = total(results.map(({ counts }) => counts));
  console.log(["", ...results.map(summaryLine), lastLine(sum)].join("\n"));
  return sum.failed === 0 ? 0 : 1;
}

async function runSuite(suite: Suite, passOn: readonly string[]): Promise<Result> {
  const { name } = suite;
  const { required, note } = await obstacleOf(suite);
  if (note !== undefined) {
    const counts = { passed: 0, failed: required ? 1 : 0, ignored: 0 };
    return { name, counts, seconds: 0, note };
  }
  console.log(`\n=== ${name} ===`);
  const begin = performance.now();
  const { output, exitCode } = await runShowing([
    "test",
    "--allow-all",
    ...passOn,
    ...await suite.args(),
  ], suite.jobs);
  const seconds = (performance.now() - begin) / 1000;
  return { name, counts: readCounts(output, exitCode), seconds };
}

/** An obstacle skips the suite. If the suite must run, the obstacle is thrown and counts as a failure. */
async function obstacleOf(suite: Suite): Promise<{ required: boolean; note: string | undefined }> {
  try {
    return { required: false, note: await suite.obstacle?.() };
  } catch (error) {
    return { required: true, note: error instanceof Error ? error.message : String(error) };
  }
}

/** Runs this Deno, and shows and keeps its output. */
async function runShowing(
  args: string[],
  jobs: number | undefined,
): Promise<{ output: string; exitCode: number }> {
  const child = new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: {
      ...(Deno.stdout.isTerminal() ? {} : { NO_COLOR: "1" }),
      ...(jobs === undefined ? {} : { DENO_JOBS: String(jobs) }),
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stop = () => {
    child.kill("SIGTERM");
    child.status.then(() => Deno.exit(143));
  };
  Deno.addSignalListener("SIGTERM", stop);
  const limit = setTimeout(() => {
    console.error(`No end after ${TIME_LIMIT / 1000} s: stopping the suite`);
    child.kill("SIGKILL");
  }, TIME_LIMIT);
  const output: string[] = [];
  const shown = Promise.all([
    show(child.stdout, Deno.stdout, (text) => output.push(text)),
    show(child.stderr, Deno.stderr, () => {}),
  ]);
  const { code } = await child.status;
  clearTimeout(limit);
  // A process that a killed suite left running may hold the output open.
  let grace: ReturnType<typeof setTimeout> | undefined;
  await Promise.race([shown, new Promise((done) => grace = setTimeout(done, 2_000))]);
  clearTimeout(grace);
  Deno.removeSignalListener("SIGTERM", stop);
  return { output: output.join(""), exitCode: code };
}

async function show(
  stream: ReadableStream<Uint8Array>,
  to: { write(bytes: Uint8Array): Promise<number> },
  keep: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    keep(decoder.decode(chunk, { stream: true }));
    for (let sent = 0; sent < chunk.length;) sent += await to.write(chunk.subarray(sent));
  }
}

function summaryLine({ name, counts, seconds, note }: Result): string {
  const { passed, failed, ignored } = counts;
  if (passed + failed + ignored === 0) return `${name.padEnd(5)} skipped: ${note}`;
  return [
    name.padEnd(5),
    `${passed} passed`.padStart(12),
    `${failed} failed`.padStart(10),
    ...(ignored > 0 ? [`${ignored} ignored`.padStart(11)] : []),
    `${seconds.toFixed(1)} s`.padStart(9),
    ...(note === undefined ? [] : [`(${note})`]),
  ].join(" ");
}

async function unitFolders(): Promise<string[]> {
  const folders: string[] = [];
  for await (const entry of Deno.readDir(new URL("tests/", ROOT))) {
    if (entry.isDirectory && !NOT_UNIT.has(entry.name)) folders.push(`tests/${entry.name}`);
  }
  return folders.sort();
}

/** Documents and sources whose examples are run as tests. */
async function documented(): Promise<string[]> {
  const paths = ["README.md", "CONTRIBUTING.md", "docs", "mod.ts", "repl.ts", "src", "rpc"];
  const present = await Promise.all(paths.map((path) => exists(path)));
  return paths.filter((_, index) => present[index]);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
