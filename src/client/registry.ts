import type {
  Assignment,
  Input,
  MappingId,
  MappingState,
  Milliseconds,
  Output,
} from "../engine/events.ts";
import { mappingKey, type MappingSpec } from "../engine/spec.ts";
import { MappingConflictError } from "./errors.ts";
import { MapHandle } from "./map_handle.ts";
import { lifetimesOf, type RequestType } from "./request_type.ts";

/** What a registry needs of its handle. */
export interface RegistryOptions {
  readonly step: (input: Input) => void;
  readonly now: () => Milliseconds;
}

/** One mapping of the engine, and the handles of those who want it: the server knows one mapping of a key. */
interface Shared {
  readonly engineId: MappingId;
  readonly key: string;
  readonly spec: MappingSpec;
  readonly members: Map<MappingId, MapHandle>;
  lifetime: number;
  state: MappingState;
  assignment: Assignment | undefined;
  releasing: boolean;
}

/**
 * The mappings of one client. Who asks for what is asked for already joins it: two requests for one protocol and internal
 * port would take the mapping from each other at the server. It is deleted when the last one lets go.
 */
export class Registry {
  readonly #step: (input: Input) => void;
  readonly #now: () => Milliseconds;
  readonly #byEngineId = new Map<MappingId, Shared>();
  readonly #byKey = new Map<string, Shared>();
  /** Handles that serve a question of the client, not its user. */
  readonly #internal = new WeakSet<MapHandle>();
  readonly #open = new Map<MappingId, MapHandle>();
  #nextId = 1;
  #nextEngineId = 1;
  #whenEmpty: (() => void) | undefined;

  constructor(options: RegistryOptions) {
    this.#step = options.step;
    this.#now = options.now;
  }

