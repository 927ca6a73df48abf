/** A view of exactly these octets. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** `length` octets of the view from `offset` on, in the view's own memory; all that follow if there is no length. */
export function octetsOf(
  view: DataView,
  offset = 0,
  length: number = view.byteLength - offset,
): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, length);
}

/** The octets as hexadecimal digits, two each. */
export function toHex(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}
