import { assert } from "@std/assert";
import { Engine } from "../../src/engine/engine.ts";
import type { Input, Output } from "../../src/engine/events.ts";
import { SimulatedServer } from "../../src/testing/server/simulated_server.ts";
import { seededRandom, seededWords } from "../../src/testing/random.ts";
import type { Datagram } from "../../src/testing/server/replies.ts";
import { client4, server4 } from "../helpers/specs.ts";
import { Acts } from "./acts.ts";
import { EventQueue } from "./event_queue.ts";
import { MappingRecords } from "./ledger.ts";
import { Misfortunes } from "./misfortunes.ts";
import { decodeResponse } from "../../src/wire/message.ts";
import { ResultCode } from "../../src/wire/result_code.ts";
import { type Wish, Wishes } from "./wishes.ts";
import { planWorld, type WorldPlan } from "./world_plan.ts";

/** What a world was like. */
export interface WorldResult {
  /** Milliseconds of virtual time. */
  readonly simulated: number;
  readonly steps: number;
  readonly sends: number;
  /** Mappings that a late copy of an old request made after their deletion: nobody can prevent it, and they expire. */
  readonly lateCreations: number;
}

/** A rule was broken in a world. */
export class WorldFault extends Error {
  override readonly name = "WorldFault";

  constructor(seed: number, at: number, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`World ${seed} at ${at} ms: ${reason}`, { cause });
  }
}

/**
 * Runs an engine against the strict simulated server in a world drawn from the seed: a network that loses, doubles,
 * delays and reorders, a server that restarts, moves and refuses, a host that sleeps, and a user who changes his mind.
 * Then a quiet period, at whose end client and server must agree; then everything is let go of, and nothing may be left.
 *
 * @throws {WorldFault} If a rule is broken.
 */
export function runWorld(seed: number, trace?: (line: string) => void): WorldResult {
  const world = new World(planWorld(seed), trace);
  try {
    return world.run();
  } catch (error) {
    throw new WorldFault(seed, world.now, error);
  }
}

/** The most requests in one step: the pacer's largest window, and the ANNOUNCE. */
const MOST_SENDS = 129;

/** A loop that does not get on. */
const MOST_STEPS = 2_000_000;

/** The parts of a world, for those who act in it. */
export class World {
  now = 0;
  readonly plan: WorldPlan;
  readonly queue = new EventQueue();
  readonly server: SimulatedServer;
  readonly wishes: Wishes;
  readonly engine: Engine;
  /** Nothing goes wrong any more. */
  calm = false;
  /** Until when the network is down. */
  cutUntil = 0;
  /** Until when the host sleeps: it hears nothing and does nothing. */
  asleepUntil = 0;
  readonly random: () => number;
  readonly #ledger = new MappingRecords();
  readonly #trace: ((line: string) => void) | undefined;
  #steps = 0;
  #sends = 0;
  /** Timeouts in a row that left a deadline in the past. */
  #past = 0;

  constructor(plan: WorldPlan, trace: ((line: string) => void) | undefined) {
    this.plan = plan;
    this.random = seededRandom(plan.seed ^ 0x5eed);
    this.server = new SimulatedServer(plan.server);
    this.server.epoch(0);
    this.wishes = new Wishes(!plan.natPmpOnly);
    this.engine = new Engine({
      server: server4,
      clientAddress: client4,
      random: seededRandom(plan.seed ^ 0xc11e47),
      randomWord: seededWords(plan.seed ^ 0x4044ce),
    });
    this.#trace = trace;
  }

