/**
 * The messages of the Port Control Protocol (RFC 6887) and its extensions, and of its predecessor NAT-PMP (RFC 6886), as
 * octets and as values, both ways. No socket, no clock and no state: bytes in, values out.
 *
 * Decoding never throws: it gives a value or the rule that the octets break. Numbers without a name here (opcodes, result
 * codes, options) are kept, and encode again to the same octets. Encoding throws `RangeError` or `TypeError` if asked for
 * what no message can hold. What a message *means*, and whether it is wise, is for others to judge.
 *
 * @example Ask for a mapping, read the answer
 * ```ts
 * import { decodeResponse, encodeRequest, IpAddress, Nonce, ProtocolNumber, resultName } from "@portcontrol/pcp/wire";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const request = encodeRequest({
 *   type: "map",
 *   lifetime: 7200,
 *   clientAddress: IpAddress.parse("192.168.1.10"),
 *   nonce: Nonce.fromHex("a0a1a2a3a4a5a6a7a8a9aaab"), // In earnest: 96 random bits
 *   protocol: ProtocolNumber.Tcp,
 *   internalPort: 8080,
 *   externalPort: 0, // Any
 *   externalAddress: IpAddress.ANY_IPV4,
 * });
 * assertEquals(request.length, 60);
 *
 * // An echo is what most servers make of an error.
 * const answer = request.slice();
 * answer[1] = 0x80 | 1;
 * answer[3] = 2;
 *
 * const decoded = decodeResponse(answer);
 * assert(decoded.ok && decoded.value.type === "map");
 * assertEquals(resultName(decoded.value.result), "NOT_AUTHORIZED");
 * assertEquals(decoded.value.internalPort, 8080);
 * ```
 *
 * @module
 */

export { type Endpoint, type Family, IpAddress } from "./address.ts";
export {
  ANNOUNCE_GROUP_IPV4,
  ANNOUNCE_GROUP_IPV6,
  ANNOUNCE_PORT,
  ANYCAST_IPV4,
  ANYCAST_IPV6,
  HEADER_LENGTH,
  MAP_LENGTH,
  MAX_LENGTH,
  MAX_LIFETIME,
  NATPMP_VERSION,
  PCP_VERSION,
  PEER_LENGTH,
  SERVER_PORT,
} from "./constants.ts";
export { describe } from "./describe.ts";
export {
  decodeDhcpv4Servers,
  decodeDhcpv6Servers,
  encodeDhcpv4Servers,
  encodeDhcpv6Servers,
} from "./dhcp.ts";
export type { Decoded, DecodeReason } from "./errors.ts";
export {
  type AnnounceBody,
  type Body,
  type BodyInit,
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeRequestInto,
  encodeResponse,
  type MapBody,
  type MapFields,
  type MessageOptions,
  type OtherBody,
  type OtherInit,
  type PeerBody,
  type PeerFields,
  type Request,
  type RequestHeader,
  type RequestInit,
  type RequestInitHeader,
  type Response,
  type ResponseHeader,
  type ResponseInit,
  type ResponseInitHeader,
} from "./message.ts";
export {
  decodeNatPmpRequest,
  decodeNatPmpResponse,
  encodeNatPmpRequest,
  encodeNatPmpResponse,
  type NatPmpAddressResponse,
  type NatPmpErrorResponse,
  type NatPmpMapResponse,
  type NatPmpProtocol,
  type NatPmpRequest,
  type NatPmpResponse,
  NatPmpResultCode,
  natPmpResultName,
  natPmpResultSentence,
} from "./natpmp.ts";
export { Nonce } from "./nonce.ts";
export { Opcode, opcodeName } from "./opcode.ts";
export {
  decodeOptions,
  encodeOption,
  OptionCode,
  optionCode,
  optionLength,
  optionName,
} from "./option.ts";
export type * from "./option_type.ts";
export { choosePrefix64, prefix64Request, synthesizeAddress } from "./prefix64.ts";
export { hasPorts, parseProtocol, protocolName, ProtocolNumber } from "./protocol_number.ts";
export {
  type ResultClass,
  resultClass,
  ResultCode,
  resultName,
  resultSentence,
} from "./result_code.ts";
