/** The octets in groups of four, `02010000 00001c20`. */
export function hex(bytes: Uint8Array): string {
  const digits = Array.from(bytes, (octet) => octet.toString(16).padStart(2, "0")).join("");
  return digits.replace(/.{8}(?=.)/g, "$& ");
}

/** The octets of hexadecimal text; white space is ignored. */
export function octets(text: string): Uint8Array {
  const pairs = text.replaceAll(/\s/g, "").match(/../g) ?? [];
  return Uint8Array.from(pairs, (pair) => parseInt(pair, 16));
}

/** A view of the octets of hexadecimal text. */
export function viewOfHex(text: string): DataView {
  return new DataView(octets(text).buffer);
}
