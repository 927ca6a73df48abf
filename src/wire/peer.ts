import { IpAddress } from "./address.ts";
import { checkField, type Field } from "./check.ts";
import { MAP_DATA_LENGTH, type MapFields, readMap, writeMap } from "./map.ts";

/** What PEER carries after the header: the fields of MAP, and who is at the other end (RFC 6887 section 12.1). */
export interface PeerFields extends MapFields {
  /** Port of the remote peer, 1 to 65535 in a valid message. */
  readonly remotePort: number;
  /** Address of the remote peer as the client sees it. */
  readonly remoteAddress: IpAddress;
}

/** Reads the 56 octets at `offset`. The reserved octets are ignored. */
export function readPeer(view: DataView, offset: number): PeerFields {
  return {
    ...readMap(view, offset),
    remotePort: view.getUint16(offset + MAP_DATA_LENGTH),
    remoteAddress: IpAddress.read(view, offset + MAP_DATA_LENGTH + 4),
  };
}

/**
 * Writes the 56 octets at `offset`.
 *
 * @throws {RangeError} If the protocol or a port does not fit its field.
 */
export function writePeer(fields: PeerFields, view: DataView, offset: number): void {
  const { remotePort, remoteAddress } = fields;
  writeMap(fields, view, offset);
  checkField(remotePort, REMOTE_PORT);
  view.setInt32(offset + MAP_DATA_LENGTH, remotePort << 16);
  remoteAddress.write(view, offset + MAP_DATA_LENGTH + 4);
}

const REMOTE_PORT: Field = { name: "remote port", max: 0xffff };
