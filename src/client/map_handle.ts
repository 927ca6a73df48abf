import type { Assignment, MappingState } from "../engine/events.ts";
import type { MappingSpec } from "../engine/mapping_spec.ts";
import { MAX_LIFETIME } from "../wire/constants.ts";
import { ProtocolNumber } from "../wire/protocol_number.ts";
import { abortable } from "../abortable.ts";
import { type Deferred, deferred } from "../deferred.ts";
import { type Assigned, assignedOf } from "./assigned.ts";
import { BoundedQueue } from "./bounded_queue.ts";
import { NotRunningError, ResultCodeError } from "./errors.ts";
import type { RequestType } from "./request_type.ts";

/** A change of a mapping, with a snapshot of what changed. Plain JSON. */
export type Alert =
  | { readonly type: "stateChange"; readonly state: MappingState }
  | ({ readonly type: "assigned" } & Assigned);

/** A mapping as plain JSON: the result of `JSON.stringify(mapping)`, and the form in `--json` and JSON-RPC. */
export interface MappingSnapshot {
  /** Unique in its client; in JSON-RPC unique in the RPC server. */
  readonly mappingId: number;
  /** Inbound (MAP) or outbound (PEER). */
  readonly kind: "inbound" | "outbound";
  /** `"tcp"`, `"udp"`, or another IANA protocol number. */
  readonly protocol: "tcp" | "udp" | number;
  /** Port on this host; 0 for all ports. */
  readonly internalPort: number;
  /** Requested lifetime in seconds. */
  readonly lifetime: number;
  /** For how long the mapping is requested. */
  readonly requestType: RequestType;
  /** The state now. */
  readonly state: MappingState;
  /** What is assigned now; null if nothing is. */
  readonly assigned: Assigned | null;
  /** When the assignment ends unless it is renewed, in ISO 8601; null if nothing is assigned. */
  readonly expiresAt: string | null;
  /** The remote peer's address; outbound mappings only. */
  readonly remoteAddress?: string;
  /** The remote peer's port; outbound mappings only. */
  readonly remotePort?: number;
}

/** What a mapping's handle needs of the client. */
export interface MappingControl {
  renew(mapping: MapHandle, lifetime: number): void;
  release(mapping: MapHandle, endAs: "revoked" | "dropped"): void;
  /** Calls `giveUp` when the end of a mapping is not to be waited for any more. Returns a function that cancels the call. */
  giveUpAfter(timeout: number, giveUp: () => void): () => void;
  /** The wall-clock time, in milliseconds, of a time of the engine. */
  wallTime(at: number): number;
  /** Whether the server sends back options that it did not process; undefined while that is unknown. */
  echoesOptions(): boolean | undefined;
}

/** One mapping: its state, what is assigned, and the operations on it. Returned by {@linkcode Handle.request}. */
export class MapHandle implements AsyncDisposable {
  /** Unique in its client. */
  readonly id: number;
  /** For how long the mapping is requested. */
  readonly requestType: RequestType;
  /**
   * The request for the engine.
   *
   * @internal
   */
  readonly spec: MappingSpec;
  readonly #control: MappingControl;
  /** Unread changes: each becomes an alert when it is read. */
  readonly #changes = new BoundedQueue<MappingState | Assignment>(CHANGE_LIMIT);
  /** Resolves with the next change of state or assignment; undefined while no call waits for it. */
  #nextChange: Deferred<void> | undefined;
  #state: MappingState = REQUESTED;
  #lifetime: number;
  #assignment: Assignment | undefined;

  /**
   * Use {@linkcode Handle.request}.
   *
   * @internal
   */
  constructor(id: number, spec: MappingSpec, requestType: RequestType, control: MappingControl) {
    this.id = id;
    this.spec = spec;
    this.requestType = requestType;
    this.#lifetime = spec.lifetime;
    this.#control = control;
  }

  /** Inbound (MAP) or outbound (PEER). */
  get kind(): "inbound" | "outbound" {
    return this.spec.opcode === "map" ? "inbound" : "outbound";
  }

