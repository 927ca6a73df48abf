import { DiscoveryError, SystemError } from "./discovery_error.ts";

/**
 * The addresses of a host name, from the resolver of the system, in its order.
 *
 * @throws {DiscoveryError} If the name has no address, or resolving it is not permitted (in Deno: `--allow-net`).
 */
export async function addressesOfName(name: string): Promise<readonly string[]> {
  const { lookup } = await import("node:dns/promises");
  const attempt = `find the server "${name}"`;
  try {
    return (await lookup(name, { all: true })).map(({ address }) => address);
  } catch (cause) {
    const failure = SystemError.from(cause, `resolve "${name}"`, "--allow-net");
    if (failure.reason === "permissionDenied") throw failure.preventing(attempt);
    throw new DiscoveryError(attempt, "hostUnknown", "its name has no address", { cause });
  }
}
