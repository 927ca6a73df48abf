import { type MappingKey, mappingKey, type MappingSpec } from "../../engine/mapping_spec.ts";
import { IpAddress } from "../../wire/address.ts";
import { Nonce } from "../../wire/nonce.ts";
import { decodeOptions, encodeOption, type Option, optionLength } from "../../wire/option.ts";
import { toHex } from "../../wire/octets.ts";
import type { StoredMapping } from "./store.ts";

/** The server and the client of a mapping. */
export interface Endpoints {
  readonly server: string;
  readonly port: number;
  readonly client: string;
}

/** A mapping that a server may hold. */
export interface MappingRecord extends Endpoints {
  /** Its {@linkcode mappingKey}. */
  readonly key: MappingKey;
  readonly spec: MappingSpec;
  readonly nonce: Nonce;
  /** The external address and port: assigned, or suggested before that. */
  suggestedAddress: IpAddress;
  suggestedPort: number;
  /** Seconds: the requested lifetime, or the granted one if that is longer. */
  lifetime: number;
  /** When it ends at the server as far as is known, in milliseconds of the wall clock. */
  expiresAt: number;
}

/** The record as it is stored. */
export function storedOf(record: MappingRecord): StoredMapping {
  const { spec } = record;
  const { remoteAddress, remotePort } = spec;
  return {
    server: record.server,
    port: record.port,
    client: record.client,
    kind: spec.opcode === "map" ? "inbound" : "outbound",
    protocol: spec.protocol,
    internalPort: spec.internalPort,
    lifetime: record.lifetime,
    nonce: record.nonce.toString(),
    externalAddress: record.suggestedAddress.toString(),
    externalPort: record.suggestedPort,
    expiresAt: new Date(record.expiresAt).toISOString(),
    options: optionsToHex(spec.options),
    ...(remoteAddress === undefined ? {} : { remoteAddress: remoteAddress.toString() }),
    ...(remotePort === undefined ? {} : { remotePort }),
  };
}

/** The record of a stored mapping. */
export function recordOf(stored: StoredMapping): MappingRecord {
  const { server, port, client, lifetime } = stored;
  const spec = specOf(stored);
  return {
    server,
    port,
    client,
    key: mappingKey(spec),
    spec,
    nonce: Nonce.fromHex(stored.nonce),
    suggestedAddress: IpAddress.parse(stored.externalAddress),
    suggestedPort: stored.externalPort,
    lifetime,
    expiresAt: Date.parse(stored.expiresAt),
  };
}

/** The request of a stored mapping, without its suggestions. */
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
  return toHex(bytes);
}

function optionsFromHex(text: string): readonly Option[] {
  const octets = Uint8Array.from(text.match(/../g) ?? [], (digits) => parseInt(digits, 16));
  return decodeOptions(new DataView(octets.buffer), 0).options;
}
