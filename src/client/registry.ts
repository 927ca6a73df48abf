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
import type { Entered, Ledger } from "./ledger.ts";
import type { Noted } from "./noted.ts";
import { MapHandle } from "./map_handle.ts";
import { isSet, overlap } from "./overlap.ts";
import { lifetimesOf, type RequestType } from "./request_type.ts";

/** What a registry needs of its handle. */
export interface RegistryOptions {
  readonly step: (input: Input) => void;
  readonly now: () => Milliseconds;
  /** Every mapping is noted there before its request leaves. */
  readonly ledger: Ledger;
}

/** One mapping of the engine, and the handles of those who want it: the server knows one mapping of a key. */
interface Shared {
  engineId: MappingId;
  readonly key: string;
  spec: MappingSpec;
  readonly members: Map<MappingId, MapHandle>;
  lifetime: number;
  state: MappingState;
  assignment: Assignment | undefined;
  releasing: "revoked" | "dropped" | undefined;
  /** The engine knows it; it must be noted first. */
  started: boolean;
  note: Noted | undefined;
  /** Asked for while this is being deleted, and waits for the end of that. */
  heir: Shared | undefined;
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
  /** Those being deleted, the newest of each key. */
  readonly #releasing = new Map<string, Shared>();
  /** Those of runs of ports, which may overlap others. */
  readonly #sets = new Set<Shared>();
  /** Handles that serve a question of the client, not its user. */
  readonly #internal = new WeakSet<MapHandle>();
  readonly #open = new Map<MappingId, MapHandle>();
  #nextId = 1;
  #nextEngineId = 1;
  #whenEmpty: (() => void) | undefined;
  readonly #ledger: Ledger;
  #abandoned = false;

  constructor(options: RegistryOptions) {
    this.#step = options.step;
    this.#now = options.now;
    this.#ledger = options.ledger;
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
   * @throws {MappingConflictError} If the key is taken by a mapping with other options, or ports of a set are.
   */
  request(spec: MappingSpec, kind: RequestType, internal: boolean): MapHandle {
    lifetimesOf(kind); // throws if it is none
    const key = mappingKey(spec);
    const joined = this.#byKey.get(key);
    if (joined !== undefined) checkFits(joined, spec);
    else this.#checkOverlap(key, spec);
    const mapping: MapHandle = new MapHandle(this.#nextId++, spec, kind, {
      renew: (lifetime) => this.#renew(shared, lifetime),
      release: (endAs) => this.#release(shared, mapping, endAs),
      until: (at) => at - this.#now(),
    });
    const shared = joined ?? this.#share(key, spec, mapping);
    if (internal) this.#internal.add(mapping);
    this.#open.set(mapping.id, mapping);
    if (joined === undefined) this.#queue(shared);
    else this.#join(joined, mapping);
    return mapping;
  }

  /** The user's id of a mapping of the engine; of several who want it that of the oldest. */
  idOf(engineId: MappingId): MappingId {
    const [oldest] = this.#byEngineId.get(engineId)?.members.keys() ?? [];
    return oldest ?? engineId;
  }

  stateChanged({ id, state, over }: Output & { type: "state" }): void {
    const shared = this.#byEngineId.get(id);
    if (shared === undefined) return;
    shared.state = state;
    if (shared.note !== undefined && !this.#abandoned) {
      const asks = state.type === "starting" || (state.type === "updating" && state.lifetime > 0);
      if (over) this.#ledger.close(shared.note);
      else if (asks) this.#ledger.asked(shared.note);
    }
    if (over) this.#forget(shared);
    for (const mapping of [...shared.members.values()]) {
      if (over) this.#open.delete(mapping.id);
      mapping.setState(state, over);
    }
    if (over && this.size === 0) this.#whenEmpty?.();
    if (over && shared.heir !== undefined && !this.#abandoned) {
      this.#renumber(shared.heir);
      this.#introduce(shared.heir);
    }
  }

  granted({ id, assignment, changed }: Output & { type: "granted" }): void {
    const shared = this.#byEngineId.get(id);
    if (shared === undefined) return;
    shared.assignment = assignment;
    if (shared.note !== undefined) this.#ledger.granted(shared.note, assignment);
    for (const mapping of [...shared.members.values()]) mapping.setAssignment(assignment, changed);
  }

  lost(id: MappingId): void {
    const shared = this.#byEngineId.get(id);
    if (shared === undefined) return;
    shared.assignment = undefined;
    for (const mapping of shared.members.values()) mapping.clearAssignment();
  }

  /**
   * Another engine does the work from now on, on another address or with another server: every mapping is asked for anew
   * (RFC 6887 section 11.5). What was being deleted is out of reach, and ends when it expires.
   */
  rebase(): void {
    this.#releasing.clear();
    for (const shared of this.#byEngineId.values()) shared.heir = undefined;
    for (const shared of [...this.#byEngineId.values()]) {
      const { assignment, engineId, releasing } = shared;
      const isOver = releasing !== undefined;
      const state: MappingState = { type: releasing ?? "requested" };
      this.lost(engineId);
      this.stateChanged({ type: "state", id: engineId, state, over: isOver });
      if (isOver) continue;
      this.#renumber(shared);
      shared.started = false;
      shared.spec = { ...shared.spec, lifetime: shared.lifetime };
      // Of an outbound mapping the external port is no wish but a condition (section 12.1).
      this.#introduce(shared, shared.spec.opcode === "map" ? assignment?.externalPort : undefined);
    }
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
    this.#abandoned = true; // what is noted of them stays
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

  #share(key: string, spec: MappingSpec, mapping: MapHandle): Shared {
    const engineId = this.#nextEngineId++;
    const shared: Shared = {
      engineId,
      key,
      spec,
      members: new Map([[mapping.id, mapping]]),
      lifetime: spec.lifetime,
      state: mapping.state,
      assignment: undefined,
      releasing: undefined,
      started: false,
      note: undefined,
      heir: undefined,
    };
    this.#byEngineId.set(engineId, shared);
    this.#byKey.set(key, shared);
    if (isSet(spec)) this.#sets.add(shared);
    return shared;
  }

  /**
   * A note tells of one mapping of a key. While the server may hold one that is being deleted, no other is noted, and what
   * is not noted is not asked for.
   */
  #queue(shared: Shared): void {
    const before = this.#ledger.isDurable ? this.#releasing.get(shared.key) : undefined;
    if (before === undefined) this.#introduce(shared);
    else before.heir = shared;
  }

  /** An engine takes ids in their order only. */
  #renumber(shared: Shared): void {
    this.#byEngineId.delete(shared.engineId);
    shared.engineId = this.#nextEngineId++;
    this.#byEngineId.set(shared.engineId, shared);
  }

