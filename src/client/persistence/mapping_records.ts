import { deferred } from "../../deferred.ts";
import type { Assignment, KnownMapping, Milliseconds } from "../../engine/events.ts";
import {
  type MappingKey,
  mappingKey,
  type MappingSpec,
  thirdPartyOf,
} from "../../engine/mapping_spec.ts";
import type { UpnpRecord } from "../../engine/upnp_io.ts";
import { newNonce } from "../../engine/new_nonce.ts";
import type { EndedMapping } from "../../engine/port_reuse.ts";
import { IpAddress } from "../../wire/address.ts";
import { PcpError } from "../../pcp_error.ts";
import { reasonOf, StoreError } from "../errors.ts";
import {
  endedOf,
  type Endpoints,
  keyOf,
  type MappingRecord,
  recordOf,
  type RequestedMapping,
  requestedOf,
  requestOf,
  reservedOf,
  storedOf,
  withoutKept,
  withoutSuggestion,
} from "./mapping_record.ts";
import { mayExist, timeLeft } from "./remaining_time.ts";
import type { Store, StoredMapping } from "./store.ts";

/** What {@linkcode MappingRecords} are made of. */
export interface MappingRecordsOptions {
  /** Keeps the records across runs of the program; undefined to keep them in memory only. */
  readonly store: Store | undefined;
  readonly now: () => Milliseconds;
  /** The nonce and the external port that an ended mapping leaves to a new one. */
  readonly reusable: (spec: MappingSpec) => EndedMapping | undefined;
  /** Unguessable random 32-bit numbers (RFC 6887 section 11.2). */
  readonly randomWord: () => number;
  /** Whether stored mappings for other hosts are used (RFC 6887 section 13.1); by default they are not. */
  readonly allowThirdParty?: boolean;
  readonly onError: (error: PcpError) => void;
}

/** The result of {@linkcode MappingRecords.record}. */
export interface RecordedRequest {
  readonly record: MappingRecord;
  /** What to request from the engine. */
  readonly spec: MappingSpec;
  readonly known: KnownMapping;
  /** Resolves when the record survives a crash; undefined without a store. */
  readonly written: Promise<void> | undefined;
  /** Whether it is written only after the removal of another record with its key. */
  readonly isWaiting: boolean;
}

/**
 * The mappings that servers may hold for this client, with their nonces: without its nonce a mapping can be neither renewed nor
 * deleted (RFC 6887 section 11.3). The records survive a change of the network, so that a client that returns to a server
 * finds its mappings again, and with a {@linkcode Store} a restart of the program.
 */
export class MappingRecords {
  readonly #options: MappingRecordsOptions;
  #endpoints: Endpoints;
  /**
   * Requested here by this run. A key has several records while a mapping is being deleted and another waits for that: the
   * server holds the first.
   */
  readonly #active = new Map<MappingKey, readonly MappingRecord[]>();
  /** Requested here by an earlier run, or before the client moved away. */
  readonly #leftovers = new Map<MappingKey, MappingRecord>();
  /** Over, but the server may hold them: with their nonces they can be requested again. */
  readonly #ended = new Map<MappingKey, MappingRecord>();
  /** Of other servers, or of other addresses of this host. */
  #elsewhere: MappingRecord[] = [];
  #writing: Promise<void> | undefined;
  /** Records that wait for the removal of another one with their key, and what to call when they are written. */
  readonly #waiting = new Map<MappingRecord, () => void>();
  #dirty = false;

  constructor(endpoints: Endpoints, options: MappingRecordsOptions) {
    this.#endpoints = endpoints;
    this.#options = options;
  }

