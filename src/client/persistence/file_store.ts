import { IpAddress } from "../../wire/address.ts";
import { MAX_LIFETIME } from "../../wire/constants.ts";
import { reasonOf, StoreError } from "../errors.ts";
import type { Store, StoredMapping } from "./store.ts";

/** The version of the format. A file of a higher version is left as it is. */
const VERSION = 1;

/**
 * Keeps mappings in a JSON file. Only its owner can read it, because it contains the nonces. Each save writes a second file and
 * renames it, so that a crash at any moment leaves the old state or the new one. One client at a time can use a file. Needs
 * Deno, with `--allow-read` and `--allow-write` for the file's folder.
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
  #lock: Deno.FsFile | undefined;

  /**
   * Makes a store; nothing is read or written yet.
   *
   * @param path The path of the file, which need not exist.
   * @throws {TypeError} If the path is not a text, or empty.
   */
  constructor(path: string) {
    if (typeof path !== "string" || path === "") {
      throw new TypeError(`Cannot keep mappings: the path must be a text, got "${path}"`);
    }
    this.path = path;
  }

  /**
   * Reads the file, and locks it against other clients. A damaged file is renamed, never overwritten.
   *
   * @throws {StoreError} If the file is damaged, of a newer version, in use, or cannot be read or locked.
   */
  async load(): Promise<readonly StoredMapping[]> {
    await this.#acquire();
    try {
      return await this.#read();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /**
   * Writes the file.
   *
   * @throws {StoreError} If the file cannot be written.
   */
  async save(mappings: readonly StoredMapping[]): Promise<void> {
    const temporary = `${this.path}.new`;
    const text = `${JSON.stringify({ version: VERSION, mappings }, null, 2)}\n`;
    try {
      using file = await Deno.open(temporary, {
        write: true,
        create: true,
        truncate: true,
        mode: 0o600,
      });
      await writeAll(file, new TextEncoder().encode(text));
      await file.sync(); // on the disk before it replaces the old file
      await Deno.rename(temporary, this.path);
    } catch (error) {
      throw this.#unwritable(error);
    }
  }

  /** Unlocks the file. */
  async close(): Promise<void> {
    const lock = this.#lock;
    this.#lock = undefined;
    if (lock === undefined) return;
    await lock.unlock();
    lock.close();
  }

  /** Takes a lock of the system, which ends with the process even after a crash. */
  async #acquire(): Promise<void> {
    let lock: Deno.FsFile | undefined;
    try {
      lock = await Deno.open(`${this.path}.lock`, { write: true, create: true, mode: 0o600 });
      if (await lock.tryLock(true)) {
        this.#lock = lock;
        return;
      }
    } catch (error) {
      lock?.close();
      throw this.#unwritable(error);
    }
    lock.close();
    throw new StoreError(
      "inUse",
      `Cannot keep mappings in "${this.path}": another client is using it, name another file`,
    );
  }

  async #read(): Promise<readonly StoredMapping[]> {
    let text: string;
    try {
      text = await Deno.readTextFile(this.path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw new StoreError(
        "unreadable",
        `Cannot read mappings from "${this.path}": ${reasonOf(error)}`,
        error,
      );
    }
    const content = parse(text);
    if (isVersioned(content) && content.version > VERSION) {
      throw new StoreError(
        "newer",
        `Cannot read mappings from "${this.path}": it is of version "${content.version}" and this program knows "${VERSION}", name another file`,
      );
    }
    if (
      isVersioned(content) && Array.isArray(content.mappings) &&
      content.mappings.every(isStoredMapping)
    ) {
      return content.mappings;
    }
    const aside = `${this.path}.damaged-${new Date().toISOString().replaceAll(":", "-")}`;
    await Deno.rename(this.path, aside);
    throw new StoreError(
      "damaged",
      `Cannot read mappings from "${this.path}": it is damaged, and was moved to "${aside}"; start again to begin anew`,
    );
  }

  #unwritable(error: unknown): StoreError {
    const message = `Cannot keep mappings in "${this.path}": ${reasonOf(error)}`;
    return new StoreError("unwritable", message, error);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // the file is damaged
    throw error;
  }
}

function isVersioned(content: unknown): content is { version: number; mappings?: unknown } {
  return typeof content === "object" && content !== null && "version" in content &&
    Number.isInteger(content.version);
}

function isStoredMapping(value: unknown): value is StoredMapping {
  if (typeof value !== "object" || value === null) return false;
  const fields = value as Record<string, unknown>;
  const text = (name: string): string => typeof fields[name] === "string" ? fields[name] : "";
  const isAddress = (name: string): boolean => IpAddress.tryParse(text(name)) !== undefined;
  const isNumber = (name: string, most: number): boolean =>
    Number.isInteger(fields[name]) && Number(fields[name]) >= 0 && Number(fields[name]) <= most;
  const isOutbound = text("kind") === "outbound";
  return ["server", "client", "externalAddress"].every(isAddress) &&
    ["port", "internalPort", "externalPort"].every((name) => isNumber(name, 0xffff)) &&
    isNumber("protocol", 0xff) && isNumber("lifetime", MAX_LIFETIME) &&
    (isOutbound ? isAddress("remoteAddress") : text("kind") === "inbound") &&
    (!isOutbound || isNumber("remotePort", 0xffff)) &&
    /^[0-9a-f]{24}$/i.test(text("nonce")) && /^([0-9a-f]{8})*$/i.test(text("options")) &&
    typeof fields["options"] === "string" && !Number.isNaN(Date.parse(text("expiresAt")));
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written));
  }
}
