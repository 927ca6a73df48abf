import { DiscoveryError } from "../../discovery/discovery_error.ts";
import { IpAddress } from "../../wire/address.ts";
import { ANYCAST_IPV4, ANYCAST_IPV6 } from "../../wire/constants.ts";
import { discover, type Gateway } from "../discover.ts";

/** Both ends of a client. */
export interface Addresses {
  /** The address of this host. */
  readonly clientAddress: IpAddress;
  /** In the order in which they are asked. */
  readonly serverAddresses: readonly IpAddress[];
}

/**
 * Checks the addresses that were given, and finds those that were not.
 *
 * @param anycast Whether the anycast address comes after a gateway that was found (RFC 7723 section 2.1).
 * @param gateways Finds the default gateways; asked only without a server.
 * @param current What the client has: kept as long as it can be used (RFC 6887 section 11.5).
 * @throws {TypeError} If an address is none, or the two are not of one family.
 * @throws {DiscoveryError} If one was left out and cannot be found.
 */
export async function resolveAddresses(
  client: string | undefined,
  server: string | readonly string[] | undefined,
  anycast: boolean,
  gateways: () => Promise<readonly Gateway[]> = discover,
  current: Addresses | undefined = undefined,
): Promise<Addresses> {
  const clientAddress = client === undefined ? undefined : parse("client", client);
  if (server === undefined) return await throughGateway(clientAddress, anycast, gateways, current);
  const serverAddresses = (Array.isArray(server) ? server : [server]).map((each) =>
    parse("server", each)
  );
  const [first] = serverAddresses;
  if (first === undefined) {
    throw new TypeError("Cannot start a client: the list of server addresses is empty");
  }
  if (clientAddress !== undefined) return checked(clientAddress, serverAddresses);
  const { localAddressFor, localAddresses } = await import("../../discovery/local_address.ts");
  const facing = await localAddressFor(first.toString());
  if (current !== undefined && isAmong(current.clientAddress, await localAddresses())) {
    return current;
  }
  return checked(IpAddress.parse(facing), serverAddresses);
}

/** The gateway that the client has, or that its address faces, or the first one. */
async function throughGateway(
  clientAddress: IpAddress | undefined,
  anycast: boolean,
  gateways: () => Promise<readonly Gateway[]>,
  current: Addresses | undefined,
): Promise<Addresses> {
  const family = (clientAddress ?? current?.clientAddress)?.family;
  const fits = (await gateways()).filter((each) => family === undefined || each.family === family);
  const kept = fits.some((each) =>
    current?.clientAddress.toString() === each.client &&
    current.serverAddresses[0]?.toString() === each.gateway
  );
  if (kept && current !== undefined) return current;
  const gateway = fits.find((each) => clientAddress?.equals(IpAddress.parse(each.client))) ??
    fits[0];
  if (gateway === undefined) {
    const detail = `no default route for "${family}" was found`;
    throw new DiscoveryError("find the default gateway", "noDefaultRoute", detail);
  }
  const last = anycast
    ? [IpAddress.parse(gateway.family === "IPv4" ? ANYCAST_IPV4 : ANYCAST_IPV6)]
    : [];
  return checked(clientAddress ?? IpAddress.parse(gateway.client), [
    IpAddress.parse(gateway.gateway),
    ...last,
  ]);
}

/** The system writes an interface behind each of its addresses. */
function isAmong(address: IpAddress, addresses: readonly string[] | undefined): boolean {
  return addresses?.some((each) => {
    const [text = "", device] = each.split("%");
    const isHere = address.scope === undefined || address.scope === device;
    return isHere && IpAddress.tryParse(text)?.equals(address) === true;
  }) ?? false;
}

function parse(what: string, text: string): IpAddress {
  const address = typeof text === "string" ? IpAddress.tryParse(text) : undefined;
  if (address !== undefined && !address.isMulticast && !address.isUnspecified) return address;
  throw new TypeError(
    `Cannot start a client: the ${what} address must be the IPv4 or IPv6 address of one host, got "${text}"`,
  );
}

function checked(clientAddress: IpAddress, serverAddresses: readonly IpAddress[]): Addresses {
  const stranger = serverAddresses.find(({ family }) => family !== clientAddress.family);
  if (stranger === undefined) return { clientAddress, serverAddresses };
  throw new TypeError(
    `Cannot start a client: both addresses must be of one family, got "${clientAddress}" and "${stranger}"`,
  );
}
