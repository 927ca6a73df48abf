import type { Assignment, MappingState } from "../engine/events.ts";
import type { MappingSpec } from "../engine/mapping_spec.ts";
import { ProtocolNumber } from "../wire/protocol_number.ts";
import { MAX_LIFETIME } from "../wire/constants.ts";
import { abortable } from "./abortable.ts";
import { type Assigned, assignedOf } from "./assigned.ts";
import { NotRunningError, ResultCodeError } from "./errors.ts";
import { BoundedQueue } from "./bounded_queue.ts";
import type { RequestType } from "./request_type.ts";

export type { MappingState };

/** News of a mapping, with its own snapshot of what is new. Plain JSON. */
export type Alert =
  | { readonly type: "stateChange"; readonly state: MappingState }
  | ({ readonly type: "assigned" } & Assigned);

/** A mapping as plain JSON: what `JSON.stringify(mapping)`, `--json` and JSON-RPC show. */
export interface MappingSnapshot {
  /** Unique in its client (over JSON-RPC: in the server). */
  readonly mappingId: number;
  /** Inbound (MAP) or outbound (PEER). */
  readonly kind: "inbound" | "outbound";
  /** `"tcp"`, `"udp"`, or an IANA protocol number. */
  readonly protocol: "tcp" | "udp" | number;
  /** Port on this host; 0 for all ports. */
  readonly internalPort: number;
  /** Wanted lifetime in seconds. */
  readonly lifetime: number;
  /** How long it is wanted. */
  readonly requestType: RequestType;
  /** Where it is in its life. */
  readonly state: MappingState;
  /** What is assigned now; null when nothing is. */
  readonly assigned: Assigned | null;
  /** When the assignment ends unless it is renewed, in ISO 8601; null when nothing is assigned. */
  readonly expiresAt: string | null;
  /** The remote peer of an outbound mapping. */
  readonly remoteAddress?: string;
  /** The port of that peer. */
  readonly remotePort?: number;
}

/** What a mapping can ask of its handle. */
export interface MappingControl {
  renew(mapping: MapHandle, lifetime: number): void;
  release(mapping: MapHandle, endAs: "revoked" | "dropped"): void;
  /** When that time of the engine is, as `Date` counts. */
  wallTime(at: number): number;
}

/** One mapping: its state, what is assigned, and what can be done with it. Made by {@linkcode Handle.request}. */
export class MapHandle implements AsyncDisposable {
  /** Unique in its client. */
  readonly id: number;
  /** How long it is wanted. */
  readonly requestType: RequestType;
  /**
   * For the handle: what it was asked for as.
   *
   * @internal
   */
  readonly spec: MappingSpec;
  readonly #control: MappingControl;
  readonly #alerts = new BoundedQueue<Alert>(ALERT_LIMIT);
  /** Called when the state or the assignment has changed. */
  #waiters: Set<() => void> | undefined;
  #state: MappingState = { type: "requested" };
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

  /** Where it is in its life. */
  get state(): MappingState {
    return this.#state;
  }

  /** Whether its life is over: revoked, dropped, expired for good, or failed. */
  get isOver(): boolean {
    return this.#alerts.isClosed;
  }

  /** The wanted lifetime in seconds. */
  get lifetime(): number {
    return this.#lifetime;
  }

  /** What is assigned now; undefined when nothing is. */
  get assigned(): Assigned | undefined {
    return this.#assignment === undefined ? undefined : assignedOf(this.#assignment, this.spec);
  }

