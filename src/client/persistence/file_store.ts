import { IpAddress } from "../../wire/address.ts";
import { MAX_LIFETIME } from "../../wire/constants.ts";
import { StoreError } from "../errors.ts";
import type { Store, StoredMapping } from "./store.ts";

/** The format; a file of a higher version is not touched. */
const VERSION = 1;

/**
 * Keeps mappings in one JSON file, readable by its owner only: it holds the nonces. Written to a second file first, which
 * then takes the place of the first, so that a crash at any moment leaves the old state or the new one. One client at a time
 * may use a file. Needs Deno, with `--allow-read` and `--allow-write` for the file's folder.
 *
 * @example
 * ```ts ignore
 * import { Client, FileStore } from "@portcontrol/pcp";
 *
 * await using handle = await Client.start(undefined, undefined, { store: new FileStore("mappings.json") });
 * ```
 */
export class FileStore implements Store {
  /** The file. */
  readonly path: string;
  #lock: Deno.FsFile | undefined;

  /**
   * A store in that file; nothing is read or written yet.
   *
   * @param path The file; it need not exist.
   */
  constructor(path: string) {
    if (typeof path !== "string" || path === "") {
      throw new TypeError(`Cannot keep mappings: the path must be a text, got "${path}"`);
    }
    this.path = path;
  }

  /**
   * Reads the file and keeps others from using it. A file that makes no sense is moved aside, never emptied.
   *
   * @throws {StoreError} If it is damaged, of a newer version, in use, or cannot be read.
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
   * @throws {StoreError} If it cannot be written.
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
      await file.sync(); // on the disk before it takes the place of the old one
      await Deno.rename(temporary, this.path);
    } catch (error) {
      throw new StoreError(
        "unwritable",
        `Cannot keep mappings in "${this.path}": ${messageOf(error)}`,
        error,
      );
    }
  }

  /** Lets others use the file. */
  async close(): Promise<void> {
    const lock = this.#lock;
    this.#lock = undefined;
    if (lock === undefined) return;
    await lock.unlock();
    lock.close();
  }

  /** A lock of the system: it ends with the process, however that ends. */
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
      throw new StoreError(
        "unwritable",
        `Cannot keep mappings in "${this.path}": ${messageOf(error)}`,
        error,
      );
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
        `Cannot read mappings from "${this.path}": ${messageOf(error)}`,
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
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // the caller tells the user
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
