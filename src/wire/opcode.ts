/** Opcodes of PCP messages (RFC 6887 section 19.2; RFC 7652 section 9.1). Others, up to 127, survive decoding. */
export const Opcode = {
  /** Asks for, or announces, the epoch of the server (RFC 6887 section 14.1). */
  Announce: 0,
  /** Creates, renews or deletes a mapping for inbound traffic (RFC 6887 section 11). */
  Map: 1,
  /** Creates or extends the mapping of an outbound connection (RFC 6887 section 12). */
  Peer: 2,
  /** Authenticates the client (RFC 7652 section 5.1). */
  Authentication: 3,
} as const;

/** The name of an opcode as in the RFCs, `MAP`, or `OPCODE_5` for one without a name. */
export function opcodeName(opcode: number): string {
  return NAMES[opcode] ?? `OPCODE_${opcode}`;
}

const NAMES: readonly string[] = ["ANNOUNCE", "MAP", "PEER", "AUTHENTICATION"];
