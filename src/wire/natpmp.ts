import { IpAddress } from "./address.ts";
import { checkUnsigned } from "./check.ts";
import { MAX_LIFETIME, NATPMP_VERSION, R_BIT } from "./constants.ts";
import { viewOf } from "./octets.ts";
import { type Decoded, refused } from "./errors.ts";
import { ProtocolNumber } from "./protocol_number.ts";

/** The two protocols that NAT-PMP maps: 17 (UDP) and 6 (TCP). */
export type NatPmpProtocol = typeof ProtocolNumber.Udp | typeof ProtocolNumber.Tcp;

/** What a NAT-PMP client sends (RFC 6886 sections 3.2, 3.3), told apart by `type`. */
export type NatPmpRequest =
  | {
    /** Discriminant. */
    readonly type: "externalAddress";
  }
  | {
    /** Discriminant. */
    readonly type: "map";
    /** UDP or TCP. */
    readonly protocol: NatPmpProtocol;
    /** Port on the inside, 0 to 65535; 0 only to delete every mapping of the protocol. */
    readonly internalPort: number;
    /** Port suggested for the outside, 0 to 65535; 0 is any. */
    readonly externalPort: number;
    /** Wanted lifetime in seconds, 0 to 2^32 - 1; 0 deletes. */
    readonly lifetime: number;
  };

/** The answer to an external address request, and the announcement (RFC 6886 sections 3.2, 3.2.1). */
export interface NatPmpAddressResponse {
  /** Discriminant. */
  readonly type: "externalAddress";
  /** Result code, 16 bits, numbered unlike PCP's: {@linkcode NatPmpResultCode}. */
  readonly result: number;
  /** Seconds since the server forgot its mappings last. */
  readonly epoch: number;
  /** The outside IPv4 address; means nothing unless the result is 0. */
  readonly address: IpAddress;
}

/** The answer to a mapping request (RFC 6886 section 3.3). It tells no address. */
export interface NatPmpMapResponse {
  /** Discriminant. */
  readonly type: "map";
  /** Result code, 16 bits, numbered unlike PCP's: {@linkcode NatPmpResultCode}. */
  readonly result: number;
  /** Seconds since the server forgot its mappings last. */
  readonly epoch: number;
  /** UDP or TCP. */
  readonly protocol: NatPmpProtocol;
  /** Port on the inside, as requested. */
  readonly internalPort: number;
  /** Port on the outside. */
  readonly externalPort: number;
  /** Granted lifetime in seconds. */
  readonly lifetime: number;
}

/** An error that does not have the form of its opcode's answer (RFC 6886 section 3.5). */
export interface NatPmpErrorResponse {
  /** Discriminant. */
  readonly type: "error";
  /** Opcode of the request, 0 to 127; `undefined` if the R bit is clear, as in the figure of the RFC. */
  readonly opcode: number | undefined;
  /** Result code, 16 bits, numbered unlike PCP's: {@linkcode NatPmpResultCode}. */
  readonly result: number;
  /** Seconds since the server forgot its mappings last; `undefined` in an echo of the request, which has none. */
  readonly epoch: number | undefined;
}

/** What a NAT-PMP server sends, told apart by `type`. */
export type NatPmpResponse = NatPmpAddressResponse | NatPmpMapResponse | NatPmpErrorResponse;

/** Result codes of NAT-PMP (RFC 6886 section 3.5). From 3 on they are not those of PCP. */
export const NatPmpResultCode = {
  /** Done. */
  Success: 0,
  /** The server speaks no version as high as the request's. */
  UnsupportedVersion: 1,
  /** Refused, for example because the user has switched it off. */
  NotAuthorized: 2,
  /** The server has no outside address yet. */
  NetworkFailure: 3,
  /** The server has run out of something. */
  OutOfResources: 4,
  /** The server does not do this opcode. */
  UnsupportedOpcode: 5,
} as const;

/** The name of a NAT-PMP result code, `NOT_AUTHORIZED`, or `RESULT_77` for one without a name. */
export function natPmpResultName(code: number): string {
  return RESULTS[code]?.[0] ?? `RESULT_${code}`;
}

