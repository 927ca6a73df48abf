import { BoundedMap } from "./bounded_map.ts";
import type { Milliseconds } from "./events.ts";
import type { Mapping } from "./mapping.ts";
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

  /** A new mapping waits if the same request was refused, and leaves out the options for which it was. */
  apply(mapping: Mapping, now: Milliseconds): void {
    if (this.#holds.size === 0 && this.#leftOut.size === 0) return;
    const key = requestKey(mapping.spec);
    const retryAfter = this.#holds.get(key) ?? now;
    if (retryAfter > now) mapping.refusal = { code: undefined, retryAfter, count: 0, restarts: 0 };
    mapping.leavesOut = (this.#leftOut.get(key) ?? now) > now;
  }

  /** The server refused the request for its optional options. */
  leaveOut(spec: MappingSpec, until: Milliseconds): void {
    this.#leftOut.set(requestKey(spec), until);
  }
}
