import { IpAddress } from "./address.ts";
import { checkUnsigned } from "./check.ts";
import { MAP_DATA_LENGTH, type MapFields, writeMap } from "./map.ts";
import { Nonce } from "./nonce.ts";

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
    nonce: Nonce.read(view, offset),
    protocol: view.getUint8(offset + 12),
    internalPort: view.getUint16(offset + 16),
    externalPort: view.getUint16(offset + 18),
    externalAddress: IpAddress.read(view, offset + 20),
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
  writeMap(fields, view, offset);
  view.setInt32(
    offset + MAP_DATA_LENGTH,
    checkUnsigned(fields.remotePort, 0xffff, "remote port") << 16,
  );
  fields.remoteAddress.write(view, offset + MAP_DATA_LENGTH + 4);
}
