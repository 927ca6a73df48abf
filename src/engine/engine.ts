import type { Endpoint, IpAddress } from "../wire/address.ts";
import { NATPMP_VERSION } from "../wire/constants.ts";
import { decodeResponse, type Response } from "../wire/message.ts";
import { ResultCode } from "../wire/result_code.ts";
import { defaultConfig, type EngineConfig } from "./config.ts";
import { Deadlines } from "./deadlines.ts";
import { type EpochSample, isEpochValid } from "./epoch.ts";
import type { IgnoreReason, Input, MappingId, Milliseconds, Output } from "./events.ts";
import { holdTime } from "./holds.ts";
import { Mapping } from "./mapping.ts";
import { Memory } from "./memory.ts";
import { isNatPmpPossible, NatPmp } from "./natpmp.ts";
import { Nonces } from "./nonces.ts";
import { Pacer } from "./pacer.ts";
import type { Answer, Surroundings } from "./phase.ts";
import { Probe } from "./probe.ts";
import { Recovery } from "./recovery.ts";
import {
  answerFits,
  checkLifetime,
  checkLifetimes,
  checkSpec,
  mappingKey,
  needsOptionData,
  requestKey,
} from "./spec.ts";
import { Succession } from "./succession.ts";

/** What an engine is made of. */
export interface EngineOptions {
  /** Where requests go and answers come from. */
  readonly server: Endpoint;
  /** The address that requests are sent from; it stands in every request (RFC 6887 section 8.1). */
  readonly clientAddress: IpAddress;
  /** Uniform in [0, 1), for waits. */
  readonly random: () => number;
  /** 32 unguessable bits a call, for nonces (RFC 6887 section 11.2). */
  readonly randomWord: () => number;
  /** Numbers that differ from {@linkcode defaultConfig}. */
  readonly config?: Partial<EngineConfig>;
}

/**
 * The protocol machine for one server: no clock, socket or chance inside.
 *
 * Whatever happens goes in through {@linkcode step} with the time at which it happened, and every consequence comes
 * back in order. The peer's mistakes never throw; the caller's do.
 */
export class Engine {
  readonly #server: Endpoint;
  readonly #config: EngineConfig;
  readonly #random: () => number;
  readonly #mappings = new Map<MappingId, Mapping>();
  readonly #deadlines = new Deadlines<Mapping>();
  readonly #pacer: Pacer<Mapping>;
  readonly #nonces: Nonces;
  readonly #memory: Memory;
  readonly #succession: Succession;
  readonly #recovery: Recovery;
  readonly #probe: Probe;
  readonly #natPmp: NatPmp;
  readonly #world: Surroundings;
  #outputs: Output[] = [];
  #epoch: EpochSample | undefined;
  #generation = 0;
  #holdNewUntil = -Infinity;
  #holdAllUntil = -Infinity;
  #holdVersionUntil = -Infinity;
  #versionRefusals = 0;
  #lastId = -1;
  #now: Milliseconds = 0;

  constructor(options: EngineOptions) {
    this.#server = options.server;
    this.#config = { ...defaultConfig, ...options.config };
    this.#random = options.random;
    this.#pacer = new Pacer(this.#config);
    this.#nonces = new Nonces(options.randomWord);
    this.#memory = new Memory(this.#config);
    this.#succession = new Succession(this.#memory);
    this.#recovery = new Recovery(this.#config);
    this.#probe = new Probe(this.#config);
    this.#world = this.#makeWorld(options.clientAddress);
    this.#natPmp = this.#makeNatPmp();
  }

  /** When to call {@linkcode step} with a timeout at the latest; undefined when nothing is to be waited for. */
  get deadline(): Milliseconds | undefined {
    const earliest = Math.min(
      this.#deadlines.earliest,
      this.#pacer.deadline,
      this.#recovery.deadline,
      this.#probe.deadline,
      this.#natPmp.deadline,
    );
    return earliest === Infinity ? undefined : earliest;
  }

  /** The server's epoch as last told, in seconds, and when it came; undefined before the first response. */
  get epoch(): EpochSample | undefined {
    return this.#epoch;
  }

