import type { KnownMapping } from "../engine/events.ts";
import { mappingKey, type MappingSpec } from "../engine/spec.ts";
import { IpAddress } from "../wire/address.ts";
import { Nonce } from "../wire/nonce.ts";
import { decodeOptions, encodeOption, type Option, optionLength } from "../wire/option.ts";
import type { Store, StoredMapping } from "./store.ts";

/** The two ends that a ledger's mappings are between. */
export interface LedgerOwner {
  readonly server: string;
  readonly port: number;
  readonly client: string;
}

/** The books of one client: what it asked for and may still be held by the server, kept in a {@linkcode Store}. */
export class Ledger {
  readonly #store: Store;
  #owner: LedgerOwner;
  readonly #onError: (error: unknown) => void;
  /** By {@linkcode mappingKey}. */
  readonly #active = new Map<string, StoredMapping>();
  /** Of an earlier run of this client. */
  readonly #leftovers = new Map<string, StoredMapping>();
  /** Of clients of other servers. */
  #others: readonly StoredMapping[] = [];
  #writing: Promise<void> | undefined;
  #dirty = false;

  constructor(store: Store, owner: LedgerOwner, onError: (error: unknown) => void) {
    this.#store = store;
    this.#owner = owner;
    this.#onError = onError;
  }

  /** The client is another host to its server from now on. */
  movedTo(owner: LedgerOwner): void {
    this.#owner = owner;
  }

  /** Reads what an earlier run left; what has expired meanwhile is forgotten. */
  async load(): Promise<void> {
    const alive = (await this.#store.load()).filter(({ expiresAt }) =>
      Date.parse(expiresAt) > Date.now()
    );
    for (const mapping of alive) {
      if (this.#owns(mapping)) this.#leftovers.set(mappingKey(specOf(mapping)), mapping);
    }
    this.#others = alive.filter((mapping) => !this.#owns(mapping));
  }

  /** What an earlier run left at the server and nobody has asked for yet. */
  get leftovers(): readonly StoredMapping[] {
    return [...this.#leftovers.values()];
  }

  /** Takes over what an earlier run left of this mapping. */
  claim(spec: MappingSpec, now: number): KnownMapping | undefined {
    const key = mappingKey(spec);
    const stored = this.#leftovers.get(key);
    if (stored === undefined) return undefined;
    this.#leftovers.delete(key);
    return {
      nonce: Nonce.fromHex(stored.nonce),
      suggestedAddress: IpAddress.parse(stored.externalAddress),
      suggestedPort: stored.externalPort,
      until: now + Date.parse(stored.expiresAt) - Date.now(),
    };
  }

  /** Notes a mapping before its request leaves; resolves when the note survives a crash. */
  open(spec: MappingSpec, { nonce, suggestedAddress, suggestedPort }: KnownMapping): Promise<void> {
    const { remoteAddress, remotePort } = spec;
    this.#active.set(mappingKey(spec), {
      ...this.#owner,
      kind: spec.opcode === "map" ? "inbound" : "outbound",
      protocol: spec.protocol,
      internalPort: spec.internalPort,
      lifetime: spec.lifetime,
      nonce: `${nonce}`,
      externalAddress: suggestedAddress.toString(),
      externalPort: suggestedPort,
      expiresAt: after(spec.lifetime * 1000),
      options: optionsToHex(spec.options),
      ...(remoteAddress === undefined ? {} : { remoteAddress: remoteAddress.toString() }),
      ...(remotePort === undefined ? {} : { remotePort }),
    });
    return this.#write();
  }

  /** Notes what the server assigned, and for how many milliseconds from now. */
  assigned(
    spec: MappingSpec,
    nonce: Nonce,
    externalAddress: string,
    externalPort: number,
    remaining: number,
  ): void {
    const key = mappingKey(spec);
    const stored = this.#active.get(key);
    if (stored?.nonce !== `${nonce}`) return;
    this.#active.set(key, {
      ...stored,
      externalAddress,
      externalPort,
      expiresAt: after(remaining),
    });
    void this.#write();
  }

  /** Forgets a mapping that the server does not hold any more. */
  close(spec: MappingSpec, nonce: Nonce): void {
    const key = mappingKey(spec);
    // The same may have been asked for again meanwhile, with another nonce.
    if (this.#active.get(key)?.nonce !== `${nonce}`) return;
    this.#active.delete(key);
    void this.#write();
  }

  /** Writes what is not written yet, and lets others use the store. */
  async end(): Promise<void> {
    await this.#write();
    await this.#store.close();
  }

  /** One write at a time; all notes that come meanwhile go into the next one. */
  #write(): Promise<void> {
    this.#dirty = true;
    return this.#writing ??= this.#writeAll().finally(() => this.#writing = undefined);
  }

  async #writeAll(): Promise<void> {
    while (this.#dirty) {
      this.#dirty = false;
      try {
        await this.#store.save([
          ...this.#others,
          ...this.#leftovers.values(),
          ...this.#active.values(),
        ]);
      } catch (error) {
        this.#onError(error); // the mapping matters more than the note of it
      }
    }
  }

  #owns({ server, port, client }: StoredMapping): boolean {
    return server === this.#owner.server && port === this.#owner.port &&
      client === this.#owner.client;
  }
}

/** What was asked for, as the engine knows it. */
export function specOf(stored: StoredMapping): MappingSpec {
  const { remoteAddress, remotePort } = stored;
  return {
    opcode: stored.kind === "inbound" ? "map" : "peer",
    protocol: stored.protocol,
    internalPort: stored.internalPort,
    lifetime: stored.lifetime,
    externalPort: 0,
    externalAddress: IpAddress.any(IpAddress.parse(stored.externalAddress).family),
    options: optionsFromHex(stored.options),
    ...(remoteAddress === undefined ? {} : { remoteAddress: IpAddress.parse(remoteAddress) }),
    ...(remotePort === undefined ? {} : { remotePort }),
  };
}

function after(duration: number): string {
  return new Date(Date.now() + duration).toISOString();
}

function optionsToHex(options: readonly Option[]): string {
  const bytes = new Uint8Array(options.reduce((sum, option) => sum + optionLength(option), 0));
  const view = new DataView(bytes.buffer);
  options.reduce((offset, option) => encodeOption(option, view, offset), 0);
  return [...bytes].map((octet) => octet.toString(16).padStart(2, "0")).join("");
}

function optionsFromHex(text: string): readonly Option[] {
  const octets = text.match(/../g) ?? [];
  const bytes = Uint8Array.from(octets, (digits) => parseInt(digits, 16));
  return decodeOptions(new DataView(bytes.buffer), 0).options;
}
