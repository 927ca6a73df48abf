/** A view of exactly these octets. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A copy of `length` octets, so that what was decoded outlives the buffer of the datagram. */
export function copyOctets(view: DataView, offset: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, length).slice();
}

/** Writes octets. */
export function writeOctets(view: DataView, offset: number, octets: Uint8Array): void {
  new Uint8Array(view.buffer, view.byteOffset + offset, octets.length).set(octets);
}

/** Writes octets, and zeros up to the next multiple of four (RFC 6887 section 7.3). */
export function writePadded(view: DataView, offset: number, octets: Uint8Array): void {
  writeOctets(view, offset, octets);
  for (let i = octets.length; (i & 3) !== 0; i++) view.setUint8(offset + i, 0);
}
