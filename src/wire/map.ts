import { IpAddress } from "./address.ts";
import { checkField, type Field } from "./check.ts";
import { Nonce } from "./nonce.ts";

/** What MAP carries after the header, in requests and responses (RFC 6887 section 11.1). */
export interface MapFields {
  /** Chosen by the client, copied by the server. */
  readonly nonce: Nonce;
  /** IANA protocol number, 0 to 255; 0 is every protocol. */
  readonly protocol: number;
  /** Port on the inside, 0 to 65535; 0 is every port. */
  readonly internalPort: number;
  /** Port on the outside, 0 to 65535: suggested in a request (0: any), assigned in a success. */
  readonly externalPort: number;
  /** Address on the outside: suggested in a request (all zeros of a family: any), assigned in a success. */
  readonly externalAddress: IpAddress;
}

/** Octets of the MAP data that follow the header (RFC 6887 section 11.1). */
export const MAP_DATA_LENGTH = 36;

/** Reads the 36 octets at `offset`. The reserved octets are ignored. */
export function readMap(view: DataView, offset: number): MapFields {
  return {
    nonce: Nonce.read(view, offset),
    protocol: view.getUint8(offset + 12),
    internalPort: view.getUint16(offset + 16),
    externalPort: view.getUint16(offset + 18),
    externalAddress: IpAddress.read(view, offset + 20),
  };
}

/**
 * Writes the 36 octets at `offset`.
 *
 * @throws {RangeError} If the protocol or a port does not fit its field.
 */
export function writeMap(fields: MapFields, view: DataView, offset: number): void {
  const { nonce, protocol, internalPort, externalPort, externalAddress } = fields;
  checkField(protocol, PROTOCOL);
  checkField(internalPort, INTERNAL_PORT);
  checkField(externalPort, EXTERNAL_PORT);
  nonce.write(view, offset);
  view.setInt32(offset + 12, protocol << 24);
  view.setInt32(offset + 16, (internalPort << 16) | externalPort);
  externalAddress.write(view, offset + 20);
}

const PROTOCOL: Field = { name: "protocol", max: 0xff };
const INTERNAL_PORT: Field = { name: "internal port", max: 0xffff };
const EXTERNAL_PORT: Field = { name: "external port", max: 0xffff };
