import { DiscoveryError } from "../../discovery/discovery_error.ts";
import type { Gateway } from "../../discovery/gateway.ts";
import { IpAddress } from "../../wire/address.ts";
import { ANYCAST_IPV4, ANYCAST_IPV6 } from "../../wire/constants.ts";
import { discover } from "../discover.ts";

/** The addresses of both ends of a client. */
export interface Addresses {
  /** The address of this host. */
  readonly clientAddress: IpAddress;
  /** The addresses of the server, in the order in which they are used. */
  readonly serverAddresses: readonly IpAddress[];
}

/**
 * Checks the given addresses, and finds those that were left out.
 *
 * @param anycast Whether the anycast address follows a discovered gateway (RFC 7723 section 2.1).
 * @param gateways Finds the default gateways; called only without a server.
 * @param current The addresses that the client uses: kept as long as they are usable (RFC 6887 section 11.5).
 * @throws {TypeError} If a text is not the address of a host, or the addresses are of two families.
 * @throws {DiscoveryError} If an address was left out and cannot be found.
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

/** The current gateway if it still exists, else the one that faces the client's address, else the first. */
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
  const texts = [gateway.gateway];
  if (anycast) texts.push(gateway.family === "IPv4" ? ANYCAST_IPV4 : ANYCAST_IPV6);
  return checked(
    clientAddress ?? IpAddress.parse(gateway.client),
    texts.map((text) => IpAddress.parse(text)),
  );
}

/** The system appends the interface to each of its addresses, as in `fe80::1%eth0`. */
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
  const other = serverAddresses.find(({ family }) => family !== clientAddress.family);
  if (other === undefined) return { clientAddress, serverAddresses };
  throw new TypeError(
    `Cannot start a client: both addresses must be of one family, got "${clientAddress}" and "${other}"`,
  );
}
