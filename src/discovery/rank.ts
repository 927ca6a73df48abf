/** Which of several gateways, and which of several addresses. */

import type { IpAddress } from "../wire/address.ts";
import type { DefaultRoute, InterfaceAddress } from "./ip_route.ts";

/**
 * The routes worth asking, the best first. Routes through a tunnel, or to containers and virtual machines, count only when
 * there is no other: the NAT that matters is the one of the network at hand.
 */
export function rankRoutes(routes: readonly DefaultRoute[]): DefaultRoute[] {
  const physical = routes.filter((route) => !isVirtual(route.interface));
  const candidates = physical.length > 0 ? physical : routes;
  return candidates.toSorted((a, b) => {
    return a.metric - b.metric || b.preference - a.preference || b.weight - a.weight;
  });
}

/** Whether an interface of this name leads into a tunnel or to containers and virtual machines on this computer. */
export function isVirtual(name: string): boolean {
  return VIRTUAL.test(name);
}

/**
 * The address to send from, RFC 6887 section 8.4: for IPv6 a globally reachable one if there is one, never one on its way
 * out, and a lasting one rather than a privacy address, because a mapping ends with its address.
 *
 * @param source What the system would choose.
 * @param others The addresses of the same interface.
 */
export function chooseSource(source: IpAddress, others: readonly InterfaceAddress[]): IpAddress {
  if (source.family === "IPv4" || source.isLoopback) return source;
  const usable = others.filter(({ address, usable }) => usable && address.family === "IPv6");
  const [best] = usable.toSorted((a, b) => {
    return reach(b.address) - reach(a.address) ||
      Number(a.temporary) - Number(b.temporary) ||
      Number(b.address.equals(source)) - Number(a.address.equals(source)) ||
      b.preferredLifetime - a.preferredLifetime;
  });
  return best?.address ?? source;
}

/** 2 for a global unicast address, 2000::/3 (RFC 4291 section 2.4); 0 for a link-local one; 1 for a ULA and the rest. */
export function reach(address: IpAddress): number {
  if (address.isLinkLocal) return 0;
  return (address.w0 >>> 29) === 1 ? 2 : 1;
}

/** Docker and its like; virtual machines; tunnels. */
const VIRTUAL = new RegExp(
  [
    "^(docker|br-[0-9a-f]{12}|veth|podman|cni|flannel|cali|lxc|lxd|incus)",
    "^(virbr|vmnet|vboxnet|vnic|bridge100)",
    "^(u?tun|tap|wg|ppp|ipsec|gpd|tailscale|zt|nordlynx|proton|mullvad|nebula|gre|sit|ip6tnl|he-ipv6)",
    "tailscale|zerotier|wireguard|openvpn|nordlynx|tap-windows|wintun",
  ].join("|"),
  "i",
);