  /** IANA protocol number. */
  get protocol(): number {
    return this.spec.protocol;
  }

  /** Port on this host; 0 for all ports. */
  get internalPort(): number {
    return this.spec.internalPort;
  }

  /** The state now. */
  get state(): MappingState {
    return this.#state;
  }

  /** Whether the state is final: revoked, dropped, expired for good, or failed. */
  get isOver(): boolean {
    return this.#changes.isClosed;
  }

  /** The requested lifetime in seconds. */
  get lifetime(): number {
    return this.#lifetime;
  }

  /** What is assigned now; undefined if nothing is. */
  get assigned(): Assigned | undefined {
    return this.#assignment && this.#assignedOf(this.#assignment);
  }

  /** When the assignment ends unless it is renewed; undefined if nothing is assigned. */
  get expiresAt(): Date | undefined {
    if (this.#assignment === undefined) return undefined;
    return new Date(this.#control.wallTime(this.#assignment.expiresAt));
  }

  /**
   * Waits until the server has assigned an address and a port.
   *
   * @param options The signal ends the wait, not the request.
   * @returns The assignment; resolves at once if there is one.
   * @throws {ResultCodeError} If the server refuses. A keep-alive mapping is still requested again after `retryIn` seconds.
   * @throws {NotRunningError} If the mapping ends before an assignment.
   */
  ready({ signal }: { readonly signal?: AbortSignal } = {}): Promise<Assigned> {
    return this.#until(() => this.#outcome(), signal);
  }

  /** Removes and returns the oldest unread alert, or undefined. */
  pollAlert(): Alert | undefined {
    const change = this.#changes.poll();
    return change && this.#alertOf(change);
  }

  /**
   * Waits for the oldest unread alert.
   *
   * @returns Undefined when the mapping is over and every alert was read.
   */
  async waitAlert(options: { readonly signal?: AbortSignal } = {}): Promise<Alert | undefined> {
    const { value: change } = await this.#changes.next(options.signal);
    return change && this.#alertOf(change);
  }

  /** Yields the alerts, from the first on, until the mapping is over. The newest 256 unread alerts are kept. */
  async *[Symbol.asyncIterator](): AsyncIterableIterator<Alert> {
    for await (const change of this.#changes) yield this.#alertOf(change);
  }

  /**
   * Requests another lifetime, from now on (RFC 6887 section 11.2.1). The state becomes `updating`, then `running`.
   *
   * @param lifetime Seconds, an integer from 1.
   * @throws {RangeError} If the lifetime is not such an integer.
   * @throws {NotRunningError} If nothing is assigned.
   */
  renew(lifetime: number): void {
    if (!Number.isInteger(lifetime) || lifetime < 1 || lifetime > MAX_LIFETIME) {
      throw new RangeError(
        `Cannot renew the mapping: lifetime in seconds must be an integer from 1 to ${MAX_LIFETIME}, got "${lifetime}"`,
      );
    }
    const { state } = this;
    const isReleasing = state.type === "updating" && state.lifetime === 0;
    if (this.#assignment === undefined || isReleasing) {
      throw new NotRunningError("Cannot renew the mapping", this.id, state);
    }
    this.#lifetime = lifetime;
    this.#control.renew(this, lifetime);
  }

  /**
   * Deletes the mapping at the server. The request is repeated until it is confirmed or the mapping has expired (RFC 6887
   * section 15.1). An outbound mapping cannot be deleted: it is no longer renewed.
   *
   * @param options The signal ends the wait, not the deletion.
   * @throws {ResultCodeError} If the server refuses the deletion.
   */
  async revoke(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    // Then no request is sent, and its error state is no refusal of a deletion.
    const wasOver = this.isOver || isFinal(this.#state);
    await this.#release("revoked", options.signal);
    const { state } = this;
    if (!wasOver && state.type === "error") {
      throw ResultCodeError.of("Cannot delete the mapping", state);
    }
  }

  /**
   * The same as {@linkcode MapHandle.revoke}, but the final state is `dropped`, and a refusal does not throw. A gateway that has
   * never answered is waited for 1 s; the deletion goes on.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const waiting = new AbortController();
    const cancel = this.#control.giveUpAfter(Infinity, () => waiting.abort());
    try {
      await this.#release("dropped", waiting.signal);
    } catch (error) {
      if (!waiting.signal.aborted) throw error;
    } finally {
      cancel();
    }
  }

  /** The mapping as plain JSON. */
  toJSON(): MappingSnapshot {
    const { remoteAddress, remotePort } = this.spec;
    return {
      mappingId: this.id,
      kind: this.kind,
      protocol: PROTOCOL_NAMES.get(this.protocol) ?? this.protocol,
      internalPort: this.internalPort,
      lifetime: this.lifetime,
      requestType: this.requestType,
      state: this.state,
      assigned: this.assigned ?? null,
      expiresAt: this.expiresAt?.toISOString() ?? null,
      ...(remoteAddress === undefined ? {} : { remoteAddress: remoteAddress.toString() }),
      ...(remotePort === undefined ? {} : { remotePort }),
    };
  }

  /**
   * Stores a state from the engine; after a state that is `over`, no other follows.
   *
   * @internal
   */
  setState(state: MappingState, over: boolean): void {
    // A failed mapping is over only when what the server made in its place is deleted: its state is the same.
    if (!over || state !== this.#state) this.#changes.put(state);
    this.#state = state;
    if (over) this.#changes.close();
    this.#changed();
  }

  /**
   * Stores an assignment from the engine; `changed` if it differs from the one before.
   *
   * @internal
   */
  setAssignment(assignment: Assignment, changed: boolean): void {
    this.#assignment = assignment;
    if (changed) this.#changes.put(assignment);
    this.#changed();
  }

  /** @internal */
  clearAssignment(): void {
    this.#assignment = undefined;
  }

  /**
   * The assignment as the engine has it.
   *
   * @internal
   */
  get assignment(): Assignment | undefined {
    return this.#assignment;
  }

  async #release(endAs: "revoked" | "dropped", signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (!this.isOver) this.#control.release(this, endAs);
    await this.#until(() => this.isOver || undefined, signal);
  }

  /** The result of {@linkcode MapHandle.ready}; undefined while there is none. */
  #outcome(): Assigned | undefined {
    const { assigned } = this;
    if (assigned !== undefined) return assigned;
    if (this.#state.type === "error") {
      throw ResultCodeError.of("Cannot open the mapping", this.#state);
    }
    if (!this.isOver) return undefined;
    throw new NotRunningError("Cannot wait for the assignment", this.id, this.#state);
  }

  /** Settles as soon as `outcome` returns a value or throws; it is called now and after every change. */
  async #until<T>(outcome: () => T | undefined, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    for (;;) {
      const value = outcome();
      if (value !== undefined) return value;
      this.#nextChange ??= deferred();
      await abortable(this.#nextChange.promise, signal);
    }
  }

  #changed(): void {
    this.#nextChange?.resolve();
    this.#nextChange = undefined;
  }

  #assignedOf(assignment: Assignment): Assigned {
    return assignedOf(assignment, this.spec, this.#control.echoesOptions());
  }

  #alertOf(change: MappingState | Assignment): Alert {
    return "expiresAt" in change
      ? { type: "assigned", ...this.#assignedOf(change) }
      : { type: "stateChange", state: change };
  }
}

/** Whether the mapping has failed for good. */
function isFinal(state: MappingState): boolean {
  return state.type === "error" && state.retryIn === undefined;
}

const PROTOCOL_NAMES: ReadonlyMap<number, "tcp" | "udp"> = new Map([
  [ProtocolNumber.Tcp, "tcp"],
  [ProtocolNumber.Udp, "udp"],
]);

const REQUESTED: MappingState = { type: "requested" };

/** Unread changes kept: a slow reader misses older ones. */
const CHANGE_LIMIT = 256;