/** What a NAT-PMP result code means, in one plain sentence. */
export function natPmpResultSentence(code: number): string {
  return RESULTS[code]?.[1] ??
    `The router refused with a reason that this program does not know (code ${code}).`;
}

/**
 * The octets of a NAT-PMP request: 2 or 12.
 *
 * @throws {RangeError} If a number does not fit its field.
 */
export function encodeNatPmpRequest(request: NatPmpRequest): Uint8Array {
  if (request.type === "externalAddress") return new Uint8Array(2);
  const bytes = new Uint8Array(MAP_REQUEST_LENGTH);
  const view = viewOf(bytes);
  view.setUint8(1, mapOpcode(request.protocol));
  view.setUint16(4, checkUnsigned(request.internalPort, 0xffff, "internal port"));
  view.setUint16(6, checkUnsigned(request.externalPort, 0xffff, "external port"));
  view.setUint32(8, checkUnsigned(request.lifetime, MAX_LIFETIME, "lifetime"));
  return bytes;
}

/** The NAT-PMP request in a datagram. Never throws. */
export function decodeNatPmpRequest(bytes: Uint8Array): Decoded<NatPmpRequest> {
  const length = bytes.length;
  if (length < 2) return refused("tooShort");
  const view = viewOf(bytes);
  if (view.getUint8(0) !== NATPMP_VERSION) return refused("version");
  const opcode = view.getUint8(1);
  if (opcode >= R_BIT) return refused("notRequest");
  if (length > LONGEST) return refused("tooLong");
  if (opcode === ADDRESS_OPCODE) return { ok: true, value: { type: "externalAddress" } };
  const protocol = mapProtocol(opcode);
  if (protocol === undefined) return refused("opcode");
  if (length < MAP_REQUEST_LENGTH) return refused("tooShort");
  return {
    ok: true,
    value: {
      type: "map",
      protocol,
      internalPort: view.getUint16(4),
      externalPort: view.getUint16(6),
      lifetime: view.getUint32(8),
    },
  };
}

/**
 * The octets of a NAT-PMP response: 12, 16, or 8 for an error.
 *
 * @throws {RangeError} If a number does not fit its field.
 * @throws {TypeError} If the address is not IPv4, or an error has no epoch.
 */
export function encodeNatPmpResponse(response: NatPmpResponse): Uint8Array {
  const { type, result, epoch } = response;
  const bytes = new Uint8Array(RESPONSE_LENGTHS[type]);
  const view = viewOf(bytes);
  view.setUint16(2, checkUnsigned(result, 0xffff, "result"));
  if (epoch === undefined) {
    throw new TypeError(`Cannot encode a NAT-PMP error: it needs an epoch, got "${epoch}"`);
  }
  view.setUint32(4, checkUnsigned(epoch, 0xffff_ffff, "epoch"));
  switch (response.type) {
    case "externalAddress":
      if (response.address.family !== "IPv4") {
        throw new TypeError(
          `Cannot encode a NAT-PMP address: it must be IPv4, got "${response.address}"`,
        );
      }
      view.setUint8(1, R_BIT);
      view.setInt32(8, response.address.w3);
      break;
    case "map":
      view.setUint8(1, R_BIT | mapOpcode(response.protocol));
      view.setUint16(8, checkUnsigned(response.internalPort, 0xffff, "internal port"));
      view.setUint16(10, checkUnsigned(response.externalPort, 0xffff, "external port"));
      view.setUint32(12, checkUnsigned(response.lifetime, MAX_LIFETIME, "lifetime"));
      break;
    case "error":
      if (response.opcode !== undefined) {
        view.setUint8(1, R_BIT | checkUnsigned(response.opcode, 0x7f, "opcode"));
      }
  }
  return bytes;
}

/**
 * The NAT-PMP response in a datagram. Never throws. A result other than 0 is a valid answer.
 *
 * No answer has more than 16 octets, and longer ones are refused: a widespread server answers a PCP request that it
 * cannot read with version 0 and 24 octets or more, which looks like a NAT-PMP answer and is none.
 */
