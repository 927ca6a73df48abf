import { checkSpec } from "../../engine/check_spec.ts";
import {
  isSuggestionBinding,
  type MappingKey,
  mappingKey,
  type MappingSpec,
} from "../../engine/mapping_spec.ts";
import { type Protocol, PROTOCOLS } from "../../engine/protocol.ts";
import type { KnownMapping, Milliseconds } from "../../engine/events.ts";
import type { EndedMapping } from "../../engine/port_reuse.ts";
import { IpAddress } from "../../wire/address.ts";
import { MAX_LIFETIME } from "../../wire/constants.ts";
import { reasonOf } from "../errors.ts";
import { Nonce } from "../../wire/nonce.ts";
import { decodeOptions, encodeOption, type Option, optionLength } from "../../wire/option.ts";
import { toHex } from "../../wire/octets.ts";
import type { StoredMapping, StoredUpnp } from "./store.ts";

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
  /** The protocol in which the server granted it; undefined if it did not, as far as is known. */
  grantedBy: Protocol | undefined;
  /** If it was made over UPnP. */
  upnp: StoredUpnp | undefined;
  /** It is over here; the server may hold it all the same. */
  readonly isOver?: boolean;
}

/** A mapping, and what the engine knows of it. */
export interface RequestedMapping {
  readonly key: MappingKey;
  readonly spec: MappingSpec;
  readonly known: KnownMapping;
}

/** The record of a mapping that the engine has requested. */
export function requestedOf(
  endpoints: Endpoints,
  { key, spec, known }: RequestedMapping,
  now: Milliseconds,
): MappingRecord {
  const { nonce, suggestedAddress, suggestedPort, until, grantedBy, upnp } = known;
  const expiresAt = Date.now() + until - now;
  const { lifetime } = spec;
  return {
    ...endpoints,
    key,
    spec,
    nonce,
    suggestedAddress,
    suggestedPort,
    lifetime,
    expiresAt,
    grantedBy,
    upnp,
  };
}

/** The record of a mapping that is over, for as long as the server may reserve its port (RFC 6887 section 15). */
export function reservedOf(
  endpoints: Endpoints,
  { spec, ...known }: EndedMapping,
  now: Milliseconds,
): MappingRecord {
  return { ...requestedOf(endpoints, { key: mappingKey(spec), spec, known }, now), isOver: true };
}

/** The record of a mapping that is over, for as long as the server may hold it in PCP; undefined if it does not. */
export function endedOf(
  record: MappingRecord,
  { nonce, suggestedAddress, suggestedPort, heldUntil }: EndedMapping,
  now: Milliseconds,
): MappingRecord | undefined {
  if (heldUntil <= now || record.grantedBy !== "pcp" || !nonce.equals(record.nonce)) {
    return undefined;
  }
  const expiresAt = Date.now() + heldUntil - now;
  return { ...record, suggestedAddress, suggestedPort, expiresAt, isOver: true };
}

/** The record as it is stored. */
export function storedOf(record: MappingRecord): StoredMapping {
  const { spec, grantedBy, upnp } = record;
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
    ...(grantedBy === undefined ? {} : { grantedBy }),
    ...(upnp === undefined ? {} : { upnp }),
    ...(record.isOver ? { ended: true } : {}),
    options: optionsToHex(spec.options),
    ...(remoteAddress === undefined ? {} : { remoteAddress: remoteAddress.toString() }),
    ...(remotePort === undefined ? {} : { remotePort }),
  };
}

/** The request of a recorded mapping. It has suggestions only if the server must assign what is suggested. */
export function requestOf({ spec, suggestedAddress, suggestedPort }: MappingRecord): MappingSpec {
  if (!isSuggestionBinding(spec)) return spec;
  return { ...spec, externalAddress: suggestedAddress, externalPort: suggestedPort };
}

/**
 * Drops the suggestion if the server may hold the mapping with an external port: common servers treat a request with another
 * suggested port as one for another mapping.
 */
export function withoutSuggestion(
  spec: MappingSpec,
  { suggestedPort, suggestedAddress }: MappingRecord,
): MappingSpec {
  if (suggestedPort === 0 || isSuggestionBinding(spec)) return spec;
  return { ...spec, externalPort: 0, externalAddress: IpAddress.any(suggestedAddress.family) };
}

/** A mapping that is requested again is not kept on purpose any more. */
export function withoutKept(upnp: StoredUpnp | undefined): StoredUpnp | undefined {
  if (upnp === undefined) return undefined;
  const { kept: _kept, ...rest } = upnp;
  return rest;
}

/**
 * Reads a stored mapping. It may be anything: people edit files, and every program can bring a store of its own.
 *
 * @throws {TypeError | RangeError} If a field is missing, or breaks a rule that the mapping's request would break.
 */
