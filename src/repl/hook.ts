import type { Clock, MappingSnapshot, Milliseconds } from "../../mod.ts";
import { deferred } from "../deferred.ts";
import { protocolText } from "./read_values.ts";
import { printable } from "./text.ts";

/**
 * Runs a program, without a shell, with variables added to its environment.
 *
 * @param signal Aborted to end the program: by SIGTERM, and by SIGKILL if that does not suffice.
 */
export type RunProgram = (
  program: readonly string[],
  variables: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<HookResult>;

/** How a program ended; the reason is `exit code 3`, `signal SIGKILL`, or why it did not start. */
export interface HookResult {
  readonly success: boolean;
  readonly reason: string;
}

/** What a {@linkcode Hook} works with. */
export interface HookParts {
  readonly run: RunProgram;
  readonly clock: Clock;
  /** Called at the first failed run after a change, and when the program is stopped. */
  readonly onFailure: (failure: HookFailure) => void;
}

/** A failure as {@linkcode HookParts.onFailure} gets it. */
export interface HookFailure {
  readonly reason: string;
  /** Whether the run was for the loss of the mapping. */
  readonly isLoss: boolean;
  /** Whether the program did not end by itself when the session did. */
  readonly isStopped: boolean;
}

/** A state that the program is run for. */
interface Wanted {
  /** Equal for states that need one run. */
  readonly key: string;
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Runs the program of `--exec` when the external address or port of one mapping changes, and when the mapping is lost. One run
 * at a time, at most one a second, for the latest state. A failed run is repeated after growing pauses.
 */
export class Hook {
  readonly #program: readonly string[];
  readonly #parts: HookParts;
  readonly #stop = new AbortController();
  #wanted: Wanted | undefined;
  /** The key of the latest run, if it succeeded. */
  #done: string | undefined;
  /** Failed runs in a row for the wanted state. */
  #failures = 0;
  #lastStart = -Infinity;
  #running: Promise<void> | undefined;
  /** Ends the pause before the next run. */
  #wake = (): void => {};
  /** Whether failed runs are repeated. */
  #isRepeating = true;
  #isEnding = false;
  #failed = false;

  constructor(program: readonly string[], parts: HookParts) {
    this.#program = program;
    this.#parts = parts;
  }

  /** Whether the latest run has failed. */
  get failed(): boolean {
    return this.#failed;
  }

  /** The line of `show`. */
  get field(): readonly [string, string] {
    return ["program", printable(this.#program.join(" "))];
  }

  /** The mapping is as in the snapshot: the program is run if that is another address, another port, or a loss. */
  update(snapshot: MappingSnapshot): void {
    const { assigned, state } = snapshot;
    if (assigned !== null) {
      const { externalAddress, externalPort, lifetime } = assigned;
      this.#want(`${externalAddress} ${externalPort}`, {
        PCP_EXTERNAL_ADDRESS: externalAddress,
        PCP_EXTERNAL_PORT: String(externalPort),
        PCP_INTERNAL_PORT: String(snapshot.internalPort),
        PCP_PROTOCOL: protocolText(snapshot.protocol),
        PCP_STATE: state.type,
        PCP_LIFETIME: String(lifetime),
      });
    } else if (this.#wanted !== undefined && !isReleased(snapshot)) {
      const { variables } = this.#wanted;
      this.#want(LOST, { ...variables, PCP_STATE: LOST, PCP_LIFETIME: "0" });
    }
  }

  /** The mapping was renewed: a failed run is repeated now. */
  renewed(): void {
    if (this.#failures > 0) this.#wake();
  }

  /** Resolves when the program has run for the latest state, which is not repeated if it fails. */
  async finished(): Promise<void> {
    this.#isRepeating = false;
    this.#wake();
    await this.#running;
  }

  /** Gives a running program 2 seconds to end, and stops it then. Only a loss is still worth a run. */
  async end(): Promise<void> {
    const { clock } = this.#parts;
    this.#isEnding = true;
    const finished = this.finished();
    const cancel = clock.alarm(clock.now() + GRACE, () => this.#stop.abort());
    await finished;
    cancel();
  }

  #want(key: string, variables: Wanted["variables"]): void {
    if (this.#wanted?.key === key) return;
    this.#wanted = { key, variables };
    this.#failures = 0;
    this.#wake();
    this.#running ??= this.#runAll();
  }

  async #runAll(): Promise<void> {
    while (this.#isDue) {
      await this.#pause();
      if (this.#isDue) await this.#runOnce();
    }
    this.#running = undefined;
  }

  /** Whether the program is to be run for the wanted state. */
  get #isDue(): boolean {
    if (this.#wanted === undefined || this.#wanted.key === this.#done) return false;
    if (this.#isEnding && this.#wanted.key !== LOST) return false;
    return this.#isRepeating || this.#failures === 0;
  }

  async #runOnce(): Promise<void> {
    const { clock, run, onFailure } = this.#parts;
    const wanted = this.#wanted as Wanted;
    this.#lastStart = clock.now();
    const { success, reason } = await run(this.#program, wanted.variables, this.#stop.signal);
    this.#failed = !success;
    this.#done = success ? wanted.key : undefined;
    if (success) return;
    const isStopped = this.#stop.signal.aborted;
    const isFirst = wanted !== this.#wanted || this.#failures === 0;
    if (isFirst || isStopped) onFailure({ reason, isLoss: wanted.key === LOST, isStopped });
    if (wanted === this.#wanted) this.#failures++;
  }

  /** Waits before the next run: after a failure until a renewal or another state at the longest, and always for a second. */
  async #pause(): Promise<void> {
    const { clock } = this.#parts;
    if (this.#failures > 0) {
      const pause = Math.min(FIRST_PAUSE * 2 ** (this.#failures - 1), LONGEST_PAUSE);
      await this.#sleep(clock.now() + pause, true);
    }
    await this.#sleep(this.#lastStart + INTERVAL, false);
  }

  async #sleep(until: Milliseconds, canWake: boolean): Promise<void> {
    const { clock } = this.#parts;
    if (until <= clock.now()) return;
    const { promise, resolve } = deferred<void>();
    if (canWake) this.#wake = resolve;
    const cancel = clock.alarm(until, resolve);
    await promise;
    this.#wake = () => {};
    cancel();
  }
}

/** Whether the mapping ended, or ends, because it was released here: that is no loss. */
function isReleased({ state }: MappingSnapshot): boolean {
  return state.type === "revoked" || state.type === "dropped" ||
    (state.type === "updating" && state.lifetime === 0);
}

/** The value of PCP_STATE for a loss. */
const LOST = "lost";

/** A gateway that changes its address all the time must not keep this host busy. */
const INTERVAL: Milliseconds = 1_000;

/** Between a failed run and its repetition; doubled after each further failure, up to a minute. */
const FIRST_PAUSE: Milliseconds = 1_000;
const LONGEST_PAUSE: Milliseconds = 60_000;

/** For a program that runs when the session ends. */
const GRACE: Milliseconds = 2_000;
