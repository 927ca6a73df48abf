/** The fields of a message as numbers: of the addresses, all IPv4, the last word. */
export interface HandMessage {
  readonly kind: "map" | "peer" | "options";
  lifetime: number;
  client: number;
  nonce0: number;
  nonce1: number;
  nonce2: number;
  protocol: number;
  internalPort: number;
  externalPort: number;
  external: number;
  remotePort: number;
  remote: number;
  thirdParty: number;
}

/**
 * The floor of the codec: what one writes who knows that there is nothing but IPv4, one layout of options, and no mistake.
 * No object is made.
 */
export const hand = { encode, decode } as const;

/** Writes a request (RFC 6887 sections 7.1, 11.1, 12.1, 13.1 and 13.3). Returns its length. */
function encode(message: HandMessage, view: DataView): number {
  view.setInt32(0, 0x0200_0000 | (message.kind === "peer" ? 2 : 1) << 16);
  view.setInt32(4, message.lifetime);
  writeAddress(view, 8, message.client);
  view.setInt32(24, message.nonce0);
  view.setInt32(28, message.nonce1);
  view.setInt32(32, message.nonce2);
  view.setInt32(36, message.protocol << 24);
  view.setInt32(40, message.internalPort << 16 | message.externalPort);
  writeAddress(view, 44, message.external);
  switch (message.kind) {
    case "map":
      return 60;
    case "peer":
      view.setInt32(60, message.remotePort << 16);
      writeAddress(view, 64, message.remote);
      return 80;
    case "options":
      view.setInt32(60, 0x0100_0010);
      writeAddress(view, 64, message.thirdParty);
      view.setInt32(80, 0x0300_0014);
      view.setInt32(84, 120 << 16 | message.remotePort);
      writeAddress(view, 88, message.remote);
      return 104;
  }
}

/** Reads a response into an object that is there already. Returns whether it is one. */
function decode(view: DataView, into: HandMessage): boolean {
  const length = view.byteLength;
  const opcode = into.kind === "peer" ? 0x82 : 0x81;
  if (length < 60 || (length & 3) !== 0 || view.getUint8(0) !== 2) return false;
  if (view.getUint8(1) !== opcode || view.getUint8(3) !== 0) return false;
  into.lifetime = view.getUint32(4);
  into.nonce0 = view.getInt32(24);
  into.nonce1 = view.getInt32(28);
  into.nonce2 = view.getInt32(32);
  into.protocol = view.getUint8(36);
  into.internalPort = view.getUint16(40);
  into.externalPort = view.getUint16(42);
  if (!isIpv4(view, 44)) return false;
  into.external = view.getInt32(56);
  if (into.kind === "map") return true;
  if (into.kind === "peer") {
    into.remotePort = view.getUint16(60);
    into.remote = view.getInt32(76);
    return isIpv4(view, 64);
  }
  if (view.getInt32(60) !== 0x0100_0010 || view.getInt32(80) !== 0x0300_0014) return false;
  into.thirdParty = view.getInt32(76);
  into.remotePort = view.getUint16(86);
  into.remote = view.getInt32(100);
  return isIpv4(view, 64) && isIpv4(view, 88);
}

/** As RFC 6887 section 5 has it: `::ffff:a.b.c.d`. */
function writeAddress(view: DataView, offset: number, word: number): void {
  view.setInt32(offset, 0);
  view.setInt32(offset + 4, 0);
  view.setInt32(offset + 8, 0xffff);
  view.setInt32(offset + 12, word);
}

function isIpv4(view: DataView, offset: number): boolean {
  return view.getInt32(offset) === 0 && view.getInt32(offset + 4) === 0 &&
    view.getInt32(offset + 8) === 0xffff;
}
