import { SystemError } from "./discovery_error.ts";
import { runProgram } from "./run_program.ts";

/** The system functions of discovery. Tests replace them. */
export interface System {
  /** As `Deno.build.os`. */
  readonly platform: string;
  /**
   * What reads the files of the kernel; undefined if the runtime may not, or would ask the user. Node and Bun may, Deno with all
   * permissions (`-A`).
   */
  fileReader(): Promise<FileReader | undefined>;
  /**
   * Runs a program and returns its output.
   *
   * @param limit How long it may run, in milliseconds; 3000 by default.
   * @throws {SystemError} If the program is missing, not permitted, fails, runs too long or prints too much.
   */
  run(program: string, args: readonly string[], limit?: number): Promise<string>;
  /** Whether {@link System.run} runs a program without a question to the user. */
  mayRun(program: string): Promise<boolean>;
  /** Whether {@link System.addresses} returns without a question to the user. */
  mayListAddresses(): Promise<boolean>;
  /**
   * The addresses of all interfaces that are up.
   *
   * @throws {SystemError} If the permission is missing.
   */
  addresses(): Promise<readonly LocalAddress[]>;
}

/** Returns the text of a file, undefined if it cannot be read. Files of the kernel are in memory, so that nothing waits. */
export type FileReader = (path: string) => string | undefined;

/** An address of this computer. */
export interface LocalAddress {
  readonly interface: string;
  readonly address: string;
  readonly prefixLength: number;
  /** Number of the interface, known for IPv6 link-local addresses only; 0 or undefined for others. */
  readonly scopeId: number | undefined;
}

/** The used part of Deno; its other properties would load modules of Node. */
type DenoParts = Pick<
  typeof Deno,
  "build" | "networkInterfaces" | "permissions" | "readTextFileSync"
>;

/** Undefined in Node and Bun. */
const { Deno: deno } = globalThis as unknown as { Deno?: DenoParts };

/** The computer on which this program runs. */
export const runningSystem: System = {
  get platform() {
    // In Deno the global `process` would load a large module.
    if (deno !== undefined) return deno.build.os;
    const { process } = globalThis as unknown as { process?: { platform?: string } };
    return process?.platform === "win32" ? "windows" : process?.platform ?? "unknown";
  },

  async fileReader() {
    if (deno !== undefined) return await denoReader(deno);
    const { readFileSync } = await import("node:fs");
    return (path) => orUndefined(() => readFileSync(path, "utf8"));
  },

  run: runProgram,

  mayRun: (program) => isGranted({ name: "run", command: program }),

  mayListAddresses: () => isGranted({ name: "sys", kind: "networkInterfaces" }),

  async addresses() {
    try {
      return deno === undefined ? await nodeAddresses() : denoAddresses(deno);
    } catch (error) {
      throw SystemError.from(error, "list the network interfaces", "--allow-sys=networkInterfaces");
    }
  },
};

/** Node and Bun have no permissions. */
async function isGranted(permission: Deno.PermissionDescriptor): Promise<boolean> {
  if (deno === undefined) return true;
  return (await deno.permissions.query(permission)).state === "granted";
}

/**
 * Deno refuses `/proc` without all permissions. It does so without a question if the permission to read is granted, which is
 * therefore queried.
 */
async function denoReader({ readTextFileSync }: DenoParts): Promise<FileReader | undefined> {
  const isReadable = await isGranted({ name: "read" });
  return isReadable ? (path) => orUndefined(() => readTextFileSync(path)) : undefined;
}

function orUndefined(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined; // missing, refused, or hidden by a sandbox
  }
}

function denoAddresses({ networkInterfaces }: DenoParts): LocalAddress[] {
  return networkInterfaces().map(({ name, address, cidr, family, scopeid }) => ({
    interface: name,
    address,
    prefixLength: prefixLength(cidr, family),
    scopeId: scopeid ?? undefined,
  }));
}

async function nodeAddresses(): Promise<LocalAddress[]> {
  const { networkInterfaces } = await import("node:os");
  return Object.entries(networkInterfaces()).flatMap(([name, list]) => {
    return (list ?? []).map((info): LocalAddress => ({
      interface: name,
      address: info.address,
      prefixLength: prefixLength(info.cidr, info.family),
      scopeId: "scopeid" in info ? info.scopeid : undefined,
    }));
  });
}

function prefixLength(cidr: string | null, family: string): number {
  return Number(cidr?.split("/")[1] ?? (family === "IPv6" ? 128 : 32));
}
