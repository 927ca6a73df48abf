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

/** What a ledger needs of its handle. */
export interface LedgerOptions {
  /** Where the books survive this program; undefined where they need not. */
  readonly store: Store | undefined;
  readonly now: () => Milliseconds;
  /** 32 unguessable bits a call (RFC 6887 section 11.2). */
  readonly randomWord: () => number;
  readonly onError: (error: PcpError) => void;
}

/** What {@linkcode MappingRecords.enter} gives. */
export interface RecordedRequest {
  /** Undefined where nothing is written down. */
  readonly note: MappingRecord | undefined;
  /** What the engine is to ask for, and with what. */
  readonly asked: MappingSpec;
  readonly known: KnownMapping | undefined;
  /** Resolves when the note survives a crash; undefined where it need not. */
  readonly written: Promise<void> | undefined;
}

/**
 * The books of one client: what it asked for and servers may still hold, with the nonces, without which nobody can renew or
 * delete it. They outlast a change of the network, so that who comes back has the same mappings again, and with a
 * {@linkcode Store} the program.
 */
export class MappingRecords {
  readonly #options: LedgerOptions;
  #owner: Endpoints;
  /** By {@linkcode mappingKey}: what this run asked for here. */
  readonly #active = new Map<MappingKey, MappingRecord>();
  /** The same of an earlier run, or of an earlier stay in this network. */
  readonly #leftovers = new Map<MappingKey, MappingRecord>();
  /** Of other servers, or of other addresses of this host. */
  #elsewhere: MappingRecord[] = [];
  /** What ended here: the server may reserve the port for the nonce (RFC 6887 section 15). */
  readonly #ended = new Map<MappingKey, MappingRecord & { readonly until: Milliseconds }>();
  #writing: Promise<void> | undefined;
  #dirty = false;

  constructor(owner: Endpoints, options: LedgerOptions) {
    this.#owner = owner;
    this.#options = options;
  }

  /** Reads what an earlier run left; what has expired meanwhile is forgotten. */
  async load(): Promise<void> {
    for (const stored of await this.#options.store?.load() ?? []) {
      this.#elsewhere.push(recordOf(stored));
    }
    this.#sort();
  }

  /**
   * The client is another host to its server from now on, or has another server.
   *
   * @param held What the server before may hold, as far as it was not noted.
   */
  movedTo(owner: Endpoints, held: readonly MappingRecord[]): void {
    this.#elsewhere.push(...this.#leftovers.values(), ...this.#active.values(), ...held);
    this.#leftovers.clear();
    this.#active.clear();
    this.#ended.clear();
    this.#owner = owner;
    this.#sort();
    void this.#write();
  }

  /** Whether it outlives this program. */
  get isDurable(): boolean {
    return this.#options.store !== undefined;
  }

