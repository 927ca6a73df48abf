import { AnnounceRequest } from "./announce_request.ts";
import { checkId, checkLifetime, checkLifetimes, checkSpec } from "./check_spec.ts";
import { defaultConfig, type EngineConfig } from "./config.ts";
import type { EngineOptions } from "./engine_options.ts";
import type { EpochSample } from "./epoch.ts";
import type { KnownGateway } from "./gateway_knowledge.ts";
import type {
  IgnoreReason,
  Input,
  KnownMapping,
  MappingId,
  Milliseconds,
  Output,
} from "./events.ts";
import { heldUntil } from "./exchange.ts";
import { knownOf } from "./held_mapping.ts";
import * as lifecycle from "./lifecycle.ts";
import { Mapping } from "./mapping.ts";
import type { MappingContext } from "./mapping_context.ts";
import type { MappingSpec } from "./mapping_spec.ts";
import { Mappings } from "./mappings.ts";
import { newNonce } from "./new_nonce.ts";
import { Pacer } from "./pacer.ts";
import { type EndedMapping, PortReuse } from "./port_reuse.ts";
import { PROTOCOLS } from "./protocol.ts";
import { ProtocolChoice } from "./protocol_choice.ts";
import { Reception } from "./reception.ts";
import { RecoverySchedule } from "./recovery_schedule.ts";
import { RequestHolds } from "./request_holds.ts";
import { ServerList } from "./server_list.ts";
import { ServerState } from "./server_state.ts";

/**
 * The protocol machine for one server, without clock, socket or source of random numbers.
 *
 * Inputs go into {@linkcode step} with their time; every consequence comes back as an output, in order. Mistakes of the
 * caller throw, mistakes of the server never do.
 */
export class Engine {
  readonly #config: EngineConfig;
  readonly #randomWord: () => number;
  readonly #servers: ServerList;
  readonly #state: ServerState;
  readonly #pacer: Pacer<Mapping>;
  readonly #mappings: Mappings;
  readonly #portReuse: PortReuse;
  readonly #holds = new RequestHolds();
  readonly #recovery: RecoverySchedule;
  readonly #announceRequest: AnnounceRequest;
  readonly #choice: ProtocolChoice;
  readonly #reception: Reception;
  readonly #context: MappingContext;
  #lastId = -1;

