import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/**
 * The state files that killed windows left in the folder of all windows. Each window has a folder named after its process
 * id and removes it at its end. A folder without ports at a router is removed here.
 */
export function leftStateFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /^\d+$/.test(name) && !isRunning(Number(name)))
    .map((name) => join(folder, name, ROUTER_STATE))
    .filter((file) => {
      const isLeft = existsSync(file);
      if (!isLeft) removeWindow(file);
      return isLeft;
    });
}

/** Removes the folder of a window by its state file. */
export function removeWindow(stateFile: string): void {
  rmSync(join(stateFile, ".."), { recursive: true, force: true });
}

/** The name of the file with the mappings at the router. */
export const ROUTER_STATE = "router.json";

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0); // sends no signal
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
