import type { Clock, Milliseconds } from "../clock.ts";
import { deferred } from "../deferred.ts";
import type { Engine } from "../engine/engine.ts";
import type { Input, KnownMapping, MappingId, MappingState, Output } from "../engine/events.ts";
import type { UpnpOutput } from "../engine/upnp_io.ts";
import { type MappingKey, mappingKey, type MappingSpec } from "../engine/mapping_spec.ts";
import type { AnnounceRequests } from "./announce_requests.ts";
import { hasOtherSet } from "./assigned.ts";
import { withPaddedDescription } from "./description.ts";
import type { KnownGateway } from "../engine/gateway_knowledge.ts";
import { EndWait } from "./end_wait.ts";
import { MappingConflictError } from "./errors.ts";
import { ExternalPorts } from "./external_ports.ts";
import { MapHandle, type MappingControl } from "./map_handle.ts";
import type { RequestedMapping } from "./persistence/mapping_record.ts";
import type { MappingRecords } from "./persistence/mapping_records.ts";
import { isSet, overlap } from "./port_set_overlap.ts";
import { lifetimesOf, RequestType } from "./request_type.ts";
import { SharedMapping } from "./shared_mapping.ts";
import { WallTime } from "./wall_time.ts";

/** What a {@linkcode MappingRegistry} is made of. */
export interface MappingRegistryOptions {
  readonly step: (input: Input) => void;
  readonly clock: Clock;
  readonly records: MappingRecords;
  readonly gateway: () => KnownGateway;
  readonly announceRequests: AnnounceRequests;
}

/**
 * The mappings of one client. Requests with the same protocol and internal port share one mapping of the engine, which is
 * deleted when the last of them is released: two mappings of one key would overwrite each other at the server.
 */
export class MappingRegistry {
  readonly #step: (input: Input) => void;
  readonly #clock: Clock;
  readonly #records: MappingRecords;
  readonly #announceRequests: AnnounceRequests;
  readonly #byEngineId = new Map<MappingId, SharedMapping>();
  /** Without those being released. */
  readonly #byKey = new Map<MappingKey, SharedMapping>();
  /** Port sets, which may overlap other mappings. */
  readonly #sets = new Set<SharedMapping>();
  /** Handles of the client's own requests, which the user does not see. */
  readonly #internal = new WeakSet<MapHandle>();
  readonly #control: MappingControl;
  readonly #externalPorts = new ExternalPorts<SharedMapping>();
  readonly #endWait: EndWait;
  readonly #wallTime = new WallTime();
  /** For handles and for mappings of the engine. */
  #nextId = 1;
  #whenEmpty: () => void = () => {};

