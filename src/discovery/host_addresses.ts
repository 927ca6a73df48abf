import { IpAddress } from "../wire/address.ts";
import type { Host, Link, LinkAddress } from "./host.ts";
import type { LocalAddress } from "./system.ts";

/** The interfaces that the addresses of a host show; nothing more is known of them, and no route. */
export function hostOfAddresses(addresses: readonly LocalAddress[]): Host {
  const names = new Set(addresses.map((local) => local.interface));
  const links = [...names].map((name): Link => {
    const own = addresses.filter((local) => local.interface === name);
    return {
      name,
      index: own.find(({ scopeId }) => scopeId)?.scopeId,
      properties: new Set(),
      addresses: own.flatMap(linkAddress),
    };
  });
  return { links, routes: [] };
}

/** The address as a list of one; of none if its text is not an address. */
function linkAddress({ address: text, prefixLength }: LocalAddress): LinkAddress[] {
  const address = IpAddress.tryParse(text);
  if (address === undefined) return [];
  const unknown = { usable: true, temporary: false, preferredLifetime: Infinity };
  return [{ address: address.withScope(undefined), prefixLength, ...unknown }];
}
