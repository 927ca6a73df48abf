import type { IpAddress } from "../wire/address.ts";
import type { Nonce } from "../wire/nonce.ts";
import type { EngineConfig } from "./config.ts";
import type { Milliseconds } from "./events.ts";
import type { MappingKey } from "./mapping_spec.ts";

/** What a later mapping of the same key can use of one that ended. */
export interface ReusableMapping {
  readonly nonce: Nonce;
  readonly suggestedAddress: IpAddress;
  readonly suggestedPort: number;
}

/**
 * What outlives a mapping, by {@linkcode mappingKey}: its nonce and external port, which the server may still reserve
 * for it (RFC 6887 section 15), and the hold of a refused request (section 8.3).
 *
 * Bounded: the oldest goes first.
 */
export class Memory {
  readonly #config: EngineConfig;
  readonly #remains = new Map<MappingKey, ReusableMapping & { readonly until: Milliseconds }>();
  readonly #holds = new Map<MappingKey, Milliseconds>();

  constructor(config: EngineConfig) {
    this.#config = config;
  }

  /** Whether nothing is remembered. */
  get isEmpty(): boolean {
    return this.#remains.size === 0 && this.#holds.size === 0;
  }

  keep(
    key: MappingKey,
    { nonce, suggestedAddress, suggestedPort }: ReusableMapping,
    now: Milliseconds,
  ): void {
    this.#remains.delete(key);
    this.#remains.set(key, {
      nonce,
      suggestedAddress,
      suggestedPort,
      until: now + this.#config.reuseTime,
    });
    trim(this.#remains);
  }

  /** Takes out what is kept under the key. */
  recall(key: MappingKey, now: Milliseconds): ReusableMapping | undefined {
    const remains = this.#remains.get(key);
    this.#remains.delete(key);
    return remains !== undefined && remains.until > now ? remains : undefined;
  }

  hold(key: MappingKey, until: Milliseconds, now: Milliseconds): void {
    this.#holds.delete(key);
    if (until <= now) return;
    this.#holds.set(key, until);
    trim(this.#holds);
  }

  /** Until when a new request of this key waits; -Infinity when it need not. */
  heldUntil(key: MappingKey, now: Milliseconds): Milliseconds {
    const until = this.#holds.get(key) ?? -Infinity;
    return until > now ? until : -Infinity;
  }
}

const LIMIT = 1024;

function trim(map: Map<MappingKey, unknown>): void {
  for (const oldest of map.keys()) {
    if (map.size <= LIMIT) return;
    map.delete(oldest);
  }
}
