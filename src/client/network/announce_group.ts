import type { MulticastOptions } from "../../transport/transport.ts";
import type { IpAddress } from "../../wire/address.ts";
import { ANNOUNCE_GROUP_IPV4, ANNOUNCE_GROUP_IPV6 } from "../../wire/constants.ts";

/** The multicast group of announcements, joined on the interface that faces the server (RFC 6887 section 14.1.3). */
export function multicastOptions(clientAddress: IpAddress): Promise<MulticastOptions> {
  const group = clientAddress.family === "IPv4" ? ANNOUNCE_GROUP_IPV4 : ANNOUNCE_GROUP_IPV6;
  return joinOptions(group, clientAddress);
}

/** A group of the client's family, joined on the interface of the client's address. */
export async function joinOptions(
  group: string,
  clientAddress: IpAddress,
): Promise<MulticastOptions> {
  const hostname = clientAddress.withScope(undefined).toString();
  if (clientAddress.family === "IPv4") return { group, interfaceAddress: hostname };
  const { interfaceOf } = await import("../../discovery/local_address.ts");
  const interfaceName = clientAddress.scope ?? (await interfaceOf(hostname))?.name;
  return { group, ...(interfaceName === undefined ? {} : { interfaceName }) };
}
