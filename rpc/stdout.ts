/** Takes stdout for the protocol: what anything else in this process prints goes to stderr. */

/** Octets to the real stdout. */
export type WriteStdout = (bytes: Uint8Array) => Promise<number>;

/**
 * Redirects `console`, `Deno.stdout` and with it `process.stdout` to stderr.
 *
 * @returns The only way left to write to stdout.
 */
export function claimStdout(): WriteStdout {
  redirectConsole();
  const write = Deno.stdout.write.bind(Deno.stdout);
  Object.defineProperties(Deno.stdout, {
    write: { value: (bytes: Uint8Array) => Deno.stderr.write(bytes) },
    writeSync: { value: (bytes: Uint8Array) => Deno.stderr.writeSync(bytes) },
    writable: { get: () => Deno.stderr.writable },
  });
  return write;
}

/** A line on stderr. */
export function writeStderr(line: string): void {
  const bytes = new TextEncoder().encode(`${line}\n`);
  try {
    for (let sent = 0; sent < bytes.length;) sent += Deno.stderr.writeSync(bytes.subarray(sent));
  } catch {
    // Nobody listens to stderr, and there is no other place to say so.
  }
}

function redirectConsole(): void {
  // The usual methods format alike, and console.error writes to stderr.
  const { error } = console;
  Object.assign(console, { log: error, info: error, debug: error });
  // The others print by a way of their own. They get a console that writes to stderr as soon as one of them is called.
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

/** Replaces every method of `console` by those of a console on stderr, so that indentation and counts hold together. */
function stderrConsole(): Console {
  const stream = { write: (text: string) => writeStderr(text.replace(/\n$/, "")) };
  const { Console } = process.getBuiltinModule("node:console");
  const replacement = new Console({
    stdout: stream as unknown as NodeJS.WritableStream,
    ignoreErrors: false, // otherwise it wants a whole stream, with listeners
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
