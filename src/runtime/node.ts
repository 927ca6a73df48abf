import { spawn } from "node:child_process";
import { realpathSync, write, writeSync } from "node:fs";
import process from "node:process";
import { isatty } from "node:tty";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { checkRuntime } from "../check_runtime.ts";
import type { Child, Input, Output, Runtime, StartOptions } from "./runtime.ts";

/** The process as Node.js and Bun give it. Ends it in a version that is too old. */
export function nodeRuntime(): Runtime {
  try {
    checkRuntime();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exit(1);
  }
  return {
    args: process.argv.slice(2),
    platform: IS_WINDOWS ? "windows" : process.platform,
    pid: process.pid,
    get parentId() {
      return process.ppid;
    },
    stdin: input(),
    stdout: output(1),
    stderr: output(2),
    exit: (code) => process.exit(code),
    isMain,
    env: (name) => process.env[name],
    folder: () => process.cwd(),
    columns: () => process.stdout.columns,
    rows: () => process.stdout.rows,
    inspect: (value, options) => inspect(value, options),
    onSignal: (signal, listener) => void process.on(signal, listener),
    isHangUpIgnored: () => false, // Node.js handles signals that were ignored again, and keeps no trace of it
    suspend: () => !IS_WINDOWS && process.kill(0, "SIGTSTP"),
    onDefect(listener) {
      process.on("uncaughtException", listener);
      process.on("unhandledRejection", listener);
    },
    unixDatagrams: () => undefined,
    isRunning: (pid) => Promise.resolve(isRunning(pid)),
    start,
    claimStdout,
  };
}

function input(): Input {
  let octets: AsyncIterator<Uint8Array> | undefined;
  let rest: Uint8Array = new Uint8Array();
  return {
    isTerminal: isatty(0),
    octets: process.stdin,
    async read(buffer) {
      octets ??= process.stdin[Symbol.asyncIterator]();
      if (rest.length === 0) {
        const { done, value } = await octets.next();
        if (done === true) return null;
        rest = value;
      }
      const length = Math.min(rest.length, buffer.length);
      buffer.set(rest.subarray(0, length));
      rest = rest.subarray(length);
      return length;
    },
    setRaw: (isRaw) => void process.stdin.setRawMode(isRaw),
  };
}

function output(descriptor: 1 | 2): Output {
  return {
    isTerminal: isatty(descriptor),
    write: (bytes) => writeLater(descriptor, bytes),
    writeSync(bytes) {
      for (;;) {
        try {
          return writeSync(descriptor, bytes);
        } catch (error) {
          if (codeOf(error) !== "EAGAIN") throw error;
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE);
        }
      }
    },
  };
}

/** Writes in a thread: `process.stdout` blocks this process while the reader of a pipe is slow. */
function writeLater(descriptor: 1 | 2, bytes: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    const attempt = (): void =>
      write(descriptor, bytes, (error, length) => {
        if (error === null) resolve(length);
        else if (codeOf(error) === "EAGAIN") setTimeout(attempt, FULL_PIPE);
        else reject(error);
      });
    attempt();
  });
}

/** Node.js has `import.meta.main` since version 24. */
function isMain(module: ImportMeta): boolean {
  const [, program] = process.argv;
  if (typeof module.main === "boolean") return module.main;
  return program !== undefined && realpathSync(program) === fileURLToPath(module.url);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0); // signal 0 tests whether the process exists
  } catch (error) {
    return codeOf(error) !== "ESRCH";
  }
}

async function start(
  [program = "", ...args]: readonly string[],
  { env, isCaptured }: StartOptions,
): Promise<Child> {
  const output = isCaptured ? "pipe" : "inherit";
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ["ignore", output, output],
    // A group of its own: Ctrl-C does not reach it, and it can be stopped with the programs that it has started.
    detached: !IS_WINDOWS,
  });
  const ended = new Promise<Awaited<Child["ended"]>>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code: code ?? 1, signal }));
  });
  await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
  child.on("error", () => {}); // of a signal that comes too late
  return {
    output: [child.stdout, child.stderr].filter((stream) => stream !== null),
    ended,
    stop(signal) {
      if (IS_WINDOWS || child.pid === undefined) child.kill(signal);
      else process.kill(-child.pid, signal);
    },
  };
}

function claimStdout(): (bytes: Uint8Array) => Promise<number> {
  Object.defineProperty(process.stdout, "write", {
    value: process.stderr.write.bind(process.stderr),
  });
  return (bytes) => writeLater(1, bytes);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

const IS_WINDOWS = process.platform === "win32";

/** Milliseconds until another try to write into a pipe that is full and does not block. */
const FULL_PIPE = 5;
