import { readBsd } from "./bsd.ts";
import type { Host } from "./host.ts";
import { readLinux } from "./linux.ts";
import type { System } from "./system.ts";
import { readWindows } from "./windows.ts";

/**
 * Reads the interfaces, addresses and default routes of a computer.
 *
 * @throws {SystemError} If they cannot be read.
 */
export async function readHost(system: System): Promise<Host> {
  switch (system.platform) {
    case "linux":
    case "android":
      return await readLinux(system);
    case "windows":
      return await readWindows(system);
    default: // macOS, the BSDs, illumos
      return await readBsd(system);
  }
}
