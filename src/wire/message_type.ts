import type { IpAddress } from "./address.ts";
import type { AnnounceBody, Body, MapBody, OtherBody, PeerBody } from "./body.ts";
import type { RequestHeader, ResponseHeader } from "./header.ts";
import type { Option, OptionFault } from "./option_type.ts";

export type { AnnounceBody, Body, MapBody, OtherBody, PeerBody };

/** The options of a decoded message. */
export interface MessageOptions {
  /** In the order of the message; unknown and malformed ones are kept octet for octet. */
  readonly options: readonly Option[];
  /** What stopped the reading of options, if anything did; what came before is there. */
  readonly optionFault: OptionFault | undefined;
}

/** A request as decoded. It can be encoded again as it is. */
export type Request = RequestHeader & Body & MessageOptions;

/** A response as decoded. It can be encoded again as it is. */
export type Response = ResponseHeader & Body & MessageOptions;

/** What another opcode than ANNOUNCE, MAP and PEER needs to be encoded. */
export interface OtherInit {
  /** Discriminant. */
  readonly type: "other";
  /** Opcode, 0 to 127. */
  readonly opcode: number;
  /** The reserved octets of the header, see {@linkcode OtherBody}; 0 if left out. */
  readonly reserved?: number;
  /** What follows the header, a multiple of four octets. */
  readonly data: Uint8Array;
}

/** A body to encode: the type gives the opcode, except that `other` names it. */
export type BodyInit =
  | (AnnounceBody | MapBody | PeerBody) & { readonly opcode?: number }
  | OtherInit;

/** The header of a request to encode. */
export interface RequestInitHeader {
  /** Version octet; 2 if left out. */
  readonly version?: number;
  /** Wanted lifetime in seconds, 0 to 2^32 - 1. */
  readonly lifetime: number;
  /** The address the datagram will come from. */
  readonly clientAddress: IpAddress;
  /** Options in the order to be written; none if left out. */
  readonly options?: readonly Option[];
}

/** The header of a response to encode. */
export interface ResponseInitHeader {
  /** Version octet; 2 if left out. */
  readonly version?: number;
  /** Result code, 0 to 255. */
  readonly result: number;
  /** Seconds, 0 to 2^32 - 1. */
  readonly lifetime: number;
  /** Epoch time in seconds, 0 to 2^32 - 1. */
  readonly epoch: number;
  /** Options in the order to be written; none if left out. */
  readonly options?: readonly Option[];
}

/** A request to encode. */
export type RequestInit = RequestInitHeader & BodyInit;

/** A response to encode. */
export type ResponseInit = ResponseInitHeader & BodyInit;

/** A response about one mapping: MAP or PEER. */
export type MappingResponse = Response & { readonly type: "map" | "peer" };
