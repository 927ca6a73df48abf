import { IpAddress } from "../wire/address.ts";
import { ResultCode } from "../wire/result_code.ts";
import type { EngineConfig } from "./config.ts";
import { type EpochSample, isEpochValid } from "./epoch.ts";
import { errorHold, stretchedWait } from "./error_hold.ts";
import type { Milliseconds } from "./events.ts";
import type { Protocol } from "./protocol.ts";

/** What is known of the server besides its mappings: its epoch, and which requests it refuses for how long. */
export class ServerState {
  readonly #config: EngineConfig;
  #pcpGeneration = 0;
  #otherGeneration = 0;
  #epoch: EpochSample | undefined;
  #lastAddress = IpAddress.ANY_IPV4;
  #newHeldUntil = -Infinity;
  #allHeldUntil = -Infinity;
  #versionHeldUntil = -Infinity;
  #otherwiseUntil = -Infinity;
  #versionRefusals = 0;
  #restarts = 0;

  constructor(config: EngineConfig) {
    this.#config = config;
  }

  /** The last epoch, undefined before the first response. */
  get epoch(): EpochSample | undefined {
    return this.#epoch;
  }

  /** Whether the server has kept its mappings (RFC 6887 section 8.5). Stores the epoch in either case. */
  checkEpoch(now: Milliseconds, epoch: number): boolean {
    const client = Math.floor(now / 1000);
    const before = this.#epoch;
    if (before?.server === epoch && before.client === client) return true; // as in most responses of a burst
    this.#epoch = { server: epoch, client };
    const isValid = isEpochValid(before, this.#epoch);
    if (isValid) return true;
    this.restarted();
    this.#restarts++;
    // Leases are requested anew at once (RFC 6887 section 14.1.3). New mappings wait on: an ANNOUNCE is easy to forge.
    this.#newHeldUntil = Math.max(this.#newHeldUntil, this.#allHeldUntil);
    this.#allHeldUntil = -Infinity;
    return false;
  }

  /** How often the server was found to have lost its state: what it refused leases before is void. */
  get restarts(): number {
    return this.#restarts;
  }

  /** The address as one object for all mappings: nearly always they have the same one. */
  sharedAddress(address: IpAddress): IpAddress {
    if (!this.#lastAddress.equals(address)) this.#lastAddress = address;
    return this.#lastAddress;
  }

  /** How often the server has lost the mappings that it made in the protocol, as far as is known. */
  generation(protocol: Protocol): number {
    return protocol === "pcp" ? this.#pcpGeneration : this.#otherGeneration;
  }

  /** The server may have lost all its mappings. */
  restarted(): void {
    this.#pcpGeneration++;
    this.#otherGeneration++;
  }

  /** The server seems to have lost mappings, in a protocol that is easy to forge: those of PCP stay. */
  restartedBesidePcp(): void {
    this.#otherGeneration++;
    this.#restarts++;
    this.forgetVersion();
  }

  /**
   * A request must not leave before; in the past if nothing holds it back.
   *
   * @param isNew Whether the request is for a mapping without a lease.
   * @param versionIsKnown Whether the server has answered it in PCP.
   */
  heldUntil(isNew: boolean, versionIsKnown: boolean): Milliseconds {
    return Math.max(
      this.#allHeldUntil,
      isNew ? this.#newHeldUntil : -Infinity,
      // A version error is easy to forge: a lease goes on being renewed (RFC 6887 section 18).
      versionIsKnown ? -Infinity : this.#versionHeldUntil,
    );
  }

  /** Holds back requests for new mappings, or all: after NO_RESOURCES, or when no address of the server answers. */
  hold(which: "new" | "all", until: Milliseconds): void {
    if (which === "new") this.#newHeldUntil = Math.max(this.#newHeldUntil, until);
    else this.#allHeldUntil = Math.max(this.#allHeldUntil, until);
  }

  /** The server answered a request in PCP. Returns whether requests were held back because it seemed not to speak PCP. */
  versionAccepted(now: Milliseconds): boolean {
    this.#versionRefusals = 0;
    this.#otherwiseUntil = -Infinity;
    if (this.#versionHeldUntil <= now) return false;
    this.#versionHeldUntil = -Infinity;
    return true;
  }

  /**
   * How long PCP is not tried again: as the server says, at most 30 minutes (RFC 6887 section 9).
   *
   * @param lifetime Of the refusal, in seconds; that of a NAT-PMP server is 0.
   */
  versionRefused(lifetime: number): Milliseconds {
    const { maximumLongHold } = this.#config;
    const before = this.#versionRefusals++;
    const hold = errorHold(ResultCode.UnsuppVersion, lifetime, before, this.#config);
    return stretchedWait(Math.min(hold, maximumLongHold), before + 1);
  }

  /** Holds back all requests but those of leases. */
  holdVersion(until: Milliseconds): void {
    this.#versionHeldUntil = until;
  }

  /** Until when what another protocol can make is not requested in PCP; in the past if it is. Read only. */
  get otherwiseUntil(): Milliseconds {
    return this.#otherwiseUntil;
  }

  /** It refused PCP's version, and another protocol is tried instead. */
  goOtherwise(until: Milliseconds): void {
    this.#otherwiseUntil = until;
  }

  /** It may be another server by now, or another release of it. */
  forgetVersion(): void {
    this.#versionHeldUntil = this.#otherwiseUntil = -Infinity;
  }

  /** Another address of the server is used now. Its epoch may differ (RFC 6887 section 8.5), and it refused nothing. */
  moved(): void {
    this.#epoch = undefined;
    this.#newHeldUntil = this.#allHeldUntil = -Infinity;
    this.forgetVersion();
  }
}
