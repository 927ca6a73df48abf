import { RAL } from "vscode-jsonrpc";

/**
 * Gives `vscode-jsonrpc` its timers and console, in place of its Node.js entry, which takes three times as long to load.
 * Keeps a runtime that another part of the program has installed.
 */
export function installRuntime(): void {
  try {
    RAL();
  } catch {
    // RAL() throws while no runtime is installed; the package has no other test.
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
    // The package handles one message in each call. In microtasks it handles all messages of a chunk before the next read.
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
  // For the readers and writers of the package, which channel.ts replaces.
  messageBuffer: { create: () => unused("messageBuffer") },
  applicationJson: {
    encoder: { name: "application/json", encode: () => unused("encoder") },
    decoder: { name: "application/json", decode: () => unused("decoder") },
  },
};

function unused(part: string): never {
  throw new Error(`Cannot use "${part}" of vscode-jsonrpc: install its Node.js or browser runtime`);
}