  /** The user's mappings that are not over, oldest first. */
  get mappings(): readonly MapHandle[] {
    return [...this.#open.values()].filter((mapping) => !this.#internal.has(mapping));
  }

  /** How many mappings the engine holds. */
  get size(): number {
    return this.#byEngineId.size;
  }

  /**
   * A new mapping, or one that joins an equal one.
   *
   * @throws {MappingConflictError} If the key is taken by a mapping with other options.
   */
  request(spec: MappingSpec, kind: RequestType, internal: boolean): MapHandle {
    const lifetimes = lifetimesOf(kind);
    const key = mappingKey(spec);
    const joined = this.#byKey.get(key);
    if (joined !== undefined) checkFits(joined, spec);
    const id = this.#nextId++;
    const engineId = joined?.engineId ?? this.#nextEngineId++;
    const mapping = new MapHandle(id, spec, kind, {
      renew: (lifetime) => this.#renew(engineId, lifetime),
      release: (endAs) => this.#release(engineId, id, endAs),
      until: (at) => at - this.#now(),
    });
    if (internal) this.#internal.add(mapping);
    this.#open.set(id, mapping);
    if (joined === undefined) this.#create(engineId, key, spec, mapping, lifetimes);
    else this.#join(joined, mapping);
    return mapping;
  }

  stateChanged({ id, state, over }: Output & { type: "state" }): void {
    const shared = this.#byEngineId.get(id);
    if (shared === undefined) return;
    shared.state = state;
    if (over) this.#forget(shared);
    for (const mapping of [...shared.members.values()]) {
      if (over) this.#open.delete(mapping.id);
      mapping.setState(state, over);
    }
    if (over && this.size === 0) this.#whenEmpty?.();
  }

  granted({ id, assignment, changed }: Output & { type: "granted" }): void {
    const shared = this.#byEngineId.get(id);
    if (shared === undefined) return;
    shared.assignment = assignment;
    for (const mapping of [...shared.members.values()]) mapping.setAssignment(assignment, changed);
  }

  lost(id: MappingId): void {
    const shared = this.#byEngineId.get(id);
    if (shared === undefined) return;
    shared.assignment = undefined;
    for (const mapping of shared.members.values()) mapping.clearAssignment();
  }

  /** Lets go of everything; {@linkcode Registry.size} falls to 0 as the server confirms. */
  releaseAll(): void {
    for (const shared of [...this.#byEngineId.values()]) this.#releaseShared(shared, "dropped");
  }

  /** Calls back once when the last mapping is over. */
  onceEmpty(call: () => void): void {
    if (this.size === 0) call();
    else this.#whenEmpty = call;
  }

  /** Ends the handles of mappings that live on at the server, or whose deletion nobody confirmed. */
  abandon(): void {
    for (const shared of [...this.#byEngineId.values()]) {
      this.lost(shared.engineId);
      this.stateChanged({
        type: "state",
        id: shared.engineId,
        state: { type: "dropped" },
        over: true,
      });
    }
  }

  #create(
    engineId: MappingId,
    key: string,
    spec: MappingSpec,
    mapping: MapHandle,
    lifetimes: number,
  ): void {
    const shared: Shared = {
      engineId,
      key,
      spec,
      members: new Map([[mapping.id, mapping]]),
      lifetime: spec.lifetime,
      state: mapping.state,
      assignment: undefined,
      releasing: false,
    };
    this.#byEngineId.set(engineId, shared);
    this.#byKey.set(key, shared);
    this.#step({ type: "request", id: engineId, spec, lifetimes });
  }

  #join(shared: Shared, mapping: MapHandle): void {
    shared.members.set(mapping.id, mapping);
    if (shared.state.type !== "requested") mapping.setState(shared.state, false);
    if (shared.assignment !== undefined) mapping.setAssignment(shared.assignment, true);
    this.#adapt(shared);
    if (mapping.lifetime > shared.lifetime && shared.assignment !== undefined) {
      this.#renew(shared.engineId, mapping.lifetime);
    }
  }

  #renew(engineId: MappingId, lifetime: number): void {
    const shared = this.#byEngineId.get(engineId);
    if (shared === undefined) return;
    shared.lifetime = lifetime;
    this.#step({ type: "renew", id: engineId, lifetime });
  }

  #release(engineId: MappingId, id: MappingId, endAs: "revoked" | "dropped"): void {
    const shared = this.#byEngineId.get(engineId);
    const mapping = shared?.members.get(id);
    if (shared === undefined || mapping === undefined) return;
    if (shared.members.size === 1) return this.#releaseShared(shared, endAs);
    shared.members.delete(id);
    this.#open.delete(id);
    mapping.clearAssignment();
    mapping.setState({ type: endAs }, true);
    this.#adapt(shared);
  }

  #releaseShared(shared: Shared, endAs: "revoked" | "dropped"): void {
    if (shared.releasing) return;
    shared.releasing = true;
    // Who asks for the same now gets a new mapping, which the engine begins when the deletion is over.
    if (this.#byKey.get(shared.key) === shared) this.#byKey.delete(shared.key);
    this.#step({ type: "release", id: shared.engineId, as: endAs });
  }

  /** The mapping is wanted for as long as the one wants it who wants it longest. */
  #adapt(shared: Shared): void {
    const lifetimes = Math.max(
      ...[...shared.members.values()].map(({ requestType }) => lifetimesOf(requestType)),
    );
    this.#step({ type: "want", id: shared.engineId, lifetimes });
  }

  #forget(shared: Shared): void {
    this.#byEngineId.delete(shared.engineId);
    if (this.#byKey.get(shared.key) === shared) this.#byKey.delete(shared.key);
  }
}

/** Options change what a mapping is; suggestions are only wishes, unless nothing else will do. */
function checkFits(shared: Shared, spec: MappingSpec): void {
  const options = ({ options }: MappingSpec): string => JSON.stringify(options);
  if (options(shared.spec) !== options(spec)) throw new MappingConflictError("options", spec);
  const picky = spec.options.some((option) => option.type === "preferFailure");
  if (picky && spec.externalPort !== shared.spec.externalPort) {
    throw new MappingConflictError("external port", spec);
  }
}
