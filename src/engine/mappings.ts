import { Deadlines } from "./deadlines.ts";
import type { MappingId, Milliseconds } from "./events.ts";
import type { Mapping } from "./mapping.ts";
import type { Pacer } from "./pacer.ts";
import type { MappingResponse } from "../wire/message_type.ts";
import { matchesSpec } from "./response_match.ts";

/** All mappings of an engine that are not over: by id, by nonce, by deadline. */
export class Mappings implements Iterable<Mapping> {
  readonly deadlines: Deadlines<Mapping> = new Deadlines();
  readonly #byId = new Map<MappingId, Mapping>();
  /** By the first word of the nonce, which is random. */
  readonly #byNonce = new Map<number, readonly Mapping[]>();
  readonly #pacer: Pacer<Mapping>;

  constructor(pacer: Pacer<Mapping>) {
    this.#pacer = pacer;
  }

  add(mapping: Mapping): void {
    this.#byId.set(mapping.id, mapping);
    const { w0 } = mapping.nonce;
    this.#byNonce.set(w0, [...this.#byNonce.get(w0) ?? [], mapping]);
  }

  get(id: MappingId): Mapping | undefined {
    return this.#byId.get(id);
  }

  /** The mapping that the answer is about, if it asked (RFC 6887 sections 11.4, 12.4). */
  answeredBy(answer: MappingResponse): Mapping | undefined {
    return this.#byNonce.get(answer.nonce.w0)?.find((mapping) =>
      mapping.nonce.equals(answer.nonce) && mapping.phase !== "waiting" &&
      matchesSpec(mapping.spec, answer)
    );
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

  /** Does something with a mapping and keeps the books right. */
  touch(mapping: Mapping, change: (mapping: Mapping) => void): void {
    change(mapping);
    this.touched(mapping);
  }

  /** Keeps the books right after something was done with a mapping. */
  touched(mapping: Mapping): void {
    if (this.#byId.get(mapping.id) !== mapping) return; // it was over before
    this.deadlines.update(mapping);
    if (!mapping.isOver || this.#pacer.isWaiting(mapping)) return;
    this.#pacer.forget(mapping);
    this.#byId.delete(mapping.id);
    const { w0 } = mapping.nonce;
    const others = this.#byNonce.get(w0)?.filter((other) => other !== mapping) ?? [];
    if (others.length > 0) this.#byNonce.set(w0, others);
    else this.#byNonce.delete(w0);
  }

  /** As {@linkcode Mappings.touch}, with each. */
  touchAll(change: (mapping: Mapping) => void): void {
    for (const mapping of this) this.touch(mapping, change);
  }

  /** Lets every mapping act whose deadline has come. */
  wakeDue(now: Milliseconds): void {
    for (
      let mapping = this.deadlines.due(now);
      mapping !== undefined;
      mapping = this.deadlines.due(now)
    ) this.touch(mapping, () => mapping?.wake(now));
  }

  /** In the order of their ids. Mappings may end meanwhile, also the one at hand. */
  [Symbol.iterator](): IterableIterator<Mapping> {
    return this.#byId.values();
  }
}
