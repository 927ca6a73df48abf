import type {
  Assignment,
  Input,
  KnownMapping,
  MappingId,
  MappingState,
  Milliseconds,
  Output,
} from "../engine/events.ts";
import { mappingKey, type MappingSpec } from "../engine/spec.ts";
import { Nonce } from "../wire/nonce.ts";
import { MappingConflictError } from "./errors.ts";
import type { Ledger } from "./ledger.ts";
import { MapHandle } from "./map_handle.ts";
import { lifetimesOf, type RequestType } from "./request_type.ts";

/** What a registry needs of its handle. */
export interface RegistryOptions {
  readonly step: (input: Input) => void;
  readonly now: () => Milliseconds;
  /** 32 unguessable bits a call, for the nonces of mappings that are noted in the ledger. */
  readonly randomWord: () => number;
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
  /** The engine knows it; with a ledger it must be noted first. */
  started: boolean;
  known: KnownMapping | undefined;
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
  #ledger: Ledger | undefined;
  #abandoned = false;
  readonly #randomWord: () => number;

  constructor(options: RegistryOptions) {
    this.#step = options.step;
    this.#now = options.now;
    this.#randomWord = options.randomWord;
  }

  /** From now on every mapping is noted before its request leaves. */
  keepBooks(ledger: Ledger): void {
    this.#ledger = ledger;
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
    lifetimesOf(kind); // throws if it is none
    const key = mappingKey(spec);
    const joined = this.#byKey.get(key);
    if (joined !== undefined) checkFits(joined, spec);
    const mapping: MapHandle = new MapHandle(this.#nextId++, spec, kind, {
      renew: (lifetime) => this.#renew(shared, lifetime),
      release: (endAs) => this.#release(shared, mapping, endAs),
      until: (at) => at - this.#now(),
    });
    const shared = joined ?? this.#share(key, spec, mapping);
    if (internal) this.#internal.add(mapping);
    this.#open.set(mapping.id, mapping);
    if (joined === undefined) this.#introduce(shared);
    else this.#join(joined, mapping);
    return mapping;
  }

  stateChanged({ id, state, over }: Output & { type: "state" }): void {
    const shared = this.#byEngineId.get(id);
    if (shared === undefined) return;
    shared.state = state;
    if (over) this.#forget(shared);
    if (over && shared.known !== undefined && !this.#abandoned) {
      this.#ledger?.close(shared.spec, shared.known.nonce);
    }
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
    if (shared.known !== undefined) {
      const { externalAddress, externalPort, expiresAt } = assignment;
      const remaining = expiresAt - this.#now();
      this.#ledger?.assigned(
        shared.spec,
        shared.known.nonce,
        `${externalAddress}`,
        externalPort,
        remaining,
      );
    }
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
    const all = [...this.#byEngineId.values()];
    this.#byEngineId.clear();
    for (const shared of all) {
      const { assignment, engineId } = shared;
      this.#byEngineId.set(engineId, shared);
      if (shared.releasing !== undefined) {
        this.lost(engineId);
        this.stateChanged({
          type: "state",
          id: engineId,
          state: { type: shared.releasing },
          over: true,
        });
        continue;
      }
      this.lost(engineId);
      this.#byEngineId.delete(engineId);
      shared.engineId = this.#nextEngineId++;
      shared.started = this.#ledger === undefined;
      shared.spec = suggesting(shared.spec, assignment);
      this.#byEngineId.set(shared.engineId, shared);
      this.#introduce(shared);
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
      started: this.#ledger === undefined,
      known: undefined,
    };
    this.#byEngineId.set(engineId, shared);
    this.#byKey.set(key, shared);
    return shared;
  }

  /** Makes the engine know it; with a ledger it is noted first. */
  #introduce(shared: Shared): void {
    const { engineId, spec } = shared;
    if (this.#ledger === undefined) {
      this.#step({ type: "request", id: engineId, spec, lifetimes: lifetimesOfAll(shared) });
      return;
    }
    const known = this.#ledger.claim(spec, this.#now()) ?? this.#unknown(spec);
    shared.known = known;
    void this.#ledger.open(spec, known).then(() => {
      if (shared.engineId === engineId) this.#start(shared, known);
    });
  }

  #unknown({ externalAddress, externalPort }: MappingSpec): KnownMapping {
    const nonce = new Nonce(this.#randomWord(), this.#randomWord(), this.#randomWord());
    return {
      nonce,
      suggestedAddress: externalAddress,
      suggestedPort: externalPort,
      until: -Infinity,
    };
  }

  /** The note is safe: now the request may leave. */
  #start(shared: Shared, known: KnownMapping): void {
    if (this.#abandoned) return;
    shared.started = true;
    const { engineId, spec, releasing } = shared;
    const release = releasing === undefined ? {} : { release: releasing };
    this.#step({
      type: "request",
      id: engineId,
      spec,
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
    if (shared.started) this.#step({ type: "release", id: shared.engineId, as: endAs });
  }

  /** The mapping is wanted for as long as the one wants it who wants it longest. */
  #adapt(shared: Shared): void {
    if (!shared.started) return;
    const lifetimes = lifetimesOfAll(shared);
    this.#step({ type: "want", id: shared.engineId, lifetimes });
  }

  #forget(shared: Shared): void {
    this.#byEngineId.delete(shared.engineId);
    if (this.#byKey.get(shared.key) === shared) this.#byKey.delete(shared.key);
  }
}

/** What was assigned is wanted again, if the wish leaves it open. */
function suggesting(spec: MappingSpec, assignment: Assignment | undefined): MappingSpec {
  if (assignment === undefined || spec.externalPort !== 0) return spec;
  return { ...spec, externalPort: assignment.externalPort };
}

function lifetimesOfAll({ members }: Shared): number {
  return Math.max(...[...members.values()].map(({ requestType }) => lifetimesOf(requestType)));
}

/** Options change what a mapping is; suggestions are only wishes, unless nothing else will do. */
function checkFits(shared: Shared, spec: MappingSpec): void {
  const options = ({ options }: MappingSpec): string => JSON.stringify(options);
  if (options(shared.spec) !== options(spec)) throw new MappingConflictError("options", spec);
  const picky = spec.options.some((option) => option.type === "preferFailure");
  if (!picky) return;
  if (spec.externalPort !== shared.spec.externalPort) {
    throw new MappingConflictError("external port", spec);
  }
  if (!spec.externalAddress.equals(shared.spec.externalAddress)) {
    throw new MappingConflictError("external address", spec);
  }
}
