import type { Assignment, KnownMapping, Milliseconds } from "../../engine/events.ts";
import {
  isSuggestionBinding,
  type MappingKey,
  mappingKey,
  type MappingSpec,
} from "../../engine/mapping_spec.ts";
import { IpAddress } from "../../wire/address.ts";
import { Nonce } from "../../wire/nonce.ts";
import { PcpError, StoreError } from "../errors.ts";
import { type Endpoints, type MappingRecord, recordOf, storedOf } from "./mapping_record.ts";
import type { Store, StoredMapping } from "./store.ts";

/** What {@linkcode MappingRecords} are made of. */
export interface MappingRecordsOptions {
  /** Keeps the records across runs of the program; undefined to keep them in memory only. */
  readonly store: Store | undefined;
  readonly now: () => Milliseconds;
  /** How long the nonce and the port of an ended mapping are reused. */
  readonly reuseTime: Milliseconds;
  /** Unguessable random 32-bit numbers (RFC 6887 section 11.2). */
  readonly randomWord: () => number;
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
  /** Of other servers, or of other addresses of this host. */
  #elsewhere: MappingRecord[] = [];
  /** Ended here: the server may reserve the port for the nonce (RFC 6887 section 15). */
  readonly #ended = new Map<MappingKey, MappingRecord & { readonly until: Milliseconds }>();
  #writing: Promise<void> | undefined;
  #dirty = false;

  constructor(endpoints: Endpoints, options: MappingRecordsOptions) {
    this.#endpoints = endpoints;
    this.#options = options;
  }

  /** Reads the records of an earlier run. */
  async load(): Promise<void> {
    this.#elsewhere = (await this.#options.store?.load() ?? []).map(recordOf);
    this.#findLeftovers();
  }

  /** The client has another address or server from now on. */
  moveTo(endpoints: Endpoints): void {
    this.#elsewhere.push(...this.#here());
    this.#leftovers.clear();
    this.#active.clear();
    this.#ended.clear();
    this.#endpoints = endpoints;
    this.#findLeftovers();
    void this.#write();
  }

  /** The mappings that were left at the server and not requested again. */
  get leftovers(): readonly StoredMapping[] {
    return [...this.#leftovers.values()].filter(mayExist).map(storedOf);
  }

  /**
   * Records a mapping before its request is sent. The nonce and the external port of an earlier mapping of the same key are
   * used again.
   */
  record(spec: MappingSpec, suggestedPort = 0): RecordedRequest {
    const key = mappingKey(spec);
    const now = this.#options.now();
    const active = this.#active.get(key) ?? [];
    const leftover = this.#leftovers.get(key);
    const existing = active[0] ?? leftover;
    const earlier = existing ?? this.#recall(key, now);
    const asked = leftover === undefined ? spec : withoutSuggestion(spec, leftover);
    const isSuggesting = asked.externalPort !== 0 || !asked.externalAddress.isUnspecified;
    const suggestion = isSuggesting ? asked : earlier;
    const record: MappingRecord = {
      ...this.#endpoints,
      key,
      spec,
      nonce: earlier?.nonce ?? this.#makeNonce(),
      externalAddress: suggestion?.externalAddress ?? asked.externalAddress,
      externalPort: suggestion?.externalPort ?? suggestedPort,
      lifetime: spec.lifetime,
      expiresAt: Math.max(Date.now() + spec.lifetime * 1000, existing?.expiresAt ?? 0),
    };
    this.#leftovers.delete(key);
    this.#active.set(key, [...active, record]);
    const known: KnownMapping = {
      nonce: record.nonce,
      suggestedAddress: record.externalAddress,
      suggestedPort: record.externalPort,
      until: existing === undefined ? -Infinity : now + lifeLeft(existing),
    };
    return { record, spec: asked, known, written: this.#write() };
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
    record.externalAddress = externalAddress;
    record.externalPort = externalPort;
    record.lifetime = Math.max(record.lifetime, lifetime);
    record.expiresAt = Date.now() + expiresAt - this.#options.now();
    this.#changed(record);
  }

  /** Forgets a mapping that the server does not hold any more. */
  remove(record: MappingRecord): void {
    const active = this.#active.get(record.key);
    if (active?.includes(record) !== true) return;
    const others = active.filter((other) => other !== record);
    if (others.length > 0) this.#active.set(record.key, others);
    else {
      this.#active.delete(record.key);
      this.#remember(record);
    }
    void this.#write();
  }

  /** Writes what is not written yet, and closes the store. */
  async close(): Promise<void> {
    await this.#write();
    await this.#options.store?.close();
  }

  /** The records of what the server holds. */
  #here(): readonly MappingRecord[] {
    const active = [...this.#active.values()].flatMap((records) => records.slice(0, 1));
    return [...this.#leftovers.values(), ...active];
  }

  #remember(record: MappingRecord): void {
    this.#ended.delete(record.key);
    this.#ended.set(record.key, {
      ...record,
      until: this.#options.now() + this.#options.reuseTime,
    });
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size <= ENDED_LIMIT) return;
      this.#ended.delete(oldest);
    }
  }

  #recall(key: MappingKey, now: Milliseconds): MappingRecord | undefined {
    const ended = this.#ended.get(key);
    this.#ended.delete(key);
    return ended !== undefined && ended.until > now ? ended : undefined;
  }

  /** Makes the records of these endpoints leftovers, and drops expired ones. */
  #findLeftovers(): void {
    const { server, port, client } = this.#endpoints;
    const existing = this.#elsewhere.filter(mayExist);
    const isHere = (record: MappingRecord): boolean =>
      record.server === server && record.port === port && record.client === client;
    for (const record of existing.filter(isHere)) this.#leftovers.set(record.key, record);
    this.#elsewhere = existing.filter((record) => !isHere(record));
  }

  #makeNonce(): Nonce {
    const { randomWord } = this.#options;
    return new Nonce(randomWord(), randomWord(), randomWord());
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
      try {
        await store.save([...this.#elsewhere, ...this.#here()].filter(mayExist).map(storedOf));
      } catch (error) {
        this.#options.onError(storeError(error)); // the mapping matters more than its record
      }
    }
    this.#writing = undefined; // in the same tick as the last check of #dirty
  }
}

/**
 * Drops the suggestion if the server may hold the mapping with an external port: common servers treat a request with another
 * suggested port as one for another mapping.
 */
function withoutSuggestion(
  spec: MappingSpec,
  { externalPort, externalAddress }: MappingRecord,
): MappingSpec {
  if (externalPort === 0 || isSuggestionBinding(spec)) return spec;
  return { ...spec, externalPort: 0, externalAddress: IpAddress.any(externalAddress.family) };
}

function mayExist(record: MappingRecord): boolean {
  return lifeLeft(record) > 0;
}

/** How long the server may hold the mapping: a renewal whose response was not recorded adds one lifetime. */
function lifeLeft({ expiresAt, lifetime }: MappingRecord): Milliseconds {
  return expiresAt + lifetime * 1000 - Date.now();
}

/** A user's store may fail with any error. */
function storeError(error: unknown): PcpError {
  if (error instanceof PcpError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new StoreError("unwritable", `Cannot keep mappings: ${message}`, error);
}

/** The oldest are dropped first. */
const ENDED_LIMIT = 1024;
