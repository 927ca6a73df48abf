import { IpAddress } from "../wire/address.ts";
import {
  decodeNatPmpResponse,
  encodeNatPmpRequest,
  type NatPmpErrorResponse,
  type NatPmpMapResponse,
  type NatPmpProtocol,
  NatPmpResultCode,
} from "../wire/natpmp.ts";
import { Opcode } from "../wire/opcode.ts";
import { ProtocolNumber } from "../wire/protocol_number.ts";
import type { EngineConfig } from "./config.ts";
import type { EpochSample } from "./epoch.ts";
import type { IgnoreReason, Milliseconds } from "./events.ts";
import type { Mapping } from "./mapping.ts";
import type { MappingResponse } from "../wire/message_type.ts";
import type { MappingSpec } from "./mapping_spec.ts";
import { pcpResult } from "./natpmp_terms.ts";

/** What the NAT-PMP side needs of its engine. */
export interface NatPmpOptions {
  readonly config: EngineConfig;
  readonly send: (bytes: Uint8Array, mapping: Mapping) => void;
  /** Gives a mapping its answer, put into PCP's terms. */
  readonly answer: (mapping: Mapping, answer: MappingResponse) => void;
  /** The server speaks no NAT-PMP either: asking again waits for so long. */
  readonly giveUp: (mapping: Mapping, hold: Milliseconds) => void;
  /** A server that seemed to speak no NAT-PMP does. */
  readonly heard: () => void;
  /** The server lost its mappings. */
  readonly restarted: (epoch: number) => void;
  /** The server has another external address. */
  readonly readdressed: (address: IpAddress) => void;
}

/**
 * Speaks NAT-PMP (RFC 6886) for mappings whose PCP request was answered by a NAT-PMP server: one request at a time, each
 * repeated until answered (section 3.1), with the external address asked for separately (section 3.2).
 */
export class NatPmp {
  /** When to call {@linkcode NatPmp.wake}; Infinity when nothing is asked. Read only. */
  deadline: Milliseconds = Infinity;
  /** Whether the server was ever asked in NAT-PMP; until then its announcements mean nothing. Read only. */
  isInUse = false;
  readonly #options: NatPmpOptions;
  #waiting: Mapping[] = [];
  #current: Mapping | undefined;
  #asking: "address" | "map" = "map";
  #transmissions = 0;
  #address: IpAddress | undefined;
  /** The server lost its state, and may have another address now. */
  #isAddressOld = false;
  /** What was granted while the address is asked for anew. */
  #granted: NatPmpMapResponse | undefined;
  #epoch: EpochSample | undefined;
  #gaveUp = false;

  constructor(options: NatPmpOptions) {
    this.#options = options;
  }

  /** The server's epoch as last told, undefined before the first response. */
  get epoch(): EpochSample | undefined {
    return this.#epoch;
  }

  /** A mapping's PCP request was answered by a NAT-PMP server. */
  add(mapping: Mapping, now: Milliseconds): void {
    this.isInUse = true;
    this.#waiting.push(mapping);
    this.#next(now);
  }

  /** The mapping has other plans. */
  remove(mapping: Mapping): void {
    if (this.#current === mapping) {
      this.#current = undefined;
      // The next one begins with the next wake-up, so that nothing is sent from within another event.
      this.deadline = this.#waiting.length > 0 ? -Infinity : Infinity;
    } else if (this.#waiting.includes(mapping)) {
      this.#waiting = this.#waiting.filter((other) => other !== mapping);
    }
  }

