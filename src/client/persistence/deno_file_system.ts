import {
  type FileInfo,
  type FileLock,
  type FileSystem,
  type LockHolder,
  type OpenFile,
  readUpTo,
} from "./file_system.ts";
import { claimHolder } from "./claims.ts";
import { foreignLock, LOCK_LIMIT, lockOctets, parseLock } from "./lock_text.ts";

/** The files of Deno, by its own functions: to load `node:fs` takes some 20 ms. */
export function denoFileSystem(): FileSystem {
  return {
    separator: Deno.build.os === "windows" ? /[\\/]/ : /\//,
    info,
    realPath,
    async readLink(path) {
      await Deno.stat(path).catch(ignoreNotFound);
      return await Deno.readLink(path);
    },
    async open(path) {
      const file = await Deno.open(path).catch(ignoreNotFound);
      return file === undefined ? undefined : openFile(file, path);
    },
    async create(path) {
      const file = await createNew(path);
      return file === undefined ? undefined : openFile(file, path);
    },
    list: async (folder) => (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name),
    rename: (from, to) => Deno.rename(from, to),
    remove: (path) => Deno.remove(path),
    async syncFolder(path) {
      if (Deno.build.os === "windows") return; // it cannot open folders
      const folder = await Deno.open(path);
      await folder.sync().finally(() => folder.close());
    },
    lock,
  };
}

async function realPath(folder: string): Promise<string> {
  const path = await Deno.realPath(folder);
  for (const name of ["read", "write"] as const) {
    const { state } = await Deno.permissions.query({ name, path });
    if (state !== "granted") return folder;
  }
  return path;
}

async function info(path: string): Promise<FileInfo | undefined> {
  const found = await Deno.lstat(path).catch(ignoreNotFound);
  return found === undefined ? undefined : infoOf(found);
}

function infoOf(found: Deno.FileInfo): FileInfo {
  return {
    kind: found.isFile
      ? "file"
      : found.isDirectory
      ? "folder"
      : found.isSymlink
      ? "link"
      : "device",
    identity: `${found.dev} ${found.ino}`,
    modified: found.mtime?.getTime() ?? 0,
    size: found.size,
  };
}

function openFile(file: Deno.FsFile, path: string): OpenFile {
  return {
    async info() {
      // Deno asks for the permission to read the real path, which may have another folder.
      const found = await file.stat().catch((error) => {
        if (error instanceof Deno.errors.NotCapable) return Deno.lstat(path);
        throw error;
      });
      return infoOf(found);
    },
    read: async (octets) => octets.length === 0 ? 0 : await file.read(octets) ?? 0,
    write: (octets) => writeAll(file, octets),
    sync: () => file.sync(),
    close: () => Promise.resolve(file.close()),
  };
}

/** Undefined if the path has anything already. */
async function createNew(path: string): Promise<Deno.FsFile | undefined> {
  try {
    return await Deno.open(path, { read: true, write: true, createNew: true, mode: 0o600 });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return undefined;
    throw error;
  }
}

/** The system's lock on a file ends with the process, also after a crash. The text in it is for Node and Bun. */
async function lock(path: string): Promise<FileLock | LockHolder> {
  const holder = await claimHolder(denoFileSystem(), path);
  if (holder !== undefined) return holder;
  const file = await createNew(path) ?? await openLock(path);
  const lock = await lockOpen(file, path).catch((error) => {
    file.close();
    throw error;
  });
  if ("holder" in lock) file.close();
  return lock;
}

async function lockOpen(file: Deno.FsFile, path: string): Promise<FileLock | LockHolder> {
  const opened = openFile(file, path);
  if ((await opened.info()).identity !== (await info(path))?.identity) throw foreignLock(path);
  const isLocked = await file.tryLock(true);
  const octets = await readUpTo(opened, LOCK_LIMIT);
  const process = parseLock(octets, path);
  if (!isLocked) return { holder: process === undefined ? "a program" : `process ${process}` };
  if (octets.length > 0) { // of a program that crashed
    await file.truncate();
    await file.seek(0, Deno.SeekMode.Start);
  }
  await opened.write(lockOctets("deno"));
  const unlock = async (): Promise<void> => {
    await file.truncate();
    // close() would unlock the file too, but under load only a moment later.
    await file.unlock();
  };
  // A program with Node or Bun reads this text after it has made its claim, so that one of both finds the other.
  const holder = await claimHolder(denoFileSystem(), path).catch(async (error) => {
    await unlock();
    throw error;
  });
  if (holder !== undefined) {
    await unlock();
    return holder;
  }
  return { release: () => unlock().finally(() => file.close()) };
}

async function openLock(path: string): Promise<Deno.FsFile> {
  if ((await info(path))?.kind !== "file") throw foreignLock(path);
  return await Deno.open(path, { read: true, write: true });
}

async function writeAll(file: Deno.FsFile, octets: Uint8Array): Promise<void> {
  for (let written = 0; written < octets.length;) {
    written += await file.write(octets.subarray(written));
  }
}

function ignoreNotFound(error: unknown): undefined {
  if (error instanceof Deno.errors.NotFound) return undefined;
  throw error;
}
