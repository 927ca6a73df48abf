/** A client that writes and reads octets, so that it shares no codec with the server under test. */

import { IpAddress } from "../../src/wire/address.ts";
import type { Endpoint } from "../../src/wire/address.ts";
import type { SimulatedServer } from "../../src/testing/server/simulated_server.ts";
import { hex, octets } from "../helpers/hex.ts";

export const NONCE = "a0a1a2a3 a4a5a6a7 a8a9aaab";
export const OTHER_NONCE = "b0b1b2b3 b4b5b6b7 b8b9babb";
export const CLIENT: Endpoint = at("192.168.1.10", 50_000);
export const NEIGHBOUR: Endpoint = at("192.168.1.11", 50_000);
export const CLIENT6: Endpoint = at("2001:db8:1::10", 50_000);

/** The unspecified address of each family. */
export const ANY4 = "00000000 00000000 0000ffff 00000000";
export const ANY6 = "00000000 00000000 00000000 00000000";
export const EXTERNAL4 = "00000000 00000000 0000ffff cb007105";

export function at(address: string, port: number): Endpoint {
  return { address: IpAddress.parse(address), port };
}

export interface MapInit {
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

export interface PeerInit extends MapInit {
  readonly remotePort?: number;
  /** Hexadecimal digits of 16 octets. */
  readonly remoteAddress?: string;
}

/** A MAP request, by default for TCP 8080 and two hours. */
export function map(init: MapInit = {}): Uint8Array {
  return octets(
    header(1, init.lifetime ?? 7_200, init.client ?? CLIENT) + mapData(init) +
      (init.options ?? ""),
  );
}

/** The deletion of the mapping that {@linkcode map} requests. */
export function deletion(init: MapInit = {}): Uint8Array {
  return map({ lifetime: 0, ...init });
}

/** A PEER request, by default for TCP 51000 to 198.51.100.7:443 and one hour. */
export function peer(init: PeerInit = {}): Uint8Array {
  return octets(
    header(2, init.lifetime ?? 3_600, init.client ?? CLIENT) +
      mapData({ internalPort: 51_000, ...init }) + word(init.remotePort ?? 443, 2) + "0000" +
      (init.remoteAddress ?? "00000000 00000000 0000ffff c6336407") + (init.options ?? ""),
  );
}

/** An ANNOUNCE request. */
export function announce(options = "", client = CLIENT): Uint8Array {
  return octets(header(0, 0, client) + options);
}

/** The fields of a PCP response. */
export interface PcpResponse {
  readonly result: number;
  readonly lifetime: number;
  readonly epoch: number;
  readonly externalPort: number;
  readonly external: string;
  /** Hexadecimal digits of all options. */
  readonly options: string;
}

/** Reads a response; that to ANNOUNCE has no external side. */
export function read(bytes: Uint8Array | undefined): PcpResponse {
  if (bytes === undefined) throw new Error("Expected a response, got none");
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

/** Octets before the options by opcode. */
const FIXED_LENGTHS = [24, 60, 80];

/** Sends a request and reads the response. */
export function ask(
  server: SimulatedServer,
  now: number,
  request: Uint8Array,
  source = CLIENT,
): PcpResponse {
  return read(askRaw(server, now, request, source));
}

/** Sends a request and returns the octets of the response. */
export function askRaw(
  server: SimulatedServer,
  now: number,
  request: Uint8Array,
  source = CLIENT,
): Uint8Array {
  const [reply, ...more] = server.receive(now, request, source);
  if (reply === undefined || more.length > 0) {
    throw new Error(`Expected one response, got "${more.length + (reply === undefined ? 0 : 1)}"`);
  }
  if (!reply.to.address.equals(source.address) || reply.to.port !== source.port) {
    throw new Error(`Expected the response to go to the client, got "${reply.to.address}"`);
  }
  return reply.bytes;
}

function header(opcode: number, lifetime: number, client: Endpoint): string {
  const address = new DataView(new ArrayBuffer(16));
  client.address.write(address, 0);
  return `02${word(opcode, 1)}0000${word(lifetime, 4)}${hex(new Uint8Array(address.buffer))}`;
}

function mapData(init: MapInit): string {
  return (init.nonce ?? NONCE) + word(init.protocol ?? 6, 1) + "000000" +
    word(init.internalPort ?? 8_080, 2) + word(init.externalPort ?? 0, 2) +
    (init.externalAddress ?? ANY4);
}

function word(value: number, length: number): string {
  return value.toString(16).padStart(2 * length, "0");
}