  /** Reads the records of an earlier run. Entries that break a rule are reported and left out. */
  async load(): Promise<void> {
    const stored: readonly unknown[] = await this.#options.store?.load() ?? [];
    let refused = 0;
    const report = (reason: string): void => {
      if (++refused <= REPORT_LIMIT) this.#options.onError(new StoreError("refused", reason));
    };
    this.#elsewhere = stored.flatMap((entry, index) => {
      const attempt = `Cannot use entry "${index + 1}" of the stored mappings`;
      try {
        const record = recordOf(entry);
        if (!this.#isAllowed(record)) {
          report(
            `${attempt}: it is for a third party, start the client with "allowThirdParty: true" if every host of this network is trusted (RFC 6887 section 13.1)`,
          );
        }
        return [record];
      } catch (error) {
        report(`${attempt}: ${withoutAttempt(error)}`);
        return [];
      }
    });
    if (refused > REPORT_LIMIT) {
      const message = `Cannot use "${refused - REPORT_LIMIT}" more entries of the stored mappings`;
      this.#options.onError(new StoreError("refused", message));
    }
    this.#findLeftovers();
  }

  /** Whether a request needs a record, or may find one: not without a store, before the client has moved. */
  get isUsed(): boolean {
    return this.#options.store !== undefined || this.#leftovers.size + this.#ended.size > 0 ||
      this.#elsewhere.some(({ upnp }) => upnp !== undefined);
  }

  /**
   * The client has another address or server from now on.
   *
   * @param requested The mappings that were requested before; with a store their records are used instead.
   * @param ended What those leave that ended before; as above.
   */
  moveTo(
    endpoints: Endpoints,
    requested: readonly RequestedMapping[],
    ended: readonly EndedMapping[],
  ): void {
    this.#elsewhere.push(...this.#here());
    if (this.#options.store === undefined) {
      const now = this.#options.now();
      this.#elsewhere.push(
        ...ended.map((each) => reservedOf(this.#endpoints, each, now)),
        ...requested.map((each) => requestedOf(this.#endpoints, each, now)),
      );
    }
    this.#leftovers.clear();
    this.#ended.clear();
    this.#active.clear();
    this.#waiting.clear();
    this.#endpoints = endpoints;
    this.#findLeftovers();
    void this.#write();
  }

  /** The mappings that were left at the server and not requested again. */
  get leftovers(): readonly StoredMapping[] {
    return [...this.#leftovers.values()].filter(mayExist).map(storedOf);
  }

  /**
   * The requests of the leftovers, for their deletion.
   *
   * @param attempt Begins the message of an error.
   * @param mapping Only the request of this one, if it is a leftover.
   * @throws {TypeError} If that is no stored mapping.
   */
  leftoverRequests(attempt: string, mapping?: StoredMapping): readonly MappingSpec[] {
    const key = mapping === undefined ? undefined : keyOf(mapping, attempt);
    return [...this.#leftovers.values()]
      .filter((record) => mayExist(record) && (key === undefined || record.key === key))
      .map(requestOf);
  }

  /**
   * Records a mapping before its request is sent. It gets the nonce and the external port of an earlier mapping with the same
   * key, if there is one.
   *
   * @param port Is suggested if neither the request nor an earlier mapping has a port.
   */
  record(spec: MappingSpec, port = 0, key: MappingKey = mappingKey(spec)): RecordedRequest {
    const { server, port: serverPort, client } = this.#endpoints;
    const active = this.#active.get(key);
    const leftover = this.#leftovers.get(key);
    const existing = active?.[0] ?? leftover;
    const held = existing ?? this.#movedFrom(key);
    const earlier = held ?? this.#options.reusable(spec) ?? this.#ended.get(key);
    const nonce = earlier?.nonce ?? newNonce(this.#options.randomWord);
    const requested = leftover === undefined ? spec : withoutSuggestion(spec, leftover);
    const { externalAddress, externalPort } = requested;
    const isSuggesting = externalPort !== 0 || !externalAddress.isUnspecified;
    const { suggestedAddress, suggestedPort } = !isSuggesting && earlier !== undefined
      ? earlier
      : { suggestedAddress: externalAddress, suggestedPort: isSuggesting ? externalPort : port };
    const record: MappingRecord = {
      server,
      port: serverPort,
      client,
      key,
      spec,
      nonce,
      suggestedAddress,
      suggestedPort,
      lifetime: spec.lifetime,
      expiresAt: Math.max(Date.now() + spec.lifetime * 1000, existing?.expiresAt ?? 0),
      grantedBy: held?.grantedBy,
      upnp: withoutKept(held?.upnp),
    };
    this.#leftovers.delete(key);
    this.#ended.delete(key);
    if (this.#options.store !== undefined) {
      this.#active.set(key, active === undefined ? [record] : [...active, record]);
    }
    const until = held === undefined ? -Infinity : this.#options.now() + timeLeft(held);
    const { grantedBy } = record;
    const upnp = record.upnp && { ...record.upnp, client: IpAddress.parse(held?.client ?? client) };
    const known = { nonce, suggestedAddress, suggestedPort, until, grantedBy, upnp };
    const isWaiting = active !== undefined;
    const written = isWaiting ? this.#whenFirst(record) : this.#write();
    return { record, spec: requested, known, written, isWaiting };
  }

  /** The request is sent again: the server may hold the mapping for one lifetime from now on. */
  extend(record: MappingRecord): void {
    if (record.expiresAt > Date.now()) return;
    record.expiresAt = Date.now() + record.lifetime * 1000;
    this.#changed(record);
  }

  /** Records what the server assigned. */
  granted(record: MappingRecord, assignment: Assignment): void {
    const { externalAddress, externalPort, lifetime, expiresAt } = assignment;
    record.suggestedAddress = externalAddress;
    record.suggestedPort = externalPort;
    record.grantedBy = assignment.protocol;
    record.upnp = assignment.upnp;
    if (record.upnp !== undefined) {
      const before = this.#movedFrom(record.key);
      this.#elsewhere = this.#elsewhere.filter((each) => each !== before);
    }
    record.lifetime = Math.max(record.lifetime, lifetime);
    record.expiresAt = Date.now() + expiresAt - this.#options.now();
    this.#changed(record);
  }

  /**
   * The mapping is about to be made over UPnP. The gateway may hold it from now on, and if it knows no lifetimes for good:
   * resolves when the record survives a crash; undefined without a store.
   */
  adding(record: MappingRecord, port: number, upnp: UpnpRecord): Promise<void> | undefined {
    if (this.#active.get(record.key)?.includes(record) !== true) return undefined;
    record.suggestedPort = port;
    record.grantedBy = "upnp";
    record.upnp = upnp;
    return this.#write();
  }

  /**
   * Leftovers made over UPnP that a run left by a crash, or that have outlived their time because the gateway does not end
   * them. Those that it never ends come first.
   */
  get abandoned(): readonly StoredMapping[] {
    const isPermanent = ({ upnp }: MappingRecord): boolean => upnp?.permanent === true;
    return [...this.#leftovers.values()]
      .filter((record) => record.upnp !== undefined && mayExist(record))
      .filter(({ upnp, expiresAt }) => upnp?.kept !== true || expiresAt < Date.now())
      .sort((one, other) => Number(isPermanent(other)) - Number(isPermanent(one)))
      .map(storedOf);
  }

  /** The mapping is over: forgets it, or keeps its nonce for as long as the server may hold it. */
  remove(record: MappingRecord): void {
    const active = this.#active.get(record.key);
    if (active?.includes(record) !== true) return;
    const others = active.filter((other) => other !== record);
    if (others.length > 0) this.#active.set(record.key, others);
    else this.#active.delete(record.key);
    const kept = this.#options.reusable(record.spec);
    const ended = kept && endedOf(record, kept, this.#options.now());
    if (ended !== undefined) this.#ended.set(record.key, ended);
    this.#waiting.delete(record);
    const written = this.#write();
    const [first] = others;
    const resolve = first === undefined ? undefined : this.#waiting.get(first);
    if (first === undefined || resolve === undefined) return;
    this.#waiting.delete(first);
    void written?.then(resolve);
  }

  /**
   * Writes what is not written yet, and closes the store.
   *
   * @param keep The mappings stay at the gateway on purpose: those made over UPnP are not abandoned.
   */
  async close(keep = false): Promise<void> {
    if (keep) this.#keep();
    await this.#write();
    try {
      await this.#options.store?.close();
    } catch (error) {
      this.#options.onError(storeError(error)); // the client ends all the same
    }
  }

  #keep(): void {
    for (const record of [...this.#active.values()].flat()) {
      if (record.upnp !== undefined) record.upnp = { ...record.upnp, kept: true };
    }
  }

  /** Resolves when the record is written after the others of its key, which the server holds until their removal. */
  #whenFirst(record: MappingRecord): Promise<void> {
    const { promise, resolve } = deferred<void>();
    this.#waiting.set(record, resolve);
    return promise;
  }

  /** What was made over UPnP at this gateway, for another address of this host. */
  #movedFrom(key: MappingKey): MappingRecord | undefined {
    return this.#elsewhere.find((record) =>
      record.key === key && record.server === this.#endpoints.server &&
      record.upnp !== undefined && mayExist(record)
    );
  }

  /** The records of what the server holds. */
  #here(): readonly MappingRecord[] {
    const active = [...this.#active.values()].flatMap((records) => records.slice(0, 1));
    return [...this.#leftovers.values(), ...this.#ended.values(), ...active];
  }

  /** Makes the records of these endpoints leftovers, and drops expired ones. */
  #findLeftovers(): void {
    const { server, port, client } = this.#endpoints;
    const existing = this.#elsewhere.filter(mayExist);
    const isHere = (record: MappingRecord): boolean =>
      record.server === server && record.port === port && record.client === client &&
      this.#isAllowed(record);
    for (const record of existing.filter(isHere)) {
      (record.isOver ? this.#ended : this.#leftovers).set(record.key, record);
    }
    this.#elsewhere = existing.filter((record) => !isHere(record));
  }

  /** A mapping for another host stays stored until its end, for a client that may use it. */
  #isAllowed({ spec }: MappingRecord): boolean {
    return this.#options.allowThirdParty === true || thirdPartyOf(spec.options) === undefined;
  }

  #changed(record: MappingRecord): void {
    if (this.#active.get(record.key)?.includes(record)) void this.#write();
  }

  /** One write at a time: changes during a write go into the next one. */
  #write(): Promise<void> | undefined {
    const { store } = this.#options;
    if (store === undefined) return undefined;
    this.#dirty = true;
    return this.#writing ??= this.#writeAll(store);
  }

  async #writeAll(store: Store): Promise<void> {
    await undefined; // changes of one moment go into one write
    while (this.#dirty) {
      this.#dirty = false;
      for (const record of this.#ended.values()) {
        if (!mayExist(record)) this.#ended.delete(record.key);
      }
      try {
        await store.save([...this.#elsewhere, ...this.#here()].filter(mayExist).map(storedOf));
      } catch (error) {
        this.#options.onError(storeError(error)); // the mapping matters more than its record
      }
    }
    this.#writing = undefined; // in the same tick as the last check of #dirty
  }
}

/** A user's store may fail with any error. */
function storeError(error: unknown): PcpError {
  if (error instanceof PcpError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new StoreError("unwritable", `Cannot keep mappings: ${message}`, error);
}

/** The reason in a message that begins with what was attempted. */
function withoutAttempt(error: unknown): string {
  return reasonOf(error).replace(/^Cannot [^:]*: /, "");
}

/** Refused entries that are reported one by one: a file may have thousands. */
const REPORT_LIMIT = 20;
