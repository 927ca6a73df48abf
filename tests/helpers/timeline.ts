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
import type { Protocol } from "../../src/engine/protocol.ts";
import { seededRandom, seededWords } from "../../src/testing/random.ts";
import type { Endpoint, IpAddress } from "../../src/wire/address.ts";
import { decodeRequest, encodeResponse, type Request } from "../../src/wire/message.ts";
import type { Option } from "../../src/wire/option.ts";
import { ResultCode } from "../../src/wire/result_code.ts";
import { golden } from "./golden.ts";
import { hex, octets } from "./hex.ts";
import { client4, external4, server4 } from "./specs.ts";

/** An output of the engine, and its time. */
export type Event = Output & { readonly at: Milliseconds };

/** A datagram that the engine sent. */
export interface Sent {
  readonly at: Milliseconds;
  readonly id: MappingId | undefined;
  readonly bytes: Uint8Array;
  /** The datagram as a PCP request; throws if it is none. */
  readonly request: Request;
}

type MapOrPeer = Request & { readonly type: "map" | "peer" };

/** Fields of a response that differ from those of a granted request. */
export interface ResponseFields {
  readonly result?: number;
  readonly lifetime?: number;
  readonly externalPort?: number;
  readonly externalAddress?: IpAddress;
  /** Default {@linkcode Timeline.epoch}. */
  readonly epoch?: number;
  readonly options?: readonly Option[];
}

export interface TimelineOptions {
  /** Seed of both generators. Default 1. */
  readonly seed?: number;
  /** In place of the generator with `seed`. */
  readonly random?: () => number;
  /** In place of the generator with `seed`. */
  readonly words?: () => number;
  readonly config?: Partial<EngineConfig>;
  /** Default PCP alone. */
  readonly protocols?: readonly Protocol[];
  readonly client?: IpAddress;
  readonly server?: Endpoint | readonly Endpoint[];
  /** The server's epoch time at time 0, in seconds. Default 1000. */
  readonly epoch?: number;
}

/**
 * Drives an engine through virtual time and records its outputs, so that a test reads as a timeline. Times are
 * milliseconds. After every step it asserts that the engine's deadline is not in the past.
 */
