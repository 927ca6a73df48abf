import { IpAddress } from "./address.ts";
import { checkUnsigned } from "./check.ts";
import { MAX_OPTION_TEXT } from "./constants.ts";
import { copyOctets, writeOctets, writePadded } from "./data_view.ts";
import { OptionCode } from "./option_code.ts";
import type {
  FilterOption,
  Ipv4Prefix,
  Option,
  PortSetOption,
  Prefix64Option,
} from "./option_type.ts";

/** The code that goes with each type. */
export function bodyCode(option: Option): number {
  switch (option.type) {
    case "unknown":
    case "malformed":
      return option.code;
    default:
      return CODES[option.type];
  }
}

/**
 * Octets of the data, without head and padding.
 *
 * @throws {TypeError} If a text is not well-formed Unicode.
 */
export function bodyLength(option: Option): number {
  switch (option.type) {
    case "preferFailure":
    case "checkpointRequired":
      return 0;
    case "thirdParty":
      return 16;
    case "filter":
      return FILTER_LENGTH;
    case "portSet":
      return PORT_SET_LENGTH;
    case "nonce":
    case "prf":
    case "macAlgorithm":
    case "sessionLifetime":
    case "receivedPak":
      return 4;
    case "description":
      return encodeText(option.text).length;
    case "idIndicator":
      return encodeText(option.identity).length;
    case "prefix64":
      return 2 + PREFIX64_OCTETS +
        (option.ipv4Prefixes === undefined ? 0 : 2 + 6 * option.ipv4Prefixes.length);
    case "thirdPartyId":
      return option.id.length;
    case "authenticationTag":
      return 12 + option.mac.length;
    case "paAuthenticationTag":
      return 4 + option.mac.length;
    case "eapPayload":
      return option.packet.length;
    case "unknown":
    case "malformed":
      return option.data.length;
  }
}

/**
 * Writes the data and its padding. The room is there: the caller has looked.
 *
 * @throws {RangeError} If a number does not fit its field.
 * @throws {TypeError} If an address is of the wrong family.
 */
export function writeBody(option: Option, view: DataView, offset: number): void {
  switch (option.type) {
    case "preferFailure":
    case "checkpointRequired":
      return;
    case "thirdParty":
      return option.address.write(view, offset);
    case "filter":
      return writeFilter(option, view, offset);
    case "portSet":
      return writePortSet(option, view, offset);
    case "prefix64":
      return writePrefix64(option, view, offset);
    case "nonce":
    case "prf":
    case "macAlgorithm":
    case "sessionLifetime":
    case "receivedPak":
      return writeWord(view, offset, option.value);
    case "description":
      return writePadded(view, offset, limited(encodeText(option.text), "a description"));
    case "idIndicator":
      return writePadded(view, offset, encodeText(option.identity));
    case "thirdPartyId":
      return writePadded(view, offset, limited(option.id, "a third party's identifier"));
    case "authenticationTag":
      writeWord(view, offset, option.sessionId);
      writeWord(view, offset + 4, option.sequence);
      writeWord(view, offset + 8, option.keyId);
      return writePadded(view, offset + 12, option.mac);
    case "paAuthenticationTag":
      writeWord(view, offset, option.keyId);
      return writePadded(view, offset + 4, option.mac);
    case "eapPayload":
      return writePadded(view, offset, option.packet);
    case "unknown":
    case "malformed":
      return writePadded(view, offset, option.data);
  }
}

/** Reads the data of a known code, all of it inside the view; `undefined` if they break the rule of that code. */
export function readBody(
  code: number,
  view: DataView,
  offset: number,
  length: number,
): Option | undefined {
  switch (code) {
    case OptionCode.ThirdParty:
      return length === 16
        ? { type: "thirdParty", address: IpAddress.read(view, offset) }
        : undefined;
    case OptionCode.PreferFailure:
      return length === 0 ? { type: "preferFailure" } : undefined;
    case OptionCode.CheckpointRequired:
      return length === 0 ? { type: "checkpointRequired" } : undefined;
    case OptionCode.Filter:
      return length === FILTER_LENGTH ? readFilter(view, offset) : undefined;
    case OptionCode.PortSet:
      return length === PORT_SET_LENGTH ? readPortSet(view, offset) : undefined;
    case OptionCode.Prefix64:
      return readPrefix64(view, offset, length);
    case OptionCode.Description: {
      const text = length <= MAX_OPTION_TEXT ? readText(view, offset, length) : undefined;
      return text === undefined ? undefined : { type: "description", text };
    }
    case OptionCode.IdIndicator: {
      const identity = readText(view, offset, length);
      return identity === undefined ? undefined : { type: "idIndicator", identity };
    }
    case OptionCode.ThirdPartyId:
      return length <= MAX_OPTION_TEXT
        ? { type: "thirdPartyId", id: copyOctets(view, offset, length) }
        : undefined;
    case OptionCode.AuthenticationTag:
      if (length < 12) return undefined;
      return {
        type: "authenticationTag",
        sessionId: view.getUint32(offset),
        sequence: view.getUint32(offset + 4),
        keyId: view.getUint32(offset + 8),
        mac: copyOctets(view, offset + 12, length - 12),
      };
    case OptionCode.PaAuthenticationTag:
      if (length < 4) return undefined;
      return {
        type: "paAuthenticationTag",
        keyId: view.getUint32(offset),
        mac: copyOctets(view, offset + 4, length - 4),
      };
    case OptionCode.EapPayload:
      return { type: "eapPayload", packet: copyOctets(view, offset, length) };
    default: {
      const type = WORD_TYPES.get(code);
      return type === undefined || length !== 4
        ? undefined
        : { type, value: view.getUint32(offset) };
    }
  }
}

