import { BoundedMap } from "./bounded_map.ts";
import type { EngineConfig } from "./config.ts";
import type { Milliseconds } from "./events.ts";
import type { Mapping, ReusableMapping } from "./mapping.ts";
import { type MappingKey, mappingKey, type MappingSpec } from "./mapping_spec.ts";

/** What a new mapping finds of an earlier one with the same key. */
export interface Claim {
  /** Its deletion must end first, else it could overtake the new request and delete the new mapping. */
  readonly predecessor?: Mapping | undefined;
  /** What the new mapping takes over. */
  readonly reusable?: ReusableMapping | undefined;
}

/**
 * Gives a mapping that is requested again the nonce and the external port of the one before: while that is being deleted,
 * and for `reuseTime` after its end, in which the server may reserve the port (RFC 6887 section 15).
 */
export class PortReuse {
  readonly #config: EngineConfig;
  readonly #deleting = new Map<MappingKey, Mapping>();
  readonly #ended = new BoundedMap<
    MappingKey,
    ReusableMapping & { readonly until: Milliseconds }
  >();

  constructor(config: EngineConfig) {
    this.#config = config;
  }

  /** What a new mapping follows and takes over. An ended mapping can be taken over once. */
  claim(spec: MappingSpec, now: Milliseconds): Claim {
    if (this.#deleting.size === 0 && this.#ended.size === 0) return {};
    const key = mappingKey(spec);
    const predecessor = this.#deleting.get(key);
    if (predecessor !== undefined) {
      // Of several successors one has the nonce: responses to two mappings with one nonce could not be distinguished.
      const isFirst = successorsOf(predecessor).length === 0;
      return { predecessor, reusable: isFirst ? predecessor : undefined };
    }
    const reusable = this.find(spec, now);
    this.#ended.delete(key);
    return { reusable };
  }

  /** What an ended mapping leaves to a new one. */
  find(spec: MappingSpec, now: Milliseconds): ReusableMapping | undefined {
    if (this.#ended.size === 0) return undefined;
    const kept = this.#ended.get(mappingKey(spec));
    return kept !== undefined && kept.until > now ? kept : undefined;
  }

  /** The deletion of the mapping has begun. */
  deleting(mapping: Mapping): void {
    this.#deleting.set(mappingKey(mapping.spec), mapping);
  }

  /** The mapping has ended: returns its successors, or keeps nonce and port for a later one. */
  ended(mapping: Mapping, now: Milliseconds): readonly Mapping[] {
    const { spec, nonce, suggestedAddress, suggestedPort } = mapping;
    const key = mappingKey(spec);
    if (this.#deleting.get(key) === mapping) this.#deleting.delete(key);
    const successors = successorsOf(mapping);
    if (successors.length === 0) {
      const until = now + this.#config.reuseTime;
      this.#ended.set(key, { nonce, suggestedAddress, suggestedPort, until });
    }
    return successors;
  }
}

/** The mappings that start when the deletion is over, and were not released meanwhile. */
function successorsOf({ deletion }: Mapping): readonly Mapping[] {
  return deletion?.successors.filter(({ phase }) => phase === "queued") ?? [];
}
