import { IpAddress } from "../wire/address.ts";
import { SystemError } from "./discovery_error.ts";
import { linkOf } from "./host.ts";
import { readLinux } from "./linux.ts";
import { type FileReader, runningSystem, type System } from "./system.ts";

/** Where a program runs whose gateway is not the router: in a container behind its host, or in Linux on Windows (WSL). */
export type Surroundings = "container" | "wsl";

/**
 * Finds out whether this program runs where its gateway is not the router. Never asks the user for a permission.
 *
 * @param client The address of this computer that faces the gateway.
 * @returns `undefined` if not, or if it cannot be read.
 */
export function surroundingsOf(client: string): Promise<Surroundings | undefined> {
  return findSurroundings(client, runningSystem);
}

/** As {@link surroundingsOf}, on any system. */
export async function findSurroundings(
  client: string,
  system: System,
): Promise<Surroundings | undefined> {
  if (system.platform !== "linux") return undefined;
  const read = await system.fileReader();
  if (read !== undefined && isWsl(read)) return "wsl";
  if (read === undefined && !await system.mayRun("ip")) return undefined;
  try {
    const link = linkOf(await readLinux(system), IpAddress.parse(client));
    return link?.properties.has("container") ? "container" : undefined;
  } catch (error) {
    if (error instanceof SystemError) return undefined;
    throw error;
  }
}

/** Its kernel is one of Microsoft. In its "mirrored" mode, which has this interface, it shares the network of Windows. */
function isWsl(read: FileReader): boolean {
  const release = read("/proc/sys/kernel/osrelease") ?? "";
  return /microsoft/i.test(release) && read("/sys/class/net/loopback0/type") === undefined;
}