/** Whether the code has a type of its own. */
export function isKnown(code: number): boolean {
  return KNOWN.has(code);
}

/** IPv4 counts its 96 leading bits too (RFC 6887 section 13.3); 0 is left over for "remove every filter". */
function isFilterPrefix(prefixLength: number, address: IpAddress): boolean {
  return prefixLength === 0 ||
    (prefixLength <= 128 && (prefixLength >= 96 || address.family === "IPv6"));
}

function writeFilter(option: FilterOption, view: DataView, offset: number): void {
  checkUnsigned(option.prefixLength, 128, "filter prefix length");
  checkUnsigned(option.remotePort, 0xffff, "filter remote port");
  if (!isFilterPrefix(option.prefixLength, option.remoteAddress)) {
    throw new RangeError(
      `Cannot encode a filter: an IPv4 prefix length must be 96 and the IPv4 length, got "${option.prefixLength}"`,
    );
  }
  view.setInt32(offset, (option.prefixLength << 16) | option.remotePort);
  option.remoteAddress.write(view, offset + 4);
}

function readFilter(view: DataView, offset: number): FilterOption | undefined {
  const prefixLength = view.getUint8(offset + 1);
  const remoteAddress = IpAddress.read(view, offset + 4);
  if (!isFilterPrefix(prefixLength, remoteAddress)) return undefined;
  return { type: "filter", prefixLength, remotePort: view.getUint16(offset + 2), remoteAddress };
}

function writePortSet(option: PortSetOption, view: DataView, offset: number): void {
  checkUnsigned(option.size, 0xffff, "port set size");
  checkUnsigned(option.firstInternalPort, 0xffff, "first internal port");
  if (option.size === 0) {
    throw new RangeError(
      `Cannot encode a port set: its size must be an integer from 1 to 65535, got "0"`,
    );
  }
  view.setInt32(offset, (option.size << 16) | option.firstInternalPort);
  view.setInt32(offset + 4, option.parity ? 1 << 24 : 0);
}

function readPortSet(view: DataView, offset: number): PortSetOption | undefined {
  const size = view.getUint16(offset);
  if (size === 0) return undefined;
  return {
    type: "portSet",
    size,
    firstInternalPort: view.getUint16(offset + 2),
    parity: (view.getUint8(offset + 4) & 1) === 1,
  };
}

function writePrefix64(option: Prefix64Option, view: DataView, offset: number): void {
  const { prefix, suffix, ipv4Prefixes } = option;
  if (!PREFIX64_LENGTHS.has(prefix.length)) {
    throw new RangeError(
      `Cannot encode a NAT64 prefix: it must have 4 to 8 or 12 octets, got "${prefix.length}"`,
    );
  }
  if (prefix.length + suffix.length !== PREFIX64_OCTETS) {
    throw new RangeError(
      `Cannot encode a NAT64 prefix: prefix and suffix must have 12 octets together, got "${
        prefix.length + suffix.length
      }"`,
    );
  }
  view.setUint16(offset, prefix.length);
  writeOctets(view, offset + 2, prefix);
  writeOctets(view, offset + 2 + prefix.length, suffix);
  let at = offset + 2 + PREFIX64_OCTETS;
  if (ipv4Prefixes !== undefined) {
    view.setUint16(at, ipv4Prefixes.length);
    at += 2;
    for (const { address, prefixLength } of ipv4Prefixes) {
      if (address.family !== "IPv4") {
        throw new TypeError(
          `Cannot encode a NAT64 prefix: its list must hold IPv4 networks, got "${address}"`,
        );
      }
      view.setUint16(at, checkUnsigned(prefixLength, 32, "IPv4 prefix length"));
      view.setInt32(at + 2, address.w3);
      at += 6;
    }
  }
  if (((at - offset) & 3) !== 0) view.setUint16(at, 0);
}

