import { DiscoveryError } from "../discovery/discovery_error.ts";
import { IpAddress } from "../wire/address.ts";

/** Both ends of a client. */
export interface Addresses {
  readonly clientAddress: IpAddress;
  readonly serverAddress: IpAddress;
}

/**
 * Checks the addresses that were given, and finds those that were not.
 *
 * @throws {TypeError} If an address is none, or the two are not of one family.
 * @throws {DiscoveryError} If one was left out and cannot be found.
 */
export async function resolveAddresses(
  client: string | undefined,
  server: string | undefined,
): Promise<Addresses> {
  const serverAddress = server === undefined ? undefined : parse("server", server);
  const clientAddress = client === undefined ? undefined : parse("client", client);
  if (serverAddress === undefined) return await throughGateway(clientAddress);
  if (clientAddress !== undefined) return checked(clientAddress, serverAddress);
  const { localAddressFor } = await import("../discovery/local_address.ts");
  return checked(IpAddress.parse(await localAddressFor(serverAddress.toString())), serverAddress);
}

/** The gateway that the client's address faces, or the first one. */
async function throughGateway(clientAddress: IpAddress | undefined): Promise<Addresses> {
  // Discovery runs programs and loads a dependency, so it is loaded only when it is needed.
  const { discoverGateways } = await import("../discovery/gateway.ts");
  const gateways = await discoverGateways();
  const fits = gateways.filter(({ family }) =>
    clientAddress === undefined || family === clientAddress.family
  );
  const gateway = fits.find((each) => clientAddress?.equals(IpAddress.parse(each.client))) ??
    fits[0];
  if (gateway === undefined) {
    const detail = `no default route of the family of "${clientAddress}" was found`;
    throw new DiscoveryError("find the default gateway", "noDefaultRoute", detail);
  }
  return checked(
    clientAddress ?? IpAddress.parse(gateway.client),
    IpAddress.parse(gateway.gateway),
  );
}

function parse(what: string, text: string): IpAddress {
  const address = typeof text === "string" ? IpAddress.tryParse(text) : undefined;
  if (address !== undefined && !address.isMulticast && !address.isUnspecified) return address;
  throw new TypeError(
    `Cannot start a client: the ${what} address must be the IPv4 or IPv6 address of one host, got "${text}"`,
  );
}

function checked(clientAddress: IpAddress, serverAddress: IpAddress): Addresses {
  if (clientAddress.family === serverAddress.family) return { clientAddress, serverAddress };
  throw new TypeError(
    `Cannot start a client: both addresses must be of one family, got "${clientAddress}" and "${serverAddress}"`,
  );
}