export function recordOf(stored: unknown): MappingRecord {
  const fields = fieldsOf(stored);
  const server = addressIn(fields, "server");
  const client = addressIn(fields, "client");
  if (server.family !== client.family) {
    throw new TypeError(`server and client must be of one family, got "${server}" and "${client}"`);
  }
  const spec = specIn(fields);
  const record: MappingRecord = {
    server: server.toString(),
    port: numberIn(fields, "port", 1, 0xffff),
    client: client.toString(),
    key: mappingKey(spec),
    spec,
    nonce: Nonce.fromHex(textIn(fields, "nonce")),
    suggestedAddress: addressIn(fields, "externalAddress"),
    suggestedPort: numberIn(fields, "externalPort", 0, 0xffff),
    lifetime: spec.lifetime,
    expiresAt: timeIn(fields, "expiresAt"),
    grantedBy: PROTOCOLS.find((protocol) => protocol === fields["grantedBy"]),
    upnp: fields["upnp"] === undefined ? undefined : upnpOf(fieldsOf(fields["upnp"])),
    isOver: fields["ended"] === true,
  };
  checkSpec({ ...spec, externalPort: record.suggestedPort }, client);
  return record;
}

/**
 * The {@linkcode mappingKey} of a stored mapping; its nonce and its server do not matter.
 *
 * @param attempt Begins the message of an error.
 * @throws {TypeError} If a field is missing or out of range.
 */
export function keyOf(stored: unknown, attempt: string): MappingKey {
  try {
    return mappingKey(specIn(fieldsOf(stored)));
  } catch (error) {
    throw new TypeError(`${attempt}: ${reasonOf(error)}`);
  }
}

function upnpOf(fields: Fields): StoredUpnp {
  return {
    service: shortTextIn(fields, "service"),
    description: shortTextIn(fields, "description"),
    ...(fields["permanent"] === true ? { permanent: true } : {}),
    ...(fields["kept"] === true ? { kept: true } : {}),
    ...(fields["uniqueId"] === undefined
      ? {}
      : { uniqueId: numberIn(fields, "uniqueId", 0, 0xffff) }),
    ...(fields["bootId"] === undefined
      ? {}
      : { bootId: numberIn(fields, "bootId", -1, 0x7fff_ffff) }),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(stored: unknown): Fields {
  if (typeof stored === "object" && stored !== null) return stored as Fields;
  throw new TypeError(`it must be an object, got "${shown(stored)}"`);
}

/** The request of a stored mapping, without its suggestions. */
function specIn(fields: Fields): MappingSpec {
  const kind = textIn(fields, "kind");
  if (kind !== "inbound" && kind !== "outbound") {
    throw new TypeError(`kind must be "inbound" or "outbound", got "${shown(kind)}"`);
  }
  const peer = kind === "inbound" ? {} : {
    remoteAddress: addressIn(fields, "remoteAddress"),
    remotePort: numberIn(fields, "remotePort", 1, 0xffff),
  };
  return {
    opcode: kind === "inbound" ? "map" : "peer",
    protocol: numberIn(fields, "protocol", 0, 0xff),
    internalPort: numberIn(fields, "internalPort", 0, 0xffff),
    lifetime: numberIn(fields, "lifetime", 1, MAX_LIFETIME),
    externalPort: 0,
    externalAddress: IpAddress.any(addressIn(fields, "externalAddress").family),
    options: optionsIn(fields),
    ...peer,
  };
}

function textIn(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === "string") return value;
  throw new TypeError(`${name} must be a text, got "${shown(value)}"`);
}

/** A text that goes into a request to the gateway. */
function shortTextIn(fields: Fields, name: string): string {
  const text = textIn(fields, name);
  if (/^[ -~]{0,200}$/.test(text)) return text;
  throw new RangeError(`${name} must be printable and short, got "${shown(text)}"`);
}

function addressIn(fields: Fields, name: string): IpAddress {
  const address = IpAddress.tryParse(textIn(fields, name));
  if (address !== undefined) return address;
  throw new TypeError(`${name} must be an IP address, got "${shown(fields[name])}"`);
}

function numberIn(fields: Fields, name: string, least: number, most: number): number {
  const value = fields[name];
  if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) {
    return Number(value);
  }
  throw new RangeError(
    `${name} must be an integer from ${least} to ${most}, got "${shown(value)}"`,
  );
}

function timeIn(fields: Fields, name: string): number {
  const time = Date.parse(textIn(fields, name));
  if (!Number.isNaN(time)) return time;
  throw new TypeError(`${name} must be a time in ISO 8601, got "${shown(fields[name])}"`);
}

function optionsIn(fields: Fields): readonly Option[] {
  const text = textIn(fields, "options");
  if (!/^([0-9a-f]{8})*$/i.test(text) || text.length > MOST_OPTIONS) {
    throw new TypeError(`options must be octets in hexadecimal digits, got "${shown(text)}"`);
  }
  const octets = Uint8Array.from(text.match(/../g) ?? [], (digits) => parseInt(digits, 16));
  const { options, fault } = decodeOptions(new DataView(octets.buffer), 0);
  const broken = options.find(({ type }) => type === "malformed");
  if (fault === undefined && broken === undefined) return options;
  throw new TypeError(
    `options must be those of a request (RFC 6887 section 7.3), got "${shown(text)}"`,
  );
}

function optionsToHex(options: readonly Option[]): string {
  const bytes = new Uint8Array(options.reduce((sum, option) => sum + optionLength(option), 0));
  const view = new DataView(bytes.buffer);
  options.reduce((offset, option) => encodeOption(option, view, offset), 0);
  return toHex(bytes);
}

/** A value in a message: a text from a file has any length. */
function shown(value: unknown): string {
  const text = typeof value === "object" && value !== null ? "an object" : String(value);
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`;
}

/** Hexadecimal digits of a whole message (RFC 6887 section 7), more than any options have. */
const MOST_OPTIONS = 2 * 1_100;
