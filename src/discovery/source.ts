import type { IpAddress } from "../wire/address.ts";
import type { Host, Link, LinkAddress } from "./host.ts";
import { contains } from "./prefix.ts";

/**
 * The address of this host that faces `target`, which is reached through `link`. For IPv4 it is the one that the system would
 * choose: of the prefix that contains the target, otherwise the first one of the interface. For IPv6 it is a global one if there
 * is one (RFC 6887 section 8.4), never a deprecated one, and a stable one rather than a privacy address, because a mapping ends
 * with its address.
 *
 * @param preferred The address that the system names for the target, if any.
 */
export function sourceOn(
  link: Link,
  target: IpAddress,
  host: Host,
  preferred?: IpAddress,
): IpAddress | undefined {
  const usable = usableAddresses(link, target);
  if (target.family === "IPv6") return bestIpv6(usable, target, preferred);
  if (preferred !== undefined) return preferred;
  // The order among several addresses of one prefix is that of the system, which has its primary address first.
  const best = usable.find(({ address, prefixLength: length }) =>
    contains({ address, length }, target)
  );
  return (best ?? usable[0] ?? ofOtherLinks(host, target))?.address;
}

function bestIpv6(
  usable: readonly LinkAddress[],
  target: IpAddress,
  preferred: IpAddress | undefined,
): IpAddress | undefined {
  const near = ({ address, prefixLength: length }: LinkAddress): boolean =>
    contains({ address, length }, target);
  const [best] = usable.toSorted((a, b) =>
    reach(b.address) - reach(a.address) ||
    Number(a.temporary) - Number(b.temporary) ||
    Number(isSame(b, preferred)) - Number(isSame(a, preferred)) ||
    Number(near(b)) - Number(near(a)) ||
    b.preferredLifetime - a.preferredLifetime || 0
  );
  return best?.address ?? preferred;
}

/** An interface without an IPv4 address of its own sends from one of another interface. */
function ofOtherLinks({ links }: Host, target: IpAddress): LinkAddress | undefined {
  return links.filter(({ properties }) => !properties.has("loopback"))
    .flatMap((link) => usableAddresses(link, target))
    .find(({ address }) => !address.isLinkLocal);
}

function usableAddresses({ addresses }: Link, target: IpAddress): LinkAddress[] {
  return addresses.filter(({ address, usable }) => usable && address.family === target.family);
}

function isSame({ address }: LinkAddress, other: IpAddress | undefined): boolean {
  return other !== undefined && address.equals(other);
}

/** 2 for a global unicast address, 2000::/3 (RFC 4291 section 2.4), 0 for a link-local one, 1 for a ULA and others. */
export function reach(address: IpAddress): number {
  if (address.isLinkLocal) return 0;
  return (address.w0 >>> 29) === 1 ? 2 : 1;
}
