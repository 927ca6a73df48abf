import type { IpAddress } from "../wire/address.ts";
import { parseAddresses, parseRouteGet, type SourceRoute } from "./ip_route.ts";
import { chooseSource } from "./rank.ts";
import type { System } from "./system.ts";

/**
 * The source address that Linux would use for `target`, for IPv6 replaced by a global or stable one if there is one (RFC 6887
 * sections 8.4 and 16.4).
 *
 * @throws {SystemError} If there is no route to the target, or `ip` cannot be run.
 */
export async function sourceFor(target: IpAddress, system: System): Promise<SourceRoute> {
  const { scope } = target;
  const device = scope === undefined ? [] : ["oif", scope];
  const option = target.family === "IPv4" ? "-4" : "-6";
  const address = target.withScope(undefined).toString();
  const route = parseRouteGet(
    await system.run("ip", ["-j", option, "route", "get", address, ...device]),
  );
  // For an address of this computer itself the source is that address.
  if (target.family === "IPv4" || route.interface === "lo") return route;
  const others = await system.run("ip", ["-j", "-6", "address", "show", "dev", route.interface]);
  return { ...route, source: chooseSource(route.source, parseAddresses(others)) };
}
