import type { MappingResponse } from "../wire/message_type.ts";
import { Deadlines } from "./deadlines.ts";
import type { MappingId } from "./events.ts";
import type { Mapping } from "./mapping.ts";
import type { MappingSpec } from "./mapping_spec.ts";
import type { Pacer } from "./pacer.ts";
import { matchesSpec } from "./response_match.ts";

/** The mappings of an engine that are not over, by id, nonce and deadline. */
export class Mappings implements Iterable<Mapping> {
  readonly deadlines: Deadlines<Mapping> = new Deadlines();
  readonly #byId = new Map<MappingId, Mapping>();
  /** By the first 32 bits of the nonce, which are random. */
  readonly #byNonce = new Map<number, readonly Mapping[]>();
  readonly #unansweredInPcp = new Set<Mapping>();
  readonly #pacer: Pacer<Mapping>;

  constructor(pacer: Pacer<Mapping>) {
    this.#pacer = pacer;
  }

  add(mapping: Mapping): void {
    this.#byId.set(mapping.id, mapping);
    const { w0 } = mapping.nonce;
    const same = this.#byNonce.get(w0);
    this.#byNonce.set(w0, same === undefined ? [mapping] : [...same, mapping]);
  }

  get(id: MappingId): Mapping | undefined {
    return this.#byId.get(id);
  }

  /** The mappings whose nonce begins so; undefined if there is none. */
  withNonceWord(word: number): readonly Mapping[] | undefined {
    return this.#byNonce.get(word);
  }

  /** The mapping that the response is about, if it has sent a request (RFC 6887 sections 11.4, 12.4). */
  matching(response: MappingResponse): Mapping | undefined {
    return this.#byNonce.get(response.nonce.w0)?.find((mapping) =>
      mapping.nonce.equals(response.nonce) && mapping.phase !== "queued" &&
      matchesSpec(mapping.spec, response)
    );
  }

  /** Whether there are any {@linkcode Mappings.unansweredInPcp}. */
  get hasUnansweredInPcp(): boolean {
    return this.#unansweredInPcp.size > 0;
  }

  /** Those whose last request was in PCP and has no response, in the order of their ids. */
  get unansweredInPcp(): readonly Mapping[] {
    return [...this.#unansweredInPcp].sort((one, other) => one.id - other.id);
  }

  /** The only mapping of the opcode whose last request was in PCP and has no response; undefined if there are several. */
  onlyUnanswered(opcode: MappingSpec["opcode"]): Mapping | undefined {
    let only: Mapping | undefined;
    for (const mapping of this.#unansweredInPcp) {
      if (mapping.spec.opcode !== opcode) continue;
      if (only !== undefined) return undefined;
      only = mapping;
    }
    return only;
  }

  /** @throws {RangeError} If no mapping has the id. */
  find(id: MappingId): Mapping {
    const mapping = this.get(id);
    if (mapping !== undefined) return mapping;
    throw new RangeError(`Cannot change a mapping: none has the id "${id}"`);
  }

  /** Updates the indexes after a mapping has changed. */
  afterChange(mapping: Mapping): void {
    if (this.#byId.get(mapping.id) !== mapping) return; // it was over before
    this.deadlines.update(mapping);
    const { exchange } = mapping;
    if (exchange?.responsePending && exchange.protocol === "pcp") {
      this.#unansweredInPcp.add(mapping);
    } else this.#unansweredInPcp.delete(mapping);
    if (!mapping.isOver || this.#pacer.isWaiting(mapping)) return;
    this.#pacer.forget(mapping);
    this.#byId.delete(mapping.id);
    const { w0 } = mapping.nonce;
    const others = this.#byNonce.get(w0)?.filter((other) => other !== mapping) ?? [];
    if (others.length > 0) this.#byNonce.set(w0, others);
    else this.#byNonce.delete(w0);
  }

  /** In the order of the ids. Mappings may end meanwhile, the current one as well. */
  [Symbol.iterator](): IterableIterator<Mapping> {
    return this.#byId.values();
  }
}
