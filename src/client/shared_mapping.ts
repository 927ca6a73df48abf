import type { Assignment, MappingId, MappingState } from "../engine/events.ts";
import type { MappingSpec } from "../engine/mapping_spec.ts";
import type { MapHandle } from "./map_handle.ts";
import type { MappingRecord } from "./persistence/mapping_record.ts";
import { lifetimesOf } from "./request_type.ts";

/** One mapping of the engine, and the handles of those who want it: the server knows one mapping of a key. */
export class SharedMapping {
  engineId: MappingId;
  spec: MappingSpec;
  /** Seconds that the engine is told: the most that anybody wants. */
  lifetime: number;
  releasing: "revoked" | "dropped" | undefined = undefined;
  /** The engine knows it; where notes are taken it must be noted first. */
  started = false;
  note: MappingRecord | undefined = undefined;
  /** Asked for while this is being deleted, and waits for the end of that. */
  heir: SharedMapping | undefined = undefined;
  /** Oldest first; at the end those who wanted it to the last. */
  members: readonly [MapHandle, ...MapHandle[]];

  constructor(engineId: MappingId, spec: MappingSpec, first: MapHandle) {
    this.engineId = engineId;
    this.spec = spec;
    this.lifetime = first.lifetime;
    this.members = [first];
  }

  /** Who wanted it first of those who want it. */
  get oldest(): MapHandle {
    return this.members[0];
  }

  /** What all who want it see. */
  get state(): MappingState {
    return this.oldest.state;
  }

  /** What all who want it have. */
  get assignment(): Assignment | undefined {
    return this.oldest.assignment;
  }

  /** How many lifetimes it is wanted for: as many as the one wants it for who wants it longest. */
  get lifetimes(): number {
    return Math.max(...this.members.map(({ requestType }) => lifetimesOf(requestType)));
  }

  add(mapping: MapHandle): void {
    this.members = [...this.members, mapping];
  }

  /** One of several has enough. */
  remove(mapping: MapHandle): void {
    const [first, ...others] = this.members.filter((member) => member !== mapping);
    if (first !== undefined) this.members = [first, ...others];
  }
}
