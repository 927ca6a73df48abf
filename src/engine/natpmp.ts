import { IpAddress } from "../wire/address.ts";
import { NATPMP_VERSION } from "../wire/constants.ts";
import {
  decodeNatPmpResponse,
  encodeNatPmpRequest,
  type NatPmpAddressResponse,
  type NatPmpErrorResponse,
  type NatPmpMapResponse,
  NatPmpResultCode,
} from "../wire/natpmp.ts";
import { Opcode } from "../wire/opcode.ts";
import type { EngineConfig } from "./config.ts";
import type { EpochSample } from "./epoch.ts";
import type { IgnoreReason, Milliseconds } from "./events.ts";
import { rememberUnanswered } from "./exchange.ts";
import type { Fallback, FallbackEvents, FallbackState } from "./fallback.ts";
import type { Mapping } from "./mapping.ts";
import type { MappingSpec } from "./mapping_spec.ts";
import { inNetworkOrder } from "./natpmp_octet_order.ts";
import { encodeNatPmpMapRequest, natPmpObstacle, natPmpOpcode, pcpResult } from "./natpmp_terms.ts";
import type { Obstacle } from "./obstacle.ts";

/** What {@linkcode NatPmp} needs of the engine. */
export interface NatPmpOptions extends FallbackEvents {
  readonly config: EngineConfig;
  readonly send: (bytes: Uint8Array, mapping: Mapping | undefined) => void;
}

/**
 * Requests mappings in NAT-PMP (RFC 6886): one request at a time, each repeated until answered (section 3.1). The external
 * address is a request of its own (section 3.2).
 */
export class NatPmp implements Fallback {
  readonly protocol = "nat-pmp";
  state: FallbackState = "unasked";
  deadline: Milliseconds = Infinity;
  readonly #options: NatPmpOptions;
  readonly #waiting = new Set<Mapping>();
  /** The mapping whose request is under way. */
  #current: Mapping | undefined;
  /** The request for the address is under way. */
  #isAsking = false;
  /** The caller wants the answer to it. */
  #isWanted = false;
  #transmissions = 0;
  #sentAt: Milliseconds = -Infinity;
  #address: IpAddress | undefined;
  /** The server has lost its state, and may have another address since. */
  #isAddressOld = false;
  /** When the address was reported last. */
  #addressAt: Milliseconds = -Infinity;
  /** A grant that waits for the address. */
  #granted: { readonly mapping: Mapping; readonly response: NatPmpMapResponse } | undefined;
  #epoch: EpochSample | undefined;

  constructor(options: NatPmpOptions) {
    this.#options = options;
  }

  /** The server's last epoch, undefined before the first response. */
  get epoch(): EpochSample | undefined {
    return this.#epoch;
  }

  get isBusy(): boolean {
    return this.#isAsking || this.#current !== undefined;
  }

  obstacle(spec: MappingSpec): Obstacle | undefined {
    return natPmpObstacle(spec);
  }

  ask(now: Milliseconds): void {
    this.#isWanted = true;
    if (this.state !== "usable") this.state = "asked";
    this.#next(now);
  }

  add(mapping: Mapping, now: Milliseconds): void {
    if (this.state !== "usable") this.state = "asked";
    this.#waiting.add(mapping);
    this.#next(now);
  }