  run(): WorldResult {
    const { plan } = this;
    this.tell(JSON.stringify(plan));
    const acts = new Acts(this);
    const misfortunes = new Misfortunes(this);
    for (let i = 0; i < plan.acts; i++) {
      this.queue.at(this.random() * plan.trouble * 0.9, () => acts.one());
    }
    for (let i = 0; i < plan.misfortunes; i++) {
      this.queue.at(this.random() * plan.trouble * 0.9, () => misfortunes.one());
    }
    this.#until(plan.trouble);
    misfortunes.end();
    this.calm = true;
    this.tell("calm");
    const settled = this.now + this.#patience;
    this.#until(settled);
    for (let look = 1; look <= 5; look++) {
      this.#until(settled + look * 130 * plan.maxLifetime);
      this.#checkAgreement();
    }
    this.tell("the end");
    acts.releaseAll();
    this.#until(this.now + this.#patience);
    this.#checkEnd();
    const { lateCreations } = this.#ledger;
    return { simulated: this.now, steps: this.#steps, sends: this.#sends, lateCreations };
  }

  /** Has the engine take a step, and judges all that follows. */
  step(input: Input): void {
    assert(++this.#steps < MOST_STEPS, "the world does not get on");
    const outputs = this.engine.step(this.now, input);
    let sends = 0;
    for (const output of outputs) {
      if (output.type === "send") {
        sends++;
        this.#send(output);
      } else if (this.#trace !== undefined) this.tell(`   ${JSON.stringify(output)}`);
      this.wishes.take(this.now, output);
    }
    this.#sends += sends;
    assert(sends <= MOST_SENDS, `${sends} sends in one step`);
    this.#judgeDeadline(input);
    for (const wish of this.wishes.ended) this.#judgeEnd(wish, input);
    this.wishes.ended = [];
  }

  #judgeEnd(wish: Wish, input: Input): void {
    const { releasedAt, state } = wish;
    if (releasedAt === undefined || state.type === "error") return;
    const isAnswered = input.type === "datagram" &&
      (this.plan.natPmpOnly || input.bytes[3] === ResultCode.Success);
    // A lifetime shorter than what was left means that the mapping idles out: as good as deleted (RFC 6887 section 15).
    if (isAnswered && !this.plan.natPmpOnly && idlesOut(input.bytes, wish, this.now)) return;
    if (isAnswered) this.#ledger.checkDeleted(wish, this.server, this.now);
    else if (releasedAt === this.now) this.#ledger.checkNotLeft(wish, this.server, this.now);
  }

  /** Being woken must lead to something: a deadline in the past is followed by one in the future. */
  #judgeDeadline(input: Input): void {
    const { deadline } = this.engine;
    const isPast = deadline !== undefined && deadline <= this.now;
    this.#past = input.type === "timeout" && isPast ? this.#past + 1 : 0;
    assert(this.#past < 2, `woken for ${deadline} twice`);
  }

  /** Puts the server's datagrams on their way. */
  deliver(datagrams: readonly Datagram[]): void {
    for (const { bytes, to } of datagrams) {
      if (to.address.family !== "IPv4") continue;
      const multicast = to.address.isMulticast;
      for (const delay of this.#ways()) {
        this.queue.at(this.now + delay, () => this.#receive(bytes, multicast));
      }
    }
  }

  tell(line: string): void {
    this.#trace?.(`${(this.now / 1000).toFixed(3)} ${line}`);
  }

  #send({ bytes, id }: Output & { readonly type: "send" }): void {
    if (this.#trace !== undefined) this.tell(`-> ${this.#ledger.describe(bytes)} (${id})`);
    this.#ledger.sent(bytes, id);
    if (!this.calm && this.random() < 0.01) {
      this.queue.at(this.now + 1, () => this.step({ type: "sendFailed", id }));
      return;
    }
    const codes = new Set<number>();
    for (const delay of this.#ways()) {
      this.queue.at(this.now + delay, () => {
        if (!this.server.silent) this.#ledger.received(this.now, bytes);
        const answers = this.server.receive(this.now, bytes, CLIENT);
        this.#ledger.answered(id, answers, codes);
        this.deliver(answers);
      });
    }
  }

  #receive(bytes: Uint8Array, multicast: boolean): void {
    if (this.now < this.asleepUntil) return;
    if (this.#trace !== undefined) this.tell(`<- ${this.#ledger.describe(bytes)}`);
    this.step({ type: "datagram", bytes, source: server4, multicast });
  }

  /** How long each copy of a datagram takes; none of a lost one. */
  #ways(): readonly number[] {
    const { plan, random } = this;
    const delay = (): number => plan.minDelay + random() * (plan.maxDelay - plan.minDelay);
    if (this.calm) return [delay()];
    if (this.now < this.cutUntil || random() < plan.loss) return [];
    const first = delay() + (random() < plan.reorder ? random() * plan.reorderDelay : 0);
    if (random() >= plan.duplicate) return [first];
    return [first, delay() + random() * plan.reorderDelay];
  }

  #until(end: number): void {
    while (true) {
      const deadline = this.engine.deadline ?? Infinity;
      const wake = deadline === Infinity ? Infinity : Math.max(
        this.now,
        this.asleepUntil,
        deadline + (this.calm ? 0 : this.#lateness(deadline)),
      );
      const server = this.server.deadline ?? Infinity;
      const next = Math.min(wake, server, this.queue.next);
      if (next > end) break;
      this.now = Math.max(this.now, next);
      if (this.queue.next <= next) this.queue.run();
      else if (server <= next) this.deliver(this.server.timeout(this.now));
      else this.step({ type: "timeout" });
    }
    this.now = end;
  }

  /** The same each time that it is asked for one deadline. */
  #lateness(deadline: number): number {
    return (deadline * 7.919 % 1) * this.plan.lateness;
  }

  /** How long it takes to agree at the most: the longest of every wait, one after the other. */
  get #patience(): number {
    const { maxLifetime, server, maxErrorLifetime } = this.plan;
    const hold = Math.max(server.longErrorLifetime ?? 0, maxErrorLifetime, 1_800);
    return 1_000 * (1_127 + 2 * hold + 2 * maxLifetime + 200);
  }

  #checkAgreement(): void {
    const { server, wishes } = this;
    const wanted = new Set<string>();
    for (const wish of wishes.open.values()) {
      assert(wish.releasedAt === undefined, `${wish.id} is not let go of: ${text(wish.state)}`);
      if (wish.lifetimes !== Infinity && wish.assignment === undefined) continue;
      wanted.add(this.#ledger.checkHeld(wish, server, this.now));
    }
    const slack = 1_000 + this.plan.reorderDelay + this.plan.maxDelay;
    for (const { key, expires } of server.mappings.values()) {
      const leaves = expires - this.now < slack;
      assert(wanted.has(key) || leaves, `the server holds ${key}, which nobody wants`);
    }
    this.#checkManners();
  }

  #checkEnd(): void {
    assert(this.wishes.open.size === 0, `${this.wishes.open.size} mappings never ended`);
    const held = [...this.server.mappings.keys()];
    assert(held.length === 0, `the server still holds ${held}`);
    assert(this.engine.deadline === undefined, `the engine waits for ${this.engine.deadline}`);
    this.#checkManners();
  }

  #checkManners(): void {
    const { violations, received } = this.server.counters;
    assert(Object.keys(violations).length === 0, `violations: ${text(violations)}`);
    assert(received["malformed"] === undefined, "the server could not read a request");
  }
}

const CLIENT = { address: client4, port: 50_000 };

function idlesOut(bytes: Uint8Array, { lastAssignment }: Wish, now: number): boolean {
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
