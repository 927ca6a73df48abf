import type { EngineConfig } from "./config.ts";
import { type EpochSample, isEpochValid } from "./epoch.ts";
import type { Milliseconds } from "./events.ts";
import { holdTime } from "./error_hold.ts";
import { ResultCode } from "../wire/result_code.ts";
import type { Mapping } from "./mapping.ts";

/** What is known of a server besides its mappings: its clock, and until when it wants to be left alone. */
export class ServerState {
  readonly #config: EngineConfig;
  /** How often it lost its mappings, as far as this client knows. Read only. */
  generation = 0;
  #epoch: EpochSample | undefined;
  #holdNewUntil = -Infinity;
  #holdAllUntil = -Infinity;
  #holdVersionUntil = -Infinity;
  #versionRefusals = 0;

  constructor(config: EngineConfig) {
    this.#config = config;
  }

  /** The last epoch, undefined before the first response. */
  get epoch(): EpochSample | undefined {
    return this.#epoch;
  }

  /** Whether the server kept its mappings (RFC 6887 section 8.5); the sample is stored whatever the verdict. */
  checkEpoch(now: Milliseconds, epoch: number): boolean {
    const client = Math.floor(now / 1000);
    const before = this.#epoch;
    if (before?.client === client && before.server === epoch) return true; // told many times a second
    this.#epoch = { server: epoch, client };
    const valid = isEpochValid(before, this.#epoch);
    if (!valid) this.generation++;
    return valid;
  }

  /** It lost its mappings, by another rule than that of PCP's epoch. */
  restarted(): void {
    this.generation++;
  }

  /** Until when a mapping's next request is held; in the past if it is not. */
  heldUntil(mapping: Mapping): Milliseconds {
    const { phase } = mapping;
    const isNew = phase === "waiting" || phase === "starting"; // what NO_RESOURCES holds back
    const holdNew = isNew ? this.#holdNewUntil : -Infinity;
    // Anybody can forge a version error, and a server that granted a mapping knows the version: it goes on being renewed.
    const outlasts = mapping.assigned !== undefined && !mapping.viaNatPmp && phase !== "deleting";
    const holdVersion = outlasts ? -Infinity : this.#holdVersionUntil;
    return Math.max(mapping.heldUntil, this.#holdAllUntil, holdVersion, holdNew);
  }

  /** Until when every request is held. */
  get allHeldUntil(): Milliseconds {
    return Math.max(this.#holdAllUntil, this.#holdVersionUntil);
  }

  /** NO_RESOURCES, or silence at every address. */
  hold(what: "new" | "all", until: Milliseconds): void {
    if (what === "new") this.#holdNewUntil = Math.max(this.#holdNewUntil, until);
    else this.#holdAllUntil = Math.max(this.#holdAllUntil, until);
  }

  /** It answered in our version, to a request of ours. Returns whether it was thought not to know it. */
  versionAccepted(now: Milliseconds): boolean {
    this.#versionRefusals = 0;
    if (this.#holdVersionUntil <= now) return false;
    this.#holdVersionUntil = -Infinity;
    return true;
  }

  /**
   * How long not to ask again in our version: as it says, 30 minutes at the most (RFC 6887 section 9).
   *
   * @param lifetime Of the refusal, in seconds; a NAT-PMP server says none.
   */
  versionRefused(lifetime: number): Milliseconds {
    const hold = holdTime(
      ResultCode.UnsuppVersion,
      lifetime,
      this.#versionRefusals++,
      this.#config,
    );
    return Math.min(hold, this.#config.maximumLongHold);
  }

  /** Nothing is asked in our version until then. */
  holdVersion(until: Milliseconds): void {
    this.#holdVersionUntil = until;
  }

  /** Another address is asked now: its epoch need not be the same (section 8.5), and it holds nothing back. */
  moved(): void {
    this.#epoch = undefined;
    this.#holdNewUntil = this.#holdAllUntil = this.#holdVersionUntil = -Infinity;
  }
}