  /** Notes it and makes the engine know it; at once, unless the note must be safe before the request leaves. */
  #introduce(shared: Shared, suggestedPort?: number): void {
    const { engineId } = shared;
    const entered = this.#ledger.enter(shared.spec, suggestedPort);
    shared.note = entered.note;
    if (entered.written === undefined) return this.#start(shared, entered);
    void entered.written.then(() => {
      if (shared.engineId === engineId) this.#start(shared, entered);
    });
  }

  #start(shared: Shared, { asked, known }: Entered): void {
    if (this.#abandoned) return;
    shared.started = true;
    const { engineId, releasing } = shared;
    const release = releasing === undefined ? {} : { release: releasing };
    this.#step({
      type: "request",
      id: engineId,
      spec: asked,
      lifetimes: lifetimesOfAll(shared),
      known,
      ...release,
    });
  }

  #join(shared: Shared, mapping: MapHandle): void {
    shared.members.set(mapping.id, mapping);
    if (shared.state.type !== "requested") mapping.setState(shared.state, false);
    if (shared.assignment !== undefined) mapping.setAssignment(shared.assignment, true);
    this.#adapt(shared);
    // Of a mapping that is not kept alive, what is left is less than the lifetime that is asked for now.
    const endsBefore = shared.assignment !== undefined && lifetimesOfAll(shared) !== Infinity;
    if (mapping.lifetime > shared.lifetime || endsBefore) {
      this.#renew(shared, Math.max(mapping.lifetime, shared.lifetime));
    }
  }

  #renew(shared: Shared, lifetime: number): void {
    if (!shared.started) return;
    shared.lifetime = lifetime;
    this.#step({ type: "renew", id: shared.engineId, lifetime });
  }

  #release(shared: Shared, mapping: MapHandle, endAs: "revoked" | "dropped"): void {
    if (!shared.members.has(mapping.id)) return;
    if (shared.members.size === 1) return this.#releaseShared(shared, endAs);
    shared.members.delete(mapping.id);
    this.#open.delete(mapping.id);
    mapping.clearAssignment();
    mapping.setState({ type: endAs }, true);
    this.#adapt(shared);
  }

  #releaseShared(shared: Shared, endAs: "revoked" | "dropped"): void {
    if (shared.releasing !== undefined) return;
    shared.releasing = endAs;
    // Who asks for the same now gets a new mapping, which the engine begins when the deletion is over.
    if (this.#byKey.get(shared.key) === shared) this.#byKey.delete(shared.key);
    const isWaiting = shared.note === undefined;
    if (isWaiting) return this.#endWaiting(shared, endAs);
    this.#releasing.set(shared.key, shared);
    if (shared.started) this.#step({ type: "release", id: shared.engineId, as: endAs });
  }

  #endWaiting(shared: Shared, endAs: "revoked" | "dropped"): void {
    const before = this.#releasing.get(shared.key);
    if (before?.heir === shared) before.heir = undefined;
    const { engineId } = shared;
    this.stateChanged({ type: "state", id: engineId, state: { type: endAs }, over: true });
  }

  /** The mapping is wanted for as long as the one wants it who wants it longest. */
  #adapt(shared: Shared): void {
    if (!shared.started) return;
    const lifetimes = lifetimesOfAll(shared);
    this.#step({ type: "want", id: shared.engineId, lifetimes });
  }

  #checkOverlap(key: string, spec: MappingSpec): void {
    for (const other of isSet(spec) ? this.#byEngineId.values() : this.#sets) {
      if (other.key !== key && overlap(other.spec, spec)) {
        throw new MappingConflictError("ports in common", spec);
      }
    }
  }

  #forget(shared: Shared): void {
    this.#sets.delete(shared);
    this.#byEngineId.delete(shared.engineId);
    if (this.#byKey.get(shared.key) === shared) this.#byKey.delete(shared.key);
    if (this.#releasing.get(shared.key) === shared) this.#releasing.delete(shared.key);
  }
}

function lifetimesOfAll({ members }: Shared): number {
  return Math.max(...[...members.values()].map(({ requestType }) => lifetimesOf(requestType)));
}

/** Options change what a mapping is; suggestions are only wishes, unless nothing else will do. */
function checkFits(shared: Shared, spec: MappingSpec): void {
  const options = ({ options }: MappingSpec): string => JSON.stringify(options);
  if (options(shared.spec) !== options(spec)) throw new MappingConflictError("other options", spec);
  const picky = spec.options.some((option) => option.type === "preferFailure");
  if (!picky) return;
  if (spec.externalPort !== shared.spec.externalPort) {
    throw new MappingConflictError("another external port", spec);
  }
  if (!spec.externalAddress.equals(shared.spec.externalAddress)) {
    throw new MappingConflictError("another external address", spec);
  }
}
