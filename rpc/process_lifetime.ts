import type { Log } from "./log.ts";

/** Calls back with the exit code when a signal asks this process to end; the second signal ends it at once. */
export function onSignals(end: (exitCode: number) => void): void {
  let asked = false;
  for (const [signal, number] of Deno.build.os === "windows" ? WINDOWS_SIGNALS : SIGNALS) {
    Deno.addSignalListener(signal, () => {
      if (asked) Deno.exit(128 + number);
      asked = true;
      end(128 + number);
    });
  }
}

/** A defect is told and survived: the end of the process would leave every mapping on the router. */
export function surviveDefects(log: Log): void {
  addEventListener("error", (event) => {
    event.preventDefault();
    log("error", `Going on after a defect: ${event.error?.stack ?? event.message}`);
  });
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    log("error", `Going on after a defect: ${event.reason?.stack ?? event.reason}`);
  });
}

/** Calls back when a process is gone; looks every second. Returns how to stop looking. */
export function watchProcess(processId: number, log: Log, gone: () => void): () => void {
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    clearTimeout(timer);
  };
  // The parent needs no permission to be watched: when it is gone, another process takes its place.
  const isParent = Deno.ppid === processId;
  const look = async (): Promise<void> => {
    const alive = isParent ? Deno.ppid === processId : await isAlive(processId, log);
    if (stopped || alive === undefined) return;
    if (!alive) return gone();
    timer = setTimeout(look, INTERVAL);
  };
  let timer = setTimeout(look, INTERVAL);
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

/** Undefined if this process may not ask. */
async function isAlive(processId: number, log: Log): Promise<boolean | undefined> {
  const { default: process } = await import("node:process");
  try {
    process.kill(processId, 0); // asks, and sends nothing
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
