import { type Clock, type Milliseconds, systemClock } from "../../clock.ts";
import { reasonOf, StoreError } from "../errors.ts";
import { denoFileSystem } from "./deno_file_system.ts";
import { type FileSystem, ForeignFileError } from "./file_system.ts";
import { StateFile } from "./state_file.ts";
import { readState, VERSION, writeState } from "./state_text.ts";
import type { Store, StoredMapping } from "./store.ts";

/** The parts of the runtime that a {@linkcode FileStore} works with. */
export interface FileStoreParts {
  readonly clock: Clock;
  readonly files: () => FileSystem | Promise<FileSystem>;
}

/**
 * Keeps mappings in a JSON file. Only its owner can read it, because it contains the nonces. Each save writes a second file and
 * renames it, so that a crash at any moment leaves the old state or the new one. One client at a time can use a file. Works with
 * Deno, where it needs `--allow-read` and `--allow-write` for the file's folder, with Node, and with Bun.
 *
 * The path may be a link to the file. It is followed once, by the first call, and what is beside the file is beside its target:
 * the lock, and the file that a save writes. A file that begins in another way than this class writes it, a folder, a FIFO and a
 * device are refused and not touched. At most 16 MiB are read, and no call takes longer than 5 seconds.
 *
 * @example
 * ```ts ignore
 * import { Client, FileStore } from "@portcontrol/pcp";
 *
 * await using handle = await Client.start(undefined, undefined, { store: new FileStore("mappings.json") });
 * ```
 */
export class FileStore implements Store {
  /** The path of the file. */
  readonly path: string;
  /** The path from the root, so that another current folder changes nothing. */
  readonly #fullPath: string;
  readonly #parts: FileStoreParts;
  /** The file whose lock this store has. */
  #file: StateFile | undefined;
  /** Settles when the call under way has ended. */
  #running: Promise<void> | undefined;

  /**
   * Makes a store; nothing is read or written yet.
   *
   * @param path The path of the file, which need not exist.
   * @throws {TypeError} If the path is not a text, or empty.
   */
  constructor(path: string);
  /** @internal */
  constructor(path: string, parts?: FileStoreParts);
  constructor(path: string, parts: FileStoreParts = SYSTEM_PARTS) {
    if (typeof path !== "string" || path === "") {
      throw new TypeError(`Cannot keep mappings: the path must be a text, got "${path}"`);
    }
    this.path = path;
    this.#fullPath = fullPathOf(path);
    this.#parts = parts;
  }

