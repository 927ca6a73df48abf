import { DiscoveryError } from "../../discovery/discovery_error.ts";
import { type Family, IpAddress } from "../../wire/address.ts";

/**
 * Reads an address as people write it: with blanks around it, or in brackets as in a URL.
 *
 * @throws {TypeError} If the text is not the address of one host.
 */
export function parseAddress(what: string, text: string): IpAddress {
  const address = typeof text === "string" ? IpAddress.tryParse(withoutBrackets(text)) : undefined;
  if (address !== undefined && !address.isMulticast && !address.isUnspecified) return address;
  throw new TypeError(
    `Cannot start a client: the ${what} address must be the IPv4 or IPv6 address of one host, got "${text}"`,
  );
}

/**
 * Reads the address of a server, or its host name, which is returned as it is.
 *
 * @throws {TypeError} If the text is neither.
 */
export function parseServer(text: string): IpAddress | string {
  const name = typeof text === "string" ? text.trim() : "";
  return isHostName(name) ? name : parseAddress("server", text);
}

/**
 * The addresses of servers, resolved, as lists of one family each: IPv4 first, because that is where a NAT is.
 *
 * @param family The family of the client, if known.
 * @throws {DiscoveryError} If a name has no address of a family that can be used.
 */
export async function resolveServers(
  servers: readonly (IpAddress | string)[],
  family: Family | undefined,
): Promise<readonly (readonly IpAddress[])[]> {
  const names = servers.filter((server) => typeof server === "string");
  const [name] = names;
  if (name === undefined) return [servers.filter((server) => typeof server !== "string")];
  const { addressesOfName } = await import("../../discovery/host_name.ts");
  const found = new Map<string, readonly IpAddress[]>();
  for (const each of names) found.set(each, usable(await addressesOfName(each)));
  const given = family ?? servers.find((server) => typeof server !== "string")?.family;
  const choices = (given === undefined ? ["IPv4", "IPv6"] as const : [given]).map((wanted) =>
    servers.flatMap((server) =>
      typeof server === "string"
        ? found.get(server)?.filter((each) => each.family === wanted) ?? []
        : [server]
    )
  ).filter((addresses) => addresses.length > 0);
  if (choices.length > 0) return choices;
  const detail = `its name has no ${given ?? "usable"} address`;
  throw new DiscoveryError(`find the server "${name}"`, "hostUnknown", detail);
}

/** A link-local address of a name has no interface, so that it cannot be used. */
function usable(texts: readonly string[]): IpAddress[] {
  return texts.flatMap((text) => IpAddress.tryParse(text) ?? []).filter((address) =>
    !address.isMulticast && !address.isUnspecified &&
    (address.family === "IPv4" || !address.isLinkLocal || address.scope !== undefined)
  );
}

/**
 * Whether a text has the form of a host name (RFC 1123 section 2.1, with underscores): labels of letters, digits and hyphens, of
 * which the last is no number, as it is in an IPv4 address.
 */
function isHostName(text: string): boolean {
  const labels = text.replace(/\.$/, "").split(".");
  return text.length <= LONGEST_NAME && !/^\d*$/.test(labels.at(-1) ?? "") &&
    labels.every((label) => /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i.test(label));
}

function withoutBrackets(text: string): string {
  const trimmed = text.trim();
  return trimmed.startsWith("[") && trimmed.endsWith("]") ? trimmed.slice(1, -1) : trimmed;
}

/** RFC 1035 section 2.3.4. */
const LONGEST_NAME = 253;