  constructor({ step, clock, records, gateway, announceRequests }: MappingRegistryOptions) {
    this.#step = step;
    this.#clock = clock;
    this.#records = records;
    this.#announceRequests = announceRequests;
    this.#endWait = new EndWait(clock, gateway);
    this.#control = {
      renew: (mapping, lifetime) => {
        const shared = this.#sharedOf(mapping);
        if (shared !== undefined) this.#renew(shared, lifetime);
      },
      release: (mapping, endAs) => this.#release(mapping, endAs),
      giveUpAfter: (timeout, giveUp) => this.#endWait.begin(timeout, giveUp),
      wallTime: (at) => this.#wallTime.of(at),
      echoesOptions: () => announceRequests.echoesOptions,
    };
  }

  /** The user's mappings that are not over, oldest first. */
  get mappings(): readonly MapHandle[] {
    return [...this.#byEngineId.values()]
      .flatMap((shared) => shared.members)
      .filter((mapping) => !this.#internal.has(mapping))
      .sort((one, other) => one.id - other.id);
  }

  /** The number of mappings of the engine that are not over. */
  get size(): number {
    return this.#byEngineId.size;
  }

  /**
   * Requests a new mapping, or joins the one with the same key.
   *
   * @throws {MappingConflictError} If a mapping with the same key has other options, or a port set overlaps.
   */
  request(spec: MappingSpec, kind: RequestType, internal: boolean): MapHandle {
    lifetimesOf(kind); // throws if it is not a request type
    const key = mappingKey(spec);
    const joined = this.#byKey.get(key);
    if (joined !== undefined) checkOptions(joined.spec, spec);
    else this.#checkOverlap(key, spec);
    const mapping = new MapHandle(this.#nextId++, spec, kind, this.#control);
    if (internal) this.#internal.add(mapping);
    if (joined !== undefined) this.#join(joined, mapping);
    else this.#add(new SharedMapping(mapping.id, key, spec, mapping));
    return mapping;
  }

  /** A mapping of an earlier run, to be released at once. It may have ports of other mappings. */
  adopt(spec: MappingSpec): MapHandle {
    const mapping = new MapHandle(this.#nextId++, spec, RequestType.Once, this.#control);
    this.#internal.add(mapping);
    this.#add(new SharedMapping(mapping.id, mappingKey(spec), spec, mapping));
    return mapping;
  }

  /** The id of the oldest handle of a mapping of the engine. */
  idOf(engineId: MappingId): MappingId {
    return this.#byEngineId.get(engineId)?.oldest.id ?? engineId;
  }

  stateChanged({ id, state, over }: Output & { type: "state" }): void {
    const shared = this.#byEngineId.get(id);
    if (shared === undefined) return;
    if (shared.record !== undefined) {
      const requested = state.type === "starting" ||
        (state.type === "updating" && state.lifetime > 0);
      if (over) this.#records.remove(shared.record);
      else if (requested) this.#records.extend(shared.record);
    }
    if (over) this.#forget(shared);
    // A request from now on is another mapping.
    else if (state.type === "error" && state.retryIn === undefined) this.#byKey.delete(shared.key);
    for (const mapping of shared.members) mapping.setState(state, over);
    if (over && this.size === 0) this.#whenEmpty();
  }

  granted({ id, assignment, changed }: Output & { type: "granted" }): void {
    const shared = this.#byEngineId.get(id);
    if (shared === undefined) return;
    this.#wallTime.compare(this.#clock.now());
    if (shared.record !== undefined) this.#records.granted(shared.record, assignment);
    if (changed && shared.assignment !== undefined) this.#externalPorts.left(shared);
    if (isSet(shared.spec) && hasOtherSet(assignment.options, shared.spec)) {
      this.#announceRequests.processesOptions();
    }
    for (const mapping of shared.members) mapping.setAssignment(assignment, changed);
    const loser = changed ? this.#externalPorts.assigned(shared) : undefined;
    if (loser !== undefined) this.#step({ type: "conflict", id: loser.engineId });
  }

  /** The server has lost its state. */
  restarted(): void {
    this.#externalPorts.restarted();
  }

  /** The mapping is about to be made over UPnP. Resolves when that is recorded. */
  adding({ id, externalPort, record }: UpnpOutput & { type: "adding" }): Promise<void> | undefined {
    const shared = this.#byEngineId.get(id);
    if (shared?.record === undefined) return undefined;
    return this.#records.adding(shared.record, externalPort, record);
  }

  lost(id: MappingId): void {
    const shared = this.#byEngineId.get(id);
    if (shared === undefined) return;
    this.#externalPorts.left(shared);
    for (const mapping of shared.members) mapping.clearAssignment();
  }

  /** Every mapping, and what the engine knows of it. */
  known(engine: Engine): RequestedMapping[] {
    return [...this.#byEngineId.values()].flatMap(({ engineId, key, spec }) => {
      const known = engine.known(engineId);
      return known === undefined ? [] : [{ key, spec, known }];
    });
  }

  /**
   * Requests every mapping from a new engine, on another address or with another server (RFC 6887 section 11.5). Mappings
   * being deleted end here: the old server is out of reach, and they expire there.
   */
  requestAgain(): void {
    this.#endWait.reset();
    for (const shared of [...this.#byEngineId.values()]) {
      const { assignment, engineId: id, releasing } = shared;
      const state: MappingState = { type: releasing ?? "requested" };
      this.lost(id);
      this.stateChanged({ type: "state", id, state, over: releasing !== undefined });
      if (releasing !== undefined) continue;
      this.#takeNewId(shared);
      shared.started = false;
      shared.spec = { ...shared.spec, lifetime: shared.lifetime };
      // The external port of an outbound mapping is not a suggestion but a condition (section 12.1).
      this.#introduce(shared, shared.spec.opcode === "map" ? assignment?.externalPort : undefined);
    }
  }

  /** Releases every mapping. Resolves when the last one is over, or after the timeout; see {@linkcode EndWait}. */
  async releaseAll(timeout: Milliseconds): Promise<void> {
    for (const shared of [...this.#byEngineId.values()]) this.#releaseShared(shared, "dropped");
    if (this.size === 0) return;
    const { promise, resolve } = deferred<void>();
    const cancel = this.#endWait.begin(timeout, resolve);
    this.#whenEmpty = resolve;
    await promise;
    cancel();
  }

  /** Ends all handles; their mappings stay at the server and in the records. */
  detach(): void {
    for (const shared of [...this.#byEngineId.values()]) {
      const { engineId: id } = shared;
      shared.record = undefined;
      this.lost(id);
      this.stateChanged({ type: "state", id, state: { type: "dropped" }, over: true });
    }
  }

  #add(shared: SharedMapping): void {
    this.#byKey.set(shared.key, shared);
    if (isSet(shared.spec)) this.#sets.add(shared);
    this.#introduce(shared);
  }

  /** Records the mapping and passes it to the engine, which sends the request after a deletion of the same key. */
  #introduce(shared: SharedMapping, suggestedPort = 0): void {
    const { engineId, key, spec } = shared;
    this.#byEngineId.set(engineId, shared);
    if (!this.#records.isUsed) {
      const keepsSpec = suggestedPort === 0 || spec.externalPort !== 0 ||
        !spec.externalAddress.isUnspecified;
      return this.#start(shared, keepsSpec ? spec : { ...spec, externalPort: suggestedPort });
    }
    const { record, isWaiting, written, spec: requested, known } = this.#records
      .record(spec, suggestedPort, key);
    shared.record = record;
    shared.isWaiting = isWaiting;
    if (written === undefined) return this.#start(shared, requested, known);
    void written.then(() => {
      if (this.#byEngineId.get(engineId) !== shared) return;
      if (shared.isWaiting) this.#takeNewId(shared);
      this.#start(shared, requested, known);
    });
  }

  /** An engine takes ids in ascending order only. */
  #takeNewId(shared: SharedMapping): void {
    this.#byEngineId.delete(shared.engineId);
    shared.engineId = this.#nextId++;
    this.#byEngineId.set(shared.engineId, shared);
  }

  #start(shared: SharedMapping, wanted: MappingSpec, known?: KnownMapping): void {
    const { engineId: id, lifetime, lifetimes, releasing: release } = shared;
    // A handle may have joined since the record.
    const requested = wanted.lifetime === lifetime ? wanted : { ...wanted, lifetime };
    const spec = withPaddedDescription(requested);
    shared.started = true;
    shared.isWaiting = false;
    this.#step({ type: "request", id, spec, lifetimes, known, release });
  }

  #join(shared: SharedMapping, mapping: MapHandle): void {
    shared.add(mapping);
    if (shared.state.type !== "requested") mapping.setState(shared.state, false);
    if (shared.assignment !== undefined) mapping.setAssignment(shared.assignment, true);
    this.#updateLifetimes(shared);
    // A mapping that is not kept alive has less than a whole lifetime left.
    const endsBefore = shared.assignment !== undefined && shared.lifetimes !== Infinity;
    if (mapping.lifetime > shared.lifetime || endsBefore) {
      this.#renew(shared, Math.max(mapping.lifetime, shared.lifetime));
    }
  }

  #renew(shared: SharedMapping, lifetime: number): void {
    shared.lifetime = lifetime;
    if (shared.started) this.#step({ type: "renew", id: shared.engineId, lifetime });
  }

  #release(mapping: MapHandle, endAs: "revoked" | "dropped"): void {
    const shared = this.#sharedOf(mapping);
    if (shared === undefined) return; // it is being released already
    if (shared.members.length === 1) return this.#releaseShared(shared, endAs);
    shared.remove(mapping);
    mapping.clearAssignment();
    mapping.setState({ type: endAs }, true);
    this.#updateLifetimes(shared);
  }

  /** The shared mapping of the handle, unless it is being released. */
  #sharedOf(mapping: MapHandle): SharedMapping | undefined {
    const shared = this.#byKey.get(mappingKey(mapping.spec));
    return shared?.members.includes(mapping) ? shared : undefined;
  }

  #releaseShared(shared: SharedMapping, endAs: "revoked" | "dropped"): void {
    if (shared.releasing !== undefined) return;
    shared.releasing = endAs;
    this.#byKey.delete(shared.key); // a request from now on is another mapping
    const { engineId: id, started, isWaiting } = shared;
    if (started) return this.#step({ type: "release", id, as: endAs });
    // It was never requested: nothing is to be deleted.
    if (isWaiting) this.stateChanged({ type: "state", id, state: { type: endAs }, over: true });
  }

  #updateLifetimes(shared: SharedMapping): void {
    const { engineId: id, lifetimes } = shared;
    if (shared.started) this.#step({ type: "want", id, lifetimes });
  }

  #checkOverlap(key: MappingKey, spec: MappingSpec): void {
    if (this.#sets.size === 0 && !isSet(spec)) return;
    for (const other of isSet(spec) ? this.#byEngineId.values() : this.#sets) {
      if (other.key !== key && overlap(other.spec, spec)) {
        throw new MappingConflictError("ports in common", spec);
      }
    }
  }

  #forget(shared: SharedMapping): void {
    this.#sets.delete(shared);
    if (this.#byKey.get(shared.key) === shared) this.#byKey.delete(shared.key);
    this.#byEngineId.delete(shared.engineId);
  }
}

/** Compares what must be equal to share a mapping: the options, and with PREFER_FAILURE the suggestions. */
function checkOptions(shared: MappingSpec, spec: MappingSpec): void {
  const options = ({ options }: MappingSpec): string => JSON.stringify(options);
  if (options(shared) !== options(spec)) throw new MappingConflictError("other options", spec);
  if (!spec.options.some((option) => option.type === "preferFailure")) return;
  if (spec.externalPort !== shared.externalPort) {
    throw new MappingConflictError("another external port", spec);
  }
  if (!spec.externalAddress.equals(shared.externalAddress)) {
    throw new MappingConflictError("another external address", spec);
  }
}
