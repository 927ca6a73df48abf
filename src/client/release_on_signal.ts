/** A signal on which a program ends. `SIGBREAK` is that of Windows. */
export type ReleaseSignal = "SIGHUP" | "SIGINT" | "SIGTERM" | "SIGBREAK";

/** What is released. */
interface Releasable {
  shutdown(): Promise<unknown>;
  /** Ends when the client has ended. */
  gatewayChanges(): AsyncIterable<unknown>;
}

/** The signals of the runtime. */
export interface SignalSystem {
  add(signal: ReleaseSignal, listener: () => void): void;
  remove(signal: ReleaseSignal, listener: () => void): void;
  exit(code: number): void;
}

/**
 * Checks the option `releaseOn`.
 *
 * @throws {TypeError} If it is no array of names of signals.
 */
export function checkReleaseOn(signals: readonly ReleaseSignal[]): void {
  const names = Object.keys(NUMBERS);
  if (Array.isArray(signals) && signals.every((signal) => names.includes(signal))) return;
  throw new TypeError(
    `Cannot start a client: "releaseOn" must be an array of ${
      names.map((name) => `"${name}"`).join(", ")
    }, got "${JSON.stringify(signals)}"`,
  );
}

/**
 * On the first of the signals every client of this program that was started with it is shut down; then the program exits with 128
 * and the number of the signal. On a second one it exits at once. A client that was shut down before counts no more.
 */
export class ReleaseOnSignal {
  readonly #system: SignalSystem;
  readonly #clients = new Map<ReleaseSignal, Set<Releasable>>();
  readonly #listeners = new Map<ReleaseSignal, () => void>();
  #ending = false;

  constructor(system: SignalSystem) {
    this.#system = system;
  }

  /** Adds a client. */
  add(client: Releasable, signals: readonly ReleaseSignal[]): void {
    for (const signal of new Set(signals)) this.#listen(signal)?.add(client);
    void this.#forgetAtEnd(client);
  }

  /** The clients of a signal; undefined if the system does not know the signal. */
  #listen(signal: ReleaseSignal): Set<Releasable> | undefined {
    const known = this.#clients.get(signal);
    if (known !== undefined) return known;
    const listener = (): void => void this.#release(signal);
    try {
      this.#system.add(signal, listener);
    } catch {
      return undefined; // such as SIGTERM on Windows, where no program gets it
    }
    const clients = new Set<Releasable>();
    this.#clients.set(signal, clients);
    this.#listeners.set(signal, listener);
    return clients;
  }

  async #release(signal: ReleaseSignal): Promise<void> {
    const code = 128 + NUMBERS[signal];
    if (this.#ending) return this.#system.exit(code);
    this.#ending = true;
    const clients = [...this.#clients.get(signal) ?? []];
    await Promise.allSettled(clients.map((client) => client.shutdown()));
    this.#system.exit(code);
  }

  async #forgetAtEnd(client: Releasable): Promise<void> {
    for await (const _change of client.gatewayChanges());
    if (this.#ending) return; // the exit follows
    for (const [signal, clients] of this.#clients) {
      clients.delete(client);
      if (clients.size > 0) continue;
      this.#clients.delete(signal);
      this.#system.remove(signal, this.#listeners.get(signal) ?? (() => {}));
    }
  }
}

/** Releases a client on signals of this process. */
export function releaseOnSignals(client: Releasable, signals: readonly ReleaseSignal[]): void {
  (own ??= new ReleaseOnSignal(runtimeSignals())).add(client, signals);
}

let own: ReleaseOnSignal | undefined;

/** Of Deno, or of Node and Bun. */
function runtimeSignals(): SignalSystem {
  if ("Deno" in globalThis) {
    return {
      add: (signal, listener) => Deno.addSignalListener(signal, listener),
      remove: (signal, listener) => Deno.removeSignalListener(signal, listener),
      exit: (code) => Deno.exit(code),
    };
  }
  const { process } = globalThis as unknown as { process: NodeProcess };
  return {
    add: (signal, listener) => process.on(signal, listener),
    remove: (signal, listener) => process.off(signal, listener),
    exit: (code) => process.exit(code),
  };
}

interface NodeProcess {
  on(signal: string, listener: () => void): void;
  off(signal: string, listener: () => void): void;
  exit(code: number): void;
}

const NUMBERS: Readonly<Record<ReleaseSignal, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGTERM: 15,
  SIGBREAK: 21,
};
