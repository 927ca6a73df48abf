import { DiscoveryError } from "../../discovery/discovery_error.ts";
import type { Gateway } from "../../discovery/gateway.ts";
import { IpAddress } from "../../wire/address.ts";
import { ANYCAST_IPV4, ANYCAST_IPV6 } from "../../wire/constants.ts";
import { discover } from "../discover.ts";
import { parseAddress, parseServer, resolveServers } from "./server_text.ts";

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
 * @param server Addresses or host names. Blanks around them, and brackets around an address, are left out.
 * @param anycast Whether the anycast address follows a discovered gateway (RFC 7723 section 2.1).
 * @param gateways Finds the default gateways; called only without a server.
 * @param current The addresses that the client uses: kept as long as they are usable (RFC 6887 section 11.5).
 * @throws {TypeError} If a text is not the address of a host, or the addresses are of two families.
 * @throws {DiscoveryError} If an address was left out and cannot be found, or a name has no address.
 */
export async function resolveAddresses(
  client: string | undefined,
  server: string | readonly string[] | undefined,
  anycast: boolean,
  gateways: () => Promise<readonly Gateway[]> = discover,
  current: Addresses | undefined = undefined,
): Promise<Addresses> {
  const clientAddress = client === undefined ? undefined : parseAddress("client", client);
  if (server === undefined) return await throughGateway(clientAddress, anycast, gateways, current);
  const servers = (Array.isArray(server) ? server : [server]).map((each) => parseServer(each));
  if (servers.length === 0) {
    throw new TypeError("Cannot start a client: the list of server addresses is empty");
  }
  const family = (clientAddress ?? current?.clientAddress)?.family;
  const choices = await resolveServers(servers, family);
  const [serverAddresses = [], ...others] = choices;
  if (clientAddress !== undefined) return checked(clientAddress, serverAddresses);
  try {
    return await facing(serverAddresses, current);
  } catch (error) {
    const [second] = others; // a host without IPv4 reaches a name over IPv6
    if (second === undefined || !(error instanceof DiscoveryError)) throw error;
    return await facing(second, current);
  }
}

/** The addresses with that of this host which faces the first one. */
async function facing(
  serverAddresses: readonly IpAddress[],
  current: Addresses | undefined,
): Promise<Addresses> {
  const { localAddressFor, localAddresses } = await import("../../discovery/local_address.ts");
  const clientAddress = await localAddressFor(String(serverAddresses[0]));
  const server = current?.serverAddresses[0];
  const isUsable = current !== undefined &&
    serverAddresses.some((address) => server?.equals(address)) &&
    isAmong(current.clientAddress, await localAddresses());
  return isUsable ? current : checked(IpAddress.parse(clientAddress), serverAddresses);
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
  return behindGateway(gateway, anycast, clientAddress);
}

/**
 * The addresses of a client of a gateway.
 *
 * @param anycast Whether the anycast address follows the gateway (RFC 7723 section 2.1).
 */
export function behindGateway(
  gateway: Gateway,
  anycast: boolean,
  clientAddress: IpAddress = IpAddress.parse(gateway.client),
): Addresses {
  const texts = [gateway.gateway];
  if (anycast) texts.push(gateway.family === "IPv4" ? ANYCAST_IPV4 : ANYCAST_IPV6);
  return checked(clientAddress, texts.map((text) => IpAddress.parse(text)));
}

/** The system appends the interface to each of its addresses, as in `fe80::1%eth0`. */
function isAmong(address: IpAddress, addresses: readonly string[] | undefined): boolean {
  return addresses?.some((each) => {
    const [text = "", device] = each.split("%");
    const isHere = address.scope === undefined || address.scope === device;
    return isHere && IpAddress.tryParse(text)?.equals(address) === true;
  }) ?? false;
}

function checked(clientAddress: IpAddress, serverAddresses: readonly IpAddress[]): Addresses {
  const other = serverAddresses.find(({ family }) => family !== clientAddress.family);
  if (other === undefined) return { clientAddress, serverAddresses };
  throw new TypeError(
    `Cannot start a client: both addresses must be of one family, got "${clientAddress}" and "${other}"`,
  );
}
