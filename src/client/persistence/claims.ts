import { type FileLock, type FileSystem, type LockHolder, parentOf } from "./file_system.ts";
import {
  heldBy,
  isRunning,
  lockOctets,
  ownProcess,
  readLock,
  releasedOctets,
} from "./lock_text.ts";

/**
 * The lock of Node and Bun, which cannot lock a file. A client that finds the lock free makes a file with the next number,
 * `mappings.json.lock.7` after `mappings.json.lock.6`. The system lets only one client make it, and the highest number has the
 * lock. So the file with the highest number is never removed; the others are of no use.
 *
 * @param path The path of the lock, without a number.
 */
export async function claimLock(files: FileSystem, path: string): Promise<FileLock | LockHolder> {
  for (let attempt = 1; attempt <= CLAIM_ATTEMPTS; attempt++) {
    const numbers = await claimNumbers(files, path);
    const holder = await holderOf(files, path, numbers);
    if (holder !== undefined) return holder;
    const next = (numbers.at(-1) ?? 0) + 1;
    const lock = await makeClaim(files, claimPath(path, next));
    if (lock === undefined) continue; // another client was faster
    if ((await claimNumbers(files, path)).at(-1) === next) {
      for (const number of numbers) await files.remove(claimPath(path, number)).catch(() => {});
      return lock;
    }
    await lock.release(); // others have had the lock since the first look
  }
  return { holder: "several programs" };
}

/** The client with Node or Bun that has the lock; undefined if none has. */
export async function claimHolder(
  files: FileSystem,
  path: string,
): Promise<LockHolder | undefined> {
  return await holderOf(files, path, await claimNumbers(files, path));
}

async function holderOf(
  files: FileSystem,
  path: string,
  numbers: readonly number[],
): Promise<LockHolder | undefined> {
  const highest = numbers.at(-1);
  if (highest === undefined) return undefined;
  const claim = claimPath(path, highest);
  const info = await files.info(claim);
  if (info?.size === 0 && Date.now() - info.modified < WRITE_TIME) {
    return { holder: "a program that starts" }; // and has not written its number yet
  }
  const process = await readLock(files, claim);
  if (process === undefined) return undefined;
  // In a container an earlier run had the same number as this one.
  const isHeld = process === ownProcess() ? OWN_CLAIMS.has(claim) : isRunning(process);
  return isHeld ? heldBy(process, claim) : undefined;
}

/** Undefined if the file exists. */
async function makeClaim(files: FileSystem, claim: string): Promise<FileLock | undefined> {
  const file = await files.create(claim);
  if (file === undefined) return undefined;
  OWN_CLAIMS.add(claim);
  const release = async (): Promise<void> => {
    try {
      await file.write(releasedOctets());
    } finally {
      await file.close();
      OWN_CLAIMS.delete(claim);
    }
  };
  try {
    await file.write(lockOctets("node"));
  } catch (error) {
    await release().catch(() => {});
    throw error;
  }
  return { release };
}

/** In ascending order. */
async function claimNumbers(files: FileSystem, path: string): Promise<readonly number[]> {
  const { folder, name } = parentOf(path, files.separator);
  return (await files.list(folder))
    .filter((each) =>
      each.startsWith(`${name}.`) && /^[1-9]\d{0,14}$/.test(each.slice(name.length + 1))
    )
    .map((each) => Number(each.slice(name.length + 1)))
    .sort((one, other) => one - other);
}

function claimPath(path: string, number: number): string {
  return `${path}.${number}`;
}

/** The claims of this process. */
const OWN_CLAIMS = new Set<string>();

/** More clients than that do not start at one moment. */
const CLAIM_ATTEMPTS = 5;

/** Milliseconds between the creation of a claim and its text; a claim without text is older only after a crash. */
const WRITE_TIME = 10_000;
