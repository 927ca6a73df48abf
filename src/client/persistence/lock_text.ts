import { type FileSystem, ForeignFileError, type LockHolder, readUpTo } from "./file_system.ts";

/** The octets of a lock: the runtime, and the number of this process. */
export function lockOctets(runtime: "deno" | "node"): Uint8Array {
  return new TextEncoder().encode(`${runtime} ${ownProcess()}\n`);
}

/** Follow the octets of a lock that was released. */
export function releasedOctets(): Uint8Array {
  return new TextEncoder().encode("released\n");
}

/**
 * Reads a lock.
 *
 * @returns The number of the process that has it, or had it when it crashed; undefined if none has, or there is no file.
 * @throws {ForeignFileError} If the path has anything but a lock.
 */
export async function readLock(files: FileSystem, path: string): Promise<number | undefined> {
  const found = await files.info(path);
  if (found === undefined) return undefined;
  if (found.kind !== "file") throw foreignLock(path);
  const file = await files.open(path);
  if (file === undefined) return undefined;
  try {
    return parseLock(await readUpTo(file, LOCK_LIMIT), path);
  } finally {
    await file.close();
  }
}

/** As {@linkcode readLock}, of octets that were read already. */
export function parseLock(octets: Uint8Array, path: string): number | undefined {
  if (octets.length === 0) return undefined;
  const found = /^(?:deno|node) (\d{1,10})\n(released\n)?$/.exec(new TextDecoder().decode(octets));
  if (found === null) throw foreignLock(path);
  return found[2] === undefined ? Number(found[1]) : undefined;
}

/** The path of a lock has something else. */
export function foreignLock(path: string): ForeignFileError {
  return new ForeignFileError(`"${path}" is not a lock file of this library`);
}

/** The process that has a lock, or seems to: since a crash its number may have been given to another one. */
export function heldBy(process: number, path: string): LockHolder {
  return { holder: `process ${process}; after a crash of it, remove "${path}"` };
}

/** Whether a process runs; true if that cannot be found out, as in Deno without the permission to run programs. */
export function isRunning(process: number): boolean {
  try {
    return systemProcess().kill(process, 0);
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

/** The number of this process. */
export function ownProcess(): number {
  return "Deno" in globalThis ? Deno.pid : systemProcess().pid;
}

/** Node's `process`, which Deno and Bun have too. */
function systemProcess(): { readonly pid: number; kill(process: number, signal: 0): boolean } {
  return (globalThis as unknown as { process: ReturnType<typeof systemProcess> }).process;
}

/** Most octets of a lock that are read: it has fewer. */
export const LOCK_LIMIT = 64;
