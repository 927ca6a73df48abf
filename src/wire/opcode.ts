/** Opcodes of PCP messages (RFC 6887 section 19.2; RFC 7652 section 9.1). Others, up to 127, survive decoding. */
export const Opcode = {
  /** Is the server there, and since when (RFC 6887 section 14.1). */
  Announce: 0,
  /** Let the Internet in (RFC 6887 section 11). */
  Map: 1,
  /** Learn or extend an outgoing connection's mapping (RFC 6887 section 12). */
  Peer: 2,
  /** Prove who the client is (RFC 7652). */
  Authentication: 3,
} as const;

/** The name of an opcode as the RFCs write it, `MAP`, or `OPCODE_5` for one without a name. */
export function opcodeName(opcode: number): string {
  return NAMES[opcode] ?? `OPCODE_${opcode}`;
}

const NAMES: readonly string[] = ["ANNOUNCE", "MAP", "PEER", "AUTHENTICATION"];
