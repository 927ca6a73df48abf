/** A client made of octets only: it shares no codec with the server under test. */

import { IpAddress } from "../../src/wire/address.ts";
import type { Endpoint } from "../../src/wire/address.ts";
import type { SimulatedServer } from "../../src/testing/server/simulated_server.ts";
import { hex, octets } from "../helpers/hex.ts";

export const NONCE = "a0a1a2a3 a4a5a6a7 a8a9aaab";
export const OTHER_NONCE = "b0b1b2b3 b4b5b6b7 b8b9babb";
export const CLIENT: Endpoint = at("192.168.1.10", 50_000);
export const NEIGHBOUR: Endpoint = at("192.168.1.11", 50_000);
export const CLIENT6: Endpoint = at("2001:db8:1::10", 50_000);

/** Any address, by wanted family. */
export const ANY4 = "00000000 00000000 0000ffff 00000000";
export const ANY6 = "00000000 00000000 00000000 00000000";
export const EXTERNAL4 = "00000000 00000000 0000ffff cb007105";

export function at(address: string, port: number): Endpoint {
  return { address: IpAddress.parse(address), port };
}

export interface MapParts {
  readonly lifetime?: number;
  readonly client?: Endpoint;
  readonly nonce?: string;
  readonly protocol?: number;
  readonly internalPort?: number;
  readonly externalPort?: number;
  /** Hexadecimal digits of 16 octets. */
  readonly externalAddress?: string;
  /** Hexadecimal digits. */
  readonly options?: string;
}

export interface PeerParts extends MapParts {
  readonly remotePort?: number;
  /** Hexadecimal digits of 16 octets. */
  readonly remoteAddress?: string;
}

/** A MAP request, TCP 8080 for two hours unless told. */
export function map(parts: MapParts = {}): Uint8Array {
  return octets(
    header(1, parts.lifetime ?? 7_200, parts.client ?? CLIENT) + mapData(parts) +
      (parts.options ?? ""),
  );
}

/** The deletion of what {@linkcode map} makes. */
export function deletion(parts: MapParts = {}): Uint8Array {
  return map({ lifetime: 0, ...parts });
}

/** A PEER request, TCP 51000 to 198.51.100.7:443 for an hour unless told. */
export function peer(parts: PeerParts = {}): Uint8Array {
  return octets(
    header(2, parts.lifetime ?? 3_600, parts.client ?? CLIENT) +
      mapData({ internalPort: 51_000, ...parts }) + word(parts.remotePort ?? 443, 2) + "0000" +
      (parts.remoteAddress ?? "00000000 00000000 0000ffff c6336407") + (parts.options ?? ""),
  );
}

/** An ANNOUNCE request. */
export function announce(options = "", client = CLIENT): Uint8Array {
  return octets(header(0, 0, client) + options);
}

/** What stands in an answer of version 2. */
export interface Answer {
  readonly result: number;
  readonly lifetime: number;
  readonly epoch: number;
  readonly externalPort: number;
  readonly external: string;
  /** Hexadecimal digits of all options. */
  readonly options: string;
}

/** Reads an answer; one to ANNOUNCE has no external side. */
export function read(bytes: Uint8Array | undefined): Answer {
  if (bytes === undefined) throw new Error("Expected an answer, got none");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const fixed = FIXED_LENGTHS[view.getUint8(1) & 0x7f] ?? 24;
  const assigned = fixed > 24 && bytes.length >= fixed;
  return {
    result: view.getUint8(3),
    lifetime: view.getUint32(4),
    epoch: view.getUint32(8),
    externalPort: assigned ? view.getUint16(42) : 0,
    external: assigned ? IpAddress.read(view, 44).toString() : "",
    options: hex(bytes.subarray(fixed)),
  };
}

/** Octets before the options, by opcode. */
const FIXED_LENGTHS = [24, 60, 80];

/** Sends a request and reads the one answer to it. */
export function ask(
  server: SimulatedServer,
  now: number,
  request: Uint8Array,
  source = CLIENT,
): Answer {
  return read(askRaw(server, now, request, source));
}

/** Sends a request and gives the octets of the one answer to it. */
export function askRaw(
  server: SimulatedServer,
  now: number,
  request: Uint8Array,
  source = CLIENT,
): Uint8Array {
  const [reply, ...more] = server.receive(now, request, source);
  if (reply === undefined || more.length > 0) {
    throw new Error(`Expected one answer, got "${more.length + (reply === undefined ? 0 : 1)}"`);
  }
  if (!reply.to.address.equals(source.address) || reply.to.port !== source.port) {
    throw new Error(`Expected the answer to go to the client, got "${reply.to.address}"`);
  }
  return reply.bytes;
}

function header(opcode: number, lifetime: number, client: Endpoint): string {
  const address = new DataView(new ArrayBuffer(16));
  client.address.write(address, 0);
  return `02${word(opcode, 1)}0000${word(lifetime, 4)}${hex(new Uint8Array(address.buffer))}`;
}

function mapData(parts: MapParts): string {
  return (parts.nonce ?? NONCE) + word(parts.protocol ?? 6, 1) + "000000" +
    word(parts.internalPort ?? 8_080, 2) + word(parts.externalPort ?? 0, 2) +
    (parts.externalAddress ?? ANY4);
}

function word(value: number, length: number): string {
  return value.toString(16).padStart(2 * length, "0");
}
