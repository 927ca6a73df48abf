/** A temporary folder for state files. */

import type { StoredMapping } from "../../mod.ts";

export const STORED: StoredMapping = {
  server: "192.168.1.1",
  port: 5351,
  client: "192.168.1.10",
  kind: "inbound",
  protocol: 6,
  internalPort: 6000,
  lifetime: 7200,
  nonce: "a0a1a2a3a4a5a6a7a8a9aaab",
  externalAddress: "203.0.113.5",
  externalPort: 40000,
  expiresAt: "2999-01-01T00:00:00.000Z",
  options: "",
};

/** The text of a state file. */
export function stateText(mappings: readonly unknown[], version = 1): string {
  return JSON.stringify({ version, mappings }, null, 2);
}

export class StateFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<StateFolder> {
    return new StateFolder(await Deno.makeTempDir({ prefix: "pcp_state_" }));
  }

  file(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Everything in the folder: kind, mode, time and content, by name. */
  async contents(): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for await (const { name } of Deno.readDir(this.path)) {
      const path = this.file(name);
      const info = await Deno.lstat(path);
      const content = info.isFile && info.size < 1_000_000
        ? (await Deno.readTextFile(path)).slice(0, 1_000)
        : info.isSymlink
        ? await Deno.readLink(path)
        : "";
      const { mode, mtime, ino, size } = info;
      found[name] = `${mode?.toString(8)} ${mtime?.getTime()} ${ino} ${size} ${content}`;
    }
    return found;
  }

  async names(): Promise<string[]> {
    return Object.keys(await this.contents()).sort();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Deno.remove(this.path, { recursive: true });
  }
}

/** Makes a FIFO. */
export async function makeFifo(path: string): Promise<void> {
  const { success } = await new Deno.Command("mkfifo", { args: [path] }).output();
  if (!success) throw new Error(`Cannot make a FIFO: mkfifo failed for "${path}"`);
}
