import type { SocketAddress } from "../../src/transport/transport.ts";
import { randomOctets } from "./mutate.ts";

/** A datagram for the client. */
export interface FloodDatagram {
  readonly bytes: Uint8Array;
  readonly source: SocketAddress;
  /** Whether it comes to the socket of announcements. */
  readonly multicast: boolean;
}

/** What datagrams are made of. */
export interface FloodSource {
  /** The answer that granted a mapping which is alive; another one each time. */
  readonly grant: () => Uint8Array;
  readonly random: () => number;
  readonly server: SocketAddress;
}

/** Datagrams of one kind. */
export interface FloodKind {
  readonly name: string;
  /** The octets; the source is the server unless `from` says otherwise. */
  readonly bytes: (source: FloodSource) => Uint8Array;
  readonly from?: (source: FloodSource) => SocketAddress;
  readonly multicast?: (source: FloodSource) => boolean;
  /** Whether they have the nonces of the mappings: to the client they are its gateway's word, while they come. */
  readonly knowsNonces?: true;
}

/** The kinds of datagrams that an attacker or a broken gateway sends. */
export const FLOOD_KINDS: readonly FloodKind[] = [
  { name: "random", bytes: ({ random }) => randomOctets(random) },
  { name: "short", bytes: ({ grant, random }) => grant().subarray(0, below(random, 24)) },
  {
    name: "long",
    bytes: ({ grant, random }) => lengthened(grant(), 1_104 + 4 * below(random, 99)),
  },
  { name: "odd length", bytes: ({ grant, random }) => lengthened(grant(), 61 + below(random, 3)) },
  { name: "version 0, 1 and 3", bytes: otherVersion },
  {
    name: "wrong nonce",
    bytes: ({ grant, random }) =>
      changed(grant(), (bytes) => bytes.set(octets(random, 12), AT.nonce)),
  },
  {
    name: "wrong source",
    bytes: ({ grant }) => grant(),
    from: ({ random, server }) =>
      random() < 0.5
        ? { ...server, port: below(random, 65_536) }
        : { ...server, hostname: `10.0.${below(random, 256)}.${below(random, 256)}` },
  },
  { name: "replayed", bytes: ({ grant }) => grant(), knowsNonces: true },
  {
    name: "unsolicited ANNOUNCE",
    bytes: ({ random }) => announcement(below(random, 2 ** 32)),
    multicast: ({ random }) => random() < 0.5,
  },
  {
    name: "260 options",
    bytes: ({ grant }) => withOptions(grant(), () => [OPTIONAL, 0, 0, 0]),
    knowsNonces: true,
  },
  {
    name: "malformed options",
    bytes: ({ grant, random }) =>
      withOptions(grant(), () => [below(random, 8) || OPTIONAL, 0, 0, below(random, 256)]),
    knowsNonces: true,
  },
  {
    name: "error results",
    bytes: ({ grant, random }) =>
      changed(grant(), (bytes) => {
        bytes[AT.result] = 2 + below(random, 30);
        new DataView(bytes.buffer).setUint32(AT.lifetime, below(random, 3_600));
      }),
    knowsNonces: true,
  },
];

/** A datagram of a kind. */
export function floodDatagram(kind: FloodKind, source: FloodSource): FloodDatagram {
  return {
    bytes: kind.bytes(source),
    source: kind.from?.(source) ?? source.server,
    multicast: kind.multicast?.(source) ?? false,
  };
}

/** Answers of NAT-PMP, and answers and version errors of PCP in versions that do not exist. */
function otherVersion({ grant, random }: FloodSource): Uint8Array {
  const version = [0, 1, 3][below(random, 3)] ?? 0;
  if (version > 0) {
    return changed(grant(), (bytes) => {
      bytes[AT.version] = version;
      bytes[AT.result] = below(random, 2);
    });
  }
  const opcode = below(random, 3);
  const bytes = octets(random, [12, 16, 16][opcode] ?? 12);
  bytes.set([0, 0x80 | opcode, 0, below(random, 6)]);
  return bytes;
}

function announcement(epoch: number): Uint8Array {
  const bytes = new Uint8Array(24);
  bytes.set([2, 0x80]);
  new DataView(bytes.buffer).setUint32(AT.epoch, epoch);
  return bytes;
}

/** With as many options of four octets as fit into 1,100: 260 of them. */
function withOptions(bytes: Uint8Array, option: () => readonly number[]): Uint8Array {
  return changed(lengthened(bytes, 1_100), (longer) => {
    for (let at = bytes.length; at < longer.length; at += 4) longer.set(option(), at);
  });
}

function lengthened(bytes: Uint8Array, length: number): Uint8Array {
  const longer = new Uint8Array(length);
  longer.set(bytes.subarray(0, length));
  return longer;
}

function changed(bytes: Uint8Array, change: (copy: Uint8Array<ArrayBuffer>) => void): Uint8Array {
  const copy = Uint8Array.from(bytes);
  change(copy);
  return copy;
}

function octets(random: () => number, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => below(random, 256));
}

function below(random: () => number, limit: number): number {
  return Math.floor(random() * limit);
}

/** Fields of a response (RFC 6887 section 7.2), and the nonce of MAP (section 11.1). */
const AT = { version: 0, result: 3, lifetime: 4, epoch: 8, nonce: 24 };

/** An option that no RFC defines, and that may be ignored (RFC 6887 section 7.3). */
const OPTIONAL = 200;
