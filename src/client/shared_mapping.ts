import type { Assignment, MappingId, MappingState } from "../engine/events.ts";
import type { MappingKey, MappingSpec } from "../engine/mapping_spec.ts";
import type { MapHandle } from "./map_handle.ts";
import type { MappingRecord } from "./persistence/mapping_record.ts";
import { lifetimesOf } from "./request_type.ts";

/** One mapping of the engine and the handles that share it: a server has one mapping of a key. */
export class SharedMapping {
  readonly key: MappingKey;
  engineId: MappingId;
  spec: MappingSpec;
  /** The requested lifetime in seconds: the longest of all handles. */
  lifetime: number;
  /** For how many lifetimes it is requested: the most of all members. */
  lifetimes: number;
  /** The final state once the last handle was released. */
  releasing: "revoked" | "dropped" | undefined = undefined;
  /** Whether the engine has it; its record may have to be stored before. */
  started = false;
  /** Whether its record waits for the end of a mapping with the same key, so that the engine does not have it. */
  isWaiting = false;
  record: MappingRecord | undefined = undefined;
  /** Oldest first. The last one stays after its release. */
  members: readonly [MapHandle, ...MapHandle[]];

  constructor(engineId: MappingId, key: MappingKey, spec: MappingSpec, first: MapHandle) {
    this.key = key;
    this.engineId = engineId;
    this.spec = spec;
    this.lifetime = first.lifetime;
    this.lifetimes = lifetimesOf(first.requestType);
    this.members = [first];
  }

  get oldest(): MapHandle {
    return this.members[0];
  }

  /** The state of all members. */
  get state(): MappingState {
    return this.oldest.state;
  }

  /** The assignment of all members. */
  get assignment(): Assignment | undefined {
    return this.members[0].assignment;
  }

  add(mapping: MapHandle): void {
    this.members = [...this.members, mapping];
    this.lifetimes = Math.max(this.lifetimes, lifetimesOf(mapping.requestType));
  }

  /** Removes one of several members. */
  remove(mapping: MapHandle): void {
    const [first, ...others] = this.members.filter((member) => member !== mapping);
    if (first === undefined) return;
    this.members = [first, ...others];
    this.lifetimes = Math.max(...this.members.map(({ requestType }) => lifetimesOf(requestType)));
  }
}
