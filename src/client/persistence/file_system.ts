/** What the state file needs of the runtime's files. Paths are absolute, and errors are the runtime's. */
export interface FileSystem {
  /** Separates the names of a path. */
  readonly separator: RegExp;
  /** What the path itself is, links not followed; undefined if there is nothing. */
  info(path: string): Promise<FileInfo | undefined>;
  /** The path of a folder without links. If this program may use it under the given name only, it keeps that name. */
  realPath(folder: string): Promise<string>;
  /** The text of a link that the system follows: Linux follows no link of another user in a folder like `/tmp`. */
  readLink(path: string): Promise<string>;
  /** Opens a file to read it; undefined if there is none. */
  open(path: string): Promise<OpenFile | undefined>;
  /** Creates a file that only its owner can read; undefined if the path has anything already, also a link. */
  create(path: string): Promise<OpenFile | undefined>;
  /** The names in a folder. */
  list(folder: string): Promise<readonly string[]>;
  /** Gives a file another name, and replaces what has that name. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Writes the names of a folder to the disk; does nothing where the system cannot. */
  syncFolder(folder: string): Promise<void>;
  /**
   * Locks a path against other clients, with files at that path or beside it, until the lock is released or the process ends.
   *
   * @returns The lock, or which program has it.
   * @throws {ForeignFileError} If there is something else.
   */
  lock(path: string): Promise<FileLock | LockHolder>;
}

/** An open file. */
export interface OpenFile {
  info(): Promise<FileInfo>;
  /** Reads into the octets and returns their number; 0 at the end of the file. */
  read(octets: Uint8Array): Promise<number>;
  write(octets: Uint8Array): Promise<void>;
  /** Writes the octets to the disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What a path leads to. */
export interface FileInfo {
  readonly kind: "file" | "folder" | "link" | "device";
  /** The same for all names of one file. */
  readonly identity: string;
  /** When it was written last, in milliseconds of the wall clock. */
  readonly modified: number;
  /** Octets. */
  readonly size: number;
}

/** A lock of this client. */
export interface FileLock {
  release(): Promise<void>;
}

/** The program that has the lock. */
export interface LockHolder {
  /** In words. */
  readonly holder: string;
}

/** The path has something that this library did not make. It was not touched. */
export class ForeignFileError extends Error {
  /** `ForeignFileError`. */
  override readonly name = "ForeignFileError";
}

/** Reads a file up to its end, or one octet more than the limit. */
export async function readUpTo(file: OpenFile, limit: number): Promise<Uint8Array> {
  const octets = new Uint8Array(limit + 1);
  for (let length = 0;;) {
    const count = await file.read(octets.subarray(length));
    length += count;
    if (count === 0 || length === octets.length) return octets.subarray(0, length);
  }
}

/** The folder of a path, with a separator at its end, and the name in it; separators at the end of the path do not count. */
export function parentOf(path: string, separator: RegExp): { folder: string; name: string } {
  let end = path.length;
  while (end > 1 && separator.test(path.charAt(end - 1))) end--;
  let start = end;
  while (start > 0 && !separator.test(path.charAt(start - 1))) start--;
  return { folder: path.slice(0, start), name: path.slice(start, end) };
}
