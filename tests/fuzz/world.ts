import { assert } from "@std/assert";
import { Engine } from "../../src/engine/engine.ts";
import type { Input, Output } from "../../src/engine/events.ts";
import { SimulatedServer } from "../../src/testing/server/simulated_server.ts";
import { seededRandom, seededWords } from "../../src/testing/random.ts";
import type { Datagram } from "../../src/testing/server/replies.ts";
import { TimeQueue } from "../../src/testing/server/time_queue.ts";
import { describe } from "../../src/wire/describe.ts";
import { NATPMP_VERSION } from "../../src/wire/constants.ts";
import { decodeResponse } from "../../src/wire/message.ts";
import { ResultCode } from "../../src/wire/result_code.ts";
import { client4, server4 } from "../helpers/specs.ts";
import { WireHistory } from "./wire_history.ts";
import { type ExpectedMapping, ExpectedMappings } from "./expected_mappings.ts";
import type { WorldPlan } from "./world_plan.ts";

/** Most requests in one step: the pacer's largest window, and the ANNOUNCE. */
const MOST_SENDS = 129;

/** More steps are taken for an endless loop. */
const MOST_STEPS = 2_000_000;

/** An engine and a simulated server with a random network between them. Checks the rules at every step. */
export class World {
  now = 0;
  readonly plan: WorldPlan;
  readonly queue = new TimeQueue<() => void>();
  readonly server: SimulatedServer;
  readonly expected: ExpectedMappings;
  readonly engine: Engine;
  /** Whether the faults are over. */
  calm = false;
  /** Answers requests before the server does. */
  forgeries: { some(): void } | undefined;
  /** End of the link's outage. */
  linkDownUntil = 0;
  /** End of the host's sleep, in which it neither receives nor wakes up. */
  asleepUntil = 0;
  readonly random: () => number;
  /** Number of steps of the engine so far. */
  steps = 0;
  /** Number of requests so far. */
  sends = 0;
  readonly #history = new WireHistory();
  readonly #trace: ((line: string) => void) | undefined;
  /** Mappings that were changed since {@linkcode World.forge} began. */
  readonly #changed = new Set<number>();
  /** Consecutive timeouts that left a deadline in the past. */
  #overdue = 0;

  constructor(plan: WorldPlan, trace: ((line: string) => void) | undefined) {
    this.plan = plan;
    this.random = seededRandom(plan.seed ^ 0x5eed);
    this.server = new SimulatedServer(plan.server);
    this.server.epoch(0);
    this.expected = new ExpectedMappings();
    this.engine = new Engine({
      server: server4,
      clientAddress: client4,
      random: seededRandom(plan.seed ^ 0xc11e47),
      randomWord: seededWords(plan.seed ^ 0x4044ce),
    });
    this.#trace = trace;
  }

  /** Mappings that a late copy of an earlier request created after their deletion. */
  get lateCreations(): number {
    return this.#history.lateCreations;
  }

