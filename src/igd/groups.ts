import { IpAddress } from "../wire/address.ts";
import {
  SSDP_GROUP_IPV4,
  SSDP_GROUP_LINK,
  SSDP_GROUP_SITE,
  type SsdpGroup,
} from "../wire/igd/ssdp.ts";

/** A group of SSDP, and the address to which a search for it is sent. */
export interface SearchGroup {
  readonly name: SsdpGroup;
  readonly address: IpAddress;
}

/** The groups of the client's family. Those of IPv6 need the interface, which link-local addresses carry. */
export function groupsOf(client: IpAddress, server: IpAddress | undefined): readonly SearchGroup[] {
  if (client.family === "IPv4") {
    return [{ name: SSDP_GROUP_IPV4, address: IpAddress.parse(SSDP_GROUP_IPV4) }];
  }
  const scope = server?.scope ?? client.scope;
  return ([SSDP_GROUP_LINK, SSDP_GROUP_SITE] as const).map((name) => {
    const address = IpAddress.parse(name);
    return { name, address: scope === undefined ? address : scoped(address, scope) };
  });
}

/** A group of a larger scope than the link has no interface in its text. */
function scoped(address: IpAddress, scope: string): IpAddress {
  return IpAddress.tryParse(`${address}%${scope}`) ?? address;
}
