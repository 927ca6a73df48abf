import { IpAddress } from "./address.ts";
import { checkUnsigned } from "./check.ts";
import { MAX_LIFETIME, NATPMP_VERSION, R_BIT } from "./constants.ts";
import { type Decoded, decoded, refused } from "./errors.ts";
import { viewOf } from "./octets.ts";
import { ProtocolNumber } from "./protocol_number.ts";

/** The two protocols that NAT-PMP maps: 17 (UDP) and 6 (TCP). */
export type NatPmpProtocol = typeof ProtocolNumber.Udp | typeof ProtocolNumber.Tcp;

/** A NAT-PMP request (RFC 6886 sections 3.2, 3.3), discriminated by `type`. */
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
    /** Internal port, 0 to 65535; 0 only to delete every mapping of the protocol. */
    readonly internalPort: number;
    /** Suggested external port, 0 to 65535; 0 is any. */
    readonly externalPort: number;
    /** Requested lifetime in seconds, 0 to 2^32 - 1; 0 deletes. */
    readonly lifetime: number;
  };

/** The response to an external address request, and the announcement (RFC 6886 sections 3.2, 3.2.1). */
export interface NatPmpAddressResponse {
  /** Discriminant. */
  readonly type: "externalAddress";
  /** Result code, 16 bits, with other numbers than in PCP: {@linkcode NatPmpResultCode}. */
  readonly result: number;
  /** Seconds since the server last lost its mappings, 0 to 2^32 - 1 (RFC 6886 section 3.6). */
  readonly epoch: number;
  /** The external IPv4 address; valid only if the result is 0. */
  readonly address: IpAddress;
}

/** The response to a mapping request (RFC 6886 section 3.3). It does not contain the external address. */
export interface NatPmpMapResponse {
  /** Discriminant. */
  readonly type: "map";
  /** Result code, 16 bits, with other numbers than in PCP: {@linkcode NatPmpResultCode}. */
  readonly result: number;
  /** Seconds since the server last lost its mappings, 0 to 2^32 - 1 (RFC 6886 section 3.6). */
  readonly epoch: number;
  /** UDP or TCP. */
  readonly protocol: NatPmpProtocol;
  /** Internal port, as requested. */
  readonly internalPort: number;
  /** External port. */
  readonly externalPort: number;
  /** Granted lifetime in seconds. */
  readonly lifetime: number;
}

/** An error response in another form than its opcode's response (RFC 6886 section 3.5). */
export interface NatPmpErrorResponse {
  /** Discriminant. */
  readonly type: "error";
  /** Opcode of the request, 0 to 127; `undefined` if the R bit is clear, as in the figure of RFC 6886 section 3.5. */
  readonly opcode: number | undefined;
  /** Result code, 16 bits, with other numbers than in PCP: {@linkcode NatPmpResultCode}. */
  readonly result: number;
  /** Seconds since the server last lost its mappings; `undefined` in an echo of the request, which has no epoch. */
  readonly epoch: number | undefined;
}

/** A NAT-PMP response, discriminated by `type`. */
export type NatPmpResponse = NatPmpAddressResponse | NatPmpMapResponse | NatPmpErrorResponse;

/** Result codes of NAT-PMP (RFC 6886 section 3.5). From 3 on they differ from those of PCP. */
export const NatPmpResultCode = {
  /** The request succeeded. */
  Success: 0,
  /** The server does not support the version of the request. */
  UnsupportedVersion: 1,
  /** Refused, for example because the user has disabled port mapping. */
  NotAuthorized: 2,
  /** The server has no external address yet. */
  NetworkFailure: 3,
  /** The server has no resources left. */
  OutOfResources: 4,
  /** The server does not support the opcode. */
  UnsupportedOpcode: 5,
} as const;

/** The name of a NAT-PMP result code, `NOT_AUTHORIZED`, or `RESULT_77` for one without a name. */
export function natPmpResultName(code: number): string {
  return RESULTS[code]?.[0] ?? `RESULT_${code}`;
}

/** The meaning of a NAT-PMP result code, in one plain sentence. */
export function natPmpResultSentence(code: number): string {
  return RESULTS[code]?.[1] ??
    `The router refused with a reason that this program does not know (code ${code}).`;
}

/**
 * Encodes a NAT-PMP request: 2 or 12 octets.
 *
 * @throws {RangeError} If a number does not fit its field.
 */
export function encodeNatPmpRequest(request: NatPmpRequest): Uint8Array {
  if (request.type === "externalAddress") return new Uint8Array(2);
  const bytes = new Uint8Array(MAP_REQUEST_LENGTH);
  const view = viewOf(bytes);
  view.setUint8(1, mapOpcode(request.protocol));
  writeMapFields(request, view, 4);
  return bytes;
}

/** Decodes the NAT-PMP request in a datagram. Never throws. */
export function decodeNatPmpRequest(bytes: Uint8Array): Decoded<NatPmpRequest> {
  if (bytes.length < 2) return refused("tooShort");
  const view = viewOf(bytes);
  if (view.getUint8(0) !== NATPMP_VERSION) return refused("version");
  const opcode = view.getUint8(1);
  if (opcode >= R_BIT) return refused("notRequest");
  if (bytes.length > MAX_LENGTH) return refused("tooLong");
  if (opcode === ADDRESS_OPCODE) return decoded({ type: "externalAddress" });
  const protocol = mapProtocol(opcode);
  if (protocol === undefined) return refused("opcode");
  if (bytes.length < MAP_REQUEST_LENGTH) return refused("tooShort");
  return decoded({ type: "map", protocol, ...readMapFields(view, 4) });
}

