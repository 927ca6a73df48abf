import { BoundedMap } from "./bounded_map.ts";
import type { Milliseconds } from "./events.ts";
import { type MappingKey, type MappingSpec, requestKey } from "./mapping_spec.ts";

/** Until when refused requests are not repeated, beyond the life of the mapping that made them (RFC 6887 section 8.3). */
export class RequestHolds {
  readonly #holds = new BoundedMap<MappingKey, Milliseconds>();
  /** Until when requests are made without their optional options. */
  readonly #leftOut = new BoundedMap<MappingKey, Milliseconds>();

  set(spec: MappingSpec, until: Milliseconds, now: Milliseconds): void {
    if (until > now) this.#holds.set(requestKey(spec), until);
    else if (this.#holds.size > 0) this.#holds.delete(requestKey(spec));
  }

  /** Until when a new request waits; undefined if it need not. */
  get(spec: MappingSpec, now: Milliseconds): Milliseconds | undefined {
    if (this.#holds.size === 0) return undefined;
    const until = this.#holds.get(requestKey(spec));
    return until !== undefined && until > now ? until : undefined;
  }

  /** The server refused the request for its optional options. */
  leaveOut(spec: MappingSpec, until: Milliseconds): void {
    this.#leftOut.set(requestKey(spec), until);
  }

  /** Whether a new request is made without them. */
  leavesOut(spec: MappingSpec, now: Milliseconds): boolean {
    if (this.#leftOut.size === 0) return false;
    return (this.#leftOut.get(requestKey(spec)) ?? now) > now;
  }
}