  remove(mapping: Mapping): void {
    this.#waiting.delete(mapping);
    if (this.#granted?.mapping === mapping) this.#granted = undefined;
    const isNeeded = this.#isWanted || this.#waiting.size > 0 || this.#granted !== undefined;
    if (this.#current === mapping) this.#current = undefined;
    else if (this.#isAsking && !isNeeded) this.#isAsking = false;
    else return;
    // The next one starts with the next wake-up, so that nothing is sent from within another event.
    this.deadline = isNeeded ? -Infinity : Infinity;
  }

  /** Repeats the request; after nine transmissions the server does not speak NAT-PMP (RFC 6886 section 3.1). */
  wake(now: Milliseconds): void {
    if (this.deadline > now) return;
    this.deadline = Infinity;
    if (!this.isBusy) this.#next(now);
    else if (this.#transmissions < TRANSMISSIONS) this.#send(now);
    else this.#giveUp("silent", this.#options.config.maximumLongHold);
  }

  /** As after nine transmissions (RFC 6886 section 3.1), but for a shorter time. */
  unreachable(): void {
    if (this.isBusy) this.#giveUp("refused", this.#options.config.minimumLongHold);
  }

  /**
   * The server names version 2 in an answer: it speaks PCP only. Returns whether that can answer a request in NAT-PMP; each
   * repetition has an answer of its own.
   */
  refused(now: Milliseconds): boolean {
    if (!this.isBusy) return now < this.#sentAt + LATE;
    this.#giveUp("unsupported", this.#options.config.minimumLongHold);
    return true;
  }

  moved(): void {
    this.#address =
      this.#epoch =
      this.#granted =
      this.#current =
        undefined;
    this.#isAsking = this.#isWanted = false;
    this.#sentAt = -Infinity;
    this.#waiting.clear();
    this.deadline = Infinity;
    this.state = "unasked";
  }

  /** A version error that answers a PCP request has the epoch too, unless it is too short. */
  versionRefused(now: Milliseconds, epoch: number): void {
    if (this.state !== "unasked" && epoch > 0) this.#checkEpoch(now, epoch);
  }

  /** A datagram of version 0 from the server; returns why it changed nothing, if so. */
  receive(now: Milliseconds, datagram: Uint8Array, multicast: boolean): IgnoreReason | undefined {
    const decoded = decodeNatPmpResponse(inNetworkOrder(datagram, this.#current));
    if (!decoded.ok) return decoded.reason;
    const response = decoded.value;
    if (multicast && response.type !== "externalAddress") return "notAnnouncement";
    switch (response.type) {
      case "externalAddress":
        return this.#receiveAddress(now, response);
      case "map":
        if (!this.#isRequested(response)) return "unmatched";
        if (this.#isOfPreviousDeletion(response)) return "stale";
        this.#hear(now, response.epoch);
        this.#receiveMap(now, response);
        return undefined;
      case "error":
        return this.#receiveError(now, response);
    }
  }

  #next(now: Milliseconds): void {
    if (this.isBusy) return;
    const [mapping] = this.#waiting;
    const asks = this.#isWanted || this.#granted !== undefined ||
      (mapping !== undefined && this.#needsAddress(mapping, now));
    if (!asks && mapping === undefined) return;
    this.#isAsking = asks;
    if (!asks && mapping !== undefined) {
      this.#waiting.delete(mapping);
      this.#current = mapping;
    }
    this.#transmissions = 0;
    this.#send(now);
  }

  /** A change whose announcement was lost (RFC 6886 section 3.2.1) is learned with the next renewals. */
  #needsAddress({ phase, lease }: Mapping, now: Milliseconds): boolean {
    if (phase === "deleting") return false;
    if (this.#address === undefined || this.#isAddressOld) return true;
    return lease !== undefined && now - this.#addressAt > ADDRESS_AGE;
  }

  #send(now: Milliseconds): void {
    const mapping = this.#current;
    this.deadline = now + FIRST_WAIT * 2 ** this.#transmissions++;
    this.#sentAt = now;
    if (mapping?.exchange !== undefined) {
      if (this.#transmissions > 1 && mapping.phase !== "deleting") rememberUnanswered(mapping);
      mapping.exchange.lastSentAt = now;
    }
    this.#options.send(
      mapping === undefined ? ADDRESS_REQUEST : encodeNatPmpMapRequest(mapping),
      mapping,
    );
    this.#options.asked(mapping);
  }

  #receiveAddress(
    now: Milliseconds,
    { result, epoch, address }: NatPmpAddressResponse,
  ): IgnoreReason | undefined {
    const isRequested = this.#isAsking;
    // A router without an Internet address reports a success with 0.0.0.0 as well.
    const isKnown = result === NatPmpResultCode.Success && !address.isUnspecified;
    if (!isRequested && result !== NatPmpResultCode.Success) return "stale";
    this.#hear(now, epoch);
    if (isKnown) this.#learn(now, address);
    if (!isRequested) return undefined;
    this.#isAsking = false;
    this.deadline = Infinity;
    const failure = result === NatPmpResultCode.Success ? NatPmpResultCode.NetworkFailure : result;
    this.#answerAddress(now, isKnown ? NatPmpResultCode.Success : failure);
    const granted = this.#granted;
    this.#granted = undefined;
    if (granted !== undefined) {
      const { externalPort, lifetime } = granted.response;
      this.#answer(granted.mapping, isKnown ? result : failure, externalPort, lifetime);
    }
    if (!isKnown) this.#refuseWaiting(failure);
    this.#next(now);
    return undefined;
  }

  #learn(now: Milliseconds, address: IpAddress): void {
    this.#addressAt = now;
    const hasChanged = this.#address !== undefined && !this.#address.equals(address);
    this.#address = address;
    this.#isAddressOld = false;
    if (hasChanged) this.#options.readdressed(address);
  }

  #answerAddress(now: Milliseconds, result: number): void {
    if (!this.#isWanted) return;
    this.#isWanted = false;
    this.#options.addressAnswered({
      result: pcpResult(result),
      address: result === NatPmpResultCode.Success ? this.#address : undefined,
      epoch: this.#epoch?.server,
      roundTrip: now - this.#sentAt,
    });
  }

  /** Without an address there is nothing to assign. Deletions go on. */
  #refuseWaiting(result: number): void {
    for (const mapping of [...this.#waiting]) {
      if (mapping.phase === "deleting") continue;
      this.#waiting.delete(mapping);
      this.#answer(mapping, result, 0, 0);
    }
  }

  #receiveMap(now: Milliseconds, response: NatPmpMapResponse): void {
    const { result, externalPort, lifetime } = response;
    const isGrant = result === NatPmpResultCode.Success && lifetime !== 0;
    const mapping = this.#current;
    if (!isGrant || !this.#isAddressOld || mapping === undefined) {
      return this.#finish(now, result, externalPort, lifetime);
    }
    this.#current = undefined;
    this.#granted = { mapping, response };
    this.#next(now);
  }

  /** An error does not say which request it answers, and only one is under way (RFC 6886 section 3.5). */
  #receiveError(
    now: Milliseconds,
    { result, opcode, epoch }: NatPmpErrorResponse,
  ): IgnoreReason | undefined {
    // A version error is one more answer to a PCP request.
    if (result === NatPmpResultCode.UnsupportedVersion || !this.isBusy) return "stale";
    const requested = this.#current === undefined ? 0 : natPmpOpcode(this.#current.spec);
    if (opcode !== undefined && opcode !== requested) return "unmatched";
    if (this.#isAsking) {
      const address = IpAddress.ANY_IPV4;
      return this.#receiveAddress(now, {
        type: "externalAddress",
        result,
        epoch: epoch ?? this.#epoch?.server ?? 0,
        address,
      });
    }
    this.#hear(now, epoch);
    this.#finish(now, result, 0, 0);
    return undefined;
  }

  /** The request for a mapping is answered: passes the response to it and starts the next request. */
  #finish(now: Milliseconds, result: number, externalPort: number, lifetime: number): void {
    const mapping = this.#current;
    this.#current = undefined;
    this.deadline = Infinity;
    if (mapping !== undefined) this.#answer(mapping, result, externalPort, lifetime);
    this.#next(now);
  }

  #answer(mapping: Mapping, result: number, externalPort: number, lifetime: number): void {
    // A repetition in PCP beside may have left later.
    if (mapping.exchange !== undefined) mapping.exchange.lastSentAt = this.#sentAt;
    this.#options.answer(mapping, {
      type: "map",
      by: "nat-pmp",
      version: NATPMP_VERSION,
      opcode: Opcode.Map,
      result: pcpResult(result),
      // In an error the field is the lifetime of the request (RFC 6886 section 3.5).
      lifetime: result === NatPmpResultCode.Success ? lifetime : 0,
      epoch: this.#epoch?.server ?? 0,
      nonce: mapping.nonce,
      protocol: mapping.spec.protocol,
      internalPort: mapping.spec.internalPort,
      externalPort,
      externalAddress: this.#address ?? IpAddress.ANY_IPV4,
      options: [],
      optionFault: undefined,
    });
  }

  #giveUp(state: "silent" | "refused" | "unsupported", hold: Milliseconds): void {
    const given = [this.#current, this.#granted?.mapping, ...this.#waiting];
    this.#current = this.#granted = undefined;
    this.#isAsking = this.#isWanted = false;
    this.#waiting.clear();
    this.deadline = Infinity;
    this.state = state;
    for (const mapping of given) {
      if (mapping !== undefined) this.#options.giveUp(mapping, hold);
    }
  }

  /** A second answer to the deletion of the mapping before, which would pass for a refusal of this one. */
  #isOfPreviousDeletion({ result, lifetime }: NatPmpMapResponse): boolean {
    const mapping = this.#current;
    return mapping?.reusesNonce === true && mapping.phase !== "deleting" &&
      result === NatPmpResultCode.Success && lifetime === 0;
  }

  /** Responses carry no nonce. A success with a lifetime that meets a deletion answers the request before it. */
  #isRequested({ protocol, internalPort, result, lifetime }: NatPmpMapResponse): boolean {
    const mapping = this.#current;
    if (mapping === undefined) return false;
    const isLate = result === NatPmpResultCode.Success && lifetime !== 0 &&
      mapping.phase === "deleting";
    return !isLate && mapping.spec.protocol === protocol &&
      mapping.spec.internalPort === internalPort;
  }

  #hear(now: Milliseconds, epoch: number | undefined): void {
    this.#options.heard();
    this.state = "usable";
    if (epoch !== undefined) this.#checkEpoch(now, epoch);
  }

  /** Each epoch must have run at least 7/8 as fast as this host's clock, less 2 s (RFC 6886 section 3.6). */
  #checkEpoch(now: Milliseconds, epoch: number): void {
    const before = this.#epoch;
    this.#epoch = { server: epoch, client: now / 1000 };
    if (before === undefined) return;
    const expected = before.server + 7 / 8 * (now / 1000 - before.client);
    if (epoch >= expected - 2) return;
    this.#isAddressOld = true;
    this.#options.restarted(epoch);
  }
}

/** Milliseconds; the wait doubles with each of nine transmissions (RFC 6886 section 3.1). */
const FIRST_WAIT = 250;
const TRANSMISSIONS = 9;

/** Our decision: an answer is that late at most. PCP repeats a request no sooner (RFC 6887 section 8.1.1). */
const LATE: Milliseconds = 3_000;

/** Our decision: renewals so close are one round, also those up to 5 s after an announcement (RFC 6886 section 3.7). */
const ADDRESS_AGE: Milliseconds = 10_000;

const ADDRESS_REQUEST = encodeNatPmpRequest({ type: "externalAddress" });
