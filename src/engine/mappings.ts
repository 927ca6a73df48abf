import { Deadlines } from "./deadlines.ts";
import type { MappingId, Milliseconds } from "./events.ts";
import { IdMap } from "./id_map.ts";
import type { Mapping } from "./mapping.ts";
import type { Nonces } from "./nonces.ts";
import type { Pacer } from "./pacer.ts";
import type { Answer } from "./phase.ts";
import { answerFits } from "./spec.ts";

/** All mappings of an engine that are not over: by id, by nonce, by deadline. */
export class Mappings implements Iterable<Mapping> {
  readonly #byId = new IdMap<Mapping>();
  readonly #deadlines = new Deadlines<Mapping>();
  readonly #nonces: Nonces;
  readonly #pacer: Pacer<Mapping>;

  constructor(nonces: Nonces, pacer: Pacer<Mapping>) {
    this.#nonces = nonces;
    this.#pacer = pacer;
  }

  /** The earliest deadline of all, Infinity when there is none. */
  get deadline(): Milliseconds {
    return this.#deadlines.earliest;
  }

  add(mapping: Mapping): void {
    this.#byId.set(mapping.id, mapping);
    this.#nonces.add(mapping);
  }

  get(id: MappingId): Mapping | undefined {
    return this.#byId.get(id);
  }

  /** The mapping that the answer is about, if it asked (RFC 6887 sections 11.4, 12.4). */
  answeredBy(answer: Answer): Mapping | undefined {
    return this.#nonces.find(
      answer.nonce,
      (candidate) => candidate.phase !== "waiting" && answerFits(candidate.spec, answer),
    );
  }

  /**
   * As {@linkcode Mappings.touch}, with the mapping of the id.
   *
   * @throws {RangeError} If there is none.
   */
  change(id: MappingId, change: (mapping: Mapping) => void): void {
    const mapping = this.#byId.get(id);
    if (mapping === undefined) {
      throw new RangeError(`Cannot change a mapping: none has the id "${id}"`);
    }
    this.touch(mapping, change);
  }

  /** Does something with a mapping and keeps its deadline and the books right. */
  touch(mapping: Mapping, change: (mapping: Mapping) => void): void {
    change(mapping);
    this.#deadlines.update(mapping);
    if (!mapping.isOver) return;
    this.#pacer.forget(mapping);
    this.#byId.delete(mapping.id);
    this.#nonces.remove(mapping);
  }

  /** As {@linkcode Mappings.touch}, with each. */
  touchAll(change: (mapping: Mapping) => void): void {
    for (const mapping of this) this.touch(mapping, change);
  }

  /** Lets every mapping act whose deadline has come. */
  wakeDue(now: Milliseconds): void {
    for (
      let mapping = this.#deadlines.takeDue(now);
      mapping !== undefined;
      mapping = this.#deadlines.takeDue(now)
    ) {
      this.touch(mapping, (due) => due.wake(now));
    }
  }

  /** In the order of their ids. Mappings may end meanwhile, also the one at hand. */
  [Symbol.iterator](): IterableIterator<Mapping> {
    return this.#byId[Symbol.iterator]();
  }
}
