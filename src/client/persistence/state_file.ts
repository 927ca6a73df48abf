import { toHex } from "../../wire/octets.ts";
import {
  type FileInfo,
  type FileLock,
  type FileSystem,
  ForeignFileError,
  type LockHolder,
  parentOf,
  readUpTo,
} from "./file_system.ts";
import { readState } from "./state_text.ts";

/** Most octets of a state file, some 50,000 mappings. */
const STATE_LIMIT = 16 * 1024 * 1024;

/** The regular file that keeps the mappings, with its lock. Its path is resolved once: links in it may change later. */
export class StateFile {
  readonly #files: FileSystem;
  readonly #folder: string;
  readonly #name: string;
  #lock: FileLock | undefined;
  /** The file as it was read or written last. */
  #known: FileInfo | undefined;

  private constructor(files: FileSystem, folder: string, name: string) {
    this.#files = files;
    this.#folder = folder;
    this.#name = name;
  }

  /**
   * Follows links to the file, which need not exist. The last one is followed as the system would follow it.
   *
   * @param path An absolute path.
   */
  static async at(files: FileSystem, path: string): Promise<StateFile> {
    let next = path;
    for (let links = 0; links <= LINK_LIMIT; links++) {
      const { folder, name } = parentOf(next, files.separator);
      const realFolder = withSeparator(await files.realPath(folder), files.separator);
      const file = new StateFile(files, realFolder, name);
      if ((await files.info(file.path))?.kind !== "link") return file;
      const target = await files.readLink(file.path);
      next = isAbsolute(target, files.separator) ? target : `${realFolder}${target}`;
    }
    throw new ForeignFileError("it is a circle of links");
  }

  /** The real path. */
  get path(): string {
    return `${this.#folder}${this.#name}`;
  }

  /**
   * Reads the file; no octets if it does not exist.
   *
   * @throws {ForeignFileError} If the path has anything but a regular file.
   * @throws {RangeError} If it is longer than {@linkcode STATE_LIMIT}.
   */
  async read(): Promise<Uint8Array> {
    for (let attempt = 1; attempt <= READ_ATTEMPTS; attempt++) {
      const found = await this.#files.info(this.path);
      this.#known = found;
      if (found === undefined) return new Uint8Array(0);
      if (found.kind !== "file") throw new ForeignFileError(`it is a ${found.kind}`);
      if (found.size > STATE_LIMIT) throw tooLarge(found.size);
      const file = await this.#files.open(this.path);
      if (file === undefined) continue;
      try {
        // A client that saves replaces the file.
        if ((await file.info()).identity !== found.identity) continue;
        const octets = await readUpTo(file, found.size);
        if (octets.length <= found.size) return octets; // else another program writes it now
      } finally {
        await file.close();
      }
    }
    throw new ForeignFileError("it is replaced all the time");
  }

  /** Locks the file against other clients; returns which program has the lock if this one cannot have it. */
  async lock(): Promise<LockHolder | undefined> {
    const lock = await this.#files.lock(`${this.path}.lock`);
    if ("holder" in lock) return lock;
    this.#lock = lock;
    await this.#removeUnfinished().catch(() => {}); // the next client can do it
    return undefined;
  }

  /** Makes the file available to other clients. */
  async unlock(): Promise<void> {
    const lock = this.#lock;
    this.#lock = undefined;
    await lock?.release();
  }

  /**
   * Replaces the file as a whole, so that a crash at any time leaves the old octets or the new ones.
   *
   * @throws {ForeignFileError} If the path has something that is no state file by now.
   * @throws {RangeError} If the octets are more than {@linkcode STATE_LIMIT}.
   */
  async replace(octets: Uint8Array): Promise<void> {
    if (octets.length > STATE_LIMIT) throw tooLarge(octets.length);
    await this.#checkUnchanged();
    // A name that cannot be guessed, so that no other user's file or link is there.
    const unfinished = `${this.path}.${toHex(crypto.getRandomValues(new Uint8Array(16)))}.new`;
    const file = await this.#files.create(unfinished);
    if (file === undefined) throw new ForeignFileError(`"${unfinished}" exists`);
    try {
      try {
        await file.write(octets);
        await file.sync(); // on the disk before it replaces the old file
        this.#known = await file.info();
      } finally {
        await file.close();
      }
      await this.#files.rename(unfinished, this.path);
    } catch (error) {
      await this.#files.remove(unfinished).catch(() => {}); // the first error says more
      throw error;
    }
    await this.#files.syncFolder(this.#folder).catch(() => {}); // not every file system can
  }

  /** Gives the file another name; returns the new path. */
  async moveAside(): Promise<string> {
    const time = new Date().toISOString().replaceAll(":", "-");
    const aside = `${this.path}.damaged-${time}-${
      toHex(crypto.getRandomValues(new Uint8Array(4)))
    }`;
    await this.#files.rename(this.path, aside);
    return aside;
  }

  /** Refuses to replace a file that another program has put at the path since it was read. */
  async #checkUnchanged(): Promise<void> {
    const found = await this.#files.info(this.path);
    const known = this.#known;
    const isKnown = found === undefined ||
      (found.identity === known?.identity && found.size === known.size &&
        found.modified === known.modified);
    if (!isKnown && readState(await this.read()).type === "foreign") {
      throw new ForeignFileError("another program has replaced it");
    }
  }

  /** Removes what a crash left of {@linkcode StateFile.replace}. */
  async #removeUnfinished(): Promise<void> {
    for (const name of await this.#files.list(this.#folder)) {
      if (!name.startsWith(`${this.#name}.`)) continue;
      if (!/^\.[0-9a-f]{32}\.new$/.test(name.slice(this.#name.length))) continue;
      const path = `${this.#folder}${name}`;
      if ((await this.#files.info(path))?.kind === "file") await this.#files.remove(path);
    }
  }
}

function withSeparator(folder: string, separator: RegExp): string {
  return separator.test(folder.slice(-1)) ? folder : `${folder}/`;
}

function isAbsolute(path: string, separator: RegExp): boolean {
  return separator.test(path.replace(/^[a-z]:/i, "").slice(0, 1));
}

function tooLarge(size: number): RangeError {
  return new RangeError(
    `it has ${size} octets, more than the ${STATE_LIMIT} that are read, name another file`,
  );
}

const LINK_LIMIT = 40;
const READ_ATTEMPTS = 5;
