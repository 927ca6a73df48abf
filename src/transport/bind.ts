import type { OpenOptions } from "./transport.ts";
import { errorCode, TransportError } from "./transport_error.ts";

/** The dynamic ports (RFC 6335 section 6). 5350 and 5351 are not among them. */
const FIRST_PORT = 49_152;
const PORTS = 16_384;

/** A port chosen at random among the dynamic ones. */
export function dynamicPort(random: () => number): number {
  return FIRST_PORT + Math.floor(random() * PORTS);
}

/** With half of all ports in use, the probability that 32 attempts fail is 2^-32. */
const ATTEMPTS = 32;

/**
 * Tries the addresses and ports that the options allow until the system grants one. For port 0 the port is chosen at random
 * here (RFC 6887 section 8.1, RFC 6056 section 3.3.1), because not every system chooses at random.
 *
 * @param attempt Opens the socket at one address and port.
 * @param random Returns a number from 0 (included) to 1 (excluded).
 * @throws {RangeError} If the port is not an integer from 0 to 65535.
 * @throws {TransportError} If no attempt succeeds.
 */
export async function bind<T>(
  options: OpenOptions,
  attempt: (hostname: string, port: number) => T | Promise<T>,
  random: () => number = secureRandom,
): Promise<T> {
  const { port } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new RangeError(
      `Cannot open a socket: the port must be an integer from 0 to 65535, got "${port}"`,
    );
  }
  const hostnames = addressesToBind(options);
  for (let attempts = 1;; attempts++) {
    const chosen = port === 0 ? dynamicPort(random) : port;
    try {
      return await firstGranted(hostnames, (hostname) => attempt(hostname, chosen));
    } catch (error) {
      if (port !== 0 || !isTaken(error) || attempts === ATTEMPTS) {
        throw new TransportError("open", { hostname: hostnames[0], port }, error);
      }
    }
  }
}

/**
 * The addresses to bind to for a group: the group itself, which excludes unicast (RFC 6886 section 3.2.1) and, for IPv6,
 * other interfaces; then the wildcard address, because Windows cannot bind to a group.
 */
function addressesToBind({ hostname, multicast }: OpenOptions): [string, ...string[]] {
  if (multicast === undefined) return [hostname];
  const { group, interfaceName } = multicast;
  if (!group.includes(":")) return [group, "0.0.0.0"];
  const scope = interfaceName === undefined || group.includes("%") ? "" : `%${interfaceName}`;
  return [group + scope, "::"];
}

async function firstGranted<T>(
  hostnames: readonly [string, ...string[]],
  attempt: (hostname: string) => T | Promise<T>,
): Promise<T> {
  const [first, ...others] = hostnames;
  try {
    return await attempt(first);
  } catch (error) {
    const [next, ...rest] = others;
    if (next === undefined || isTaken(error)) throw error;
    return await firstGranted([next, ...rest], attempt);
  }
}

/** EACCES: Windows reserves ranges of ports. */
function isTaken(error: unknown): boolean {
  const code = errorCode(error);
  return code === "EADDRINUSE" || code === "EACCES";
}

function secureRandom(): number {
  const [word = 0] = crypto.getRandomValues(new Uint32Array(1));
  return word / 0x1_0000_0000;
}