  /** Repeats what is unanswered, nine transmissions in all, then concludes that there is no NAT-PMP (section 3.1). */
  wake(now: Milliseconds): void {
    if (this.deadline > now) return;
    this.deadline = Infinity;
    if (this.#current === undefined) return this.#next(now);
    if (this.#transmissions < TRANSMISSIONS) return this.#send(now);
    this.#giveUp(this.#options.config.maximumLongHold);
  }

  /** This host was told that nothing listens there: concludes the same at once (section 3.1), if not for long. */
  unreachable(): void {
    this.deadline = Infinity;
    this.#giveUp(this.#options.config.minimumLongHold);
  }

  /** Another address of the server is asked, which knows nothing of what this one said. */
  moved(): void {
    this.#address = this.#epoch = this.#granted = undefined;
  }

  /** The answer to a PCP request tells the epoch, too, unless it is too short for that. */
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
        return this.#addressTold(now, response.result, response.address);
      case "map":
        if (!this.#isAskedFor(response)) return "unmatched";
        if (this.#isOfDeletionBefore(response)) return "stale";
        this.#checkEpoch(now, response.epoch);
        this.#mapTold(now, response);
        return undefined;
      case "error":
        return this.#refused(now, response);
    }
  }

  #next(now: Milliseconds): void {
    if (this.#current !== undefined) return;
    this.#current = this.#waiting.shift();
    if (this.#current === undefined) return;
    this.#granted = undefined;
    const needsAddress = this.#address === undefined || this.#isAddressOld;
    this.#ask(needsAddress && this.#current.phase !== "deleting" ? "address" : "map", now);
  }

  #ask(what: "address" | "map", now: Milliseconds): void {
    this.#asking = what;
    this.#transmissions = 0;
    this.#send(now);
  }

  #send(now: Milliseconds): void {
    const mapping = this.#current;
    if (mapping === undefined) return;
    this.deadline = now + FIRST_WAIT * 2 ** this.#transmissions++;
    if (this.#asking === "map" && this.#transmissions > 1) mapping.noteUnanswered();
    mapping.lastSentAt = now;
    this.#options.send(this.#asking === "address" ? ADDRESS_REQUEST : mapRequest(mapping), mapping);
  }

  #addressTold(now: Milliseconds, result: number, address: IpAddress): IgnoreReason | undefined {
    const asked = this.#current !== undefined && this.#asking === "address";
    if (result !== NatPmpResultCode.Success) {
      if (!asked) return "stale";
      this.#finish(now, result, 0, 0);
      return undefined;
    }
    const changed = this.#address !== undefined && !this.#address.equals(address);
    this.#address = address;
    this.#isAddressOld = false;
    if (changed) this.#options.readdressed(address);
    // What was concluded from its silence is forgotten when it speaks (section 3.1).
    if (this.#gaveUp && !asked) this.#options.heard();
    this.#gaveUp = false;
    if (!asked) return undefined;
    const granted = this.#granted;
    if (granted === undefined) this.#ask("map", now);
    else this.#finish(now, result, granted.externalPort, granted.lifetime);
    return undefined;
  }

  #mapTold(now: Milliseconds, response: NatPmpMapResponse): void {
    const { result, externalPort, lifetime } = response;
    const isGrant = result === NatPmpResultCode.Success && lifetime !== 0;
    if (!isGrant || !this.#isAddressOld) return this.#finish(now, result, externalPort, lifetime);
    this.#granted = response;
    this.#ask("address", now);
  }

  /** RFC 6886 section 3.5: an error does not say which request it answers, and only one is under way. */
  #refused(
    now: Milliseconds,
    { result, opcode, epoch }: NatPmpErrorResponse,
  ): IgnoreReason | undefined {
    // Another copy of the answer to a PCP request.
    if (result === NatPmpResultCode.UnsupportedVersion || this.#current === undefined) {
      return "stale";
    }
    const asked = this.#asking === "address" ? 0 : opcodeOf(this.#current.spec);
    if (opcode !== undefined && opcode !== asked) return "unmatched";
    if (epoch !== undefined) this.#checkEpoch(now, epoch);
    this.#finish(now, result, 0, 0);
    return undefined;
  }

  /** The request is answered: tells the mapping and lets the next one ask. */
  #finish(now: Milliseconds, result: number, externalPort: number, lifetime: number): void {
    const mapping = this.#current;
    this.#current = undefined;
    this.deadline = Infinity;
    if (mapping === undefined) return;
    const externalAddress = this.#address ?? IpAddress.ANY_IPV4;
    this.#options.answer(mapping, {
      type: "map",
      version: 0,
      opcode: Opcode.Map,
      result: pcpResult(result),
      // An error has no lifetime: what stands in its place is that of the request (RFC 6886 section 3.5).
      lifetime: result === NatPmpResultCode.Success ? lifetime : 0,
      epoch: this.#epoch?.server ?? 0,
      nonce: mapping.nonce,
      protocol: mapping.spec.protocol,
      internalPort: mapping.spec.internalPort,
      externalPort,
      externalAddress,
      options: [],
      optionFault: undefined,
    });
    this.#next(now);
  }

  #giveUp(hold: Milliseconds): void {
    const given = this.#current === undefined ? this.#waiting : [this.#current, ...this.#waiting];
    this.#current = undefined;
    this.#waiting = [];
    this.#gaveUp = this.#gaveUp || given.length > 0;
    for (const mapping of given) this.#options.giveUp(mapping, hold);
  }

  /** A second answer to the deletion of the mapping whose place this one takes: with it, nobody would ask again. */
  #isOfDeletionBefore({ result, lifetime }: NatPmpMapResponse): boolean {
    const mapping = this.#current;
    return mapping?.isHeir === true && mapping.phase !== "deleting" &&
      result === NatPmpResultCode.Success && lifetime === 0;
  }

  /** There is no nonce: a success with a lifetime that meets a deletion answers the request before it. */
  #isAskedFor({ protocol, internalPort, result, lifetime }: NatPmpMapResponse): boolean {
    const mapping = this.#current;
    if (this.#asking !== "map" || mapping === undefined) return false;
    const isLate = result === NatPmpResultCode.Success && lifetime !== 0 &&
      mapping.phase === "deleting";
    return !isLate && mapping.spec.protocol === protocol &&
      mapping.spec.internalPort === internalPort;
  }

  /** RFC 6886 section 3.6, for every packet: the server's clock must have run at least 7/8 as fast as ours, less 2 s. */
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

/** 250 ms, doubling, nine transmissions (RFC 6886 section 3.1). */
const FIRST_WAIT = 250;
const TRANSMISSIONS = 9;

const ADDRESS_REQUEST = encodeNatPmpRequest({ type: "externalAddress" });

function mapRequest(mapping: Mapping): Uint8Array {
  const { spec } = mapping;
  const deleting = mapping.phase === "deleting";
  return encodeNatPmpRequest({
    type: "map",
    protocol: spec.protocol as NatPmpProtocol,
    internalPort: spec.internalPort,
    externalPort: deleting ? 0 : mapping.suggestedPort,
    lifetime: deleting ? 0 : mapping.lifetime,
  });
}

function opcodeOf({ protocol }: MappingSpec): number {
  return protocol === ProtocolNumber.Udp ? 1 : 2;
}
