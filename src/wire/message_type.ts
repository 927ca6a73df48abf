import type { IpAddress } from "./address.ts";
import type { Nonce } from "./nonce.ts";
import type { Option, OptionFault } from "./option_type.ts";

/** A request as decoded. It can be encoded again without changes. */
export type Request = RequestHeader & Body & MessageOptions;

/** A response as decoded. It can be encoded again without changes. */
export type Response = ResponseHeader & Body & MessageOptions;

/** A response about one mapping: MAP or PEER. */
export type MappingResponse = Response & { readonly type: "map" | "peer" };

/** The header of a request (RFC 6887 section 7.1). */
export interface RequestHeader {
  /** Version octet, 2 for this protocol. */
  readonly version: number;
  /** Opcode, 0 to 127. */
  readonly opcode: number;
  /** Requested lifetime in seconds, 0 to 2^32 - 1; 0 in ANNOUNCE and to delete with MAP. */
  readonly lifetime: number;
  /** Source address that the client gives; the server compares it with the datagram's source (RFC 6887 section 8.1). */
  readonly clientAddress: IpAddress;
}

/** The header of a response (RFC 6887 section 7.2). */
export interface ResponseHeader {
  /** Version octet: 2, or with UNSUPP_VERSION the nearest version that the server supports (0 is NAT-PMP). */
  readonly version: number;
  /** Opcode, 0 to 127, without the R bit. */
  readonly opcode: number;
  /** Result code, 0 to 255; 0 is success. */
  readonly result: number;
  /** Seconds, 0 to 2^32 - 1: lifetime of the mapping, or expected duration of the error. */
  readonly lifetime: number;
  /** Epoch time in seconds, 0 to 2^32 - 1: the age of the server's state (RFC 6887 section 8.5). */
  readonly epoch: number;
}

/** What follows the header, discriminated by `type`. */
export type Body = AnnounceBody | MapBody | PeerBody | OtherBody;

/** ANNOUNCE has no data (RFC 6887 section 14.1). */
export interface AnnounceBody {
  /** Discriminant. */
  readonly type: "announce";
}

/** The data of MAP (RFC 6887 section 11.1). */
export interface MapBody extends MapFields {
  /** Discriminant. */
  readonly type: "map";
}

/** The data of PEER (RFC 6887 section 12.1). */
export interface PeerBody extends PeerFields {
  /** Discriminant. */
  readonly type: "peer";
}

/** The data of any other opcode, octet for octet. */
export interface OtherBody {
  /** Discriminant. */
  readonly type: "other";
  /**
   * The reserved octets of the header: 2 and 3 of a request (RFC 7652 section 5.1 puts a result code in octet 3), octet 2
   * of a response.
   */
  readonly reserved: number;
  /**
   * For AUTHENTICATION the eight octets before the options. For an opcode without a name everything after the header,
   * because the start of its options is unknown.
   */
  readonly data: Uint8Array;
}

/** The fields of MAP, in requests and responses (RFC 6887 section 11.1). */
export interface MapFields {
  /** Chosen by the client, copied by the server. */
  readonly nonce: Nonce;
  /** IANA protocol number, 0 to 255; 0 is every protocol. */
  readonly protocol: number;
  /** Internal port, 0 to 65535; 0 is every port. */
  readonly internalPort: number;
  /** External port, 0 to 65535: suggested in a request (0: any), assigned in a success. */
  readonly externalPort: number;
  /** External address: suggested in a request (all zeros of a family: any), assigned in a success. */
  readonly externalAddress: IpAddress;
}

/** The fields of PEER: those of MAP and the remote peer (RFC 6887 section 12.1). */
export interface PeerFields extends MapFields {
  /** Port of the remote peer, 1 to 65535 in a valid message. */
  readonly remotePort: number;
  /** Address of the remote peer as the client sees it. */
  readonly remoteAddress: IpAddress;
}

/** The options of a decoded message. */
export interface MessageOptions {
  /** In the order of the message; unknown and malformed ones are kept octet for octet. */
  readonly options: readonly Option[];
  /** Why decoding of the options stopped early, if it did; the options before that are in `options`. */
  readonly optionFault: OptionFault | undefined;
}

/** A request to encode. */
export type RequestInit = RequestInitHeader & BodyInit;

/** A response to encode. */
export type ResponseInit = ResponseInitHeader & BodyInit;

/** The header of a request to encode. */
export interface RequestInitHeader {
  /** Version octet, 0 to 255; 2 if omitted. */
  readonly version?: number;
  /** Requested lifetime in seconds, 0 to 2^32 - 1. */
  readonly lifetime: number;
  /** Source address of the datagram. */
  readonly clientAddress: IpAddress;
  /** Options in the order to be written; none if omitted. */
  readonly options?: readonly Option[];
}

/** The header of a response to encode. */
export interface ResponseInitHeader {
  /** Version octet, 0 to 255; 2 if omitted. */
  readonly version?: number;
  /** Result code, 0 to 255. */
  readonly result: number;
  /** Seconds, 0 to 2^32 - 1. */
  readonly lifetime: number;
  /** Epoch time in seconds, 0 to 2^32 - 1. */
  readonly epoch: number;
  /** Options in the order to be written; none if omitted. */
  readonly options?: readonly Option[];
}

/** A body to encode. The type implies the opcode, except for `other`. */
export type BodyInit =
  | (AnnounceBody | MapBody | PeerBody) & { readonly opcode?: number }
  | OtherInit;

/** The data of an opcode other than ANNOUNCE, MAP and PEER, to encode. */
export interface OtherInit {
  /** Discriminant. */
  readonly type: "other";
  /** Opcode, 0 to 127. */
  readonly opcode: number;
  /** The reserved octets of the header, see {@linkcode OtherBody}; 0 if omitted. */
  readonly reserved?: number;
  /** What follows the header, a multiple of four octets. */
  readonly data: Uint8Array;
}