/**
 * Encodes a NAT-PMP response: 12 or 16 octets, 8 for an error.
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
      writeMapFields(response, view, 8);
      break;
    case "error":
      if (response.opcode !== undefined) {
        view.setUint8(1, R_BIT | checkUnsigned(response.opcode, 0x7f, "opcode"));
      }
  }
  return bytes;
}

/**
 * Decodes the NAT-PMP response in a datagram. Never throws. A result other than 0 is a valid response.
 *
 * Responses longer than 16 octets are refused: miniupnpd answers a PCP request that it cannot read with version 0 and 24
 * octets or more, which is no NAT-PMP response.
 */
export function decodeNatPmpResponse(bytes: Uint8Array): Decoded<NatPmpResponse> {
  const { length } = bytes;
  if (length < ERROR_LENGTH) return refused("tooShort");
  const view = viewOf(bytes);
  if (view.getUint8(0) !== NATPMP_VERSION) return refused("version");
  const isResponse = view.getUint8(1) >= R_BIT;
  const opcode = view.getUint8(1) & ~R_BIT;
  const result = view.getUint16(2);
  // The version error as in the figure of RFC 6886 section 3.5, with the R bit clear.
  const isFigure = opcode === 0 && result === NatPmpResultCode.UnsupportedVersion;
  if (!isResponse && !isFigure) return refused("notResponse");
  if (length > MAX_LENGTH) return refused("tooLong");
  const epoch = view.getUint32(4);
  const isAddress = opcode === ADDRESS_OPCODE;
  const protocol = mapProtocol(opcode);
  if (isResponse && isAddress && length >= RESPONSE_LENGTHS.externalAddress) {
    const address = new IpAddress(0, 0, 0xffff, view.getInt32(8));
    return decoded({ type: "externalAddress", result, epoch, address });
  }
  if (protocol !== undefined && length >= RESPONSE_LENGTHS.map) {
    return decoded({ type: "map", result, epoch, protocol, ...readMapFields(view, 8) });
  }
  if (result === NatPmpResultCode.Success) {
    return refused(protocol === undefined && !isAddress ? "opcode" : "tooShort");
  }
  // An error that echoes the request has request fields in octets 4 to 7 instead of the epoch.
  const hasEpoch = length === ERROR_LENGTH || result === NatPmpResultCode.UnsupportedVersion;
  return decoded({
    type: "error",
    opcode: isResponse ? opcode : undefined,
    result,
    epoch: hasEpoch ? epoch : undefined,
  });
}

type MapFields = Pick<NatPmpMapResponse, "internalPort" | "externalPort" | "lifetime">;

/** The last eight octets of a mapping request and of its response (RFC 6886 section 3.3). */
function readMapFields(view: DataView, offset: number): MapFields {
  return {
    internalPort: view.getUint16(offset),
    externalPort: view.getUint16(offset + 2),
    lifetime: view.getUint32(offset + 4),
  };
}

function writeMapFields(fields: MapFields, view: DataView, offset: number): void {
  view.setUint16(offset, checkUnsigned(fields.internalPort, 0xffff, "internal port"));
  view.setUint16(offset + 2, checkUnsigned(fields.externalPort, 0xffff, "external port"));
  view.setUint32(offset + 4, checkUnsigned(fields.lifetime, MAX_LIFETIME, "lifetime"));
}

/** The opcodes of a mapping request (RFC 6886 section 3.3). */
function mapOpcode(protocol: NatPmpProtocol): number {
  if (protocol === ProtocolNumber.Udp) return 1;
  if (protocol === ProtocolNumber.Tcp) return 2;
  throw new RangeError(
    `Cannot encode a NAT-PMP mapping: its protocol must be 17 or 6, got "${protocol}"`,
  );
}

function mapProtocol(opcode: number): NatPmpProtocol | undefined {
  if (opcode === 1) return ProtocolNumber.Udp;
  return opcode === 2 ? ProtocolNumber.Tcp : undefined;
}

/** RFC 6886 section 3.2. */
const ADDRESS_OPCODE = 0;

/** RFC 6886 section 3.3. */
const MAP_REQUEST_LENGTH = 12;

/** RFC 6886 section 3.5. */
const ERROR_LENGTH = 8;

/** RFC 6886 sections 3.2, 3.3 and 3.5. */
const RESPONSE_LENGTHS = { externalAddress: 12, map: 16, error: ERROR_LENGTH } as const;

/** The longest message of NAT-PMP (RFC 6886 section 3.3). */
const MAX_LENGTH = 16;

/** Name and sentence, by code. */
const RESULTS: readonly (readonly [string, string])[] = [
  ["SUCCESS", "The router did what was asked."],
  ["UNSUPPORTED_VERSION", "The router speaks another version of the protocol."],
  ["NOT_AUTHORIZED", "The router does not allow this: port mapping may be switched off."],
  ["NETWORK_FAILURE", "The router has no Internet address yet; trying again soon may help."],
  ["OUT_OF_RESOURCES", "The router has no room for more mappings at the moment."],
  ["UNSUPPORTED_OPCODE", "The router cannot do this kind of request at all."],
];
