/** Keeps stdout for the protocol: everything else that this process prints goes to stderr. */

import { runtime } from "../src/runtime/running.ts";

/** Writes octets to the real stdout. */
export type WriteStdout = (bytes: Uint8Array) => Promise<number>;

/**
 * Redirects `console`, the standard output of the runtime and with it `process.stdout` to stderr.
 *
 * @returns The only function that still writes to stdout.
 */
export function claimStdout(): WriteStdout {
  redirectConsole();
  return runtime.claimStdout();
}

/** A line on stderr. */
export function writeStderr(line: string): void {
  const bytes = new TextEncoder().encode(`${line}\n`);
  try {
    for (let sent = 0; sent < bytes.length;) sent += runtime.stderr.writeSync(bytes.subarray(sent));
  } catch {
    // stderr is closed, and there is no other place for the line.
  }
}

function redirectConsole(): void {
  // log, info and debug format as error does, which writes to stderr.
  const { error } = console;
  Object.assign(console, { log: error, info: error, debug: error });
  // The other methods print on their own: the first call of one replaces them all by those of a console on stderr.
  for (const [name, method] of Object.entries(console)) {
    if (typeof method === "function" && !DIRECT.has(name)) {
      Object.defineProperty(console, name, {
        configurable: true,
        writable: true,
        value: (...args: unknown[]) => call(stderrConsole(), name, args),
      });
    }
  }
}

const DIRECT = new Set(["log", "info", "debug", "warn", "error"]);

/** Replaces all methods of `console` by those of one console on stderr, which share indentation and counts. */
function stderrConsole(): Console {
  const stream = { write: (text: string) => writeStderr(text.replace(/\n$/, "")) };
  const { Console } = process.getBuiltinModule("node:console");
  const replacement = new Console({
    stdout: stream as unknown as NodeJS.WritableStream,
    ignoreErrors: false, // true requires a stream with listeners
  });
  for (const [name, method] of Object.entries(replacement)) {
    if (typeof method === "function") {
      Object.defineProperty(console, name, { configurable: true, writable: true, value: method });
    }
  }
  return console;
}

function call(target: Console, name: string, args: unknown[]): unknown {
  const method: unknown = Reflect.get(target, name);
  return typeof method === "function" ? method.apply(target, args) : undefined;
}
