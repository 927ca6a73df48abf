import type { MappingSnapshot } from "../../mod.ts";
import { protocolText } from "./read_values.ts";
import { printable } from "./text.ts";

/** Runs a program, without a shell, with variables added to its environment. */
export type RunProgram = (
  program: readonly string[],
  variables: Readonly<Record<string, string>>,
) => Promise<HookResult>;

/** How a program ended; the reason is `exit code 3`, `signal SIGKILL`, or why it did not start. */
export interface HookResult {
  readonly success: boolean;
  readonly reason: string;
}

/** Runs the program of `--exec` whenever the external address or port of one mapping changes. */
export class Hook {
  readonly #program: readonly string[];
  readonly #run: RunProgram;
  readonly #onFailure: (reason: string) => void;
  /** The address and port of the latest run. */
  #lastEndpoint = "";
  /** The variables of the next run, if there is to be one. */
  #next: Readonly<Record<string, string>> | undefined;
  #running: Promise<void> | undefined;
  #failed = false;

  constructor(
    program: readonly string[],
    run: RunProgram,
    onFailure: (reason: string) => void,
  ) {
    this.#program = program;
    this.#run = run;
    this.#onFailure = onFailure;
  }

  /** Whether a run has failed. */
  get failed(): boolean {
    return this.#failed;
  }

  /** The line of `show`. */
  get field(): readonly [string, string] {
    return ["program", printable(this.#program.join(" "))];
  }

  /** Runs the program if the assignment has changed. Changes during a run lead to one more run, for the latest. */
  assigned(snapshot: MappingSnapshot): void {
    if (snapshot.assigned === null) return;
    const { externalAddress, externalPort } = snapshot.assigned;
    const endpoint = `${externalAddress} ${externalPort}`;
    if (endpoint === this.#lastEndpoint) return;
    this.#lastEndpoint = endpoint;
    this.#next = {
      PCP_EXTERNAL_ADDRESS: externalAddress,
      PCP_EXTERNAL_PORT: String(externalPort),
      PCP_INTERNAL_PORT: String(snapshot.internalPort),
      PCP_PROTOCOL: protocolText(snapshot.protocol),
      PCP_STATE: snapshot.state.type,
      PCP_LIFETIME: String(snapshot.assigned.lifetime),
    };
    this.#running ??= this.#runAll();
  }

  /** Resolves when no run is left. */
  async finished(): Promise<void> {
    await this.#running;
  }

  async #runAll(): Promise<void> {
    for (let next = this.#next; next !== undefined; next = this.#next) {
      this.#next = undefined;
      const { success, reason } = await this.#run(this.#program, next);
      if (success) continue;
      this.#failed = true;
      this.#onFailure(reason);
    }
    this.#running = undefined;
  }
}