  /** Passes an input to the engine and checks the outputs. */
  step(input: Input): void {
    assert(++this.steps < MOST_STEPS, "the world makes no progress");
    const outputs = this.engine.step(this.now, input);
    const isPcp = input.type === "datagram" && input.bytes[0] !== NATPMP_VERSION;
    let sends = 0;
    for (const output of outputs) {
      if (output.type === "send") {
        sends++;
        this.#send(output);
      } else if (this.#trace !== undefined) this.log(`   ${JSON.stringify(output)}`);
      this.expected.take(this.now, output, isPcp);
      if ("id" in output && output.id !== undefined && CHANGES.has(output.type)) {
        this.#changed.add(output.id);
      }
    }
    this.sends += sends;
    assert(sends <= MOST_SENDS, `${sends} sends in one step`);
    this.#checkDeadline(input);
    for (const mapping of this.expected.ended) this.#checkEnd(mapping, input);
    this.expected.ended = [];
  }

  /** Delivers a forged datagram: it must not change or end a mapping that PCP has granted. */
  forge(bytes: Uint8Array, multicast: boolean): void {
    if (this.now < this.asleepUntil) return;
    this.step({ type: "timeout" }); // what is due has nothing to do with it
    this.log(`forged ${describe(bytes)}`);
    const inPcp = new Set(
      [...this.expected.open.values()]
        .filter(({ assignment }) => assignment?.protocol === "pcp")
        .map(({ id }) => id),
    );
    this.#changed.clear();
    this.step({ type: "datagram", bytes, source: server4, multicast });
    const hurt = [...this.#changed].filter((id) => inPcp.has(id));
    assert(hurt.length === 0, `a forged datagram has changed ${hurt}`);
    this.#history.misled(this.#changed);
  }

  #checkEnd(mapping: ExpectedMapping, input: Input): void {
    const { releasedAt, state } = mapping;
    if (releasedAt === undefined || state.type === "error") return;
    const isAnswered = input.type === "datagram" &&
      (this.plan.natPmpOnly || input.bytes[3] === ResultCode.Success);
    // A shorter lifetime than the remaining one lets the mapping idle out, which confirms the deletion (RFC 6887 section 15).
    if (isAnswered && !this.plan.natPmpOnly && idlesOut(input.bytes, mapping, this.now)) return;
    if (isAnswered) {
      // What a request in the other protocol has made beside, and was not confirmed, may have to expire.
      const kind = input.bytes[0] === NATPMP_VERSION ? "natpmp" : "map";
      this.#history.checkDeleted(mapping, this.server, this.now, kind);
    } else if (releasedAt === this.now) this.#history.checkNotLeft(mapping, this.server, this.now);
  }

  /** After a timeout the deadline is in the future, at the latest after the second. */
  #checkDeadline(input: Input): void {
    const { deadline } = this.engine;
    const isPast = deadline !== undefined && deadline <= this.now;
    this.#overdue = input.type === "timeout" && isPast ? this.#overdue + 1 : 0;
    assert(this.#overdue < 2, `woken for ${deadline} twice`);
  }

  /** Sends the server's datagrams over the network. */
  deliver(datagrams: readonly Datagram[]): void {
    for (const { bytes, to } of datagrams) {
      if (to.address.family !== "IPv4") continue;
      const multicast = to.address.isMulticast;
      for (const delay of this.#delays()) {
        this.queue.push(this.now + delay, () => this.#receive(bytes, multicast));
      }
    }
  }

  log(line: string): void {
    this.#trace?.(`${(this.now / 1000).toFixed(3)} ${line}`);
  }

  #send({ bytes, id }: Output & { readonly type: "send" }): void {
    if (this.#trace !== undefined) this.log(`-> ${describe(bytes)} (${id})`);
    this.#history.sent(bytes, id);
    const { forgeries } = this.plan;
    if (!this.calm && forgeries > 0 && this.random() < forgeries) this.forgeries?.some();
    if (!this.calm && this.random() < 0.01) {
      this.queue.push(this.now + 1, () => this.step({ type: "sendFailed", id }));
      return;
    }
    const codes = new Set<number>();
    for (const delay of this.#delays()) {
      this.queue.push(this.now + delay, () => {
        if (!this.server.silent) this.#history.received(this.now, bytes);
        const answers = this.server.receive(this.now, bytes, CLIENT);
        this.#history.answered(id, answers, codes);
        this.deliver(answers);
      });
    }
  }

  #receive(bytes: Uint8Array, multicast: boolean): void {
    if (this.now < this.asleepUntil) return;
    if (this.#trace !== undefined) this.log(`<- ${describe(bytes)}`);
    this.step({ type: "datagram", bytes, source: server4, multicast });
  }

  /** Delay of each copy of a datagram; none if it is lost. */
  #delays(): readonly number[] {
    const { plan, random } = this;
    const delay = (): number => plan.minDelay + random() * (plan.maxDelay - plan.minDelay);
    if (this.calm) return [delay()];
    if (this.now < this.linkDownUntil || random() < plan.loss) return [];
    const first = delay() + (random() < plan.reorder ? random() * plan.reorderDelay : 0);
    if (random() >= plan.duplicate) return [first];
    return [first, delay() + random() * plan.reorderDelay];
  }

  /** Advances to a time. */
  runUntil(end: number): void {
    while (true) {
      const deadline = this.engine.deadline ?? Infinity;
      const wake = deadline === Infinity ? Infinity : Math.max(
        this.now,
        this.asleepUntil,
        deadline + (this.calm ? 0 : this.#lateness(deadline)),
      );
      const server = this.server.deadline ?? Infinity;
      const queued = this.queue.peek()?.at ?? Infinity;
      const next = Math.min(wake, server, queued);
      if (next > end) break;
      this.now = Math.max(this.now, next);
      if (queued <= next) this.queue.pop()?.value();
      else if (server <= next) this.deliver(this.server.timeout(this.now));
      else this.step({ type: "timeout" });
    }
    this.now = end;
  }

  /** Depends on the deadline alone, so that every call gives the same. */
  #lateness(deadline: number): number {
    return (deadline * 7.919 % 1) * this.plan.lateness;
  }

  /** Time after which client and server agree: the sum of the longest delays of every kind. */
  get settlingTime(): number {
    const { maxLifetime, server, maxErrorLifetime } = this.plan;
    const hold = Math.max(server.longErrorLifetime ?? 0, maxErrorLifetime, 1_800);
    return 1_000 * (1_127 + 2 * hold + 2 * maxLifetime + 200);
  }

  /** Client and server must have the same mappings. */
  checkAgreement(): void {
    const { server, expected } = this;
    const requested = new Set<string>();
    for (const mapping of expected.open.values()) {
      assert(
        mapping.releasedAt === undefined,
        `${mapping.id} is not released: ${text(mapping.state)}`,
      );
      if (mapping.lifetimes !== Infinity && mapping.assignment === undefined) continue;
      requested.add(this.#history.checkHeld(mapping, server, this.now));
    }
    const slack = 1_000 + this.plan.reorderDelay + this.plan.maxDelay;
    for (const { key, expires } of server.mappings.values()) {
      const expiresSoon = expires - this.now < slack;
      assert(requested.has(key) || expiresSoon, `the server has ${key}, which is not requested`);
    }
    this.#checkCounters();
  }

  /** Neither client nor server may have mappings or deadlines. */
  checkNothingLeft(): void {
    assert(this.expected.open.size === 0, `${this.expected.open.size} mappings never ended`);
    const held = [...this.server.mappings.keys()];
    assert(held.length === 0, `the server still has ${held}`);
    assert(
      this.engine.deadline === undefined,
      `the engine has the deadline ${this.engine.deadline}`,
    );
    this.#checkCounters();
  }

  #checkCounters(): void {
    const { violations, received } = this.server.counters;
    assert(Object.keys(violations).length === 0, `violations: ${text(violations)}`);
    assert(received["malformed"] === undefined, "the server received a malformed request");
  }
}

const CHANGES: ReadonlySet<Output["type"]> = new Set(["granted", "lost", "state"]);

const CLIENT = { address: client4, port: 50_000 };

function idlesOut(bytes: Uint8Array, { lastAssignment }: ExpectedMapping, now: number): boolean {
  const decoded = decodeResponse(bytes);
  if (!decoded.ok || decoded.value.type !== "map" || lastAssignment === undefined) return false;
  const { lifetime, externalPort, externalAddress } = decoded.value;
  return lifetime > 0 && now + lifetime * 1_000 < lastAssignment.expiresAt &&
    externalPort === lastAssignment.externalPort &&
    externalAddress.equals(lastAssignment.externalAddress);
}

function text(value: unknown): string {
  return JSON.stringify(value);
}