  /**
   * Reads the file, and locks it against other clients. An empty file counts as none. A damaged file is renamed, never
   * overwritten. The entries are returned as they stand: the client refuses those that break a rule, each by itself.
   *
   * @throws {StoreError} If the file is damaged, of a newer version, in use, no state file, or cannot be read or locked.
   */
  async load(): Promise<readonly StoredMapping[]> {
    let isLate = false;
    try {
      return await this.#run("unreadable", async () => {
        const file = await this.#locate();
        await this.#read(file); // before the lock, which creates a file
        await this.#lock(file);
        try {
          const mappings = await this.#read(file) ?? await this.#moveAside(file);
          if (!isLate) this.#file = file;
          return mappings;
        } finally {
          if (this.#file === undefined) await file.unlock();
        }
      });
    } catch (error) {
      isLate = true;
      throw error;
    }
  }

  /**
   * Writes the file.
   *
   * @throws {StoreError} If the file cannot be written, or another program has replaced it.
   */
  async save(mappings: readonly StoredMapping[]): Promise<void> {
    const octets = writeState(mappings);
    await this.#run("unwritable", async () => {
      if (this.#file === undefined) {
        const file = await this.#locate();
        await this.#lock(file);
        this.#file = file;
      }
      await this.#file.replace(octets);
    });
  }

  /** Unlocks the file. */
  async close(): Promise<void> {
    await this.#run("unwritable", async () => {
      const file = this.#file;
      this.#file = undefined;
      await file?.unlock();
    });
  }

  async #locate(): Promise<StateFile> {
    try {
      return await StateFile.at(await this.#parts.files(), this.#fullPath);
    } catch (error) {
      throw this.#asStoreError("unwritable", error);
    }
  }

  async #lock(file: StateFile): Promise<void> {
    try {
      const holder = await file.lock();
      if (holder === undefined) return;
      throw this.#error(
        "inUse",
        `another client is using it (${holder.holder}), name another file`,
      );
    } catch (error) {
      throw this.#asStoreError("unwritable", error);
    }
  }

  /** Undefined if the file is damaged. */
  async #read(file: StateFile): Promise<readonly StoredMapping[] | undefined> {
    const content = readState(await file.read());
    switch (content.type) {
      case "mappings":
        return content.mappings as readonly StoredMapping[]; // checked by the client, as those of every store
      case "newer":
        throw this.#error(
          "newer",
          `it is of version "${content.version}" and this program knows "${VERSION}", name another file`,
        );
      case "foreign":
        throw new ForeignFileError("it is a file of something else");
      case "damaged":
        return undefined;
    }
  }

  async #moveAside(file: StateFile): Promise<never> {
    const aside = await file.moveAside();
    throw this.#error(
      "damaged",
      `it is damaged, and was moved to "${aside}"; start again to begin anew`,
    );
  }

  /** Runs one call after the other, each for a limited time: a network's file system may not answer. */
  async #run<T>(
    reason: "unreadable" | "unwritable",
    call: () => Promise<T>,
  ): Promise<T> {
    try {
      while (this.#running !== undefined) await this.#withinLimit(this.#running);
      const result = call();
      this.#running = result.then(() => {}, () => {}).finally(() => this.#running = undefined);
      return await this.#withinLimit(result);
    } catch (error) {
      throw this.#asStoreError(reason, error);
    }
  }

  #withinLimit<T>(work: Promise<T>): Promise<T> {
    const { clock } = this.#parts;
    return new Promise((resolve, reject) => {
      const cancel = clock.alarm(
        clock.now() + TIME_LIMIT,
        () => reject(new Error(`the file system did not answer within ${TIME_LIMIT / 1000} s`)),
      );
      void work.then(resolve, reject).finally(cancel);
    });
  }

  #asStoreError(reason: "unreadable" | "unwritable", error: unknown): StoreError {
    if (error instanceof StoreError) return error;
    if (error instanceof ForeignFileError) {
      const message = `${error.message}, and was not touched; name another file`;
      return this.#error("foreign", message, error);
    }
    return this.#error(reason, reasonOf(error), error);
  }

  #error(reason: StoreError["reason"], message: string, cause?: unknown): StoreError {
    const attempt = READING.has(reason) ? "Cannot read mappings from" : "Cannot keep mappings in";
    return new StoreError(reason, `${attempt} "${this.path}": ${message}`, cause);
  }
}

const SYSTEM_PARTS: FileStoreParts = {
  clock: systemClock,
  // Loaded only where it is needed, as node:fs is by it. Early versions of Deno 2 can only wait for a lock.
  files: async () =>
    "Deno" in globalThis && "tryLock" in Deno.FsFile.prototype
      ? denoFileSystem()
      : await (await import("./node_file_system.ts")).nodeFileSystem(),
};

/** The path with the current folder in front of it, unless it begins at the root. */
function fullPathOf(path: string): string {
  if (/^([a-z]:)?[\\/]/i.test(path)) return path;
  try {
    return `${currentFolder()}/${path}`;
  } catch {
    return path; // the permission to read the current folder is missing
  }
}

function currentFolder(): string {
  if ("Deno" in globalThis) return Deno.cwd();
  return (globalThis as unknown as { process: { cwd(): string } }).process.cwd();
}

/** The reasons that belong to the reading of a file. */
const READING: ReadonlySet<StoreError["reason"]> = new Set(["damaged", "newer", "unreadable"]);

/** A local disk answers within milliseconds, also under load. */
const TIME_LIMIT: Milliseconds = 5_000;
