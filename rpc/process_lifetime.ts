import { runtime } from "../src/runtime/running.ts";
import type { Signal } from "../src/runtime/runtime.ts";
import { defectLines, type Log } from "./log.ts";
import { setTimer } from "./timer.ts";

/** Calls back with the exit code on the first signal to end; the second signal ends the process at once. */
export function onSignals(end: (exitCode: number) => void): void {
  let ending = false;
  for (const [signal, number] of runtime.platform === "windows" ? WINDOWS_SIGNALS : SIGNALS) {
    runtime.onSignal(signal, () => {
      if (ending) runtime.exit(128 + number);
      ending = true;
      end(128 + number);
    });
  }
}

/** Logs uncaught errors and goes on: the end of the process would leave every mapping on the router. */
export function surviveDefects(log: Log): void {
  runtime.onDefect((error) => {
    const [message, ...frames] = defectLines(error);
    log("error", `Going on after a defect: ${message}`);
    for (const frame of frames) log("error", frame);
  });
}

/** Calls back when a process is gone, within a second. Returns how to stop watching. */
export function watchProcess(processId: number, log: Log, gone: () => void): () => void {
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    cancel();
  };
  // Watching the parent needs no permission: when it ends, the number of the parent changes.
  const isParent = runtime.parentId === processId;
  const check = async (): Promise<void> => {
    const alive = isParent ? runtime.parentId === processId : await isAlive(processId, log);
    if (stopped || alive === undefined) return;
    if (!alive) return gone();
    cancel = setTimer(next, INTERVAL);
  };
  const next = (): void => void check();
  let cancel = setTimer(next, INTERVAL);
  return stop;
}

const SIGNALS: readonly (readonly [Signal, number])[] = [
  ["SIGHUP", 1],
  ["SIGINT", 2],
  ["SIGTERM", 15],
];
const WINDOWS_SIGNALS: readonly (readonly [Signal, number])[] = [
  ["SIGINT", 2],
  ["SIGBREAK", 21],
];

const INTERVAL = 1_000;

/** Undefined, and logged, without the permission to find out. */
async function isAlive(processId: number, log: Log): Promise<boolean | undefined> {
  const isRunning = await runtime.isRunning(processId);
  if (isRunning === undefined) {
    log(
      "warn",
      `Cannot watch process "${processId}" without --allow-run; the end of stdin still counts`,
    );
  }
  return isRunning;
}