export function decodeNatPmpResponse(bytes: Uint8Array): Decoded<NatPmpResponse> {
  const length = bytes.length;
  if (length < ERROR_LENGTH) return refused("tooShort");
  const view = viewOf(bytes);
  if (view.getUint8(0) !== NATPMP_VERSION) return refused("version");
  const isResponse = view.getUint8(1) >= R_BIT;
  const opcode = view.getUint8(1) & ~R_BIT;
  const result = view.getUint16(2);
  const isFigure = opcode === 0 && result === NatPmpResultCode.UnsupportedVersion;
  if (!isResponse && !isFigure) return refused("notResponse");
  if (length > LONGEST) return refused("tooLong");
  const protocol = mapProtocol(opcode);
  if (isResponse && opcode === ADDRESS_OPCODE && length >= RESPONSE_LENGTHS.externalAddress) {
    const address = new IpAddress(0, 0, 0xffff, view.getInt32(8));
    return {
      ok: true,
      value: { type: "externalAddress", result, epoch: view.getUint32(4), address },
    };
  }
  if (protocol !== undefined && length >= RESPONSE_LENGTHS.map) {
    return {
      ok: true,
      value: {
        type: "map",
        result,
        epoch: view.getUint32(4),
        protocol,
        internalPort: view.getUint16(8),
        externalPort: view.getUint16(10),
        lifetime: view.getUint32(12),
      },
    };
  }
  if (result === NatPmpResultCode.Success) {
    return refused(protocol === undefined && opcode !== ADDRESS_OPCODE ? "opcode" : "tooShort");
  }
  // An error that echoes the request has the request's fields where others have the epoch.
  const hasEpoch = length === ERROR_LENGTH || result === NatPmpResultCode.UnsupportedVersion;
  return {
    ok: true,
    value: {
      type: "error",
      opcode: isResponse ? opcode : undefined,
      result,
      epoch: hasEpoch ? view.getUint32(4) : undefined,
    },
  };
}

function mapOpcode(protocol: NatPmpProtocol): number {
  if (protocol === ProtocolNumber.Udp) return UDP_OPCODE;
  if (protocol === ProtocolNumber.Tcp) return TCP_OPCODE;
  throw new RangeError(
    `Cannot encode a NAT-PMP mapping: its protocol must be 17 or 6, got "${protocol}"`,
  );
}

function mapProtocol(opcode: number): NatPmpProtocol | undefined {
  if (opcode === UDP_OPCODE) return ProtocolNumber.Udp;
  if (opcode === TCP_OPCODE) return ProtocolNumber.Tcp;
  return undefined;
}

/** RFC 6886 section 3.2. */
const ADDRESS_OPCODE = 0;

/** RFC 6886 section 3.3. */
const UDP_OPCODE = 1;

/** RFC 6886 section 3.3. */
const TCP_OPCODE = 2;

/** RFC 6886 section 3.3. */
const MAP_REQUEST_LENGTH = 12;

/** RFC 6886 section 3.5. */
const ERROR_LENGTH = 8;

/** RFC 6886 sections 3.2, 3.3 and 3.5. */
const RESPONSE_LENGTHS = { externalAddress: 12, map: 16, error: ERROR_LENGTH } as const;

/** The longest message of NAT-PMP (RFC 6886 section 3.3). */
const LONGEST = 16;

/** Name and sentence, by code. */
const RESULTS: readonly (readonly [string, string])[] = [
  ["SUCCESS", "The router did what was asked."],
  ["UNSUPPORTED_VERSION", "The router speaks another version of the protocol."],
  ["NOT_AUTHORIZED", "The router does not allow this: port mapping may be switched off."],
  ["NETWORK_FAILURE", "The router has no Internet address yet; trying again soon may help."],
  ["OUT_OF_RESOURCES", "The router has no room for more mappings at the moment."],
  ["UNSUPPORTED_OPCODE", "The router cannot do this kind of request at all."],
];
