import type { MulticastOptions } from "../../transport/transport.ts";
import type { IpAddress } from "../../wire/address.ts";
import { ANNOUNCE_GROUP_IPV4, ANNOUNCE_GROUP_IPV6 } from "../../wire/constants.ts";

/** The multicast group of announcements, joined on the interface that faces the server (RFC 6887 section 14.1.3). */
export async function multicastOptions(clientAddress: IpAddress): Promise<MulticastOptions> {
  const hostname = clientAddress.withScope(undefined).toString();
  if (clientAddress.family === "IPv4") {
    return { group: ANNOUNCE_GROUP_IPV4, interfaceAddress: hostname };
  }
  const { interfaceOf } = await import("../../discovery/local_address.ts");
  const interfaceName = clientAddress.scope ?? (await interfaceOf(hostname))?.name;
  return { group: ANNOUNCE_GROUP_IPV6, ...(interfaceName === undefined ? {} : { interfaceName }) };
}