  /** When the assignment ends unless it is renewed; undefined when nothing is assigned. */
  get expiresAt(): Date | undefined {
    if (this.#assignment === undefined) return undefined;
    return new Date(this.#control.wallTime(this.#assignment.expiresAt));
  }

  /**
   * Waits for the first assignment.
   *
   * @returns What is assigned; at once if something is.
   * @throws {ResultCodeError} If the server refuses. A keep-alive mapping is asked for again after the hold all the same.
   * @throws {NotRunningError} If the mapping ends before.
   */
  ready({ signal }: { readonly signal?: AbortSignal } = {}): Promise<Assigned> {
    return this.#until(() => this.#outcome(), signal);
  }

  /** The oldest unread alert, or undefined. */
  pollAlert(): Alert | undefined {
    return this.#alerts.poll();
  }

  /** The oldest unread alert as soon as there is one; undefined when the mapping is over and all is read. */
  async waitAlert(options: { readonly signal?: AbortSignal } = {}): Promise<Alert | undefined> {
    return (await this.#alerts.next(options.signal)).value;
  }

  /** The alerts from the first on, until the mapping is over. Of those that nobody reads the newest 256 are kept. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Alert> {
    return this.#alerts[Symbol.asyncIterator]();
  }

  /**
   * Asks for another lifetime from now on (RFC 6887 section 11.2.1). The state becomes `updating`, then `running`.
   *
   * @param lifetime Seconds, an integer from 1.
   * @throws {RangeError} If it is anything else.
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
   * Deletes the mapping at the server, repeating the request until it is confirmed or the mapping has expired anyway
   * (RFC 6887 section 15.1). An outbound mapping cannot be deleted: it is no longer renewed.
   *
   * @param options An abort signal ends the waiting, not the deletion.
   * @throws {ResultCodeError} If the server refuses to delete it.
   */
  async revoke(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const wasOver = this.isOver; // then nothing is asked of the server, and nothing can be refused
    await this.#release("revoked", options.signal);
    const { state } = this;
    if (!wasOver && state.type === "error") throw refusal("Cannot delete the mapping", state);
  }

  /** As {@linkcode MapHandle.revoke}, with state `dropped` at the end, and without an error if the server refuses. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#release("dropped", undefined);
  }

  /** As plain JSON. */
  toJSON(): MappingSnapshot {
    const { remoteAddress, remotePort } = this.spec;
    return {
      mappingId: this.id,
      kind: this.kind,
      protocol: this.protocol === ProtocolNumber.Tcp
        ? "tcp"
        : this.protocol === ProtocolNumber.Udp
        ? "udp"
        : this.protocol,
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
   * For the handle: the engine says that the state changed; `over` when nothing more will come.
   *
   * @internal
   */
  setState(state: MappingState, over: boolean): void {
    this.#state = state;
    this.#alerts.put({ type: "stateChange", state });
    if (over) this.#alerts.close();
    this.#changed();
  }

  /**
   * For the handle: the engine says that the server granted a lifetime.
   *
   * @internal
   */
  setAssignment(assignment: Assignment, changed: boolean): void {
    this.#assignment = assignment;
    if (changed) this.#alerts.put({ type: "assigned", ...assignedOf(assignment, this.spec) });
    this.#changed();
  }

  /**
   * For the handle: the engine says that the assignment is gone.
   *
   * @internal
   */
  clearAssignment(): void {
    this.#assignment = undefined;
  }

  /**
   * For the handle: what is assigned, in the engine's terms.
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

  /** What {@linkcode MapHandle.ready} waits for. */
  #outcome(): Assigned | undefined {
    if (this.assigned !== undefined) return this.assigned;
    if (this.#state.type === "error") throw refusal("Cannot open the mapping", this.#state);
    if (!this.isOver) return undefined;
    throw new NotRunningError("Cannot wait for the assignment", this.id, this.#state);
  }

  /** What `look` gives or throws, as soon as it gives something; it is asked after every change. */
  async #until<T>(look: () => T | undefined, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const check = (): void => {
      try {
        const found = look();
        if (found !== undefined) resolve(found);
      } catch (error) {
        reject(error);
      }
    };
    const waiters = this.#waiters ??= new Set();
    waiters.add(check);
    check();
    try {
      return await abortable(promise, signal);
    } finally {
      waiters.delete(check);
    }
  }

  #changed(): void {
    for (const waiter of this.#waiters ?? []) waiter();
  }
}

function refusal(attempt: string, state: MappingState & { type: "error" }): ResultCodeError {
  return new ResultCodeError(attempt, state.code, state.name, state.retryIn);
}

/** Unread alerts kept; a slow reader misses the oldest beyond it. */
const ALERT_LIMIT = 256;
