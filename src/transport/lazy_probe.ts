import type { Milliseconds } from "../clock.ts";
import type { ProbeOptions } from "./transport.ts";
import type { TransportError } from "./transport_error.ts";

/**
 * Probes with `node:dgram`, whose connected sockets report ICMP errors in Node and Bun. Deno 2.9 does not connect them; there
 * the C library does it on Linux, with the permission `ffi` if that is granted already, as by `-A`. Both are loaded here,
 * because few programs need them.
 */
export async function probeByIcmp(
  { from, to, signal }: ProbeOptions,
): Promise<TransportError | undefined> {
  const options = { from, to, signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_TIME)]) };
  try {
    const { probe } = mayCallLibc()
      ? await import("./libc_probe.ts")
      : await import("./node_probe.ts");
    return await probe(options, LOOPBACK.test(to.hostname) ? SENDS_TO_ITSELF : SENDS);
  } catch {
    return undefined; // no such library, or no descriptor left: a silent gateway stays a silent one
  }
}

function mayCallLibc(): boolean {
  if (!("Deno" in globalThis) || Deno.build.os !== "linux") return false;
  return Deno.permissions.querySync({ name: "ffi" }).state === "granted";
}

/** Linux gives up after 3 s to find a host on the link, and reports that it is unreachable. */
const PROBE_TIME: Milliseconds = 4_000;

/**
 * When the datagrams leave. Linux sends an address one ICMP error a second, and six at first, so that the first datagram after
 * many requests may have none.
 */
const SENDS: readonly Milliseconds[] = [0, 1_250];

/** Nothing limits the ICMP errors from this host to itself. */
const SENDS_TO_ITSELF: readonly Milliseconds[] = [0];

const LOOPBACK = /^(127\.|::1$)/;
