/** The octets in groups of four, as `02010000 00001c20`. */
export function hex(bytes: Uint8Array): string {
  const digits = [...bytes].map((octet) => octet.toString(16).padStart(2, "0")).join("");
  return digits.replace(/.{8}(?=.)/g, "$& ");
}

/** The octets of such a text; spaces do not matter. */
export function octets(text: string): Uint8Array {
  const digits = text.replaceAll(" ", "");
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) => {
    return parseInt(digits.slice(2 * index, 2 * index + 2), 16);
  });
}
