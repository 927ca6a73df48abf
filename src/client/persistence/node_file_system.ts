import type { Stats } from "node:fs";
import { claimLock } from "./claims.ts";
import type { FileInfo, FileLock, FileSystem, LockHolder, OpenFile } from "./file_system.ts";
import { heldBy, isRunning, ownProcess, readLock } from "./lock_text.ts";

type Files = typeof import("node:fs/promises");
type Flags = typeof import("node:fs")["constants"];
type Handle = Awaited<ReturnType<Files["open"]>>;

/** The files of Node and Bun. */
export async function nodeFileSystem(): Promise<FileSystem> {
  const files = await import("node:fs/promises");
  const { constants } = await import("node:fs");
  return new NodeFileSystem(files, constants);
}

class NodeFileSystem implements FileSystem {
  readonly separator: RegExp;
  readonly #files: Files;
  readonly #flags: Flags;
  readonly #isWindows: boolean;

  constructor(files: Files, flags: Flags) {
    this.#files = files;
    this.#flags = flags;
    this.#isWindows = flags.O_NONBLOCK === undefined;
    this.separator = this.#isWindows ? /[\\/]/ : /\//;
  }

  async info(path: string): Promise<FileInfo | undefined> {
    const found = await this.#files.lstat(path).catch(ignore("ENOENT"));
    return found === undefined ? undefined : infoOf(found);
  }

  realPath(path: string): Promise<string> {
    return this.#files.realpath(path);
  }

  async readLink(path: string): Promise<string> {
    await this.#files.stat(path).catch(ignore("ENOENT"));
    return await this.#files.readlink(path);
  }

  async open(path: string): Promise<OpenFile | undefined> {
    // Windows has neither O_NOFOLLOW nor O_NONBLOCK.
    const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = this.#flags;
    const flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
    const file = await this.#files.open(path, flags).catch(ignore("ENOENT"));
    return file === undefined ? undefined : openFile(file);
  }

  async create(path: string): Promise<OpenFile | undefined> {
    const file = await this.#files.open(path, "wx", 0o600).catch(ignore("EEXIST"));
    return file === undefined ? undefined : openFile(file);
  }

  list(folder: string): Promise<readonly string[]> {
    return this.#files.readdir(folder);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#files.rename(from, to);
  }

  remove(path: string): Promise<void> {
    return this.#files.unlink(path);
  }

  async syncFolder(path: string): Promise<void> {
    if (this.#isWindows) return; // it cannot open folders
    const folder = await this.#files.open(path, this.#flags.O_RDONLY);
    await folder.sync().finally(() => folder.close());
  }

  async lock(path: string): Promise<FileLock | LockHolder> {
    const before = await this.#denoHolder(path);
    if (before !== undefined) return before;
    const lock = await claimLock(this, path);
    if ("holder" in lock) return lock;
    // A program with Deno writes its number before it reads the claims, so that one of both finds the other.
    try {
      const holder = await this.#denoHolder(path);
      if (holder === undefined) return lock;
      await lock.release();
      return holder;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  async #denoHolder(path: string): Promise<LockHolder | undefined> {
    const process = await readLock(this, path);
    const isHeld = process !== undefined && process !== ownProcess() && isRunning(process);
    return isHeld ? heldBy(process, path) : undefined;
  }
}

function infoOf(found: Stats): FileInfo {
  return {
    kind: found.isFile()
      ? "file"
      : found.isDirectory()
      ? "folder"
      : found.isSymbolicLink()
      ? "link"
      : "device",
    identity: `${found.dev} ${found.ino}`,
    modified: found.mtimeMs,
    size: found.size,
  };
}

function openFile(file: Handle): OpenFile {
  return {
    info: async () => infoOf(await file.stat()),
    read: async (octets) => (await file.read(octets, 0, octets.length)).bytesRead,
    write: (octets) => file.writeFile(octets),
    sync: () => file.sync(),
    close: () => file.close(),
  };
}

/** Returns undefined for an error of the system with that code. */
function ignore(code: string): (error: unknown) => undefined {
  return (error) => {
    if (error instanceof Error && "code" in error && error.code === code) return undefined;
    throw error;
  };
}
