import { IpAddress } from "../address.ts";
import { type Decoded, decoded, refused } from "../errors.ts";

/** The parts of an http URL that a router sent, checked. */
export interface HttpLocation {
  /** Host as written, without brackets. Over IPv4 the connection goes to the gateway, whatever the host. */
  readonly host: string;
  /** TCP port, 1 to 65535. */
  readonly port: number;
  /** Path with query, printable ASCII, at most 512 octets, begins with `/`. */
  readonly path: string;
}

/**
 * The rule that a URL breaks:
 *
 * - `scheme`: another scheme than http, or none.
 * - `user`: user information, which would send a secret.
 * - `host`: no host, or one with characters that no host has.
 * - `port`: not an integer from 1 to 65535.
 * - `path`: characters other than printable ASCII, or more than 512 octets.
 */
export type LocationReason = "scheme" | "user" | "host" | "port" | "path";

/** Parses an absolute http URL, such as a LOCATION. A fragment is left out. Never throws. */
export function parseLocation(text: string): Decoded<HttpLocation, LocationReason> {
  const url = text.trim();
  if (url.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return refused("scheme");
  const [rest = ""] = url.slice(SCHEME.length).split("#");
  const end = rest.search(/[/?]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  const path = end < 0 ? "/" : rest.slice(end);
  if (authority.includes("@")) return refused("user");
  const [, bracketed, name, digits] = AUTHORITY.exec(authority) ?? [];
  const host = bracketed ?? name;
  if (host === undefined) return refused("host");
  const port = digits === undefined || digits === "" ? HTTP_PORT : Number(digits);
  if (port < 1 || port > 65_535) return refused("port");
  return checkPath({ host, port, path: path.startsWith("?") ? `/${path}` : path });
}

/** The parts of {@linkcode resolveControlUrl}. */
export interface ControlUrlParts {
  /** The LOCATION of the description. */
  readonly location: HttpLocation;
  /** The address from which the description was read, which counts as the host of LOCATION too. */
  readonly address: IpAddress;
  /** URLBase of the description, if it has one. Often wrong: it counts only if it names the same host. */
  readonly urlBase: string | undefined;
  /** The control URL: absolute, or relative to URLBase or LOCATION. */
  readonly controlUrl: string;
}

/** Resolves a control URL (UPnP Device Architecture 1.0 section 2.1, RFC 3986 section 5.2). Never throws. */
export function resolveControlUrl(parts: ControlUrlParts): Decoded<HttpLocation, LocationReason> {
  const { location, address, urlBase, controlUrl } = parts;
  const reference = controlUrl.trim();
  if (reference === "") return refused("path");
  const base = parseLocation(urlBase ?? "");
  const hosts = [location.host, address.toString()];
  const isUsable = base.ok && hosts.some((host) => isSameHost(host, base.value.host));
  return resolve(isUsable ? base.value : location, reference);
}

/**
 * The address that a location over IPv6 names, if a connection may go there at all: a unicast address, not loopback,
 * not mapped, not the client's own, and link-local only if it is the source of the answer. Whether it belongs to the
 * gateway is not known by that.
 */
export function ipv6HostOf(
  location: HttpLocation,
  source: IpAddress,
  own: IpAddress,
): IpAddress | undefined {
  const [text = ""] = location.host.split("%");
  const address = IpAddress.tryParse(text);
  if (address === undefined || address.family !== "IPv6") return undefined;
  if (address.isLoopback || address.isMulticast || address.isUnspecified) return undefined;
  if (address.equals(own)) return undefined;
  if (!address.isLinkLocal) return address;
  return address.equals(source) ? source : undefined;
}

/** Resolves a reference that is not empty. */
function resolve(base: HttpLocation, reference: string): Decoded<HttpLocation, LocationReason> {
  const [path = ""] = reference.split("#");
  if (reference.startsWith("//")) return parseLocation(`http:${reference}`);
  if (/^[a-z][a-z0-9+.-]*:/i.test(reference)) return parseLocation(reference);
  if (path.startsWith("/")) return checkPath({ ...base, path });
  const [directory = ""] = base.path.split("?");
  if (path.startsWith("?") || path === "") return checkPath({ ...base, path: directory + path });
  const merged = directory.slice(0, directory.lastIndexOf("/") + 1) + path;
  return checkPath({ ...base, path: removeDots(merged) });
}

/** Applies the segments `.` and `..` of a path (RFC 3986 section 5.2.4); the query stays. */
function removeDots(merged: string): string {
  const end = merged.indexOf("?");
  const [path, query] = end < 0 ? [merged, ""] : [merged.slice(0, end), merged.slice(end)];
  const kept: string[] = [];
  const segments = path.split("/").slice(1);
  for (const [index, segment] of segments.entries()) {
    const isDots = segment === "." || segment === "..";
    if (segment === "..") kept.pop();
    if (!isDots) kept.push(segment);
    else if (index === segments.length - 1) kept.push("");
  }
  return `/${kept.join("/")}${query}`;
}

function checkPath(location: HttpLocation): Decoded<HttpLocation, LocationReason> {
  const { path } = location;
  return path.length <= LONGEST_PATH && /^[!-~]+$/.test(path) ? decoded(location) : refused("path");
}

function isSameHost(one: string, other: string): boolean {
  const [first, second] = [IpAddress.tryParse(one), IpAddress.tryParse(other)];
  if (first !== undefined && second !== undefined) return first.equals(second);
  return one.toLowerCase() === other.toLowerCase();
}

const SCHEME = "http://";

/** A host in brackets or without, and a port. */
const AUTHORITY = /^(?:\[([0-9a-f:.]+(?:%[\w.%~-]+)?)\]|([\w.~-]+))(?::(\d*))?$/i;

/** RFC 9110 section 4.2.1. */
const HTTP_PORT = 80;

/** Our decision, because the longest measured path has 34 octets. */
const LONGEST_PATH = 512;
