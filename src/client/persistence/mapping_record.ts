import type { Assignment, Milliseconds } from "../../engine/events.ts";
import { type MappingKey, mappingKey, type MappingSpec } from "../../engine/mapping_spec.ts";
import { IpAddress } from "../../wire/address.ts";
import { Nonce } from "../../wire/nonce.ts";
import { decodeOptions, encodeOption, type Option, optionLength } from "../../wire/option.ts";
import type { StoredMapping } from "./store.ts";

/** The two ends that a ledger's mappings are between. */
export interface Endpoints {
  readonly server: string;
  readonly port: number;
  readonly client: string;
}

/** One mapping in a ledger. */
export interface MappingRecord extends Endpoints {
  /** Its {@linkcode mappingKey}. */
  readonly key: MappingKey;
  readonly spec: MappingSpec;
  readonly nonce: Nonce;
  externalAddress: IpAddress;
  externalPort: number;
  /** Seconds: what is wanted, or what was granted if that is more. */
  lifetime: number;
  /** When it ends at the server as far as is known, in milliseconds of the wall clock. */
  expiresAt: number;
  /** The same mapping, wanted before and being deleted when this was asked for. */
  readonly before: MappingRecord | undefined;
  /** The server does not hold it any more. */
  closed: boolean;
}

/** What the engine knows of a mapping, to be kept for the case that this host comes back to its server. */
export function recordOfLive(
  owner: Endpoints,
  spec: MappingSpec,
  nonce: Nonce,
  assignment: Assignment | undefined,
  lifeLeft: Milliseconds,
): MappingRecord {
  return {
    ...owner,
    key: mappingKey(spec),
    spec,
    nonce,
    externalAddress: assignment?.externalAddress ?? spec.externalAddress,
    externalPort: assignment?.externalPort ?? spec.externalPort,
    lifetime: Math.max(spec.lifetime, assignment?.lifetime ?? 0),
    expiresAt: Date.now() + lifeLeft,
    before: undefined,
    closed: false,
  };
}

/** As it is kept. */
export function storedOf(note: MappingRecord): StoredMapping {
  const { spec } = note;
  const { remoteAddress, remotePort } = spec;
  return {
    server: note.server,
    port: note.port,
    client: note.client,
    kind: spec.opcode === "map" ? "inbound" : "outbound",
    protocol: spec.protocol,
    internalPort: spec.internalPort,
    lifetime: note.lifetime,
    nonce: note.nonce.toString(),
    externalAddress: note.externalAddress.toString(),
    externalPort: note.externalPort,
    expiresAt: new Date(note.expiresAt).toISOString(),
    options: optionsToHex(spec.options),
    ...(remoteAddress === undefined ? {} : { remoteAddress: remoteAddress.toString() }),
    ...(remotePort === undefined ? {} : { remotePort }),
  };
}

/** As it was kept. */
export function recordOf(stored: StoredMapping): MappingRecord {
  const { server, port, client, lifetime, externalPort } = stored;
  const spec = specOf(stored);
  return {
    server,
    port,
    client,
    key: mappingKey(spec),
    spec,
    nonce: Nonce.fromHex(stored.nonce),
    externalAddress: IpAddress.parse(stored.externalAddress),
    externalPort,
    lifetime,
    expiresAt: Date.parse(stored.expiresAt),
    before: undefined,
    closed: false,
  };
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