  /** Smoothed round trip to the server, undefined before the first answer. */
  get roundTrip(): Milliseconds | undefined {
    return this.#pacer.roundTrip;
  }

  /**
   * Takes in what happened and returns all that follows, in order.
   *
   * @param now Monotonic time in milliseconds; never less than before.
   * @param input What happened.
   * @throws {RangeError | TypeError} If the caller asks for what RFC 6887 forbids, or uses an id wrongly.
   */
  step(now: Milliseconds, input: Input): Output[] {
    this.#now = now;
    switch (input.type) {
      case "request":
        this.#request(now, input);
        break;
      case "datagram":
        this.#datagram(now, input);
        break;
      case "timeout":
        break;
      case "sendFailed": {
        const mapping = input.id === undefined ? undefined : this.#mappings.get(input.id);
        if (mapping !== undefined) this.#pacer.release(mapping);
        break;
      }
      case "renew":
        checkLifetime(input.lifetime, "Cannot renew a mapping");
        this.#touch(this.#find(input.id), (mapping) => mapping.renew(now, input.lifetime));
        break;
      case "want":
        checkLifetimes(input.lifetimes, "Cannot change a mapping");
        this.#touch(this.#find(input.id), (mapping) => mapping.want(now, input.lifetimes));
        break;
      case "release":
        this.#release(now, this.#find(input.id), input.as);
        break;
      case "announce":
        this.#probe.start(now, this.#world.clientAddress);
        break;
      case "cancelAnnounce":
        this.#probe.stop();
        break;
    }
    this.#wakeDue(now);
    this.#giveTurns(now);
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  #request(now: Milliseconds, { id, spec, lifetimes }: Input & { type: "request" }): void {
    if (id <= this.#lastId) {
      throw new RangeError(
        `Cannot request a mapping: its id must be greater than any before, got "${id}"`,
      );
    }
    checkLifetimes(lifetimes, "Cannot request a mapping");
    checkSpec(spec, this.#world.clientAddress);
    this.#lastId = id;
    const { before, remains } = this.#succession.claim(mappingKey(spec), now);
    const nonce = remains?.nonce ?? this.#nonces.make();
    const heldUntil = this.#memory.heldUntil(requestKey(spec), now);
    const mapping = new Mapping(id, spec, nonce, lifetimes, heldUntil, this.#world);
    if (remains !== undefined) mapping.inherit(remains);
    this.#mappings.set(id, mapping);
    this.#nonces.add(mapping);
    if (before === undefined) this.#pacer.enqueue(mapping);
    else this.#succession.wait(before, mapping);
  }

  #release(now: Milliseconds, mapping: Mapping, endAs: "revoked" | "dropped"): void {
    this.#touch(mapping, () => mapping.release(now, endAs));
    if (mapping.phase === "deleting") this.#succession.deletes(mapping);
  }

  /** RFC 6887 section 8.3, in its order; whatever fails a check changes nothing. */
  #datagram(now: Milliseconds, { bytes, source, multicast }: Input & { type: "datagram" }): void {
    if (source.port !== this.#server.port || !source.address.equals(this.#server.address)) {
      return this.#ignore("source");
    }
    const decoded = decodeResponse(bytes);
    if (!decoded.ok && bytes[0] === NATPMP_VERSION && this.#natPmp.isInUse) {
      const reason = this.#natPmp.receive(now, bytes);
      return reason === undefined ? undefined : this.#ignore(reason);
    }
    if (!decoded.ok) return this.#ignore(decoded.reason);
    const response = decoded.value;
    const ignored =
      multicast && (response.type !== "announce" || response.result !== ResultCode.Success)
        ? "notAnnouncement"
        : this.#response(now, response);
    if (ignored !== undefined) this.#ignore(ignored);
  }