  /** What was left at the server and nobody has asked for yet. */
  get leftovers(): readonly StoredMapping[] {
    return [...this.#leftovers.values()].filter(mayLive).map(storedOf);
  }

  /** Notes a mapping before its request leaves. What is known of it is taken over, its nonce above all. */
  enter(spec: MappingSpec, suggestedPort = 0): RecordedRequest {
    // Without a store nothing is written down: the engine knows it all, until the network changes.
    if (!this.isDurable && suggestedPort === 0 && this.#leftovers.size === 0) {
      return { note: undefined, asked: spec, known: undefined, written: undefined };
    }
    const key = mappingKey(spec);
    const now = this.#options.now();
    const before = this.#active.get(key); // being deleted
    const leftover = this.#leftovers.get(key);
    const earlier = before ?? leftover ?? this.#recall(key, now);
    const asked = leftover === undefined ? spec : asItIs(spec, leftover);
    const held = earlier?.closed === false ? earlier : undefined;
    const note: MappingRecord = {
      ...this.#owner,
      key,
      spec,
      nonce: earlier?.nonce ?? this.#makeNonce(),
      externalAddress: wishes(asked)
        ? asked.externalAddress
        : earlier?.externalAddress ?? asked.externalAddress,
      externalPort: wishes(asked) ? asked.externalPort : earlier?.externalPort ?? suggestedPort,
      lifetime: spec.lifetime,
      expiresAt: Math.max(Date.now() + spec.lifetime * 1000, held?.expiresAt ?? 0),
      before,
      closed: false,
    };
    this.#leftovers.delete(key);
    const { nonce, externalAddress: suggestedAddress } = note;
    const until = held === undefined ? -Infinity : now + lifeLeft(held);
    const known = { nonce, suggestedAddress, suggestedPort: note.externalPort, until };
    if (!this.isDurable) return { note: undefined, asked, known, written: undefined };
    this.#active.set(key, note);
    return { note, asked, known, written: this.#write() };
  }

  /** The request is being repeated or renewed: the server may hold the mapping for a lifetime from now. */
  asked(note: MappingRecord): void {
    if (note.expiresAt > Date.now() || !this.#isActive(note)) return;
    note.expiresAt = Date.now() + note.lifetime * 1000;
    void this.#write();
  }

  /** Notes what the server assigned. */
  granted(
    note: MappingRecord,
    { externalAddress, externalPort, lifetime, expiresAt }: Assignment,
  ): void {
    note.externalAddress = externalAddress;
    note.externalPort = externalPort;
    note.lifetime = Math.max(note.lifetime, lifetime);
    note.expiresAt = Date.now() + expiresAt - this.#options.now();
    if (this.#isActive(note)) void this.#write();
  }

  /** Forgets a mapping that the server does not hold any more. */
  close(note: MappingRecord): void {
    note.closed = true;
    if (!this.#isActive(note)) return;
    const before = note.before?.closed === false ? note.before : undefined;
    if (before !== undefined) this.#active.set(note.key, before);
    else {
      this.#active.delete(note.key);
      this.#remember(note);
    }
    void this.#write();
  }

  /** Writes what is not written yet, and lets others use the store. */
  async end(): Promise<void> {
    await this.#write();
    await this.#options.store?.close();
  }

  #isActive(note: MappingRecord): boolean {
    return this.#active.get(note.key) === note;
  }

  #remember(note: MappingRecord): void {
    this.#ended.delete(note.key);
    this.#ended.set(note.key, { ...note, until: this.#options.now() + REUSE_TIME });
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

  /** Takes out of the rest what is here, and drops what is over. */
  #sort(): void {
    const { server, port, client } = this.#owner;
    const alive = this.#elsewhere.filter(mayLive);
    const isHere = (note: MappingRecord): boolean =>
      note.server === server && note.port === port && note.client === client;
    for (const note of alive.filter(isHere)) this.#leftovers.set(note.key, note);
    this.#elsewhere = alive.filter((note) => !isHere(note));
  }

  #makeNonce(): Nonce {
    const { randomWord } = this.#options;
    return new Nonce(randomWord(), randomWord(), randomWord());
  }

  /** One write at a time; all notes that come meanwhile go into the next one. */
  #write(): Promise<void> | undefined {
    const { store } = this.#options;
    if (store === undefined) return undefined;
    this.#dirty = true;
    return this.#writing ??= this.#writeAll(store);
  }

  async #writeAll(store: Store): Promise<void> {
    await undefined; // notes of one moment go into one write
    while (this.#dirty) {
      this.#dirty = false;
      const here = [...this.#leftovers.values(), ...this.#active.values()];
      try {
        await store.save([...this.#elsewhere, ...here].filter(mayLive).map(storedOf));
      } catch (error) {
        this.#options.onError(storeError(error)); // the mapping matters more than the note of it
      }
    }
    this.#writing = undefined; // in the same breath as the last look, else a note could slip between
  }
}

function wishes({ externalPort, externalAddress }: MappingSpec): boolean {
  return externalPort !== 0 || !externalAddress.isUnspecified;
}

/**
 * Without the wish, if the server may hold it with an external port already: common servers take a request for another port
 * for one for another mapping.
 */
function asItIs(spec: MappingSpec, { externalPort, externalAddress }: MappingRecord): MappingSpec {
  if (externalPort === 0 || isSuggestionBinding(spec)) return spec;
  return { ...spec, externalPort: 0, externalAddress: IpAddress.any(externalAddress.family) };
}

function mayLive(note: MappingRecord): boolean {
  return lifeLeft(note) > 0;
}

/** For how long the server may hold it: a renewal whose answer was never noted adds a lifetime. */
function lifeLeft({ expiresAt, lifetime }: MappingRecord): Milliseconds {
  return expiresAt + lifetime * 1000 - Date.now();
}

/** A store of one's own may fail with anything. */
function storeError(error: unknown): PcpError {
  if (error instanceof PcpError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new StoreError("unwritable", `Cannot keep mappings: ${message}`, error);
}

/** RFC 6887 section 15. */
const REUSE_TIME: Milliseconds = 120_000;

/** The oldest goes first. */
const ENDED_LIMIT = 1024;
