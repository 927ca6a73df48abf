import type { IpAddress } from "../wire/address.ts";
import { NATPMP_VERSION } from "../wire/constants.ts";
import { decodeResponse, type Response } from "../wire/message.ts";
import { Nonce } from "../wire/nonce.ts";
import { ResultCode } from "../wire/result_code.ts";
import { defaultConfig, type EngineConfig } from "./config.ts";
import type { EngineOptions } from "./engine_options.ts";
import type { EpochSample } from "./epoch.ts";
import type { IgnoreReason, Input, MappingId, Milliseconds, Output } from "./events.ts";
import { holdTime } from "./error_hold.ts";
import { Mapping } from "./mapping.ts";
import { Mappings } from "./mappings.ts";
import { Memory } from "./memory.ts";
import { NatPmp } from "./natpmp.ts";
import { Pacer } from "./pacer.ts";
import type { MappingResponse } from "../wire/message_type.ts";
import type { MappingContext } from "./phase.ts";
import { AnnounceRequest } from "./announce_request.ts";
import { RecoverySchedule } from "./recovery_schedule.ts";
import { requestKey } from "./mapping_spec.ts";
import { checkId, checkLifetime, checkLifetimes, checkSpec } from "./check_spec.ts";
import { needsOptionData } from "./response_match.ts";
import { ServerList } from "./server_list.ts";
import { ServerState } from "./server_state.ts";
import { Succession } from "./succession.ts";
import { type Negotiation, refuseVersion } from "./version_negotiation.ts";

/**
 * The protocol machine for one server: no clock, socket or chance inside.
 *
 * Whatever happens goes in through {@linkcode step} with the time at which it happened, and every consequence comes
 * back in order. The peer's mistakes never throw; the caller's do.
 */
export class Engine {
  readonly #servers: ServerList;
  readonly #state: ServerState;
  readonly #config: EngineConfig;
  readonly #random: () => number;
  readonly #mappings: Mappings;
  readonly #pacer: Pacer<Mapping>;
  readonly #randomWord: () => number;
  readonly #memory: Memory;
  readonly #succession: Succession;
  readonly #recovery: RecoverySchedule;
  readonly #probe: AnnounceRequest;
  readonly #natPmp: NatPmp;
  readonly #world: MappingContext;
  readonly #negotiation: Negotiation;
  #lastId = -1;
  #now: Milliseconds = 0;

