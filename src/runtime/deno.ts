import type { Child, Runtime, StartOptions } from "./runtime.ts";

/** The process as Deno gives it. Nothing loads a module of Node.js, which would take some milliseconds. */
export function denoRuntime(): Runtime {
  return {
    args: Deno.args,
    platform: Deno.build.os,
    pid: Deno.pid,
    get parentId() {
      return Deno.ppid;
    },
    stdin: {
      get isTerminal() {
        return Deno.stdin.isTerminal();
      },
      get octets() {
        return Deno.stdin.readable;
      },
      read: (buffer) => Deno.stdin.read(buffer),
      setRaw: (isRaw) => Deno.stdin.setRaw(isRaw),
    },
    stdout: output(Deno.stdout),
    stderr: output(Deno.stderr),
    exit: (code) => Deno.exit(code),
    isMain: (module) => module.main,
    env: (name) => orUndefined(() => Deno.env.get(name)),
    folder: () => Deno.cwd(),
    rows: () => orUndefined(() => Deno.consoleSize().rows),
    columns: () => orUndefined(() => Deno.consoleSize().columns),
    inspect: (value, options) => Deno.inspect(value, options),
    onSignal: (signal, listener) => Deno.addSignalListener(signal, listener),
    isHangUpIgnored() {
      // Deno opens /proc to programs with all permissions only, and must not ask for one here.
      if (Deno.permissions.querySync({ name: "read" }).state !== "granted") return false;
      const status = orUndefined(() => Deno.readTextFileSync("/proc/self/status")) ?? "";
      const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0";
      return (BigInt(`0x${mask}`) & 1n) === 1n; // SIGHUP is signal 1, the lowest bit
    },
    suspend() {
      if (IS_WINDOWS || Deno.permissions.querySync({ name: "run" }).state !== "granted") {
        return false;
      }
      Deno.kill(0, "SIGTSTP");
      return true;
    },
    onDefect(listener) {
      addEventListener("error", (event) => {
        event.preventDefault();
        listener(event.error ?? event.message);
      });
      addEventListener("unhandledrejection", (event) => {
        event.preventDefault();
        listener(event.reason);
      });
    },
    unixDatagrams,
    isRunning,
    start: (program, options) => Promise.resolve(start(program, options)),
    claimStdout,
  };
}

function output(stream: typeof Deno.stdout): Runtime["stdout"] {
  return {
    get isTerminal() {
      return stream.isTerminal();
    },
    write: (bytes) => stream.write(bytes),
    writeSync: (bytes) => stream.writeSync(bytes),
  };
}

function unixDatagrams(path: string): ((text: string) => void) | undefined {
  // Missing without --unstable-net.
  if (IS_WINDOWS || (Deno as { listenDatagram?: unknown }).listenDatagram === undefined) {
    return undefined;
  }
  return orUndefined(() => {
    const folder = Deno.makeTempDirSync();
    const own = `${folder}/socket`; // a socket without a path cannot be made
    const socket = Deno.listenDatagram({ transport: "unixpacket", path: own });
    Deno.removeSync(folder, { recursive: true });
    return (text) => {
      const to = { transport: "unixpacket", path } as const;
      void socket.send(new TextEncoder().encode(text), to).catch(() => {
        // The other end has gone.
      });
    };
  });
}

async function isRunning(pid: number): Promise<boolean | undefined> {
  const { default: process } = await import("node:process");
  try {
    process.kill(pid, 0); // signal 0 tests whether the process exists
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

function start([program = "", ...args]: readonly string[], options: StartOptions): Child {
  const { env, isCaptured } = options;
  const output = isCaptured ? "piped" : "inherit";
  const child = new Deno.Command(program, {
    args,
    env: { ...env },
    stdin: "null",
    stdout: output,
    stderr: output,
    // A group of its own: Ctrl-C does not reach it, and it can be stopped with the programs that it has started.
    detached: !IS_WINDOWS,
  }).spawn();
  return {
    output: isCaptured ? [child.stdout, child.stderr] : [],
    ended: child.status,
    stop(signal) {
      const mayKillAll = !IS_WINDOWS &&
        Deno.permissions.querySync({ name: "run" }).state === "granted"; // --allow-run without a list
      if (mayKillAll) Deno.kill(-child.pid, signal);
      else child.kill(signal);
    },
  };
}

function claimStdout(): (bytes: Uint8Array) => Promise<number> {
  const write = Deno.stdout.write.bind(Deno.stdout);
  Object.defineProperties(Deno.stdout, {
    write: { value: (bytes: Uint8Array) => Deno.stderr.write(bytes) },
    writeSync: { value: (bytes: Uint8Array) => Deno.stderr.writeSync(bytes) },
    writable: { get: () => Deno.stderr.writable },
  });
  return write;
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined; // no permission, or no terminal
  }
}

const IS_WINDOWS = "Deno" in globalThis && Deno.build.os === "windows";
