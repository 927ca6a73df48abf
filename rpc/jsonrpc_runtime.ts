import { RAL } from "vscode-jsonrpc";

/**
 * Gives `vscode-jsonrpc` its timers and console, so that its Node.js half, which takes three times as long to load, is not
 * needed. Keeps what another part of the program has installed.
 */
export function installRuntime(): void {
  try {
    RAL();
  } catch {
    // There is no other way to ask whether one is installed.
    RAL.install(runtime);
  }
}

const runtime: ReturnType<typeof RAL> = {
  console,
  crypto: { randomUUID: () => crypto.randomUUID() },
  timer: {
    setTimeout: (callback, milliseconds, ...args) => {
      const timer = setTimeout(callback, milliseconds, ...args);
      return { dispose: () => clearTimeout(timer) };
    },
    // It handles one message for each call. As microtasks, messages that came together are handled before more are read.
    setImmediate: (callback, ...args) => {
      let disposed = false;
      queueMicrotask(() => {
        if (!disposed) callback(...args);
      });
      return { dispose: () => disposed = true };
    },
    setInterval: (callback, milliseconds, ...args) => {
      const timer = setInterval(callback, milliseconds, ...args);
      return { dispose: () => clearInterval(timer) };
    },
  },
  // For its own readers and writers of streams, in whose place channel.ts stands.
  messageBuffer: { create: () => unused("messageBuffer") },
  applicationJson: {
    encoder: { name: "application/json", encode: () => unused("encoder") },
    decoder: { name: "application/json", decode: () => unused("decoder") },
  },
};

function unused(part: string): never {
  throw new Error(`Cannot use "${part}" of vscode-jsonrpc: install its Node.js or browser runtime`);
}
