import type { Assigned, MappingSnapshot } from "../../mod.ts";
import { protocolText } from "./read_values.ts";
import { printable } from "./text.ts";

/** How a program ended. */
export interface HookResult {
  readonly success: boolean;
  /** `exit code 3`, `signal SIGKILL`, or why it did not start. */
  readonly reason: string;
}

/** Runs a program, never through a shell, with these variables added to the environment. */
export type RunProgram = (
  program: readonly string[],
  variables: Readonly<Record<string, string>>,
) => Promise<HookResult>;

/** The environment variables that tell a program of an assignment. */
export function hookVariables(
  snapshot: MappingSnapshot,
  assigned: Assigned,
): Record<string, string> {
  return {
    PCP_EXTERNAL_ADDRESS: assigned.externalAddress,
    PCP_EXTERNAL_PORT: String(assigned.externalPort),
    PCP_INTERNAL_PORT: String(snapshot.internalPort),
    PCP_PROTOCOL: protocolText(snapshot.protocol),
    PCP_STATE: snapshot.state.type,
    PCP_LIFETIME: String(assigned.lifetime),
  };
}

/** Runs a program whenever the external address or port of one mapping is another one than before. */
export class Hook {
  readonly #program: readonly string[];
  readonly #run: RunProgram;
  readonly #onFailure: (reason: string) => void;
  #last = "";
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

  /** Whether it ever failed. */
  get failed(): boolean {
    return this.#failed;
  }

  /** For `show`. */
  get field(): readonly [string, string] {
    return ["program", printable(this.#program.join(" "))];
  }

  /** What is assigned now. One run at a time; of changes during a run only the last one counts. */
  assigned(snapshot: MappingSnapshot): void {
    if (snapshot.assigned === null) return;
    const { externalAddress, externalPort } = snapshot.assigned;
    const key = `${externalAddress} ${externalPort}`;
    if (key === this.#last) return;
    this.#last = key;
    this.#next = hookVariables(snapshot, snapshot.assigned);
    this.#running ??= this.#runAll();
  }

  /** When nothing runs any more. */
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
