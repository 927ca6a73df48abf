import type { IpAddress } from "../wire/address.ts";
import { SystemError } from "./discovery_error.ts";
import { findLink, type Host, type Link, type Route } from "./host.ts";
import { hostOfAddresses } from "./host_addresses.ts";
import { parseLinks, parseRouteGet, parseRoutes, type SourceRoute } from "./ip_json.ts";
import { parseLinkText, parseRouteText } from "./ip_text.ts";
import { parseIfInet6, parseIpv4Routes, parseIpv6Routes, parseLinkFiles } from "./proc_net.ts";
import type { FileReader, System } from "./system.ts";

/**
 * Reads the network of a Linux host: from `/proc/net` where the runtime may read it without asking, otherwise by running `ip`.
 *
 * @throws {SystemError} If neither is possible.
 */
export async function readLinux(system: System): Promise<Host> {
  const host = await readProc(system);
  if (host !== undefined && !mayHaveMoreHops(host)) return host;
  try {
    return await readByIp(system);
  } catch (error) {
    if (host !== undefined && error instanceof SystemError) return host;
    throw error;
  }
}

/**
 * `/proc/net/route` shows only the first hop of a default route with several. There may be others if an interface has an address
 * and no default route.
 */
function mayHaveMoreHops({ links, routes }: Host): boolean {
  const ipv4 = routes.filter(({ destination: { address, length } }) => {
    return length === 0 && address.family === "IPv4";
  });
  return ipv4.length > 0 &&
    links.some(({ name, addresses }) =>
      addresses.some(({ address }) => address.family === "IPv4" && !address.isLoopback) &&
      !ipv4.some((route) => route.interface === name)
    );
}

/** As {@link readLinux} with the main routing table; undefined where `/proc/net` cannot be read. */
export async function readProc(system: System): Promise<Host | undefined> {
  const read = await system.fileReader();
  const ipv4Routes = read?.("/proc/net/route");
  if (read === undefined || ipv4Routes === undefined) return undefined;
  const routes = [
    ...parseIpv4Routes(ipv4Routes),
    ...parseIpv6Routes(read("/proc/net/ipv6_route") ?? ""),
  ];
  const ipv6 = parseIfInet6(read("/proc/net/if_inet6") ?? "");
  // The files have no IPv4 addresses.
  const local = (await system.addresses()).filter(({ address }) => !address.includes(":"));
  const ipv4 = hostOfAddresses(local).links;
  const names = [...ipv6, ...routes].map((each) => each.interface);
  const links = [...new Set([...names, ...ipv4.map(({ name }) => name)])].map((name): Link => {
    const own = ipv6.filter((each) => each.interface === name);
    return {
      name,
      index: own[0]?.index,
      properties: readProperties(name, routes, read),
      addresses: [...ipv4.find((link) => link.name === name)?.addresses ?? [], ...own],
    };
  });
  return { links, routes };
}

/** Only those of interfaces with a default route matter, and each has several files. */
function readProperties(
  name: string,
  routes: readonly Route[],
  read: FileReader,
): Link["properties"] {
  const isNeeded = routes.some(({ destination, gateway, interface: device }) =>
    device === name && destination.length === 0 && gateway !== undefined
  );
  if (!isNeeded) return new Set();
  const file = (path: string): string | undefined => read(`/sys/class/net/${name}/${path}`);
  const properties = parseLinkFiles({
    flags: file("flags"),
    type: file("type"),
    operstate: file("operstate"),
    tun_flags: file("tun_flags"),
  });
  // The interface of a container is no device, unless the container has the network of its host.
  if (file("device/uevent") === undefined && isContainer(read)) properties.add("container");
  return properties;
}

/** Container engines leave a file: Docker, Podman, LXC and others with systemd. The images of others are overlays. */
function isContainer(read: FileReader): boolean {
  const marks = ["/.dockerenv", "/run/.containerenv", "/run/systemd/container"];
  return marks.some((path) => read(path) !== undefined) ||
    (read("/proc/self/mountinfo") ?? "").split("\n").some(isOverlayRoot);
}

/** The fifth field is the mount point, the first one after the separator the type of the file system (proc(5)). */
function isOverlayRoot(line: string): boolean {
  const [mount = "", source = ""] = line.split(" - ");
  return mount.split(" ")[4] === "/" && source.startsWith("overlay ");
}

/** The interfaces and default routes, from three runs of `ip` side by side. */
async function readByIp(system: System): Promise<Host> {
  const [links, ipv4, ipv6] = await Promise.allSettled([
    system.run("ip", ["-j", "-d", "address"]).then(parseLinks),
    system.run("ip", ["-j", "-d", "-4", "route", "show", "default"]).then((json) =>
      parseRoutes(json, "IPv4")
    ),
    system.run("ip", ["-j", "-d", "-6", "route", "show", "default"]).then((json) =>
      parseRoutes(json, "IPv6")
    ),
  ]);
  if (links.status === "rejected") {
    const error: unknown = links.reason;
    if (!(error instanceof SystemError)) throw error;
    if (error.reason === "programFailed") return await readByPlainIp(system, error);
    throw error.reason === "programMissing" ? missing(error) : error;
  }
  if (ipv4.status === "rejected" && ipv6.status === "rejected") throw ipv4.reason;
  // On a host without IPv6 the third run may fail.
  const routes = [ipv4, ipv6].flatMap((each) => each.status === "fulfilled" ? each.value : []);
  return {
    links: links.value,
    routes: routes.filter(({ destination }) => destination.length === 0),
  };
}

function missing(cause: SystemError): SystemError {
  const detail =
    `${cause.message} (package iproute2), and /proc/net cannot be read (under Deno: -A)`;
  return new SystemError("programMissing", detail, { cause });
}

/** As {@link readByIp} with the `ip` of BusyBox, which has no JSON. */
async function readByPlainIp(system: System, cause: SystemError): Promise<Host> {
  const [links, ipv4, ipv6] = await Promise.allSettled(
    [["address"], ["-4", "route"], ["-6", "route"]].map((args) => system.run("ip", args)),
  );
  const text = (run: PromiseSettledResult<string> | undefined): string =>
    run?.status === "fulfilled" ? run.value : "";
  const found = parseLinkText(text(links));
  if (found.length === 0) throw cause;
  return {
    links: found,
    routes: [...parseRouteText(text(ipv4), "IPv4"), ...parseRouteText(text(ipv6), "IPv6")],
  };
}

/**
 * The source that the system would use for an address, from `ip route get`, with its interface. For a link-local address the
 * scope names the interface.
 *
 * @throws {SystemError} If there is no route, or `ip` cannot be run.
 */
export async function routeByIp(
  target: IpAddress,
  system: System,
): Promise<{ readonly route: SourceRoute; readonly links: readonly Link[] }> {
  const option = target.family === "IPv4" ? "-4" : "-6";
  const readLinks = async (): Promise<Link[]> =>
    parseLinks(await system.run("ip", ["-j", "-d", "address"]));
  if (target.scope !== undefined) {
    const links = await readLinks();
    const link = findLink({ links, routes: [] }, target.scope);
    const source = link?.addresses.find(({ address }) =>
      address.isLinkLocal && address.family === "IPv6"
    );
    if (link === undefined || source === undefined) {
      throw new SystemError("noLocalAddress", `no interface "${target.scope}" has an IPv6 address`);
    }
    return { route: { source: source.address, interface: link.name }, links };
  }
  const [json, links] = await Promise.all([
    system.run("ip", ["-j", option, "route", "get", target.toString()]),
    target.family === "IPv4" ? [] : readLinks(),
  ]);
  return { route: parseRouteGet(json), links };
}
