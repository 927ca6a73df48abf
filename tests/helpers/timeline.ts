import { assert, assertEquals, assertExists } from "@std/assert";
import type { EngineConfig } from "../../src/engine/config.ts";
import { Engine } from "../../src/engine/engine.ts";
import type {
  IgnoreReason,
  Input,
  MappingId,
  MappingState,
  Milliseconds,
  Output,
} from "../../src/engine/events.ts";
import type { MappingSpec } from "../../src/engine/mapping_spec.ts";
import type { Endpoint, IpAddress } from "../../src/wire/address.ts";
import { decodeRequest, encodeResponse, type Request } from "../../src/wire/message.ts";
import type { Option } from "../../src/wire/option.ts";
import { ResultCode } from "../../src/wire/result_code.ts";
import { golden } from "./golden.ts";
import { hex, octets } from "./hex.ts";
import { seededRandom, seededWords } from "./random.ts";
import { client4, external4, server4 } from "./specs.ts";

/** One output of the engine, and when it came. */
export type Event = Output & { readonly at: Milliseconds };

/** One datagram that the engine wanted sent. */
export interface Sent {
  readonly at: Milliseconds;
  readonly id: MappingId | undefined;
  readonly bytes: Uint8Array;
  /** The datagram as PCP; fails if it is not. */
  readonly request: Request;
}

type MapOrPeer = Request & { readonly type: "map" | "peer" };

/** What a hand-made answer says; the rest is as a cooperative server would say it. */
export interface Answering {
  readonly result?: number;
  readonly lifetime?: number;
  readonly externalPort?: number;
  readonly externalAddress?: IpAddress;
  /** What the server's clock says; the timeline's {@linkcode Timeline.epoch} if left out. */
  readonly epoch?: number;
  readonly options?: readonly Option[];
}

export interface TimelineOptions {
  readonly seed?: number;
  /** Instead of the seed. */
  readonly random?: () => number;
  /** Instead of the seed. */
  readonly words?: () => number;
  readonly config?: Partial<EngineConfig>;
  readonly client?: IpAddress;
  readonly server?: Endpoint | readonly Endpoint[];
  /** The server's epoch at time 0. */
  readonly epoch?: number;
}

/**
 * Drives a bare engine through virtual time and remembers what it did, so that a test reads as a timeline. Times are
 * milliseconds. After every step it checks that the engine does not ask to be woken in the past.
 */
export class Timeline {
  readonly engine: Engine;
  /** Where datagrams come from if nothing else is said. */
  readonly server: Endpoint;
  /** Everything that happened so far. */
  readonly log: Event[] = [];
  now: Milliseconds = 0;
  readonly #epochAtStart: number;
  #lastId = 0;
  #sendsTaken = 0;
  #eventsTaken = 0;

  constructor(options: TimelineOptions = {}) {
    const seed = options.seed ?? 1;
    const { server = server4 } = options;
    this.server = "address" in server ? server : server[0] ?? server4;
    this.#epochAtStart = options.epoch ?? 1000;
    this.engine = new Engine({
      server,
      clientAddress: options.client ?? client4,
      random: options.random ?? seededRandom(seed),
      randomWord: options.words ?? seededWords(seed),
      config: options.config ?? {},
    });
  }

  /** What the clock of a server says that never restarted. */
  get epoch(): number {
    return this.#epochAtStart + Math.floor(this.now / 1000);
  }

  // ---- What happens ----------------------------------------------------------------------------------------------

  /** Lets time pass, with a timeout step whenever the engine asks for one. */
  at(time: Milliseconds): this {
    assert(time >= this.now, `time runs forwards: ${time} is before ${this.now}`);
    for (let due = this.engine.deadline; due !== undefined && due <= time;) {
      this.now = Math.max(this.now, due);
      this.step({ type: "timeout" });
      due = this.engine.deadline;
    }
    this.now = time;
    return this;
  }

  /** As {@linkcode at}, from now on. */
  pass(duration: Milliseconds): this {
    return this.at(this.now + duration);
  }

