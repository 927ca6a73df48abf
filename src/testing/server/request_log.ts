import type { Endpoint } from "../../wire/address.ts";
import { HEADER_LENGTH, MAP_LENGTH } from "../../wire/constants.ts";
import { decodeRequest, type Request } from "../../wire/message.ts";
import { Opcode } from "../../wire/opcode.ts";
import { type Counters, newCounters, tally } from "./counters.ts";

/** A datagram that the server received. */
export interface LogEntry {
  /** Time of arrival in milliseconds of the server's clock. */
  readonly now: number;
  /** Its source. */
  readonly from: Endpoint;
  /** Its octets. */
  readonly bytes: Uint8Array;
  /** The PCP request in it, if it can be decoded. */
  readonly request: Request | undefined;
}

/** Number of datagrams remembered to detect retransmissions. */
const REMEMBERED = 65_536;

/** Logs and counts the datagrams received. */
export class RequestLog {
  readonly counters: Counters = newCounters();
  readonly log: LogEntry[] = [];
  #limit: number;
  #seen = new Set<string>();

  constructor(logLimit: number) {
    this.#limit = logLimit;
  }

  /** Logs and counts a datagram; returns the request in it, if it can be decoded. */
  record(now: number, bytes: Uint8Array, from: Endpoint): Request | undefined {
    const decoded = decodeRequest(bytes);
    const request = decoded.ok ? decoded.value : undefined;
    if (this.#limit > 0) {
      if (this.log.length >= this.#limit) this.log.shift();
      this.log.push({ now, from, bytes: bytes.slice(), request });
    }
    tally(this.counters.received, kindOf(bytes));
    this.#countRetransmission(bytes, from);
    return request;
  }

  #countRetransmission(bytes: Uint8Array, from: Endpoint): void {
    const octets = String.fromCharCode(...bytes.subarray(0, 1_100));
    const key = `${from.address} ${from.port} ${bytes.length} ${octets}`;
    if (this.#seen.has(key)) {
      this.counters.retransmissions++;
      return;
    }
    if (this.#seen.size >= REMEMBERED) this.#seen.clear();
    this.#seen.add(key);
  }
}

/** The name of a datagram in {@linkcode Counters.received}. */
function kindOf(bytes: Uint8Array): string {
  const [version, opcode] = bytes;
  if (version === undefined || opcode === undefined || opcode >= 0x80) return "malformed";
  if (version === 0) return natPmpKind(bytes, opcode);
  if (version !== 2) return `version${version}`;
  if (bytes.length < HEADER_LENGTH) return "malformed";
  switch (opcode) {
    case Opcode.Announce:
      return "announce";
    case Opcode.Map:
      if (bytes.length < MAP_LENGTH) return "malformed";
      return isZero(bytes, 4, 8) ? "mapDelete" : "map";
    case Opcode.Peer:
      return "peer";
    case Opcode.Authentication:
      return "authentication";
    default:
      return `opcode${opcode}`;
  }
}

function natPmpKind(bytes: Uint8Array, opcode: number): string {
  if (opcode === 0) return "natpmpAddress";
  if (opcode > 2) return `natpmpOpcode${opcode}`;
  if (bytes.length < 12) return "malformed";
  return isZero(bytes, 8, 12) ? "natpmpDelete" : "natpmpMap";
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  return bytes.subarray(from, to).every((octet) => octet === 0);
}
