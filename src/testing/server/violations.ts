import { Opcode } from "../../wire/opcode.ts";
import { OptionCode } from "../../wire/option.ts";
import { hasPorts } from "../../wire/protocol_number.ts";
import type { Violation } from "./counters.ts";
import { fixedLength } from "./validation.ts";

/**
 * What a client must not do although the server must accept the request. Reads the octets itself: the codec ignores
 * reserved fields, so it cannot find a client that sets them.
 */
export function violationsOf(bytes: Uint8Array, sourcePort: number): Violation[] {
  const found: Violation[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const opcode = view.getUint8(1);
  if (sourcePort === 5350 || sourcePort === 5351) found.push("sourcePort");
  if (view.getUint16(2) !== 0) found.push("reservedHeader");
  if (opcode === Opcode.Announce && view.getUint32(4) !== 0) found.push("announceLifetime");
  if (opcode === Opcode.Map || opcode === Opcode.Peer) {
    if (!isZero(view, 37, 40)) found.push("reservedMap");
    const protocol = view.getUint8(36);
    if (protocol !== 0 && !hasPorts(protocol) && view.getUint32(40) !== 0) {
      found.push("portlessProtocol");
    }
    if (opcode === Opcode.Peer && view.getUint16(62) !== 0) found.push("reservedPeer");
    if (opcode === Opcode.Peer && view.getUint32(4) === 0) found.push("peerLifetimeZero");
  }
  collectOptionViolations(view, fixedLength(opcode), found);
  return found;
}

function collectOptionViolations(view: DataView, start: number, found: Violation[]): void {
  for (let offset = start; offset + 4 <= view.byteLength;) {
    const code = view.getUint8(offset);
    const length = view.getUint16(offset + 2);
    const data = offset + 4;
    const end = data + length;
    const next = data + ((length + 3) & ~3);
    if (next > view.byteLength) return;
    if (view.getUint8(offset + 1) !== 0) found.push("reservedOption");
    if (!isZero(view, end, next)) found.push("optionPadding");
    if (code === OptionCode.Filter && length === 20 && view.getUint8(data) !== 0) {
      found.push("reservedFilter");
    }
    if (code === OptionCode.PortSet && length === 5) {
      if ((view.getUint8(data + 4) & 0xfe) !== 0) found.push("reservedPortSet");
      if (view.getUint16(data) === 1) found.push("portSetSingle");
    }
    if (code === OptionCode.Prefix64 && !isPrefix64Request(view, data, length)) {
      found.push("prefix64Request");
    }
    if (code === OptionCode.Description && length > 0 && view.getUint8(end - 1) === 0) {
      found.push("descriptionNul");
    }
    offset = next;
  }
}

/** Whether the prefix is ::/96 and the count of IPv4 prefixes 0 or absent (RFC 7225 section 4.3). */
function isPrefix64Request(view: DataView, data: number, length: number): boolean {
  if (length !== 14 && length !== 16) return false;
  return view.getUint16(data) === 12 && isZero(view, data + 2, data + length);
}

function isZero(view: DataView, from: number, to: number): boolean {
  for (let offset = from; offset < to; offset++) if (view.getUint8(offset) !== 0) return false;
  return true;
}