  /**
   * Lets time pass with a server that answers every mapping's request after `latency`, as `answering` says (undefined:
   * not at all). Gives what was sent.
   */
  serve(
    until: Milliseconds,
    answering: (sent: Sent) => Answering | undefined = () => ({}),
    latency: Milliseconds = 0,
  ): Sent[] {
    const sends: Sent[] = [];
    const answers: { readonly at: Milliseconds; readonly bytes: Uint8Array }[] = [];
    while (true) {
      for (const sent of this.takeSends()) {
        sends.push(sent);
        const says = sent.id === undefined ? undefined : answering(sent);
        if (says !== undefined) {
          answers.push({ at: sent.at + latency, bytes: this.answerTo(sent.request, says) });
        }
      }
      const arrival = answers[0]?.at ?? Infinity;
      const next = Math.min(arrival, this.engine.deadline ?? Infinity);
      if (next > until) break;
      this.at(next);
      if (arrival <= next) this.receive(answers.shift()?.bytes ?? new Uint8Array());
    }
    this.at(until);
    return sends;
  }

  /** Lets time pass to the next send and gives that; fails if none comes before `limit`. */
  nextSend(limit = Infinity): Sent {
    for (let due = this.engine.deadline; due !== undefined && due <= limit;) {
      const waiting = this.takeSends(1)[0];
      if (waiting !== undefined) return waiting;
      this.at(due);
      due = this.engine.deadline;
    }
    const sent = this.takeSends(1)[0];
    assertExists(sent, `nothing is sent until ${limit}`);
    return sent;
  }

  /** Wants a mapping and gives its id. */
  request(spec: MappingSpec, lifetimes = Infinity): MappingId {
    const id = ++this.#lastId;
    this.step({ type: "request", id, spec, lifetimes });
    return id;
  }

  renew(id: MappingId, lifetime: number): this {
    return this.step({ type: "renew", id, lifetime });
  }

  release(id: MappingId, as: "revoked" | "dropped" = "revoked"): this {
    return this.step({ type: "release", id, as });
  }

  /** The server's answer to the mapping's latest request: a success unless `answering` says otherwise. */
  answer(id: MappingId, answering: Answering = {}): this {
    return this.receive(this.answerTo(this.latest(id), answering));
  }

  /** The server refuses the mapping's latest request. */
  refuse(id: MappingId, result: number, lifetime: number, answering: Answering = {}): this {
    return this.answer(id, { ...answering, result, lifetime });
  }

  /** The server answers ANNOUNCE, or announces by itself. */
  announce(
    epoch = this.epoch,
    from: { readonly multicast?: boolean; readonly source?: Endpoint; readonly result?: number } =
      {},
  ): this {
    const { multicast = true, source = this.server, result = ResultCode.Success } = from;
    const bytes = encodeResponse({ type: "announce", result, lifetime: 0, epoch });
    return this.receive(bytes, { multicast, source });
  }

  /** A datagram comes in, from the server if nothing else is said. */
  receive(
    bytes: Uint8Array,
    from: { readonly multicast?: boolean; readonly source?: Endpoint } = {},
  ): this {
    const { multicast = false, source = this.server } = from;
    return this.step({ type: "datagram", bytes, source, multicast });
  }

  /** Any input at all. */
  step(input: Input): this {
    for (const output of this.engine.step(this.now, input)) {
      this.log.push({ ...output, at: this.now });
    }
    const { deadline } = this.engine;
    assert(deadline === undefined || deadline > this.now, `deadline ${deadline} at ${this.now}`);
    return this;
  }

  // ---- What came of it -------------------------------------------------------------------------------------------

