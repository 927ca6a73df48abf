import { Deadlines } from "./deadlines.ts";
import type { MappingId, Milliseconds } from "./events.ts";
import { IntMap } from "./int_map.ts";
import type { Mapping } from "./mapping.ts";
import type { Nonce } from "../wire/nonce.ts";
import type { Nonces } from "./nonces.ts";
import type { Pacer } from "./pacer.ts";
import type { Answer, Surroundings } from "./phase.ts";
import { Resting } from "./resting.ts";
import { answerFits, type MappingSpec } from "./spec.ts";

/**
 * All mappings of an engine that are not over: by id, by nonce, by deadline. Each has a slot, under which it is kept: awake
 * while something happens to it, at rest else. Who gets one may do with it what he likes until the end of the step.
 */
export class Mappings implements Iterable<Mapping> {
  /** By slot. */
  readonly deadlines: Deadlines = new Deadlines();
  /** Slots by id, from the first time on that somebody asks for one: most mappings are never asked for by their id. */
  #slots: IntMap | undefined;
  /** By slot. Not a `Map`: what one leaves behind when it is rebuilt would keep its mappings from the garbage collector. */
  readonly #awake: (Mapping | undefined)[] = [];
  readonly #resting = new Resting();
  readonly #nonces: Nonces;
  readonly #pacer: Pacer<Mapping>;
  readonly #world: Surroundings;
  readonly #free: number[] = [];
  /** Objects that were laid down, for the next ones. */
  readonly #spare: Mapping[] = [];
  #slotCount = 0;
  /** Awake ones that something happened to in this step; so many of them, for the array stays. */
  readonly #touched: (Mapping | undefined)[] = [];
  #touchedCount = 0;

  constructor(nonces: Nonces, pacer: Pacer<Mapping>, world: Surroundings) {
    this.#nonces = nonces;
    this.#pacer = pacer;
    this.#world = world;
  }

  add(mapping: Mapping): void {
    const slot = mapping.slot = this.#free.pop() ?? this.#slotCount++;
    this.#awake[slot] = mapping;
    this.#slots?.set(mapping.id, slot);
    this.#nonces.add(slot, mapping.nonce);
    this.#note(mapping);
  }

  /** A new one with a new nonce, which waits for its turn. */
  addFresh(id: MappingId, spec: MappingSpec, lifetimes: number): void {
    const slot = this.#free.pop() ?? this.#slotCount++;
    this.#slots?.set(id, slot);
    this.#awake[slot] = undefined;
    this.#nonces.addNew(slot);
    this.#resting.layFresh(slot, id, spec, lifetimes);
    this.#pacer.enqueueFresh(slot);
  }

  get(id: MappingId): Mapping | undefined {
    const slot = this.#slotOf(id);
    return slot === undefined ? undefined : this.#awake[slot] ?? this.#raise(slot);
  }

  /** The mapping of the slot, if there is one. */
  at(slot: number): Mapping | undefined {
    return this.#awake[slot] ?? (this.#resting.has(slot) ? this.#raise(slot) : undefined);
  }

  /** The nonce of a mapping, which may go on resting. */
  nonceOf(id: MappingId): Nonce | undefined {
    const slot = this.#slotOf(id);
    return slot === undefined ? undefined : this.#nonces.of(slot);
  }

  /** The mapping that the answer is about, if it asked (RFC 6887 sections 11.4, 12.4). */
  answeredBy(answer: Answer): Mapping | undefined {
    const { nonce } = answer;
    for (let slot = this.#nonces.find(nonce); slot >= 0; slot = this.#nonces.find(nonce, slot)) {
      const mapping = this.#awake[slot] ?? this.#raise(slot);
      if (mapping.phase !== "waiting" && answerFits(mapping.spec, answer)) return mapping;
    }
    return undefined;
  }

  /**
   * As {@linkcode Mappings.touch}, with the mapping of the id.
   *
   * @throws {RangeError} If there is none.
   */
  change(id: MappingId, change: (mapping: Mapping) => void): void {
    const mapping = this.get(id);
    if (mapping === undefined) {
      throw new RangeError(`Cannot change a mapping: none has the id "${id}"`);
    }
    this.touch(mapping, change);
  }

  /** Does something with a mapping and keeps its deadline and the books right. */
  touch(mapping: Mapping, change: (mapping: Mapping) => void): void {
    change(mapping);
    this.touched(mapping);
  }