  /** An engine that has sent nothing yet. */
  constructor(options: EngineOptions) {
    const { server } = options;
    this.#config = { ...defaultConfig, ...options.config };
    this.#randomWord = options.randomWord;
    this.#servers = new ServerList("address" in server ? [server] : server);
    this.#state = new ServerState(this.#config);
    this.#pacer = new Pacer(this.#config);
    this.#mappings = new Mappings(this.#pacer);
    this.#portReuse = new PortReuse(this.#config);
    this.#recovery = new RecoverySchedule(this.#config);
    this.#announceRequest = new AnnounceRequest(this.#config);
    this.#context = this.#makeContext(options);
    const parts = {
      context: this.#context,
      mappings: this.#mappings,
      announceRequest: this.#announceRequest,
      servers: this.#servers,
      pacer: this.#pacer,
      recovery: this.#recovery,
    };
    this.#choice = new ProtocolChoice({
      ...parts,
      protocols: options.protocols ?? PROTOCOLS,
      fallbacks: options.fallbacks ?? [],
    });
    this.#reception = new Reception({ ...parts, holds: this.#holds, choice: this.#choice });
  }

  /** When to call {@linkcode step} with a timeout at the latest; undefined if nothing is to be waited for. */
  get deadline(): Milliseconds | undefined {
    const earliest = Math.min(
      this.#mappings.deadlines.earliest,
      this.#pacer.deadline,
      this.#recovery.deadline,
      this.#announceRequest.deadline,
      this.#choice.deadline,
    );
    return earliest === Infinity ? undefined : earliest;
  }

  /** The server's last epoch, in seconds, and when it came; undefined before the first response. */
  get epoch(): EpochSample | undefined {
    return this.#state.epoch ?? this.#choice.natPmpEpoch;
  }

  /** What is known of the gateway. */
  get gateway(): KnownGateway {
    return this.#choice.knowledge;
  }

  /** Index of the server's address that requests go to now. */
  get serverIndex(): number {
    return this.#servers.index;
  }

  /** Smoothed round trip to the server, undefined before the first response. */
  get roundTrip(): Milliseconds | undefined {
    return this.#pacer.roundTrip;
  }

  /** What another engine needs to request the mapping again; undefined if that is over. */
  known(id: MappingId): KnownMapping | undefined {
    const mapping = this.#mappings.get(id);
    return mapping && knownOf(mapping);
  }

  /** What an ended mapping with the same key leaves to a new one (RFC 6887 section 15). */
  reusable(now: Milliseconds, spec: MappingSpec): EndedMapping | undefined {
    return this.#portReuse.find(spec, now);
  }

  /** What ended mappings leave to new ones, for an engine that continues with this server later; some may have expired. */
  get ended(): readonly EndedMapping[] {
    return this.#portReuse.left;
  }

  /**
   * Takes one input and returns all that follows from it, in order.
   *
   * @param now Monotonic time in milliseconds, never less than before.
   * @throws {RangeError | TypeError} If the caller requests what RFC 6887 forbids, or uses an id wrongly.
   */
  step(now: Milliseconds, input: Input): Output[] {
    const context = this.#context;
    context.now = now;
    this.#take(now, input);
    this.#wakeDue(now);
    this.#sendQueued(now);
    const { outputs } = context;
    context.outputs = [];
    return outputs;
  }

  #take(now: Milliseconds, input: Input): void {
    const context = this.#context;
    switch (input.type) {
      case "request":
        return this.#request(now, input);
      case "datagram":
        return this.#ignore(this.#reception.receive(now, input));
      case "upnp":
        return this.#ignore(this.#choice.receiveUpnp(now, input.event));
      case "timeout":
        return;
      case "sendFailed": {
        const mapping = input.id === undefined ? undefined : this.#mappings.get(input.id);
        if (mapping !== undefined) this.#pacer.release(mapping);
        return this.#choice.sendFailed(now);
      }
      case "renew":
        checkLifetime(input.lifetime, "Cannot renew a mapping");
        return this.#change(this.#mappings.find(input.id), lifecycle.renew, input.lifetime);
      case "want":
        checkLifetimes(input.lifetimes, "Cannot change a mapping");
        return this.#change(this.#mappings.find(input.id), lifecycle.want, input.lifetimes);
      case "conflict": {
        const mapping = this.#mappings.get(input.id);
        if (mapping !== undefined) this.#change(mapping, lifecycle.losePort, undefined);
        return;
      }
      case "release":
        return this.#release(input.id, input.as);
      case "announce":
        this.#announceRequest.start(now, context.clientAddress, input.options);
        if (!context.allowsPcp) this.#choice.refuseAnnounce();
        return;
      case "refresh":
        this.#state.restarted();
        this.#choice.refresh(now);
        return this.#recovery.schedule(now, 0);
      case "cancelAnnounce":
        return this.#announceRequest.stop();
      case "inquire":
        return this.#choice.inquire(now);
      case "cancelInquiry":
        return this.#choice.cancelInquiry();
      case "unreachable":
        if ((input.index ?? this.#servers.index) !== this.#servers.index) return; // not used any more
        this.#choice.unreachable(now, input.what !== "host");
        if (this.#servers.limit > 0) this.#nextServer(now);
    }
  }

  #ignore(reason: IgnoreReason | undefined): void {
    if (reason !== undefined) this.#context.outputs.push({ type: "ignored", reason });
  }

  #request(now: Milliseconds, input: Input & { type: "request" }): void {
    const { id, spec, lifetimes, known } = input;
    checkId(id, this.#lastId);
    checkLifetimes(lifetimes, "Cannot request a mapping");
    checkSpec(spec, this.#context.clientAddress);
    this.#lastId = id;
    const { predecessor, reusable, isRecent } = this.#portReuse.claim(spec, now);
    const nonce = known?.nonce ?? reusable?.nonce ?? newNonce(this.#randomWord);
    const mapping = new Mapping(id, spec, nonce, lifetimes);
    if (reusable !== undefined) mapping.adopt(reusable, isRecent);
    else if (known !== undefined) {
      mapping.restore(known);
      this.#choice.restored(now, known);
    }
    this.#holds.apply(mapping, now);
    this.#mappings.add(mapping);
    if (predecessor === undefined) this.#pacer.enqueue(mapping);
    else predecessor.deletion?.successors.push(mapping);
    if (input.release !== undefined) this.#release(id, input.release);
  }

  #release(id: MappingId, endAs: "revoked" | "dropped"): void {
    this.#change(this.#mappings.find(id), lifecycle.release, endAs);
  }

  /** The server's address does not answer: each exchange starts over with the next address (RFC 7488 section 3). */
  #nextServer(now: Milliseconds): void {
    const until = this.#servers.next(now);
    this.#state.moved();
    this.#choice.moved(now);
    if (until > now) this.#state.hold("all", until);
    this.#context.outputs.push({ type: "serverChanged", index: this.#servers.index });
    for (const mapping of this.#mappings) {
      if (mapping.unanswered === undefined) continue;
      this.#change(mapping, lifecycle.dispatch, "startOver");
    }
    this.#announceRequest.startOver(now);
  }

  /** Runs an event of the mapping's life. */
  #change<Data, Result>(
    mapping: Mapping,
    event: (context: MappingContext, mapping: Mapping, data: Data) => Result,
    data: Data,
  ): Result {
    const result = event(this.#context, mapping, data);
    this.#mappings.afterChange(mapping);
    return result;
  }

  #wakeDue(now: Milliseconds): void {
    let mapping: Mapping | undefined;
    while ((mapping = this.#mappings.deadlines.due(now)) !== undefined) {
      this.#change(mapping, lifecycle.wake, undefined);
    }
    if (this.#recovery.deadline <= now) this.#recover();
    if (this.#choice.deadline <= now) this.#choice.wake(now);
    if (this.#announceRequest.deadline <= now) this.#sendAnnounce(now);
  }

  /** Requests anew what the server may have lost, in a small window (RFC 6887 section 14.1.3). */
  #recover(): void {
    this.#recovery.begin();
    this.#pacer.slowDown();
    for (const mapping of this.#mappings) {
      const { lease } = mapping;
      if (lease?.serverGeneration === this.#state.generation(lease?.protocol ?? "pcp")) continue; // granted since
      this.#change(mapping, lifecycle.dispatch, "recover");
    }
  }

  #sendAnnounce(now: Milliseconds): void {
    const { limit } = this.#servers;
    if (limit > 0 && this.#announceRequest.isExhausted(now, limit)) this.#nextServer(now);
    const until = this.#state.heldUntil(false, false);
    const bytes = this.#announceRequest.takeDue(now, until, this.#context.random);
    if (bytes === undefined) return;
    this.#servers.asked(now);
    this.#context.outputs.push({ type: "send", bytes, id: undefined });
    this.#choice.sent(now, "announce");
  }

  /** Sends the requests in the queue, as many as the window allows. */
  #sendQueued(now: Milliseconds): void {
    let mapping: Mapping | undefined;
    while ((mapping = this.#pacer.next(now)) !== undefined) {
      const until = heldUntil(this.#context, mapping);
      if (until > now) lifecycle.postpone(mapping, until);
      else {
        this.#servers.asked(now);
        const isInPcp = this.#context.usesPcp(mapping);
        lifecycle.dispatch(this.#context, mapping, "send");
        if (isInPcp) this.#choice.sent(now, mapping);
        else this.#choice.sendOtherwise(now, mapping);
        this.#pacer.sent(mapping, now, (mapping.exchange?.transmissions ?? 0) > 1);
      }
      this.#mappings.afterChange(mapping);
    }
  }

  #makeContext({ clientAddress, random, protocols = PROTOCOLS }: EngineOptions): MappingContext {
    return {
      config: this.#config,
      clientAddress,
      server: this.#state,
      random,
      transmissionLimit: this.#servers.limit,
      allowsPcp: protocols.includes("pcp"),
      usesPcp: (mapping) => this.#choice.usesPcp(this.#context.now, mapping),
      now: 0,
      outputs: [],
      enqueue: (mapping) => this.#pacer.enqueue(mapping),
      dequeue: (mapping) => {
        this.#choice.leave(mapping);
        this.#pacer.forget(mapping);
      },
      leaveFallbacks: (mapping) => this.#choice.leave(mapping),
      deleting: (mapping) => this.#portReuse.deleting(mapping),
      ended: (mapping, heldUntil) => {
        for (const successor of this.#portReuse.ended(mapping, this.#context.now, heldUntil)) {
          this.#pacer.enqueue(successor);
        }
      },
      serverSilent: () => this.#nextServer(this.#context.now),
    };
  }
}
