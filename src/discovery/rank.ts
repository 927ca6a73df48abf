import type { IpAddress } from "../wire/address.ts";
import type { DefaultRoute, InterfaceAddress } from "./ip_route.ts";

/**
 * The usable default routes, the preferred one first. Routes into a tunnel, or to containers and virtual machines, are left
 * out if there are others, because the NAT to map on is the one of the physical network.
 */
export function rankRoutes(routes: readonly DefaultRoute[]): DefaultRoute[] {
  const physical = routes.filter((route) => !isVirtual(route.interface));
  const candidates = physical.length > 0 ? physical : routes;
  return candidates.toSorted((a, b) => {
    return a.metric - b.metric || b.preference - a.preference || b.weight - a.weight;
  });
}

/** Whether an interface of this name belongs to a tunnel, or to containers or virtual machines on this computer. */
export function isVirtual(name: string): boolean {
  return VIRTUAL.test(name);
}

/**
 * The source address (RFC 6887 section 8.4): for IPv6 a global one if there is one, never a deprecated one, and a stable one
 * rather than a privacy address, because a mapping ends with its address.
 *
 * @param source The address that the system would choose.
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

/** 2 for a global unicast address, 2000::/3 (RFC 4291 section 2.4), 0 for a link-local one, 1 for a ULA and others. */
export function reach(address: IpAddress): number {
  if (address.isLinkLocal) return 0;
  return (address.w0 >>> 29) === 1 ? 2 : 1;
}

/** Names of interfaces for containers, for virtual machines, and for tunnels (Linux and macOS, then Windows). */
const VIRTUAL = new RegExp(
  [
    "^(docker|br-[0-9a-f]{12}|veth|podman|cni|flannel|cali|lxc|lxd|incus)",
    "^(virbr|vmnet|vboxnet|vnic|bridge100)",
    "^(u?tun|tap|wg|ppp|ipsec|gpd|tailscale|zt|nordlynx|proton|mullvad|nebula|gre|sit|ip6tnl|he-ipv6)",
    "tailscale|zerotier|wireguard|openvpn|nordlynx|tap-windows|wintun",
  ].join("|"),
  "i",
);
