import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Engine } from "../../src/engine/engine.ts";
import type { Input, MappingId, Output } from "../../src/engine/events.ts";
import { seededRandom, seededWords } from "../../src/testing/random.ts";
import { IpAddress } from "../../src/wire/address.ts";
import { encodeResponse } from "../../src/wire/message.ts";
import { decodeRequest } from "../../src/wire/message.ts";
import { client4, mapSpec, peerSpec, server4 } from "../helpers/specs.ts";
import { address, octets } from "./arbitraries.ts";
import { mutate } from "./mutate.ts";
import type { Target } from "./target.ts";

/** An input for an engine, or time that passes. Inputs that are impossible at the time are left out. */
type Action =
  | {
    readonly type: "request";
    readonly port: number;
    readonly peer: boolean;
    readonly times: number;
  }
  | { readonly type: "renew" | "want" | "release"; readonly which: number; readonly number: number }
  | { readonly type: "announce" | "cancelAnnounce" | "unreachable" }
  | { readonly type: "pass"; readonly seconds: number }
  | { readonly type: "sendFailed"; readonly which: number }
  /** The response to a request, with some octets changed unless `mutation` is 0. */
  | {
    readonly type: "answer";
    readonly which: number;
    readonly result: number;
    readonly lifetime: number;
    readonly epoch: number;
    readonly port: number;
    readonly mutation: number;
  }
  | {
    readonly type: "garbage";
    readonly bytes: Uint8Array;
    readonly from: IpAddress;
    readonly multicast: boolean;
  };

const index = fc.nat(20);

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("request" as const),
      port: fc.integer({ min: 1, max: 5 }),
      peer: fc.boolean(),
      times: fc.constantFrom(1, 2, Infinity, Infinity),
    }),
  },
  fc.record({
    type: fc.constantFrom("renew" as const, "want" as const, "release" as const),
    which: index,
    number: fc.integer({ min: 1, max: 90_000 }),
  }),
  fc.record({
    type: fc.constantFrom("announce" as const, "cancelAnnounce" as const, "unreachable" as const),
  }),
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("pass" as const),
      seconds: fc.oneof(fc.nat(10), fc.nat(100_000)),
    }),
  },
  fc.record({ type: fc.constant("sendFailed" as const), which: index }),
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant("answer" as const),
      which: index,
      result: fc.oneof(fc.constant(0), fc.constant(0), fc.nat(30)),
      lifetime: fc.oneof(fc.nat(10_000), fc.constantFrom(0, 0xffff_ffff)),
      epoch: fc.nat(200_000),
      port: fc.nat(0xffff),
      mutation: fc.oneof(fc.constant(0), fc.nat(1e6)),
    }),
  },
  fc.record({
    type: fc.constant("garbage" as const),
    bytes: octets(80),
    from: address,
    multicast: fc.boolean(),
  }),
);

/** An engine with random inputs. */
export const engine: Target = {
  name: "engine",
  invariant:
    "For any inputs an engine never throws because of the peer, sends no more than its window in one step, has no deadline in the past after two timeouts, ignores other sources, and ends every released mapping.",
  shortRounds: 8,
  inputsPerRound: 25 * 40,
  start: () => ({
    round: (seed) => {
      const property = fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
        const run = new EngineRun(seed);
        for (const each of actions) run.act(each);
        run.end();
      });
      fc.assert(property, { seed, numRuns: 25 });
    },
  }),
};

/** Most requests in one step: the pacer's largest window, and the ANNOUNCE. */
const MOST_SENDS = 129;

class EngineRun {
  readonly #engine: Engine;
  readonly #open = new Set<MappingId>();
  readonly #released = new Set<MappingId>();
  readonly #sent: Uint8Array[] = [];
  #now = 0;
  #lastId = 0;
  /** Consecutive timeouts that left a deadline in the past. */
  #overdue = 0;

