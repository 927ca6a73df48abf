// The one place that knows the layout of each option. A new option needs an interface in option_type.ts, listed in the
// union `Option`; then the compiler demands its entry in OPTION_CODECS, with a number from `OptionCode`.

import { IpAddress } from "./address.ts";
import { checkUnsigned } from "./check.ts";
import { MAX_OPTION_TEXT } from "./constants.ts";
import { octetsOf } from "./octets.ts";
import type {
  FilterOption,
  Ipv4Prefix,
  Option,
  PortSetOption,
  Prefix64Option,
} from "./option_type.ts";

/** Codes of the options (RFC 6887 section 13 and its extensions). 0 to 127 are mandatory for the server to process. */
export const OptionCode = {
  /** RFC 6887 section 13.1. */
  ThirdParty: 1,
  /** RFC 6887 section 13.2. */
  PreferFailure: 2,
  /** RFC 6887 section 13.3. */
  Filter: 3,
  /** RFC 7652 section 5.3. */
  Nonce: 4,
  /** RFC 7652 section 5.4. */
  AuthenticationTag: 5,
  /** RFC 7652 section 5.5. */
  PaAuthenticationTag: 6,
  /** RFC 7652 section 5.6. */
  EapPayload: 7,
  /** RFC 7652 section 5.7. */
  Prf: 8,
  /** RFC 7652 section 5.8. */
  MacAlgorithm: 9,
  /** RFC 7652 section 5.9. */
  SessionLifetime: 10,
  /** RFC 7652 section 5.10. */
  ReceivedPak: 11,
  /** RFC 7652 section 5.11. */
  IdIndicator: 12,
  /** RFC 7843 section 4. */
  ThirdPartyId: 13,
  /** RFC 7220 section 2. */
  Description: 128,
  /** RFC 7225 section 4.1. */
  Prefix64: 129,
  /** RFC 7753 section 4. */
  PortSet: 130,
  /** RFC 7767 section 4. */
  CheckpointRequired: 192,
} as const;

/** How one option is encoded and decoded. `data` is a view of the option's data alone, without header and padding. */
export interface OptionCodec<O> {
  readonly code: number;
  /** As in the RFC. */
  readonly name: string;
  /** Octets of the data. */
  length(option: O): number;
  /** Writes the data into zeros. Throws `RangeError` or `TypeError` if a value does not fit its field. */
  write(option: O, data: DataView): void;
  /** `undefined` if the data break a rule of the option: it is malformed. */
  read(data: DataView): O | undefined;
}

type KnownType = Exclude<Option["type"], "unknown" | "malformed">;

type OptionOf<T extends KnownType> = Extract<Option, { readonly type: T }>;

