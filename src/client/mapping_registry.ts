import type { Input, MappingId, MappingState, Milliseconds, Output } from "../engine/events.ts";
import type { Nonce } from "../wire/nonce.ts";
import { type MappingKey, mappingKey, type MappingSpec } from "../engine/mapping_spec.ts";
import { MappingConflictError } from "./errors.ts";
import type { MappingRecords, RecordedRequest } from "./persistence/mapping_records.ts";
import { MapHandle, type MappingControl } from "./map_handle.ts";
import { type Endpoints, type MappingRecord, recordOfLive } from "./persistence/mapping_record.ts";
import { isSet, overlap } from "./port_set_overlap.ts";
import { lifetimesOf, type RequestType } from "./request_type.ts";
import { SharedMapping } from "./shared_mapping.ts";
import { WallTime } from "./wall_time.ts";

/** What a registry needs of its handle. */
export interface MappingRegistryOptions {
  readonly step: (input: Input) => void;
  readonly now: () => Milliseconds;
  /** Every mapping is noted there before its request leaves. */
  readonly ledger: MappingRecords;
}

/**
 * The mappings of one client. Who asks for what is asked for already joins it: two requests for one protocol and internal
 * port would take the mapping from each other at the server. It is deleted when the last one lets go.
 */
export class MappingRegistry {
  readonly #step: (input: Input) => void;
  readonly #now: () => Milliseconds;
  readonly #byEngineId = new Map<MappingId, SharedMapping>();
  /** Not those that are being released. */
  readonly #byKey = new Map<MappingKey, SharedMapping>();
  /** Those being deleted, the newest of each key. */
  readonly #releasing = new Map<MappingKey, SharedMapping>();
  /** Those of runs of ports, which may overlap others. */
  readonly #sets = new Set<SharedMapping>();
  /** Handles that serve a question of the client, not its user. */
  readonly #internal = new WeakSet<MapHandle>();
  readonly #control: MappingControl;
  /** For handles and for mappings of the engine. */
  #nextId = 1;
  #whenEmpty: (() => void) | undefined;
  readonly #ledger: MappingRecords;
  readonly #wallTime = new WallTime();
  #abandoned = false;

