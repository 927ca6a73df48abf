import {
  AUTHENTICATION_LENGTH,
  HEADER_LENGTH,
  MAP_LENGTH,
  MAX_LENGTH,
  PEER_LENGTH,
} from "./constants.ts";
import { writePadded } from "./data_view.ts";
import type { DecodeReason } from "./errors.ts";
import { type MapFields, writeMap } from "./map.ts";
import { Opcode } from "./opcode.ts";
import { type PeerFields, writePeer } from "./peer.ts";

/** ANNOUNCE carries nothing (RFC 6887 section 14.1). */
export interface AnnounceBody {
  /** Discriminant. */
  readonly type: "announce";
}

/** What MAP carries (RFC 6887 section 11.1). */
export interface MapBody extends MapFields {
  /** Discriminant. */
  readonly type: "map";
}

/** What PEER carries (RFC 6887 section 12.1). */
export interface PeerBody extends PeerFields {
  /** Discriminant. */
  readonly type: "peer";
}

/** Any other opcode's data, kept octet for octet. */
export interface OtherBody {
  /** Discriminant. */
  readonly type: "other";
  /**
   * What stands in the reserved octets of the header: 2 and 3 of a request (RFC 7652 puts a result code in octet 3),
   * octet 2 of a response.
   */
  readonly reserved: number;
  /**
   * In AUTHENTICATION the eight octets before the options. In an opcode without a name everything after the header,
   * since nobody knows where its options begin.
   */
  readonly data: Uint8Array;
}

/** What follows the header, told apart by `type`. */
export type Body = AnnounceBody | MapBody | PeerBody | OtherBody;

/** Octets up to the options, header included. */
export function fixedLength(
  body: Body | { readonly type: "other"; readonly data: Uint8Array },
): number {
  switch (body.type) {
    case "map":
      return MAP_LENGTH;
    case "announce":
      return HEADER_LENGTH;
    case "peer":
      return PEER_LENGTH;
    case "other":
      return HEADER_LENGTH + body.data.length;
  }
}

/** RFC 6887 sections 7 and 8.3; too short for the opcode: sections 11.4 and 12.4. */
export function lengthFault(length: number, opcode: number): DecodeReason | undefined {
  if (length < leastLength(opcode)) return "tooShort";
  if (length > MAX_LENGTH) return "tooLong";
  if ((length & 3) !== 0) return "oddLength";
  return undefined;
}

/** Writes what follows the header. */
export function writeMessageBody(
  body: Body | { readonly type: "other"; readonly data: Uint8Array },
  view: DataView,
): void {
  switch (body.type) {
    case "announce":
      return;
    case "map":
      return writeMap(body, view, HEADER_LENGTH);
    case "peer":
      return writePeer(body, view, HEADER_LENGTH);
    case "other":
      return writeData(body.data, view);
  }
}

/** Writes the data of an opcode that is neither ANNOUNCE nor MAP nor PEER. */
export function writeData(data: Uint8Array, view: DataView): void {
  if ((data.length & 3) !== 0) {
    throw new RangeError(
      `Cannot encode a message: opcode data must be a multiple of 4 octets, got "${data.length}"`,
    );
  }
  writePadded(view, HEADER_LENGTH, data);
}

/** The opcode of each type that has one. */
export const OPCODES = {
  announce: Opcode.Announce,
  map: Opcode.Map,
  peer: Opcode.Peer,
} as const;

/** Octets a message of this opcode must have (RFC 6887 sections 7, 11.1, 12.1; RFC 7652 section 5.1). */
function leastLength(opcode: number): number {
  return LEAST[opcode] ?? HEADER_LENGTH;
}

const LEAST: readonly number[] = [HEADER_LENGTH, MAP_LENGTH, PEER_LENGTH, AUTHENTICATION_LENGTH];