/** The length octets 4 to 8 and 12 are the only ones (RFC 7225 section 4.1). */
function readPrefix64(view: DataView, offset: number, length: number): Prefix64Option | undefined {
  if (length < 2 + PREFIX64_OCTETS) return undefined;
  const prefixLength = view.getUint16(offset);
  if (!PREFIX64_LENGTHS.has(prefixLength)) return undefined;
  const ipv4Prefixes = readIpv4Prefixes(
    view,
    offset + 2 + PREFIX64_OCTETS,
    length - 2 - PREFIX64_OCTETS,
  );
  if (ipv4Prefixes === "malformed") return undefined;
  return {
    type: "prefix64",
    prefix: copyOctets(view, offset + 2, prefixLength),
    suffix: copyOctets(view, offset + 2 + prefixLength, PREFIX64_OCTETS - prefixLength),
    ipv4Prefixes,
  };
}

/** The count must be borne out by the length before anything is read, so that nothing is allocated on its word. */
function readIpv4Prefixes(
  view: DataView,
  offset: number,
  length: number,
): readonly Ipv4Prefix[] | undefined | "malformed" {
  if (length === 0) return undefined;
  if (length < 2 || length !== 2 + 6 * view.getUint16(offset)) return "malformed";
  const prefixes: Ipv4Prefix[] = [];
  for (let at = offset + 2; at < offset + length; at += 6) {
    const prefixLength = view.getUint16(at);
    // An invalid prefix is skipped and the rest kept (RFC 7225 section 4.3).
    if (prefixLength > 32) continue;
    prefixes.push({ address: new IpAddress(0, 0, 0xffff, view.getInt32(at + 2)), prefixLength });
  }
  return prefixes;
}

function writeWord(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, checkUnsigned(value, 0xffff_ffff, "option value"));
}

function limited(octets: Uint8Array, name: string): Uint8Array {
  if (octets.length <= MAX_OPTION_TEXT) return octets;
  throw new RangeError(
    `Cannot encode ${name}: at most ${MAX_OPTION_TEXT} octets, got "${octets.length}"`,
  );
}

/** Half a surrogate pair has no UTF-8: it would become another character without a word. */
function encodeText(text: string): Uint8Array {
  if (!text.isWellFormed()) {
    throw new TypeError(
      `Cannot encode a text: expected well-formed Unicode, got ${JSON.stringify(text)}`,
    );
  }
  return new TextEncoder().encode(text);
}

/** The length alone ends the text; a NUL is a character as any other (RFC 7220 section 2). */
function readText(view: DataView, offset: number, length: number): string | undefined {
  try {
    return UTF8.decode(copyOctets(view, offset, length));
  } catch {
    // Not UTF-8: the option is malformed and its octets are kept.
    return undefined;
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** RFC 6887 section 13.3. */
const FILTER_LENGTH = 20;

/** RFC 7753 section 4. */
const PORT_SET_LENGTH = 5;

/** Prefix and suffix together (RFC 7225 section 4.1). */
const PREFIX64_OCTETS = 12;

/** Octets of a prefix (RFC 6052 section 2.2: /32, /40, /48, /56, /64, /96). */
const PREFIX64_LENGTHS: ReadonlySet<number> = new Set([4, 5, 6, 7, 8, 12]);

const CODES = {
  thirdParty: OptionCode.ThirdParty,
  preferFailure: OptionCode.PreferFailure,
  filter: OptionCode.Filter,
  description: OptionCode.Description,
  prefix64: OptionCode.Prefix64,
  portSet: OptionCode.PortSet,
  thirdPartyId: OptionCode.ThirdPartyId,
  checkpointRequired: OptionCode.CheckpointRequired,
  nonce: OptionCode.Nonce,
  authenticationTag: OptionCode.AuthenticationTag,
  paAuthenticationTag: OptionCode.PaAuthenticationTag,
  eapPayload: OptionCode.EapPayload,
  prf: OptionCode.Prf,
  macAlgorithm: OptionCode.MacAlgorithm,
  sessionLifetime: OptionCode.SessionLifetime,
  receivedPak: OptionCode.ReceivedPak,
  idIndicator: OptionCode.IdIndicator,
} as const;

const KNOWN: ReadonlySet<number> = new Set(Object.values(CODES));

/** The options of RFC 7652 that are one 32-bit number. */
const WORD_TYPES: ReadonlyMap<
  number,
  "nonce" | "prf" | "macAlgorithm" | "sessionLifetime" | "receivedPak"
> = new Map(
  (["nonce", "prf", "macAlgorithm", "sessionLifetime", "receivedPak"] as const).map((
    type,
  ) => [CODES[type], type]),
);