  /** The sends since the last look, at most `most`. */
  takeSends(most = Infinity): Sent[] {
    const sends: Sent[] = [];
    for (; this.#sendsTaken < this.log.length && sends.length < most; this.#sendsTaken++) {
      const event = this.log[this.#sendsTaken];
      if (event?.type === "send") sends.push(decoded(event));
    }
    return sends;
  }

  /** Asserts that this many requests left since the last look, and gives them. */
  sends(count: number): Sent[] {
    const sends = this.takeSends();
    assertEquals(sends.length, count, `sends until ${this.now}`);
    return sends;
  }

  /** Asserts that exactly one request left since the last look, and gives it. */
  send(): Sent {
    const [sent] = this.sends(1);
    assertExists(sent);
    return sent;
  }

  /** Lets time pass and asserts that nothing is sent meanwhile, nor was since the last look. */
  silentUntil(time: Milliseconds): this {
    this.at(time).sends(0);
    return this;
  }

  /** What else came since the last look. */
  takeEvents(): Exclude<Event, { type: "send" }>[] {
    const events = this.log.slice(this.#eventsTaken).filter((event) => event.type !== "send");
    this.#eventsTaken = this.log.length;
    return events;
  }

  /** The reasons why datagrams were ignored since the last look; fails if anything else happened. */
  ignored(): IgnoreReason[] {
    return this.takeEvents().map((event) => {
      assert(event.type === "ignored", `only ignored datagrams, got ${event.type}`);
      return event.reason;
    });
  }

  /** All states of the mapping so far. */
  states(id: MappingId): MappingState[] {
    return this.log.flatMap((event) =>
      event.type === "state" && event.id === id ? [event.state] : []
    );
  }

  /** The state of the mapping now. */
  state(id: MappingId): MappingState {
    return this.states(id).at(-1) ?? { type: "requested" };
  }

  /** All events of one type so far. */
  events<T extends Output["type"]>(type: T): (Extract<Output, { type: T }> & Event)[] {
    return this.log.filter((event): event is Extract<Output, { type: T }> & Event =>
      event.type === type
    );
  }

  /** Every send so far. */
  allSends(): Sent[] {
    return this.log.flatMap((event) => event.type === "send" ? [decoded(event)] : []);
  }

  /** The mapping's latest request. */
  latest(id: MappingId): MapOrPeer {
    const sent = this.log.findLast((event) => event.type === "send" && event.id === id);
    assert(sent?.type === "send", `mapping ${id} sent nothing`);
    return mapOrPeer(decoded(sent).request);
  }

  /** What a server would answer to the request. */
  answerTo(request: Request, answering: Answering = {}): Uint8Array {
    const wanted = mapOrPeer(request);
    const { result = ResultCode.Success, options = [] } = answering;
    const deletes = wanted.lifetime === 0;
    const isSuccess = result === ResultCode.Success && !deletes;
    return encodeResponse({
      ...wanted,
      result,
      lifetime: answering.lifetime ?? (result === ResultCode.Success ? wanted.lifetime : 30),
      epoch: answering.epoch ?? this.epoch,
      externalPort: answering.externalPort ?? (isSuccess ? 40000 : wanted.externalPort),
      externalAddress: answering.externalAddress ??
        (isSuccess ? external4 : wanted.externalAddress),
      options,
    });
  }
}

/** A timeline at time 0 with one mapping that has just been granted (7200 s unless said otherwise), all looked at. */
export function granted(
  spec: MappingSpec,
  answering: Answering = {},
  options: TimelineOptions & { readonly lifetimes?: number } = {},
): { t: Timeline; id: MappingId } {
  const t = new Timeline(options);
  const id = t.request(spec, options.lifetimes ?? Infinity);
  t.answer(id, answering);
  t.takeSends();
  t.takeEvents();
  return { t, id };
}

/** As the octets of a golden message. */
export function goldenBytes(name: keyof typeof golden): Uint8Array {
  return octets(golden[name]);
}

/** Asserts that the octets are those of a golden message. */
export function assertGolden(bytes: Uint8Array, name: keyof typeof golden): void {
  assertEquals(hex(bytes), golden[name], name);
}

/** The request as MAP or PEER. */
export function mapOrPeer(request: Request): MapOrPeer {
  assert(request.type === "map" || request.type === "peer", `MAP or PEER, got ${request.type}`);
  return request;
}

function decoded({ at, id, bytes }: Event & { type: "send" }): Sent {
  return {
    at,
    id,
    bytes,
    get request() {
      const request = decodeRequest(bytes);
      assert(request.ok, `not a well-formed PCP request: ${hex(bytes)}`);
      return request.value;
    },
  };
}