  /** An engine that has sent nothing yet. */
  constructor(options: EngineOptions) {
    const { server } = options;
    this.#servers = new ServerList("address" in server ? [server] : server);
    this.#config = { ...defaultConfig, ...options.config };
    this.#state = new ServerState(this.#config);
    this.#random = options.random;
    this.#pacer = new Pacer(this.#config);
    this.#randomWord = options.randomWord;
    this.#memory = new Memory(this.#config);
    this.#succession = new Succession(this.#memory);
    this.#recovery = new RecoverySchedule(this.#config);
    this.#probe = new AnnounceRequest(this.#config);
    this.#world = this.#makeWorld(options.clientAddress);
    this.#natPmp = this.#makeNatPmp();
    this.#mappings = new Mappings(this.#pacer);
    this.#negotiation = {
      world: this.#world,
      mappings: this.#mappings,
      pacer: this.#pacer,
      probe: this.#probe,
      state: this.#state,
      natPmp: this.#natPmp,
    };
  }

  /** When to call {@linkcode step} with a timeout at the latest; undefined when nothing is to be waited for. */
  get deadline(): Milliseconds | undefined {
    const earliest = Math.min(
      this.#mappings.deadlines.earliest,
      this.#pacer.deadline,
      this.#recovery.deadline,
      this.#probe.deadline,
      this.#natPmp.deadline,
    );
    return earliest === Infinity ? undefined : earliest;
  }

  /** The server's epoch as last told, in seconds, and when it came; undefined before the first response. */
  get epoch(): EpochSample | undefined {
    return this.#state.epoch ?? this.#natPmp.epoch;
  }

  /** Which of the server's addresses requests go to now. */
  get serverIndex(): number {
    return this.#servers.index;
  }

  /** Smoothed round trip to the server, undefined before the first answer. */
  get roundTrip(): Milliseconds | undefined {
    return this.#pacer.roundTrip;
  }

  /** The nonce of a mapping that is not over (RFC 6887 section 11.2): treat it as a secret. */
  nonceOf(id: MappingId): Nonce | undefined {
    return this.#mappings.get(id)?.nonce;
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
    this.#take(now, input);
    const isDue = this.#mappings.deadlines.earliest <= now || this.#recovery.deadline <= now ||
      this.#probe.deadline <= now || this.#natPmp.deadline <= now;
    if (isDue) this.#wakeDue(now);
    this.#giveTurns(now);
    const { outputs } = this.#world;
    this.#world.outputs = [];
    return outputs;
  }

  #take(now: Milliseconds, input: Input): void {
    switch (input.type) {
      case "request":
        return this.#request(now, input);
      case "datagram": {
        const reason = this.#datagram(now, input);
        if (reason !== undefined) this.#world.outputs.push({ type: "ignored", reason });
        return;
      }
      case "timeout":
        return;
      case "sendFailed": {
        const mapping = input.id === undefined ? undefined : this.#mappings.get(input.id);
        if (mapping !== undefined) this.#pacer.release(mapping);
        return;
      }
      case "renew":
        checkLifetime(input.lifetime, "Cannot renew a mapping");
        return this.#mappings.change(input.id, (mapping) => mapping.renew(now, input.lifetime));
      case "want":
        checkLifetimes(input.lifetimes, "Cannot change a mapping");
        return this.#mappings.change(input.id, (mapping) => mapping.want(now, input.lifetimes));
      case "release":
        return this.#release(now, input.id, input.as);
      case "announce":
        return this.#probe.start(now, this.#world.clientAddress, input.options);
      case "refresh":
        this.#state.restarted();
        return this.#recovery.arrange(now, 0);
      case "cancelAnnounce":
        return this.#probe.stop();
      case "unreachable":
        return this.#unreachable(now, input.index ?? this.#servers.index);
    }
  }

  #request(now: Milliseconds, input: Input & { type: "request" }): void {
    const { id, spec, lifetimes, known } = input;
    checkId(id, this.#lastId);
    checkLifetimes(lifetimes, "Cannot request a mapping");
    checkSpec(spec, this.#world.clientAddress);
    this.#lastId = id;
    const { before, remains } = this.#succession.claim(spec, now);
    const nonce = known?.nonce ?? remains?.nonce;
    const heldUntil = this.#memory.isEmpty
      ? -Infinity
      : this.#memory.heldUntil(requestKey(spec), now);
    const own = nonce ?? this.#newNonce();
    const mapping = new Mapping(id, spec, own, lifetimes, heldUntil, this.#world);
    if (remains !== undefined) mapping.inherit(remains);
    else if (known !== undefined) mapping.reclaim(known);
    this.#mappings.add(mapping);
    if (before === undefined) this.#pacer.enqueue(mapping);
    else this.#succession.wait(before, mapping);
    if (input.release !== undefined) this.#release(now, id, input.release);
  }

  /** Unguessable, and kept for the mapping's life (RFC 6887 section 11.2). */
  #newNonce(): Nonce {
    return new Nonce(this.#randomWord(), this.#randomWord(), this.#randomWord());
  }

  #release(now: Milliseconds, id: MappingId, endAs: "revoked" | "dropped"): void {
    this.#mappings.change(id, (mapping) => {
      mapping.release(now, endAs);
      if (mapping.phase === "deleting") this.#succession.deletes(mapping);
    });
  }

  /** RFC 6887 section 8.3, in its order; whatever fails a check changes nothing and returns why. */
  #datagram(
    now: Milliseconds,
    { bytes, source, multicast }: Input & { type: "datagram" },
  ): IgnoreReason | undefined {
    const { address, port } = this.#servers.current;
    if (source.port !== port || !source.address.equals(address)) return "source";
    const decoded = decodeResponse(bytes);
    if (!decoded.ok) {
      const isNatPmp = bytes[0] === NATPMP_VERSION && this.#natPmp.isInUse;
      return isNatPmp ? this.#natPmp.receive(now, bytes, multicast) : decoded.reason;
    }
    const response = decoded.value;
    const { type, result } = response;
    const isAnnouncement = type === "announce" && result === ResultCode.Success;
    if (multicast && !isAnnouncement) return "notAnnouncement";
    if (result === ResultCode.UnsuppVersion) return refuseVersion(this.#negotiation, now, response);
    switch (type) {
      case "announce":
        return this.#announce(now, response);
      case "map":
      case "peer":
        return this.#answer(now, response);
      default:
        return "unexpectedOpcode";
    }
  }

  #answer(now: Milliseconds, answer: MappingResponse): IgnoreReason | undefined {
    const mapping = this.#mappings.answeredBy(answer);
    if (mapping === undefined) return "unmatched";
    if (answer.optionFault !== undefined && needsOptionData(mapping.spec)) {
      return "malformedOptions";
    }
    this.#servers.answered();
    if (!this.#state.checkEpoch(now, answer.epoch)) {
      // What was just granted is known to the server (the round skips it), everything else may be gone.
      this.#recovery.arrange(now, 0);
      this.#world.outputs.push({ type: "serverRestarted", epoch: answer.epoch });
    }
    const wasRefused = this.#state.versionAccepted(now);
    if (wasRefused) this.#mappings.touchAll((mapping) => mapping.askAgain());
    if (mapping.awaiting) {
      this.#pacer.answered(mapping, mapping.lastSentAt, now, mapping.transmissions === 1);
    }
    const heldBefore = mapping.holdUntil;
    const ignored = mapping.answer(now, answer);
    this.#mappings.touched(mapping);
    if (mapping.holdUntil !== heldBefore) {
      this.#memory.hold(requestKey(mapping.spec), mapping.holdUntil, now);
    }
    if (ignored === undefined && answer.options.length > 0) this.#tellPrefixes(answer);
    return ignored;
  }

  #announce(now: Milliseconds, response: Response): IgnoreReason | undefined {
    const asked = this.#probe.isUnderWay;
    const { result, epoch } = response;
    if (result !== ResultCode.Success && !asked) return "notAnnouncement";
    this.#servers.answered();
    const isFirst = this.#state.epoch === undefined;
    const restarted = !this.#state.checkEpoch(now, epoch);
    if (restarted) this.#world.outputs.push({ type: "serverRestarted", epoch });
    this.#tellPrefixes(response);
    // A server that speaks for the first time, or again, may have waiting requests long between two repetitions.
    if (restarted || (isFirst && !asked)) {
      this.#recovery.arrange(now, this.#random() * this.#config.announceWait);
    }
    if (!asked) return undefined;
    if (result === ResultCode.Success) {
      this.#probe.stop();
      this.#world.outputs.push({ type: "announced", epoch, roundTrip: now - this.#probe.sentAt });
    } else {
      this.#probe.refuse(now + holdTime(result, response.lifetime, 0, this.#config));
      this.#world.outputs.push({
        type: "announceFailed",
        code: result,
        lifetime: response.lifetime,
      });
    }
    return undefined;
  }

  #unreachable(now: Milliseconds, index: number): void {
    if (index !== this.#servers.index) return; // it was left already
    this.#natPmp.unreachable();
    if (this.#servers.limit > 0) this.#nextServer(now);
  }

  /** The address does not answer: every exchange under way begins again at the next one (RFC 7488 section 3). */
  #nextServer(now: Milliseconds): void {
    const until = this.#servers.next(now);
    this.#state.moved();
    this.#natPmp.moved();
    if (until > now) this.#state.hold("all", until);
    this.#world.outputs.push({ type: "serverChanged", index: this.#servers.index });
    this.#mappings.touchAll((mapping) => {
      if (mapping.awaiting) mapping.startOver();
    });
    this.#probe.startOver(now);
  }

  /** Every message tells all its server's NAT64 prefixes, asked or not (RFC 7225 section 4.3). */
  #tellPrefixes({ options }: Response): void {
    const prefixes = options.filter((option) => option.type === "prefix64");
    if (prefixes.length > 0) this.#world.outputs.push({ type: "prefix64", prefixes });
  }

  #wakeDue(now: Milliseconds): void {
    this.#mappings.wakeDue(now);
    if (this.#recovery.takeDue(now)) {
      this.#pacer.slowDown();
      for (const mapping of this.#mappings) {
        if (mapping.generation !== this.#state.generation || mapping.phase === "starting") {
          this.#mappings.touch(mapping, () => mapping.recover(now));
        }
      }
    }
    this.#natPmp.wake(now);
    const { limit } = this.#servers;
    if (limit > 0 && this.#probe.isExhausted(now, limit)) this.#nextServer(now);
    const bytes = this.#probe.takeDue(now, this.#state.allHeldUntil, this.#random);
    if (bytes === undefined) return;
    this.#servers.asked(now);
    this.#world.outputs.push({ type: "send", bytes, id: undefined });
  }

  /** Lets those in line send while the window allows it. */
  #giveTurns(now: Milliseconds): void {
    while (true) {
      const mapping = this.#pacer.next(now);
      if (mapping === undefined) return;
      const until = this.#state.heldUntil(mapping);
      if (until > now) mapping.postpone(until);
      else {
        this.#servers.asked(now);
        mapping.turn(now);
        this.#pacer.sent(mapping, now, mapping.transmissions > 1);
      }
      this.#mappings.touched(mapping);
    }
  }

  #makeNatPmp(): NatPmp {
    return new NatPmp({
      config: this.#config,
      send: (bytes, { id }) => this.#world.outputs.push({ type: "send", bytes, id }),
      answer: (mapping, answer) =>
        this.#mappings.touch(mapping, () => void mapping.answer(this.#now, answer)),
      giveUp: (mapping, hold) =>
        this.#mappings.touch(mapping, () => mapping.refuseVersion(this.#now, hold)),
      heard: () => this.#mappings.touchAll((mapping) => mapping.askAgain()),
      restarted: (epoch) => {
        this.#state.restarted();
        this.#world.outputs.push({ type: "serverRestarted", epoch });
        this.#recovery.arrange(this.#now, this.#random() * this.#config.announceWait);
      },
      readdressed: (address) => this.#mappings.touchAll((mapping) => mapping.readdress(address)),
    });
  }

  #makeWorld(clientAddress: IpAddress): MappingContext {
    return {
      config: this.#config,
      clientAddress,
      server: this.#state,
      random: this.#random,
      external: undefined,
      outputs: [],
      enqueue: (mapping) => {
        if (this.#natPmp.isInUse) this.#natPmp.remove(mapping);
        this.#pacer.enqueue(mapping);
      },
      dequeue: (mapping) => {
        if (this.#natPmp.isInUse) this.#natPmp.remove(mapping);
        this.#pacer.forget(mapping);
      },
      ended: (mapping) => {
        for (const heir of this.#succession.ended(mapping, this.#now)) this.#pacer.enqueue(heir);
      },
      transmissionLimit: this.#servers.limit,
      serverSilent: () => this.#nextServer(this.#now),
    };
  }
}
