import type { IpAddress } from "../wire/address.ts";

/**
 * The use of an address, from the registries of RFC 6890. `global`: reachable from the whole Internet. `private`: within one
 * network (RFC 1918, RFC 4193). `shared`: between a provider and its customers (RFC 6598, RFC 7335). `documentation`: in
 * examples and tests (RFC 5737, RFC 3849, RFC 9637).
 */
export type AddressKind =
  | "global"
  | "private"
  | "shared"
  | "documentation"
  | "linkLocal"
  | "loopback"
  | "multicast"
  | "reserved";

/** The use of the address. */
export function addressKind(address: IpAddress): AddressKind {
  const bits = address.family === "IPv4" ? [address.w3] : [address.w0, address.w1];
  const blocks = address.family === "IPv4" ? IPV4 : IPV6;
  if (address.isLoopback) return "loopback";
  const block = blocks.find(([first, second, length]) => startsWith(bits, [first, second], length));
  return block?.[3] ?? (address.family === "IPv4" ? "global" : "reserved");
}

/**
 * Whether the address is reachable from the Internet. An address for documentation counts as reachable: examples, tests and
 * simulated gateways use it in place of a global one, and no real gateway has it.
 */
export function isGloballyReachable(address: IpAddress): boolean {
  const kind = addressKind(address);
  return kind === "global" || kind === "documentation";
}

/**
 * Why an address is not reached from the Internet. `doubleNat`: it is private (RFC 1918), so that another router translates it.
 * `carrierNat`: the provider shares one among customers (RFC 6598). `uniqueLocal`: it is an IPv6 address of the local network
 * (RFC 4193), no sign of another router. `oddAddress`: it is of another kind, as link-local.
 */
export type ReachProblem = "doubleNat" | "carrierNat" | "uniqueLocal" | "oddAddress";

/** Why the address is not reached from the Internet; undefined if it is, see {@linkcode isGloballyReachable}. */
export function reachProblem(address: IpAddress): ReachProblem | undefined {
  if (isGloballyReachable(address)) return undefined;
  const kind = addressKind(address);
  if (kind === "private") return address.family === "IPv4" ? "doubleNat" : "uniqueLocal";
  return kind === "shared" ? "carrierNat" : "oddAddress";
}

/** The first two 32-bit words, the prefix length in bits, and the use. Of nested blocks the narrower comes first. */
type Block = readonly [number, number, number, AddressKind];

const IPV4: readonly Block[] = [
  [0x0000_0000, 0, 8, "reserved"], // RFC 791: this network
  [0x0a00_0000, 0, 8, "private"], // RFC 1918
  [0x6440_0000, 0, 10, "shared"], // RFC 6598
  [0x7f00_0000, 0, 8, "loopback"], // RFC 1122
  [0xa9fe_0000, 0, 16, "linkLocal"], // RFC 3927
  [0xac10_0000, 0, 12, "private"], // RFC 1918
  [0xc000_0000, 0, 29, "shared"], // RFC 7335: DS-Lite and 464XLAT
  [0xc000_0000, 0, 24, "reserved"], // RFC 6890
  [0xc000_0200, 0, 24, "documentation"], // RFC 5737
  [0xc0a8_0000, 0, 16, "private"], // RFC 1918
  [0xc612_0000, 0, 15, "reserved"], // RFC 2544: benchmarks
  [0xc633_6400, 0, 24, "documentation"], // RFC 5737
  [0xcb00_7100, 0, 24, "documentation"], // RFC 5737
  [0xe000_0000, 0, 4, "multicast"], // RFC 5771
  [0xf000_0000, 0, 4, "reserved"], // RFC 1112
];

const IPV6: readonly Block[] = [
  [0x2001_0db8, 0, 32, "documentation"], // RFC 3849
  [0x3fff_0000, 0, 20, "documentation"], // RFC 9637
  [0x2000_0000, 0, 3, "global"], // RFC 4291
  [0x0064_ff9b, 0x0001_0000, 48, "private"], // RFC 8215
  [0x0064_ff9b, 0, 64, "global"], // RFC 6052
  [0xfc00_0000, 0, 7, "private"], // RFC 4193
  [0xfe80_0000, 0, 10, "linkLocal"], // RFC 4291
  [0xff00_0000, 0, 8, "multicast"], // RFC 4291
];

function startsWith(bits: readonly number[], block: readonly number[], length: number): boolean {
  return bits.every((word, index) => {
    const counted = Math.min(32, Math.max(0, length - index * 32));
    const mask = counted === 0 ? 0 : -1 << (32 - counted);
    return ((word ^ (block[index] ?? 0)) & mask) === 0;
  });
}
