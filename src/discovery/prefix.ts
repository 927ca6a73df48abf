import { IpAddress } from "../wire/address.ts";
import { reach } from "./rank.ts";
import type { LocalAddress } from "./system.ts";

/** A local address that faces another address. */
export interface Facing {
  readonly address: IpAddress;
  readonly interface: string;
}

/**
 * The local address that faces `target`, found with the prefixes of the interfaces alone: on the interface whose prefix
 * contains the target, otherwise on the given one. For IPv6 the address of that interface with the largest reach (RFC 6887
 * section 8.4).
 *
 * @param device Name of the interface that faces the target, if known.
 */
export function facing(
  target: IpAddress,
  addresses: readonly LocalAddress[],
  device?: string,
): Facing | undefined {
  const candidates = addresses.flatMap((local) => {
    const address = IpAddress.tryParse(local.address);
    if (address?.family !== target.family) return [];
    const right = device === undefined || local.interface === device;
    return right ? [{ address, interface: local.interface, prefix: local.prefixLength }] : [];
  });
  const around = candidates
    .filter(({ address, prefix }) => shared(address, target) >= prefix)
    .toSorted((a, b) => b.prefix - a.prefix);
  // Every interface has an address in fe80::/10, so a link-local target needs the name of its interface.
  const everywhere = target.family === "IPv6" && target.isLinkLocal;
  const ambiguous = device === undefined && (everywhere || around.length === 0);
  const best = ambiguous ? undefined : around[0] ?? candidates[0];
  if (best === undefined || target.family === "IPv4") return best;
  return candidates
    .filter((candidate) => candidate.interface === best.interface)
    .toSorted((a, b) => {
      return reach(b.address) - reach(a.address) || Number(b === best) - Number(a === best);
    })[0];
}

/** The number of leading bits that two addresses of one family share, counted as a prefix length of that family. */
function shared(a: IpAddress, b: IpAddress): number {
  let bits = a.family === "IPv4" ? -96 : 0;
  for (const difference of [a.w0 ^ b.w0, a.w1 ^ b.w1, a.w2 ^ b.w2, a.w3 ^ b.w3]) {
    bits += Math.clz32(difference);
    if (difference !== 0) break;
  }
  return bits;
}