/** The table, by the type of the option. */
export const OPTION_CODECS: { readonly [T in KnownType]: OptionCodec<OptionOf<T>> } = {
  thirdParty: {
    code: OptionCode.ThirdParty,
    name: "THIRD_PARTY",
    length: () => 16,
    write: ({ address }, data) => address.write(data, 0),
    read(data) {
      if (data.byteLength !== 16) return undefined;
      return { type: "thirdParty", address: IpAddress.read(data, 0) };
    },
  },
  preferFailure: flag("preferFailure", OptionCode.PreferFailure, "PREFER_FAILURE"),
  filter: {
    code: OptionCode.Filter,
    name: "FILTER",
    length: () => FILTER_LENGTH,
    write: writeFilter,
    read: readFilter,
  },
  nonce: word("nonce", OptionCode.Nonce, "NONCE"),
  authenticationTag: {
    code: OptionCode.AuthenticationTag,
    name: "AUTHENTICATION_TAG",
    length: ({ mac }) => 12 + mac.length,
    write({ sessionId, sequence, keyId, mac }, data) {
      writeWord(data, 0, sessionId);
      writeWord(data, 4, sequence);
      writeWord(data, 8, keyId);
      octetsOf(data, 12).set(mac);
    },
    read(data) {
      if (data.byteLength < 12) return undefined;
      return {
        type: "authenticationTag",
        sessionId: data.getUint32(0),
        sequence: data.getUint32(4),
        keyId: data.getUint32(8),
        mac: octetsOf(data, 12).slice(),
      };
    },
  },
  paAuthenticationTag: {
    code: OptionCode.PaAuthenticationTag,
    name: "PA_AUTHENTICATION_TAG",
    length: ({ mac }) => 4 + mac.length,
    write({ keyId, mac }, data) {
      writeWord(data, 0, keyId);
      octetsOf(data, 4).set(mac);
    },
    read(data) {
      if (data.byteLength < 4) return undefined;
      return {
        type: "paAuthenticationTag",
        keyId: data.getUint32(0),
        mac: octetsOf(data, 4).slice(),
      };
    },
  },
  eapPayload: {
    code: OptionCode.EapPayload,
    name: "EAP_PAYLOAD",
    length: ({ packet }) => packet.length,
    write: ({ packet }, data) => octetsOf(data).set(packet),
    read: (data) => ({ type: "eapPayload", packet: octetsOf(data).slice() }),
  },
  prf: word("prf", OptionCode.Prf, "PRF"),
  macAlgorithm: word("macAlgorithm", OptionCode.MacAlgorithm, "MAC_ALGORITHM"),
  sessionLifetime: word("sessionLifetime", OptionCode.SessionLifetime, "SESSION_LIFETIME"),
  receivedPak: word("receivedPak", OptionCode.ReceivedPak, "RECEIVED_PAK"),
  idIndicator: {
    code: OptionCode.IdIndicator,
    name: "ID_INDICATOR",
    length: ({ identity }) => encodeText(identity).length,
    write: ({ identity }, data) => octetsOf(data).set(encodeText(identity)),
    read(data) {
      const identity = decodeText(data);
      return identity === undefined ? undefined : { type: "idIndicator", identity };
    },
  },
  thirdPartyId: {
    code: OptionCode.ThirdPartyId,
    name: "THIRD_PARTY_ID",
    length: ({ id }) => id.length,
    write: ({ id }, data) => octetsOf(data).set(limited(id, "a third party's identifier")),
    read(data) {
      if (data.byteLength > MAX_OPTION_TEXT) return undefined;
      return { type: "thirdPartyId", id: octetsOf(data).slice() };
    },
  },
  description: {
    code: OptionCode.Description,
    name: "DESCRIPTION",
    length: ({ text }) => encodeText(text).length,
    write: ({ text }, data) => octetsOf(data).set(limited(encodeText(text), "a description")),
    read(data) {
      const text = data.byteLength <= MAX_OPTION_TEXT ? decodeText(data) : undefined;
      return text === undefined ? undefined : { type: "description", text };
    },
  },
  prefix64: {
    code: OptionCode.Prefix64,
    name: "PREFIX64",
    length({ ipv4Prefixes }) {
      return PREFIX64_LIST + (ipv4Prefixes === undefined ? 0 : 2 + 6 * ipv4Prefixes.length);
    },
    write: writePrefix64,
    read: readPrefix64,
  },
  portSet: {
    code: OptionCode.PortSet,
    name: "PORT_SET",
    length: () => PORT_SET_LENGTH,
    write: writePortSet,
    read: readPortSet,
  },
  checkpointRequired: flag(
    "checkpointRequired",
    OptionCode.CheckpointRequired,
    "CHECKPOINT_REQUIRED",
  ),
};

/** An option without data. */
function flag<T extends "preferFailure" | "checkpointRequired">(
  type: T,
  code: number,
  name: string,
): OptionCodec<{ readonly type: T }> {
  return {
    code,
    name,
    length: () => 0,
    write() {},
    read: (data) => data.byteLength === 0 ? { type } : undefined,
  };
}

/** An option whose data are one 32-bit number (RFC 7652 sections 5.3 and 5.7 to 5.10). */
function word<T extends KnownType>(
  type: T,
  code: number,
  name: string,
): OptionCodec<{ readonly type: T; readonly value: number }> {
  return {
    code,
    name,
    length: () => 4,
    write: ({ value }, data) => writeWord(data, 0, value),
    read: (data) => data.byteLength === 4 ? { type, value: data.getUint32(0) } : undefined,
  };
}

function writeWord(data: DataView, offset: number, value: number): void {
  data.setUint32(offset, checkUnsigned(value, 0xffff_ffff, "option value"));
}

function writeFilter(option: FilterOption, data: DataView): void {
  const { prefixLength, remotePort, remoteAddress } = option;
  data.setUint8(1, checkUnsigned(prefixLength, 128, "filter prefix length"));
  data.setUint16(2, checkUnsigned(remotePort, 0xffff, "filter remote port"));
  if (!isFilterPrefix(prefixLength, remoteAddress)) {
    throw new RangeError(
      `Cannot encode a filter: an IPv4 prefix length must be 96 and the IPv4 length, got "${prefixLength}"`,
    );
  }
  remoteAddress.write(data, 4);
}

function readFilter(data: DataView): FilterOption | undefined {
  if (data.byteLength !== FILTER_LENGTH) return undefined;
  const prefixLength = data.getUint8(1);
  const remoteAddress = IpAddress.read(data, 4);
  if (!isFilterPrefix(prefixLength, remoteAddress)) return undefined;
  return { type: "filter", prefixLength, remotePort: data.getUint16(2), remoteAddress };
}

/** IPv4 prefixes include the 96 leading bits; 0 removes every filter (RFC 6887 section 13.3). */
function isFilterPrefix(prefixLength: number, address: IpAddress): boolean {
  return prefixLength === 0 ||
    (prefixLength <= 128 && (prefixLength >= 96 || address.family === "IPv6"));
}

