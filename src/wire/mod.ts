/**
 * Encodes and decodes the messages of the Port Control Protocol (RFC 6887) and its extensions, and of its predecessor
 * NAT-PMP (RFC 6886). Without socket, clock and state.
 *
 * Decoding never throws: it returns a value or the rule that the octets break. Opcodes, result codes and options without a
 * name are kept, and encode to the same octets. Encoding throws `RangeError` or `TypeError` for values that a message
 * cannot hold. Whether a message makes sense for the protocol is not checked here.
 *
 * @example Request a mapping, read the response
 * ```ts
 * import { decodeResponse, encodeRequest, IpAddress, Nonce, ProtocolNumber, resultName } from "@portcontrol/pcp/wire";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const request = encodeRequest({
 *   type: "map",
 *   lifetime: 7200,
 *   clientAddress: IpAddress.parse("192.168.1.10"),
 *   nonce: Nonce.fromHex("a0a1a2a3a4a5a6a7a8a9aaab"), // In a program: 96 random bits
 *   protocol: ProtocolNumber.Tcp,
 *   internalPort: 8080,
 *   externalPort: 0, // Any
 *   externalAddress: IpAddress.ANY_IPV4,
 * });
 * assertEquals(request.length, 60);
 *
 * // Most servers answer an error with the request's own octets.
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
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeRequestInto,
  encodeResponse,
} from "./message.ts";
export type * from "./message_type.ts";
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
  type OptionSelection,
} from "./option.ts";
export type * from "./option_type.ts";
export {
  choosePrefix64,
  isPrefix64Request,
  prefix64Request,
  synthesizeAddress,
} from "./prefix64.ts";
export { hasPorts, parseProtocol, protocolName, ProtocolNumber } from "./protocol_number.ts";
export {
  type ResultClass,
  resultClass,
  ResultCode,
  resultName,
  resultSentence,
} from "./result_code.ts";