  #response(now: Milliseconds, response: Response): IgnoreReason | undefined {
    if (response.result === ResultCode.UnsuppVersion) return this.#versionRefused(now, response);
    switch (response.type) {
      case "announce":
        return this.#announce(now, response);
      case "map":
      case "peer":
        return this.#answer(now, response);
      default:
        return "unexpectedOpcode";
    }
  }

  #answer(now: Milliseconds, answer: Answer): IgnoreReason | undefined {
    const mapping = this.#nonces.find(
      answer.nonce,
      (candidate) => candidate.phase !== "waiting" && answerFits(candidate.spec, answer),
    );
    if (mapping === undefined) return "unmatched";
    if (answer.optionFault !== undefined && needsOptionData(mapping.spec)) {
      return "malformedOptions";
    }
    if (!this.#checkEpoch(now, answer.epoch)) {
      // What was just granted is known to the server (the round skips it), everything else may be gone.
      this.#generation++;
      this.#recovery.arrange(now, 0);
      this.#emit({ type: "serverRestarted", epoch: answer.epoch });
    }
    this.#versionRefusals = 0;
    if (mapping.awaiting) {
      this.#pacer.answered(mapping, mapping.lastSentAt, now, mapping.transmissions === 1);
    }
    const heldBefore = mapping.holdUntil;
    let ignored: IgnoreReason | undefined;
    this.#touch(mapping, () => {
      ignored = mapping.answer(now, answer);
    });
    if (mapping.holdUntil !== heldBefore) {
      this.#memory.hold(requestKey(mapping.spec), mapping.holdUntil, now);
    }
    return ignored;
  }

  #announce(now: Milliseconds, response: Response): IgnoreReason | undefined {
    const asked = this.#probe.isUnderWay;
    const { result, epoch } = response;
    if (result !== ResultCode.Success && !asked) return "notAnnouncement";
    const isFirst = this.#epoch === undefined;
    const restarted = !this.#checkEpoch(now, epoch);
    if (restarted) {
      this.#generation++;
      this.#emit({ type: "serverRestarted", epoch });
    }
    // A server that speaks for the first time, or again, may have waiting requests long between two repetitions.
    if (restarted || (isFirst && !asked)) {
      this.#recovery.arrange(now, this.#random() * this.#config.announceWait);
    }
    if (!asked) return undefined;
    if (result === ResultCode.Success) {
      this.#probe.stop();
      this.#emit({ type: "announced", epoch, roundTrip: now - this.#probe.sentAt });
    } else {
      this.#probe.refuse(now + holdTime(result, response.lifetime, 0, this.#config));
      this.#emit({ type: "announceFailed", code: result, lifetime: response.lifetime });
    }
    return undefined;
  }

  /**
   * RFC 6887 section 9: the server does not speak version 2. It is asked again after 30 minutes at the latest; if it speaks
   * NAT-PMP, what that can do is asked for at once, and only the request under way (RFC 6886 section 1.1).
   */
  #versionRefused(now: Milliseconds, response: Response): IgnoreReason | undefined {
    const awaiting = [...this.#mappings.values()].filter((mapping) =>
      mapping.awaiting && !mapping.natPmp
    );
    if (awaiting.length === 0 && !this.#probe.isUnderWay) return "stale";
    const speaksNatPmp = response.version === NATPMP_VERSION;
    const refusal = ResultCode.UnsuppVersion;
    const wanted = holdTime(refusal, response.lifetime, this.#versionRefusals++, this.#config);
    const hold = Math.min(wanted, this.#config.maximumLongHold);
    if (!speaksNatPmp) this.#holdVersionUntil = now + hold;
    for (const mapping of awaiting) {
      this.#pacer.forget(mapping);
      if (speaksNatPmp && this.#usesNatPmp && isNatPmpPossible(mapping.spec)) {
        this.#touch(mapping, () => mapping.fallBack());
        this.#natPmp.add(mapping, now);
      } else this.#touch(mapping, () => mapping.refuseVersion(now, hold));
    }
    if (this.#probe.isUnderWay) {
      this.#probe.stop();
      this.#emit({ type: "announceFailed", code: refusal, lifetime: hold / 1000 });
    }
    return undefined;
  }

  /** NAT-PMP is for hosts behind a NAT: those with a private address (RFC 6886 section 3). */
  get #usesNatPmp(): boolean {
    const { clientAddress } = this.#world;
    return this.#config.natPmp && (clientAddress.isPrivate || clientAddress.isLoopback);
  }

  /** The rule of RFC 6887 section 8.5; the sample is stored whatever the verdict. */
  #checkEpoch(now: Milliseconds, epoch: number): boolean {
    const sample: EpochSample = { server: epoch, client: Math.floor(now / 1000) };
    const valid = isEpochValid(this.#epoch, sample);
    this.#epoch = sample;
    return valid;
  }

  #wakeDue(now: Milliseconds): void {
    for (
      let mapping = this.#deadlines.takeDue(now);
      mapping !== undefined;
      mapping = this.#deadlines.takeDue(now)
    ) {
      this.#touch(mapping, (due) => due.wake(now));
    }
    if (this.#recovery.takeDue(now)) {
      for (const mapping of [...this.#mappings.values()]) {
        if (mapping.generation !== this.#generation || mapping.phase === "starting") {
          this.#touch(mapping, () => mapping.recover(now));
        }
      }
    }
    this.#send(
      this.#probe.takeDue(now, Math.max(this.#holdAllUntil, this.#holdVersionUntil), this.#random),
    );
  }

  /** Lets those in line send while the window allows it. */
  #giveTurns(now: Milliseconds): void {
    for (
      let mapping = this.#pacer.next(now);
      mapping !== undefined;
      mapping = this.#pacer.next(now)
    ) {
      const until = Math.max(
        mapping.heldUntil,
        this.#holdAllUntil,
        this.#holdVersionUntil,
        mapping.isNew ? this.#holdNewUntil : -Infinity,
      );
      this.#touch(mapping, (turned) => {
        if (until > now) return turned.postpone(until);
        turned.turn(now);
        this.#pacer.sent(turned, now, turned.transmissions > 1);
      });
    }
  }

  /** Does something with a mapping and keeps its deadline and the books right. */
  #touch(mapping: Mapping, change: (mapping: Mapping) => void): void {
    change(mapping);
    this.#deadlines.update(mapping);
    if (!mapping.isOver) return;
    this.#pacer.forget(mapping);
    this.#mappings.delete(mapping.id);
    this.#nonces.remove(mapping);
  }

  #find(id: MappingId): Mapping {
    const mapping = this.#mappings.get(id);
    if (mapping === undefined) {
      throw new RangeError(`Cannot change a mapping: none has the id "${id}"`);
    }
    return mapping;
  }

  #send(bytes: Uint8Array | undefined): void {
    if (bytes !== undefined) this.#emit({ type: "send", bytes, id: undefined });
  }

  #ignore(reason: IgnoreReason): void {
    this.#emit({ type: "ignored", reason });
  }

  #emit(output: Output): void {
    this.#outputs.push(output);
  }

  #makeNatPmp(): NatPmp {
    return new NatPmp({
      send: (bytes, { id }) => this.#emit({ type: "send", bytes, id }),
      answer: (mapping, answer) =>
        this.#touch(mapping, () => void mapping.answer(this.#now, answer)),
      giveUp: (mapping) => {
        this.#touch(mapping, () => mapping.refuseVersion(this.#now, this.#config.maximumLongHold));
      },
      restarted: (epoch) => {
        this.#generation++;
        this.#emit({ type: "serverRestarted", epoch });
        this.#recovery.arrange(this.#now, this.#random() * this.#config.announceWait);
      },
      readdressed: (address) => {
        for (const mapping of this.#mappings.values()) {
          this.#touch(mapping, () => mapping.readdress(address));
        }
      },
    });
  }

  #makeWorld(clientAddress: IpAddress): Surroundings {
    const generation = (): number => this.#generation;
    return {
      config: this.#config,
      clientAddress,
      get generation(): number {
        return generation();
      },
      random: this.#random,
      emit: (output) => this.#emit(output),
      enqueue: (mapping) => {
        this.#natPmp.remove(mapping);
        this.#pacer.enqueue(mapping);
      },
      dequeue: (mapping) => {
        this.#natPmp.remove(mapping);
        this.#pacer.forget(mapping);
      },
      ended: (mapping) => {
        for (const heir of this.#succession.ended(mapping, this.#now)) this.#pacer.enqueue(heir);
      },
      holdServer: (what, until) => {
        if (what === "new") this.#holdNewUntil = Math.max(this.#holdNewUntil, until);
        else this.#holdAllUntil = Math.max(this.#holdAllUntil, until);
      },
    };
  }
}