  constructor(seed: number) {
    this.#engine = new Engine({
      // Two addresses, so that the engine also looks for the one that responds.
      server: [server4, { address: IpAddress.parse("192.168.1.2"), port: 5351 }],
      clientAddress: client4,
      random: seededRandom(seed + 1),
      randomWord: seededWords(seed + 2),
    });
  }

  act(action: Action): void {
    switch (action.type) {
      case "request": {
        const id = ++this.#lastId;
        const { port: internalPort } = action;
        const spec = action.peer ? peerSpec({ internalPort }) : mapSpec({ internalPort });
        this.#open.add(id);
        return void this.#step({ type: "request", id, spec, lifetimes: action.times });
      }
      case "renew":
        return this.#each(action.which, (id) => ({ type: "renew", id, lifetime: action.number }));
      case "want":
        return this.#each(action.which, (id) => ({ type: "want", id, lifetimes: action.number }));
      case "release":
        return this.#each(action.which, (id) => this.#release(id));
      case "sendFailed":
        return this.#each(action.which, (id) => ({ type: "sendFailed", id }));
      case "pass":
        return this.#pass(action.seconds * 1_000);
      case "answer":
        return this.#respond(action);
      case "garbage":
        return this.#garbage(action);
      default:
        return void this.#step({ type: action.type });
    }
  }

  /** Releases everything and waits for the end. */
  end(): void {
    for (const id of [...this.#open]) if (!this.#released.has(id)) this.#step(this.#release(id));
    this.#step({ type: "cancelAnnounce" });
    // The longest lifetime, once more for a request without response, and the longest errors.
    this.#pass(3 * 86_400_000 + 400_000_000);
    assertEquals([...this.#open], [], "mappings that never end");
    assertEquals(this.#engine.deadline, undefined, "the engine has no deadline");
  }

  #release(id: MappingId): Input {
    this.#released.add(id);
    return { type: "release", id, as: "revoked" };
  }

  #each(which: number, input: (id: MappingId) => Input): void {
    const ids = [...this.#open];
    const id = ids[which % Math.max(1, ids.length)];
    if (id !== undefined) this.#step(input(id));
  }

  #respond(action: Action & { readonly type: "answer" }): void {
    const request = this.#sent[this.#sent.length - 1 - action.which];
    const decoded = request === undefined ? undefined : decodeRequest(request);
    if (decoded?.ok !== true) return;
    const { result, lifetime, epoch } = action;
    const { value } = decoded;
    const header = { result, lifetime, epoch };
    const assigned = { externalPort: action.port, externalAddress: IpAddress.parse("203.0.113.5") };
    const bytes = encodeResponse(
      value.type === "map" || value.type === "peer"
        ? { ...value, ...header, ...assigned }
        : { ...value, ...header },
    );
    const changed = action.mutation === 0 ? bytes : mutate(bytes, seededRandom(action.mutation));
    this.#step({ type: "datagram", bytes: changed, source: server4, multicast: false });
  }

  /** A datagram from another source is ignored. */
  #garbage({ bytes, from, multicast }: Action & { readonly type: "garbage" }): void {
    this.#pass(0);
    const before = this.#engine.deadline;
    const source = { address: from, port: 5352 };
    const outputs = this.#step({ type: "datagram", bytes, source, multicast });
    assertEquals(outputs.map(({ type }) => type), ["ignored"]);
    assertEquals(this.#engine.deadline, before);
  }

  #pass(duration: number): void {
    const end = this.#now + duration;
    for (let due = this.#engine.deadline; due !== undefined && due <= end;) {
      this.#now = Math.max(this.#now, due);
      this.#step({ type: "timeout" });
      due = this.#engine.deadline;
    }
    this.#now = end;
  }

  #step(input: Input): Output[] {
    const outputs = this.#engine.step(this.#now, input);
    let sends = 0;
    for (const output of outputs) {
      if (output.type === "send") {
        sends++;
        this.#sent.push(output.bytes);
      } else if (output.type === "state") {
        assert(this.#open.has(output.id), "a mapping changes after its end");
        if (output.over) this.#open.delete(output.id);
      }
    }
    assert(sends <= MOST_SENDS, `${sends} sends in one step`);
    const { deadline } = this.#engine;
    const isPast = deadline !== undefined && deadline <= this.#now;
    this.#overdue = input.type === "timeout" && isPast ? this.#overdue + 1 : 0;
    assert(this.#overdue < 2, `woken for ${deadline} at ${this.#now} twice`);
    return outputs;
  }
}