  /** Keeps the deadline of a mapping and the books right: something was done with it. */
  touched(mapping: Mapping): void {
    const { slot } = mapping;
    if (this.#awake[slot] !== mapping) return; // it was over before
    this.deadlines.set(slot, mapping.dueAt);
    if (this.#touched[this.#touchedCount - 1] !== mapping) {
      this.#touched[this.#touchedCount++] = mapping;
    }
    if (mapping.phase !== "ended" || !mapping.isOver) return;
    this.#pacer.forget(mapping);
    this.#slots?.delete(mapping.id);
    this.#nonces.remove(slot);
    this.#awake[slot] = undefined;
    this.#free.push(slot);
  }

  /** As {@linkcode Mappings.touch}, with each. */
  touchAll(change: (mapping: Mapping) => void): void {
    for (const mapping of this) this.touch(mapping, change);
  }

  /** As {@linkcode Mappings.touch}, with each that is awake. */
  touchAwake(change: (mapping: Mapping) => void): void {
    for (const mapping of this.awake) this.touch(mapping, change);
  }

  /** Those that are not at rest: who waits for an answer or the end of a hold is among them. */
  get awake(): readonly Mapping[] {
    const awake = this.#awake.filter((mapping) => mapping !== undefined);
    return awake.sort((one, other) => one.id - other.id);
  }

  /** Lets every mapping act whose deadline has come. */
  wakeDue(now: Milliseconds): void {
    for (let slot = this.deadlines.due(now); slot >= 0; slot = this.deadlines.due(now)) {
      if (this.#awake[slot] === undefined && this.#resting.beginRenewal(slot, now)) {
        this.deadlines.set(slot, this.#resting.expiresAt(slot));
        this.#pacer.enqueueFresh(slot);
        continue;
      }
      const mapping = this.#awake[slot] ?? this.#raise(slot);
      mapping.wake(now);
      this.touched(mapping);
    }
  }

  /** In the order of their ids. Mappings may end meanwhile, also the one at hand. */
  *[Symbol.iterator](): IterableIterator<Mapping> {
    const slots = this.#slots ??= this.#index();
    for (const id of slots.keys().sort()) {
      const slot = slots.get(id);
      if (slot === undefined) continue;
      const mapping = this.#awake[slot] ?? this.#raise(slot);
      yield mapping;
      // At once, for there may be many.
      if (this.#touched[this.#touchedCount - 1] !== mapping) continue;
      this.#touched[--this.#touchedCount] = undefined;
      this.#rest(mapping);
    }
  }

  /** At the end of a step: lays down whom nothing happens to. */
  rest(): void {
    for (let index = 0; index < this.#touchedCount; index++) {
      const mapping = this.#touched[index] as Mapping;
      this.#touched[index] = undefined;
      this.#rest(mapping);
    }
    this.#touchedCount = 0;
    if (this.#touched.length > TOUCHED_KEPT) this.#touched.length = 0;
  }

  #rest(mapping: Mapping): void {
    const { slot } = mapping;
    if (this.#awake[slot] !== mapping || !this.#resting.lay(slot, mapping)) return;
    this.#awake[slot] = undefined;
    if (this.#spare.length < SPARE_KEPT) this.#spare.push(mapping);
  }

  #slotOf(id: MappingId): number | undefined {
    return (this.#slots ??= this.#index()).get(id);
  }

  #index(): IntMap {
    const slots = new IntMap();
    for (let slot = 0; slot < this.#slotCount; slot++) {
      const awake = this.#awake[slot];
      if (awake !== undefined) slots.set(awake.id, slot);
      else if (this.#resting.has(slot)) slots.set(this.#resting.idOf(slot), slot);
    }
    return slots;
  }

  #raise(slot: number): Mapping {
    const nonce = this.#nonces.of(slot);
    const mapping = this.#resting.raise(slot, nonce, this.#world, this.#spare.pop());
    this.#awake[slot] = mapping;
    this.#note(mapping);
    return mapping;
  }

  #note(mapping: Mapping): void {
    if (this.#touched[this.#touchedCount - 1] === mapping) return;
    this.#touched[this.#touchedCount++] = mapping;
  }
}

/** An array that grew in a large step is not kept for the small ones. */
const TOUCHED_KEPT = 64;

/** As many as are usually awake at once. */
const SPARE_KEPT = 128;
