/**
 * The 96-bit Mapping Nonce, which matches a response to its request and proves the ownership of a mapping (RFC 6887
 * sections 11.1, 18.2). Immutable, three 32-bit words. Keep it secret: it is all that is needed to delete the mapping.
 */
export class Nonce {
  // Declared, not defined, as in IpAddress.

  /** Octets 0 to 3, a signed 32-bit number. */
  declare readonly w0: number;
  /** Octets 4 to 7, a signed 32-bit number. */
  declare readonly w1: number;
  /** Octets 8 to 11, a signed 32-bit number. */
  declare readonly w2: number;

  /** A nonce of three big-endian words, signed or not. */
  constructor(w0: number, w1: number, w2: number) {
    this.w0 = w0 | 0;
    this.w1 = w1 | 0;
    this.w2 = w2 | 0;
  }

  /** The nonce in the 12 octets at `offset`. */
  static read(view: DataView, offset: number): Nonce {
    return new Nonce(view.getInt32(offset), view.getInt32(offset + 4), view.getInt32(offset + 8));
  }

  /**
   * A nonce of 24 hexadecimal digits.
   *
   * @throws {TypeError} If the text is anything else. The message does not contain the text, which may be a secret.
   */
  static fromHex(text: string): Nonce {
    if (!/^[0-9a-f]{24}$/i.test(text)) {
      throw new TypeError(
        `Cannot parse a nonce: expected 24 hexadecimal digits, got "${
          String(text).length
        }" characters`,
      );
    }
    return new Nonce(
      parseInt(text.slice(0, 8), 16),
      parseInt(text.slice(8, 16), 16),
      parseInt(text.slice(16), 16),
    );
  }

  /** Writes the 12 octets at `offset`. */
  write(view: DataView, offset: number): void {
    view.setInt32(offset, this.w0);
    view.setInt32(offset + 4, this.w1);
    view.setInt32(offset + 8, this.w2);
  }

  /** Whether both are the same 96 bits. */
  equals(other: Nonce): boolean {
    return this.w0 === other.w0 && this.w1 === other.w1 && this.w2 === other.w2;
  }

  /** 24 hexadecimal digits: the whole secret. Use {@linkcode Nonce.hint} in logs. */
  toString(): string {
    return hex(this.w0) + hex(this.w1) + hex(this.w2);
  }

  /** The first four digits and an ellipsis: they distinguish mappings in a log and do not give the secret away. */
  get hint(): string {
    return `${hex(this.w0).slice(0, 4)}…`;
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
