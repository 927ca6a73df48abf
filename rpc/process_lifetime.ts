import { defectLines, type Log } from "./log.ts";

/** Calls back with the exit code on the first signal to end; the second signal ends the process at once. */
export function onSignals(end: (exitCode: number) => void): void {
  let ending = false;
  for (const [signal, number] of Deno.build.os === "windows" ? WINDOWS_SIGNALS : SIGNALS) {
    Deno.addSignalListener(signal, () => {
      if (ending) Deno.exit(128 + number);
      ending = true;
      end(128 + number);
    });
  }
}

/** Logs uncaught errors and goes on: the end of the process would leave every mapping on the router. */
export function surviveDefects(log: Log): void {
  addEventListener("error", (event) => {
    event.preventDefault();
    logDefect(log, event.error ?? event.message);
  });
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    logDefect(log, event.reason);
  });
}

function logDefect(log: Log, error: unknown): void {
  const [message, ...frames] = defectLines(error);
  log("error", `Going on after a defect: ${message}`);
  for (const frame of frames) log("error", frame);
}

/** Calls back when a process is gone, within a second. Returns how to stop watching. */
export function watchProcess(processId: number, log: Log, gone: () => void): () => void {
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    clearTimeout(timer);
  };
  // Watching the parent needs no permission: when it ends, Deno.ppid changes.
  const isParent = Deno.ppid === processId;
  const check = async (): Promise<void> => {
    const alive = isParent ? Deno.ppid === processId : await isAlive(processId, log);
    if (stopped || alive === undefined) return;
    if (!alive) return gone();
    timer = setTimeout(check, INTERVAL);
  };
  let timer = setTimeout(check, INTERVAL);
  return stop;
}

const SIGNALS: readonly (readonly [Deno.Signal, number])[] = [
  ["SIGHUP", 1],
  ["SIGINT", 2],
  ["SIGTERM", 15],
];
const WINDOWS_SIGNALS: readonly (readonly [Deno.Signal, number])[] = [
  ["SIGINT", 2],
  ["SIGBREAK", 21],
];

const INTERVAL = 1_000;

/** Undefined without the permission to find out. */
async function isAlive(processId: number, log: Log): Promise<boolean | undefined> {
  const { default: process } = await import("node:process");
  try {
    process.kill(processId, 0); // signal 0 tests whether the process exists
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      log(
        "warn",
        `Cannot watch process "${processId}" without --allow-run; the end of stdin still counts`,
      );
      return undefined;
    }
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}
