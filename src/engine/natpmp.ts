import { IpAddress } from "../wire/address.ts";
import { NATPMP_VERSION } from "../wire/constants.ts";
import type { MappingResponse } from "../wire/message_type.ts";
import {
  decodeNatPmpResponse,
  encodeNatPmpRequest,
  type NatPmpErrorResponse,
  type NatPmpMapResponse,
  NatPmpResultCode,
} from "../wire/natpmp.ts";
import { Opcode } from "../wire/opcode.ts";
import type { EngineConfig } from "./config.ts";
import type { EpochSample } from "./epoch.ts";
import type { IgnoreReason, Milliseconds } from "./events.ts";
import { rememberUnanswered } from "./exchange.ts";
import type { Mapping } from "./mapping.ts";
import { encodeNatPmpMapRequest, natPmpOpcode, pcpResult } from "./natpmp_terms.ts";

/** What a protocol that requests fall back to needs of the engine. */
export interface FallbackOptions {
  readonly config: EngineConfig;
  readonly send: (bytes: Uint8Array, mapping: Mapping) => void;
  /** Passes a response in the terms of PCP. */
  readonly answer: (mapping: Mapping, response: MappingResponse) => void;
  /** The server does not speak this protocol either: the mapping is requested again after `hold`. */
  readonly giveUp: (mapping: Mapping, hold: Milliseconds) => void;
  /** A server that was given up speaks this protocol after all. */
  readonly heard: () => void;
  /** The server has lost its mappings. */
  readonly restarted: (epoch: number) => void;
  /** The server has another external address. */
  readonly readdressed: (address: IpAddress) => void;
}

/**
 * Requests mappings in NAT-PMP (RFC 6886) from a server that does not speak PCP: one request at a time, each repeated until
 * answered (section 3.1). The external address is a request of its own (section 3.2).
 */
export class NatPmp {
  /** When {@linkcode NatPmp.wake} is due; Infinity when no request is under way. Read only. */
  deadline: Milliseconds = Infinity;
  /** Whether the server was ever asked in NAT-PMP; before, its announcements mean nothing. Read only. */
  isInUse = false;
  readonly #options: FallbackOptions;
  readonly #waiting = new Set<Mapping>();
  #current: Mapping | undefined;
  #requested: "address" | "map" = "map";
  #transmissions = 0;
  #address: IpAddress | undefined;
  /** The server has lost its state, and may have another address since. */
  #isAddressOld = false;
  /** A grant that waits for the address. */
  #granted: NatPmpMapResponse | undefined;
  #epoch: EpochSample | undefined;
  #gaveUp = false;

  constructor(options: FallbackOptions) {
    this.#options = options;
  }

  /** The server's last epoch, undefined before the first response. */
  get epoch(): EpochSample | undefined {
    return this.#epoch;
  }

  /** The mapping's exchange goes on here. */
  add(mapping: Mapping, now: Milliseconds): void {
    this.isInUse = true;
    this.#waiting.add(mapping);
    this.#next(now);
  }

