import { ProtocolNumber } from "../wire/protocol_number.ts";
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
  /** Whether late answers to the earlier one may still arrive. */
  readonly isRecent: boolean;
}

/** What an ended mapping leaves. */
export interface EndedMapping extends ReusableMapping {
  /** What was requested. */
  readonly spec: MappingSpec;
  /** Until when the server may hold the mapping, or reserve its port. */
  readonly until: Milliseconds;
  /** Until when it may hold the mapping; in the past if it does not. */
  readonly heldUntil: Milliseconds;
  /** When it ended. */
  readonly endedAt: Milliseconds;
}

/**
 * Gives a mapping that is requested again the nonce and the external port of the one before: while that is being deleted, and
 * after its end as long as the server may hold it, or reserve its port (RFC 6887 section 15).
 */
export class PortReuse {
  readonly #config: EngineConfig;
  readonly #deleting = new Map<MappingKey, Mapping>();
  readonly #ended = new BoundedMap<MappingKey, EndedMapping>(MOST_ENDED);
  /** When the expired ones among them are dropped next. */
  #sweepAt: Milliseconds = -Infinity;

  constructor(config: EngineConfig) {
    this.#config = config;
  }

  /** What a new mapping follows and takes over. An ended mapping can be taken over once. */
  claim(spec: MappingSpec, now: Milliseconds): Claim {
    if (this.#deleting.size === 0 && this.#ended.size === 0) return NOTHING;
    const key = mappingKey(spec);
    const predecessor = this.#deleting.get(key);
    if (predecessor !== undefined) {
      // Of several successors one has the nonce: responses to two mappings with one nonce could not be distinguished.
      const isFirst = successorsOf(predecessor).length === 0;
      return { predecessor, reusable: isFirst ? predecessor : undefined, isRecent: true };
    }
    const reusable = this.find(spec, now);
    if (reusable === undefined) return NOTHING;
    this.#ended.delete(key);
    return { reusable, isRecent: now < reusable.endedAt + LATE };
  }

  /** What an ended mapping leaves to a new one. */
  find(spec: MappingSpec, now: Milliseconds): EndedMapping | undefined {
    if (this.#ended.size === 0) return undefined;
    const kept = this.#ended.get(mappingKey(spec));
    return kept !== undefined && kept.until > now ? kept : undefined;
  }

  /** What ended mappings leave; some may have expired. */
  get left(): readonly EndedMapping[] {
    return [...this.#ended].map(([, ended]) => ended);
  }

  /** The deletion of the mapping has begun. */
  deleting(mapping: Mapping): void {
    this.#deleting.set(mappingKey(mapping.spec), mapping);
  }

  /**
   * The mapping has ended: returns its successors, or keeps nonce and port for a later one.
   *
   * @param heldUntil The server may hold it until then; in the past if it does not.
   */
  ended(mapping: Mapping, now: Milliseconds, heldUntil: Milliseconds): readonly Mapping[] {
    const { spec, nonce, suggestedAddress, suggestedPort } = mapping;
    const { reuseTime, tcpReuseTime } = this.#config;
    const key = mappingKey(spec);
    if (this.#deleting.get(key) === mapping) this.#deleting.delete(key);
    const successors = successorsOf(mapping);
    if (successors.length === 0) {
      const reserved = spec.protocol === ProtocolNumber.Udp ? reuseTime : tcpReuseTime;
      const until = Math.max(now + reserved, heldUntil);
      this.#dropExpired(now);
      this.#ended.set(key, {
        spec,
        nonce,
        suggestedAddress,
        suggestedPort,
        until,
        heldUntil,
        endedAt: now,
      });
    }
    return successors;
  }

  /** Entries expire in another order than they were added, so all are compared: now and then, not with each addition. */
  #dropExpired(now: Milliseconds): void {
    if (now < this.#sweepAt) return;
    this.#sweepAt = now + SWEEP_INTERVAL;
    for (const [key, { until }] of this.#ended) if (until <= now) this.#ended.delete(key);
  }
}

/** The mappings that start when the deletion is over, and were not released meanwhile. */
function successorsOf({ deletion }: Mapping): readonly Mapping[] {
  return deletion?.successors.filter(({ phase }) => phase === "queued") ?? [];
}

const NOTHING: Claim = { isRecent: false };

/** Our decision: a datagram is that late at most. */
const LATE: Milliseconds = 120_000;

/** Our decision: expired entries are kept that long at most while others are added. */
const SWEEP_INTERVAL: Milliseconds = 10_000;

/** Our decision: the memory of those that ended first is given up for later ones. */
const MOST_ENDED = 16_384;