function writePortSet({ size, firstInternalPort, parity }: PortSetOption, data: DataView): void {
  data.setUint16(0, checkUnsigned(size, 0xffff, "port set size"));
  data.setUint16(2, checkUnsigned(firstInternalPort, 0xffff, "first internal port"));
  if (size === 0) {
    throw new RangeError(
      `Cannot encode a port set: its size must be an integer from 1 to 65535, got "0"`,
    );
  }
  data.setUint8(4, parity ? 1 : 0);
}

function readPortSet(data: DataView): PortSetOption | undefined {
  if (data.byteLength !== PORT_SET_LENGTH || data.getUint16(0) === 0) return undefined;
  return {
    type: "portSet",
    size: data.getUint16(0),
    firstInternalPort: data.getUint16(2),
    parity: (data.getUint8(4) & 1) === 1,
  };
}

function writePrefix64({ prefix, suffix, ipv4Prefixes }: Prefix64Option, data: DataView): void {
  if (!PREFIX64_LENGTHS.has(prefix.length)) {
    throw new RangeError(
      `Cannot encode a NAT64 prefix: it must have 4 to 8 or 12 octets, got "${prefix.length}"`,
    );
  }
  const octets = [...prefix, ...suffix];
  if (octets.length !== PREFIX64_OCTETS) {
    throw new RangeError(
      `Cannot encode a NAT64 prefix: prefix and suffix must have 12 octets together, got "${octets.length}"`,
    );
  }
  data.setUint16(0, prefix.length);
  octetsOf(data, 2).set(octets);
  if (ipv4Prefixes === undefined) return;
  data.setUint16(PREFIX64_LIST, ipv4Prefixes.length);
  for (const [index, { address, prefixLength }] of ipv4Prefixes.entries()) {
    if (address.family !== "IPv4") {
      throw new TypeError(
        `Cannot encode a NAT64 prefix: its list must hold IPv4 networks, got "${address}"`,
      );
    }
    const at = PREFIX64_LIST + 2 + 6 * index;
    data.setUint16(at, checkUnsigned(prefixLength, 32, "IPv4 prefix length"));
    data.setInt32(at + 2, address.w3);
  }
}

function readPrefix64(data: DataView): Prefix64Option | undefined {
  const listLength = data.byteLength - PREFIX64_LIST;
  if (listLength < 0) return undefined;
  const prefixLength = data.getUint16(0);
  if (!PREFIX64_LENGTHS.has(prefixLength)) return undefined;
  // The count must agree with the length before the list is read, so that a forged count allocates nothing.
  const count = listLength < 2 ? 0 : data.getUint16(PREFIX64_LIST);
  if (listLength !== 0 && listLength !== 2 + 6 * count) return undefined;
  return {
    type: "prefix64",
    prefix: octetsOf(data, 2, prefixLength).slice(),
    suffix: octetsOf(data, 2 + prefixLength, PREFIX64_OCTETS - prefixLength).slice(),
    ipv4Prefixes: listLength === 0 ? undefined : readIpv4Prefixes(data),
  };
}

function readIpv4Prefixes(data: DataView): Ipv4Prefix[] {
  const prefixes: Ipv4Prefix[] = [];
  for (let at = PREFIX64_LIST + 2; at < data.byteLength; at += 6) {
    const prefixLength = data.getUint16(at);
    // An invalid prefix is skipped and the others are kept (RFC 7225 section 4.3).
    if (prefixLength > 32) continue;
    prefixes.push({ address: new IpAddress(0, 0, 0xffff, data.getInt32(at + 2)), prefixLength });
  }
  return prefixes;
}

function limited(octets: Uint8Array, name: string): Uint8Array {
  if (octets.length <= MAX_OPTION_TEXT) return octets;
  throw new RangeError(
    `Cannot encode ${name}: at most ${MAX_OPTION_TEXT} octets, got "${octets.length}"`,
  );
}

/** Refuses lone surrogates: UTF-8 cannot hold them, and TextEncoder silently replaces them. */
function encodeText(text: string): Uint8Array {
  if (!text.isWellFormed()) {
    throw new TypeError(
      `Cannot encode a text: expected well-formed Unicode, got ${JSON.stringify(text)}`,
    );
  }
  return new TextEncoder().encode(text);
}

/** `undefined` if the data are not UTF-8. Only the length ends the text: a NUL is part of it (RFC 7220 section 2). */
function decodeText(data: DataView): string | undefined {
  if (data.byteLength === 0) return "";
  try {
    return UTF8.decode(octetsOf(data));
  } catch {
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

/** Where the list of IPv4 prefixes begins: after the prefix length, prefix and suffix (RFC 7225 section 4.1). */
const PREFIX64_LIST = 2 + PREFIX64_OCTETS;

/** Octets of a prefix (RFC 6052 section 2.2: /32, /40, /48, /56, /64, /96). */
const PREFIX64_LENGTHS: ReadonlySet<number> = new Set([4, 5, 6, 7, 8, 12]);