  /** The mapping's exchange is over, or goes on in PCP. */
  remove(mapping: Mapping): void {
    this.#waiting.delete(mapping);
    if (this.#current !== mapping) return;
    this.#current = undefined;
    // The next one starts with the next wake-up, so that nothing is sent from within another event.
    this.deadline = this.#waiting.size > 0 ? -Infinity : Infinity;
  }

  /** Repeats the request; after nine transmissions the server does not speak NAT-PMP (RFC 6886 section 3.1). */
  wake(now: Milliseconds): void {
    if (this.deadline > now) return;
    this.deadline = Infinity;
    if (this.#current === undefined) this.#next(now);
    else if (this.#transmissions < TRANSMISSIONS) this.#send(now);
    else this.#giveUp(this.#options.config.maximumLongHold);
  }

  /** ICMP says that no server listens: as after nine transmissions (RFC 6886 section 3.1), but for a shorter time. */
  unreachable(): void {
    this.deadline = Infinity;
    this.#giveUp(this.#options.config.minimumLongHold);
  }

  /** Another address of the server is used. What this one said does not hold there. */
  moved(): void {
    this.#address = this.#epoch = this.#granted = undefined;
  }

  /** A version error that answers a PCP request has the epoch too, unless it is too short. */
  versionRefused(now: Milliseconds, epoch: number): void {
    if (this.isInUse && epoch > 0) this.#checkEpoch(now, epoch);
  }

  /** A datagram of version 0 from the server; returns why it changed nothing, if so. */
  receive(now: Milliseconds, bytes: Uint8Array, multicast: boolean): IgnoreReason | undefined {
    const decoded = decodeNatPmpResponse(bytes);
    if (!decoded.ok) return decoded.reason;
    const response = decoded.value;
    if (multicast && response.type !== "externalAddress") return "notAnnouncement";
    switch (response.type) {
      case "externalAddress":
        this.#checkEpoch(now, response.epoch);
        return this.#receiveAddress(now, response.result, response.address);
      case "map":
        if (!this.#isRequested(response)) return "unmatched";
        if (this.#isOfPreviousDeletion(response)) return "stale";
        this.#checkEpoch(now, response.epoch);
        this.#receiveMap(now, response);
        return undefined;
      case "error":
        return this.#receiveError(now, response);
    }
  }

  #next(now: Milliseconds): void {
    if (this.#current !== undefined) return;
    const [mapping] = this.#waiting;
    if (mapping === undefined) return;
    this.#waiting.delete(mapping);
    this.#current = mapping;
    this.#granted = undefined;
    const needsAddress = this.#address === undefined || this.#isAddressOld;
    this.#request(needsAddress && mapping.phase !== "deleting" ? "address" : "map", now);
  }

  #request(what: "address" | "map", now: Milliseconds): void {
    this.#requested = what;
    this.#transmissions = 0;
    this.#send(now);
  }

  #send(now: Milliseconds): void {
    const mapping = this.#current;
    if (mapping?.exchange === undefined) return;
    this.deadline = now + FIRST_WAIT * 2 ** this.#transmissions++;
    const isMap = this.#requested === "map";
    if (isMap && this.#transmissions > 1 && mapping.phase !== "deleting") {
      rememberUnanswered(mapping);
    }
    mapping.exchange.lastSentAt = now;
    this.#options.send(isMap ? encodeNatPmpMapRequest(mapping) : ADDRESS_REQUEST, mapping);
  }

  #receiveAddress(
    now: Milliseconds,
    result: number,
    address: IpAddress,
  ): IgnoreReason | undefined {
    const isRequested = this.#current !== undefined && this.#requested === "address";
    if (result !== NatPmpResultCode.Success) {
      if (!isRequested) return "stale";
      this.#finish(now, result, 0, 0);
      return undefined;
    }
    const hasChanged = this.#address !== undefined && !this.#address.equals(address);
    this.#address = address;
    this.#isAddressOld = false;
    if (hasChanged) this.#options.readdressed(address);
    // An announcement ends what its silence meant (RFC 6886 section 3.1).
    if (this.#gaveUp && !isRequested) this.#options.heard();
    this.#gaveUp = false;
    if (!isRequested) return undefined;
    const granted = this.#granted;
    if (granted === undefined) this.#request("map", now);
    else this.#finish(now, result, granted.externalPort, granted.lifetime);
    return undefined;
  }

  #receiveMap(now: Milliseconds, response: NatPmpMapResponse): void {
    const { result, externalPort, lifetime } = response;
    const isGrant = result === NatPmpResultCode.Success && lifetime !== 0;
    if (!isGrant || !this.#isAddressOld) return this.#finish(now, result, externalPort, lifetime);
    this.#granted = response;
    this.#request("address", now);
  }

  /** An error does not say which request it answers, and only one is under way (RFC 6886 section 3.5). */
  #receiveError(
    now: Milliseconds,
    { result, opcode, epoch }: NatPmpErrorResponse,
  ): IgnoreReason | undefined {
    // A version error is one more answer to a PCP request.
    if (result === NatPmpResultCode.UnsupportedVersion || this.#current === undefined) {
      return "stale";
    }
    const requested = this.#requested === "address" ? 0 : natPmpOpcode(this.#current.spec);
    if (opcode !== undefined && opcode !== requested) return "unmatched";
    if (epoch !== undefined) this.#checkEpoch(now, epoch);
    this.#finish(now, result, 0, 0);
    return undefined;
  }

  /** The request is answered: passes the response to the mapping and starts the next request. */
  #finish(now: Milliseconds, result: number, externalPort: number, lifetime: number): void {
    const mapping = this.#current;
    this.#current = undefined;
    this.deadline = Infinity;
    if (mapping === undefined) return;
    this.#options.answer(mapping, {
      type: "map",
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
    this.#next(now);
  }

  #giveUp(hold: Milliseconds): void {
    const given = [...this.#current === undefined ? [] : [this.#current], ...this.#waiting];
    this.#current = undefined;
    this.#waiting.clear();
    if (given.length > 0) this.#gaveUp = true;
    for (const mapping of given) this.#options.giveUp(mapping, hold);
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
    if (this.#requested !== "map" || mapping === undefined) return false;
    const isLate = result === NatPmpResultCode.Success && lifetime !== 0 &&
      mapping.phase === "deleting";
    return !isLate && mapping.spec.protocol === protocol &&
      mapping.spec.internalPort === internalPort;
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

const ADDRESS_REQUEST = encodeNatPmpRequest({ type: "externalAddress" });