  constructor(options: MappingRegistryOptions) {
    this.#step = options.step;
    this.#now = options.now;
    this.#ledger = options.ledger;
    this.#control = {
      renew: (mapping, lifetime) => this.#renewFor(mapping, lifetime),
      release: (mapping, endAs) => this.#release(mapping, endAs),
      wallTime: (at) => this.#wallTime.of(at),
    };
  }

  /** The user's mappings that are not over, oldest first. */
  get mappings(): readonly MapHandle[] {
    return [...this.#byEngineId.values()]
      .flatMap((shared) => shared.members)
      .filter((mapping) => !this.#internal.has(mapping))
      .sort((one, other) => one.id - other.id);
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
    if (joined !== undefined) checkFits(joined.spec, spec);
    else this.#checkOverlap(key, spec);
    const mapping = new MapHandle(this.#nextId++, spec, kind, this.#control);
    if (internal) this.#internal.add(mapping);
    if (joined !== undefined) this.#join(joined, mapping);
    else this.#add(key, new SharedMapping(mapping.id, spec, mapping));
    return mapping;
  }

  /** The user's id of a mapping of the engine; of several who want it that of the oldest. */
  idOf(engineId: MappingId): MappingId {
    return this.#byEngineId.get(engineId)?.oldest.id ?? engineId;
  }

  stateChanged({ id, state, over }: Output & { type: "state" }): void {
    const shared = this.#byEngineId.get(id);
    if (shared === undefined) return;
    const { note, heir } = shared;
    if (note !== undefined && !this.#abandoned) {
      const asks = state.type === "starting" || (state.type === "updating" && state.lifetime > 0);
      if (over) this.#ledger.close(note);
      else if (asks) this.#ledger.asked(note);
    }
    if (over) this.#forget(shared);
    for (const mapping of shared.members) mapping.setState(state, over);
    if (over && this.size === 0) this.#whenEmpty?.();
    if (over && heir !== undefined && !this.#abandoned) {
      this.#renumber(heir);
      this.#introduce(heir);
    }
  }

  granted({ id, assignment, changed }: Output & { type: "granted" }): void {
    const shared = this.#byEngineId.get(id);
    if (shared === undefined) return;
    this.#wallTime.compare(this.#now());
    if (shared.note !== undefined) this.#ledger.granted(shared.note, assignment);
    for (const mapping of shared.members) mapping.setAssignment(assignment, changed);
  }

  lost(id: MappingId): void {
    for (const mapping of this.#byEngineId.get(id)?.members ?? []) mapping.clearAssignment();
  }

  /**
   * What the server may hold, for the case that this host comes back to it.
   *
   * @param nonceOf What the engine knows.
   */
  held(owner: Endpoints, nonceOf: (id: MappingId) => Nonce | undefined): readonly MappingRecord[] {
    if (this.#ledger.isDurable) return []; // it has noted everything
    const held: MappingRecord[] = [];
    for (const shared of this.#byEngineId.values()) {
      const { state, spec, assignment, lifetime } = shared;
      const nonce = nonceOf(shared.engineId);
      if (state.type === "requested" || nonce === undefined) continue;
      const left = assignment === undefined ? lifetime * 1000 : assignment.expiresAt - this.#now();
      held.push(recordOfLive(owner, spec, nonce, assignment, left));
    }
    return held;
  }

  /**
   * Another engine does the work from now on, on another address or with another server: every mapping is asked for anew
   * (RFC 6887 section 11.5). What was being deleted is out of reach, and ends when it expires.
   */
  rebase(): void {
    this.#releasing.clear();
    const all = [...this.#byEngineId.values()];
    for (const shared of all) shared.heir = undefined;
    for (const shared of all) {
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

  /** Lets go of everything; {@linkcode MappingRegistry.size} falls to 0 as the server confirms. */
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
    for (const id of [...this.#byEngineId.keys()]) {
      this.lost(id);
      this.stateChanged({ type: "state", id, state: { type: "dropped" }, over: true });
    }
  }

  #add(key: MappingKey, shared: SharedMapping): void {
    this.#byEngineId.set(shared.engineId, shared);
    this.#byKey.set(key, shared);
    if (isSet(shared.spec)) this.#sets.add(shared);
    this.#queue(shared);
  }

  /**
   * A note tells of one mapping of a key. While the server may hold one that is being deleted, no other is noted, and what
   * is not noted is not asked for.
   */
  #queue(shared: SharedMapping): void {
    const before = this.#ledger.isDurable
      ? this.#releasing.get(mappingKey(shared.spec))
      : undefined;
    if (before === undefined) this.#introduce(shared);
    else before.heir = shared;
  }

  /** An engine takes ids in their order only. */
  #renumber(shared: SharedMapping): void {
    this.#byEngineId.delete(shared.engineId);
    shared.engineId = this.#nextId++;
    this.#byEngineId.set(shared.engineId, shared);
  }

  /** Notes it and makes the engine know it; at once, unless the note must be safe before the request leaves. */
  #introduce(shared: SharedMapping, suggestedPort?: number): void {
    const { engineId } = shared;
    const entered = this.#ledger.enter(shared.spec, suggestedPort);
    shared.note = entered.note;
    if (entered.written === undefined) return this.#start(shared, entered);
    void entered.written.then(() => {
      if (shared.engineId === engineId) this.#start(shared, entered);
    });
  }

  #start(shared: SharedMapping, { asked, known }: RecordedRequest): void {
    if (this.#abandoned) return;
    shared.started = true;
    const { engineId, releasing } = shared;
    const release = releasing === undefined ? {} : { release: releasing };
    this.#step({
      type: "request",
      id: engineId,
      spec: asked,
      lifetimes: shared.lifetimes,
      known,
      ...release,
    });
  }

  #join(shared: SharedMapping, mapping: MapHandle): void {
    shared.add(mapping);
    if (shared.state.type !== "requested") mapping.setState(shared.state, false);
    if (shared.assignment !== undefined) mapping.setAssignment(shared.assignment, true);
    this.#adapt(shared);
    // Of a mapping that is not kept alive, what is left is less than the lifetime that is asked for now.
    const endsBefore = shared.assignment !== undefined && shared.lifetimes !== Infinity;
    if (mapping.lifetime > shared.lifetime || endsBefore) {
      this.#renew(shared, Math.max(mapping.lifetime, shared.lifetime));
    }
  }

  #renew(shared: SharedMapping, lifetime: number): void {
    if (!shared.started) return;
    shared.lifetime = lifetime;
    this.#step({ type: "renew", id: shared.engineId, lifetime });
  }

  #renewFor(mapping: MapHandle, lifetime: number): void {
    const shared = this.#sharedOf(mapping);
    if (shared !== undefined) this.#renew(shared, lifetime);
  }

  #release(mapping: MapHandle, endAs: "revoked" | "dropped"): void {
    const shared = this.#sharedOf(mapping);
    if (shared === undefined) return; // it is being released already
    if (shared.members.length === 1) return this.#releaseShared(shared, endAs);
    shared.remove(mapping);
    mapping.clearAssignment();
    mapping.setState({ type: endAs }, true);
    this.#adapt(shared);
  }

  /** What it belongs to, unless that is being released. */
  #sharedOf(mapping: MapHandle): SharedMapping | undefined {
    const shared = this.#byKey.get(mappingKey(mapping.spec));
    return shared?.members.includes(mapping) ? shared : undefined;
  }

  #releaseShared(shared: SharedMapping, endAs: "revoked" | "dropped"): void {
    if (shared.releasing !== undefined) return;
    shared.releasing = endAs;
    // Who asks for the same now gets a new mapping, which the engine begins when the deletion is over.
    const key = mappingKey(shared.spec);
    if (this.#byKey.get(key) === shared) this.#byKey.delete(key);
    const isWaiting = this.#ledger.isDurable && shared.note === undefined;
    if (isWaiting) return this.#endWaiting(shared, endAs);
    this.#releasing.set(key, shared);
    if (shared.started) this.#step({ type: "release", id: shared.engineId, as: endAs });
  }

  #endWaiting(shared: SharedMapping, endAs: "revoked" | "dropped"): void {
    const before = this.#releasing.get(mappingKey(shared.spec));
    if (before?.heir === shared) before.heir = undefined;
    const { engineId } = shared;
    this.stateChanged({ type: "state", id: engineId, state: { type: endAs }, over: true });
  }

  /** The mapping is wanted for as long as the one wants it who wants it longest. */
  #adapt(shared: SharedMapping): void {
    if (!shared.started) return;
    this.#step({ type: "want", id: shared.engineId, lifetimes: shared.lifetimes });
  }

  #checkOverlap(key: MappingKey, spec: MappingSpec): void {
    for (const other of isSet(spec) ? this.#byEngineId.values() : this.#sets) {
      if (mappingKey(other.spec) !== key && overlap(other.spec, spec)) {
        throw new MappingConflictError("ports in common", spec);
      }
    }
  }

  #forget(shared: SharedMapping): void {
    this.#sets.delete(shared);
    const key = mappingKey(shared.spec);
    if (this.#byKey.get(key) === shared) this.#byKey.delete(key);
    this.#byEngineId.delete(shared.engineId);
    if (this.#releasing.get(key) === shared) this.#releasing.delete(key);
  }
}

/** Options change what a mapping is; suggestions are only wishes, unless nothing else will do. */
function checkFits(known: MappingSpec, spec: MappingSpec): void {
  const options = ({ options }: MappingSpec): string => JSON.stringify(options);
  if (options(known) !== options(spec)) throw new MappingConflictError("other options", spec);
  const picky = spec.options.some((option) => option.type === "preferFailure");
  if (!picky) return;
  if (spec.externalPort !== known.externalPort) {
    throw new MappingConflictError("another external port", spec);
  }
  if (!spec.externalAddress.equals(known.externalAddress)) {
    throw new MappingConflictError("another external address", spec);
  }
}
