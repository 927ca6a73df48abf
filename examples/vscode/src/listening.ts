import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import process from "node:process";
import type { Wish } from "./port.ts";

/** A port that a program of this computer listens on. */
export interface Listening extends Wish {
  /** Whether it listens on the loopback address only, so that the router cannot reach it. */
  readonly isLocalOnly: boolean;
}

/** The ports that programs of this computer listen on, in the order of their numbers; none where the system does not say. */
export async function listeningPorts(): Promise<Listening[]> {
  switch (process.platform) {
    case "linux":
      return merge(
        await Promise.all(PROC_NET.map(async ([file, protocol]) => {
          return readProcNet(await readFile(file, "latin1").catch(() => ""), protocol);
        })),
      );
    case "win32":
      return merge([readNetstat(await run("netstat", "-an", "-p", "TCP"))]);
    default:
      return merge([readLsof(await run("lsof", "-nP", "-iTCP", "-sTCP:LISTEN", "-Fn"))]);
  }
}

/** Reads `/proc/net/tcp`, `tcp6`, `udp` or `udp6`. */
export function readProcNet(text: string, protocol: Wish["protocol"]): Listening[] {
  const found: Listening[] = [];
  for (const line of text.split("\n").slice(1)) {
    const [, local = "", remote = "", state] = line.trim().split(/\s+/);
    const [address = "", port = ""] = local.split(":");
    const isOpen = protocol === "tcp" ? state === "0A" : /^0+:0+$/.test(remote);
    const number = parseInt(port, 16);
    // Above are the ports of UDP sockets that only ask.
    const isServer = number > 0 && (protocol === "tcp" || number < FIRST_EPHEMERAL);
    if (isOpen && isServer) {
      found.push({ protocol, port: number, isLocalOnly: LOOPBACK.test(address) });
    }
  }
  return found;
}

/** Reads what `lsof -F n` prints. */
export function readLsof(text: string): Listening[] {
  return text.split("\n").flatMap((line) => tcpAt(/^n(.*):(\d+)$/.exec(line)));
}

/** Reads what `netstat -an -p TCP` of Windows prints. A listening socket has no remote port in any language. */
export function readNetstat(text: string): Listening[] {
  return text.split("\n").flatMap((line) => {
    return tcpAt(/^\s*TCP\s+(\S+):(\d+)\s+(?:0\.0\.0\.0|\[::\]):0\s/.exec(line));
  });
}

function tcpAt(found: RegExpExecArray | null): Listening[] {
  if (found === null) return [];
  const isLocalOnly = /^(127\.|localhost$|\[::1\])/.test(found[1] ?? "");
  return [{ protocol: "tcp", port: Number(found[2]), isLocalOnly }];
}

/** Each port once; one that listens on several addresses is reachable if one of them is. */
function merge(lists: readonly Listening[][]): Listening[] {
  const merged = new Map<string, Listening>();
  for (const each of lists.flat()) {
    const key = `${each.protocol} ${each.port}`;
    if (merged.get(key)?.isLocalOnly !== false) merged.set(key, each);
  }
  return [...merged.values()].sort((one, other) => one.port - other.port);
}

/** What a program prints; nothing if it is missing, fails, or takes longer than two seconds. */
function run(program: string, ...args: string[]): Promise<string> {
  const limits = { timeout: 2_000, maxBuffer: 1 << 20 };
  return new Promise((resolve) => {
    execFile(program, args, limits, (_, stdout) => resolve(stdout));
  });
}

const PROC_NET = [
  ["/proc/net/tcp", "tcp"],
  ["/proc/net/tcp6", "tcp"],
  ["/proc/net/udp", "udp"],
  ["/proc/net/udp6", "udp"],
] as const;

/** 127.0.0.0/8, ::1 and ::ffff:127.0.0.0/104 in the octet order of the kernel's hexadecimal words. */
const LOOPBACK = /^(.{6}7F|0{24}01000000|0{16}FFFF0000.{6}7F)$/i;

/** Linux chooses the ports of sockets without one from here on. */
const FIRST_EPHEMERAL = 32_768;
