import { SystemError } from "./discovery_error.ts";
import type { Family } from "../wire/address.ts";

/** The system functions of discovery. Tests replace them. */
export interface System {
  /** As `process.platform`. */
  readonly platform: string;
  /**
   * Runs a program and returns its output.
   *
   * @throws {SystemError} If the program is missing, not permitted, or fails.
   */
  run(program: string, args: readonly string[]): Promise<string>;
  /**
   * The addresses of all interfaces that are up.
   *
   * @throws {SystemError} If the permission is missing.
   */
  addresses(): Promise<readonly LocalAddress[]>;
  /**
   * The default gateway as the package `default-gateway` finds it, if there is one.
   *
   * @throws {SystemError} If the permission is missing.
   */
  defaultGateway(family: Family): Promise<PlainGateway | undefined>;
}

/** An address of this computer. */
export interface LocalAddress {
  readonly interface: string;
  readonly address: string;
  readonly prefixLength: number;
  /** Number of the interface, known for IPv6 link-local addresses only; 0 or undefined for others. */
  readonly scopeId: number | undefined;
}

/** A gateway as `default-gateway` returns it. */
export interface PlainGateway {
  readonly gateway: string;
  readonly interface: string | undefined;
}

/** The computer on which this program runs. */
export const runningSystem: System = {
  get platform() {
    const { process } = globalThis as unknown as { process?: { platform?: string } };
    return process?.platform ?? "unknown";
  },

  async run(program, args) {
    try {
      return await (deno?.Command === undefined ? runByNode : runByDeno)(program, args);
    } catch (error) {
      if (error instanceof SystemError) throw error;
      throw systemError(error, `run "${program}"`, `--allow-run=${program}`);
    }
  },

  async addresses() {
    const { networkInterfaces } = await import("node:os");
    try {
      return Object.entries(networkInterfaces()).flatMap(([name, list]) => {
        return (list ?? []).map((info): LocalAddress => ({
          interface: name,
          address: info.address,
          prefixLength: Number(info.cidr?.split("/")[1] ?? (info.family === "IPv6" ? 128 : 32)),
          scopeId: "scopeid" in info ? info.scopeid : undefined,
        }));
      });
    } catch (error) {
      throw systemError(error, "list the network interfaces", "--allow-sys=networkInterfaces");
    }
  },

  async defaultGateway(family) {
    // Loaded on demand, for programs that do not name the gateway. The package has no types.
    const { gateway4async, gateway6async } = await import("default-gateway") as DefaultGateway;
    try {
      const found = await (family === "IPv4" ? gateway4async() : gateway6async());
      return { gateway: found.gateway, interface: found.int ?? undefined };
    } catch (error) {
      const failure = systemError(error, "find the gateway", "--allow-run --allow-env --allow-sys");
      if (failure.reason === "programFailed") return undefined; // the package throws if there is no gateway
      throw failure;
    }
  },
};

interface DefaultGateway {
  gateway4async(): Promise<{ gateway: string; int: string | null }>;
  gateway6async(): Promise<{ gateway: string; int: string | null }>;
}

/** The used part of Deno, absent in Node. */
interface DenoCommand {
  readonly Command?: new (program: string, options: { args: string[] }) => {
    output(): Promise<{ success: boolean; stdout: Uint8Array; stderr: Uint8Array }>;
  };
}

const { Deno: deno } = globalThis as unknown as { Deno?: DenoCommand };

/** Deno has node:child_process too, but that also requires the permission to read the environment. */
async function runByDeno(program: string, args: readonly string[]): Promise<string> {
  if (deno?.Command === undefined) throw new Error("Cannot run a program: this is not Deno");
  const { success, stdout, stderr } = await new deno.Command(program, { args: [...args] }).output();
  const text = new TextDecoder();
  if (success) return text.decode(stdout);
  throw new SystemError("programFailed", `"${program}" said "${text.decode(stderr).trim()}"`);
}

async function runByNode(program: string, args: readonly string[]): Promise<string> {
  const { execFile } = await import("node:child_process");
  return await new Promise((resolve, reject) => {
    execFile(program, [...args], (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if (typeof error.code === "string") reject(error);
      else reject(new SystemError("programFailed", `"${program}" said "${stderr.trim()}"`));
    });
  });
}

function systemError(cause: unknown, attempt: string, flags: string): SystemError {
  const { name, code, message } = cause as { name?: string; code?: string; message?: string };
  if (
    name === "NotCapable" || name === "PermissionDenied" || code === "EACCES" || code === "EPERM"
  ) {
    const detail = `the permission to ${attempt} is missing (under Deno: ${flags})`;
    return new SystemError("permissionDenied", detail, { cause });
  }
  if (name === "NotFound" || code === "ENOENT") {
    return new SystemError("programMissing", `cannot ${attempt}: there is no such program`, {
      cause,
    });
  }
  return new SystemError("programFailed", `cannot ${attempt}: ${message}`, { cause });
}