export class Timeline {
  readonly engine: Engine;
  /** Default source of datagrams. */
  readonly server: Endpoint;
  /** All outputs so far. */
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
      randomWord: options.words ?? seededWords(seed + 1),
      protocols: options.protocols ?? ["pcp"],
      config: options.config ?? {},
    });
  }

  /** The epoch time of a server without restarts, in seconds. */
  get epoch(): number {
    return this.#epochAtStart + Math.floor(this.now / 1000);
  }

  // ---- Inputs ----------------------------------------------------------------------------------------------------

  /** Advances to a time, with a timeout step at every deadline. */
  at(time: Milliseconds): this {
    assert(time >= this.now, `time goes forward: ${time} is before ${this.now}`);
    for (let due = this.engine.deadline; due !== undefined && due <= time;) {
      this.now = Math.max(this.now, due);
      this.step({ type: "timeout" });
      due = this.engine.deadline;
    }
    this.now = time;
    return this;
  }

  /** Advances by a duration, as {@linkcode at}. */
  pass(duration: Milliseconds): this {
    return this.at(this.now + duration);
  }

  /**
   * Advances to a time with a server that answers the requests of mappings after `latency`, with the fields that
   * `respond` returns, or not at all if it returns undefined. Returns the requests.
   */
  serve(
    until: Milliseconds,
    respond: (sent: Sent) => ResponseFields | undefined = () => ({}),
    latency: Milliseconds = 0,
  ): Sent[] {
    const sends: Sent[] = [];
    const responses: { readonly at: Milliseconds; readonly bytes: Uint8Array }[] = [];
    while (true) {
      for (const sent of this.takeSends()) {
        sends.push(sent);
        const fields = sent.id === undefined ? undefined : respond(sent);
        if (fields !== undefined) {
          responses.push({ at: sent.at + latency, bytes: this.answerTo(sent.request, fields) });
        }
      }
      const arrival = responses[0]?.at ?? Infinity;
      const next = Math.min(arrival, this.engine.deadline ?? Infinity);
      if (next > until) break;
      this.at(next);
      if (arrival <= next) this.receive(responses.shift()?.bytes ?? new Uint8Array());
    }
    this.at(until);
    return sends;
  }

  /** Advances to the next send and returns it; throws if there is none until `limit`. */
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

  /** Requests a mapping and returns its id. */
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

  /** Delivers the response to the mapping's latest request, by default a success. */
  answer(id: MappingId, fields: ResponseFields = {}): this {
    return this.receive(this.answerTo(this.latest(id), fields));
  }

  /** Delivers an error response to the mapping's latest request. */
  refuse(id: MappingId, result: number, lifetime: number, fields: ResponseFields = {}): this {
    return this.answer(id, { ...fields, result, lifetime });
  }

  /** Delivers an ANNOUNCE response, solicited or not. */
  announce(
    epoch = this.epoch,
    from: { readonly multicast?: boolean; readonly source?: Endpoint; readonly result?: number } =
      {},
  ): this {
    const { multicast = true, source = this.server, result = ResultCode.Success } = from;
    const bytes = encodeResponse({ type: "announce", result, lifetime: 0, epoch });
    return this.receive(bytes, { multicast, source });
  }

  /** Delivers a datagram, by default from the server. */
  receive(
    bytes: Uint8Array,
    from: { readonly multicast?: boolean; readonly source?: Endpoint } = {},
  ): this {
    const { multicast = false, source = this.server } = from;
    return this.step({ type: "datagram", bytes, source, multicast });
  }

  /** Passes an input to the engine. */
  step(input: Input): this {
    for (const output of this.engine.step(this.now, input)) {
      this.log.push({ ...output, at: this.now });
    }
    const { deadline } = this.engine;
    assert(deadline === undefined || deadline > this.now, `deadline ${deadline} at ${this.now}`);
    return this;
  }

  // ---- Outputs ---------------------------------------------------------------------------------------------------

  /** The sends that no method has returned yet, at most `most`. */
  takeSends(most = Infinity): Sent[] {
    const sends: Sent[] = [];
    for (; this.#sendsTaken < this.log.length && sends.length < most; this.#sendsTaken++) {
      const event = this.log[this.#sendsTaken];
      if (event?.type === "send") sends.push(decoded(event));
    }
    return sends;
  }

  /** Asserts the number of sends since the last call of such a method, and returns them. */
  sends(count: number): Sent[] {
    const sends = this.takeSends();
    assertEquals(sends.length, count, `sends until ${this.now}`);
    return sends;
  }

  /** As {@linkcode sends}, for one send. */
  send(): Sent {
    const [sent] = this.sends(1);
    assertExists(sent);
    return sent;
  }

  /** Advances to a time and asserts that there were no sends since the last call of such a method. */
  silentUntil(time: Milliseconds): this {
    this.at(time).sends(0);
    return this;
  }

  /** The other outputs since the last call, except those about the gateway and the socket. */
  takeEvents(): Exclude<Event, { type: "send" }>[] {
    const events = this.log.slice(this.#eventsTaken).filter(({ type }) => !UNCOUNTED.has(type));
    this.#eventsTaken = this.log.length;
    return events.filter((event) => event.type !== "send");
  }

  /** The reasons of ignored datagrams since the last call; throws if there were other outputs. */
  ignored(): IgnoreReason[] {
    return this.takeEvents().map((event) => {
      assert(event.type === "ignored", `only ignored datagrams, got ${event.type}`);
      return event.reason;
    });
  }

  /** All states of a mapping so far. */
  states(id: MappingId): MappingState[] {
    return this.log.flatMap((event) =>
      event.type === "state" && event.id === id ? [event.state] : []
    );
  }

  /** The present state of a mapping. */
  state(id: MappingId): MappingState {
    return this.states(id).at(-1) ?? { type: "requested" };
  }

  /** All outputs of a type so far. */
  events<T extends Output["type"]>(type: T): (Extract<Output, { type: T }> & Event)[] {
    return this.log.filter((event): event is Extract<Output, { type: T }> & Event =>
      event.type === type
    );
  }

  /** All sends so far. */
  allSends(): Sent[] {
    return this.log.flatMap((event) => event.type === "send" ? [decoded(event)] : []);
  }

  /** The latest request of a mapping. */
  latest(id: MappingId): MapOrPeer {
    const sent = this.log.findLast((event) => event.type === "send" && event.id === id);
    assert(sent?.type === "send", `mapping ${id} sent nothing`);
    return mapOrPeer(decoded(sent).request);
  }

  /** The response to a request, by default a success. */
  answerTo(request: Request, fields: ResponseFields = {}): Uint8Array {
    const requested = mapOrPeer(request);
    const { result = ResultCode.Success, options = [] } = fields;
    const isDeletion = requested.lifetime === 0;
    const isSuccess = result === ResultCode.Success && !isDeletion;
    return encodeResponse({
      ...requested,
      result,
      lifetime: fields.lifetime ?? (result === ResultCode.Success ? requested.lifetime : 30),
      epoch: fields.epoch ?? this.epoch,
      externalPort: fields.externalPort ?? (isSuccess ? 40000 : requested.externalPort),
      externalAddress: fields.externalAddress ??
        (isSuccess ? external4 : requested.externalAddress),
      options,
    });
  }
}

const UNCOUNTED: ReadonlySet<Output["type"]> = new Set(["gateway", "newSocket"]);

/** A timeline at time 0 with one granted mapping, by default for 7200 s; its outputs so far are taken. */
export function granted(
  spec: MappingSpec,
  fields: ResponseFields = {},
  options: TimelineOptions & { readonly lifetimes?: number } = {},
): { t: Timeline; id: MappingId } {
  const t = new Timeline(options);
  const id = t.request(spec, options.lifetimes ?? Infinity);
  t.answer(id, fields);
  t.takeSends();
  t.takeEvents();
  return { t, id };
}

/** The octets of a golden message. */
export function goldenBytes(name: keyof typeof golden): Uint8Array {
  return octets(golden[name]);
}

/** Asserts that octets are those of a golden message. */
export function assertGolden(bytes: Uint8Array, name: keyof typeof golden): void {
  assertEquals(hex(bytes), golden[name], name);
}

/** Returns the numbers one after the other, then the last one again and again. */
export function scripted(...numbers: readonly number[]): () => number {
  let next = 0;
  return () => numbers[Math.min(next++, numbers.length - 1)] ?? 0;
}

/** The request as MAP or PEER; throws if it is neither. */
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
