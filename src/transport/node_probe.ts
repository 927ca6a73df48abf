import { createSocket } from "node:dgram";
import { type Milliseconds, systemClock } from "../clock.ts";
import { missingPermission } from "./permission.ts";
import type { ProbeOptions } from "./transport.ts";
import { TransportError } from "./transport_error.ts";

/**
 * Probes with a connected socket of `node:dgram`, until the signal aborts. Rejects if the system refuses a socket.
 *
 * @param sends When the datagrams leave, after the start.
 */
export async function probe(
  { from, to, signal }: ProbeOptions,
  sends: readonly Milliseconds[],
): Promise<TransportError | undefined> {
  const { hostname, port } = to;
  const denied = missingPermission(from, 0, false) ?? missingPermission(hostname, port, false);
  if (denied !== undefined || signal.aborted) return undefined;
  const socket = createSocket(from.includes(":") ? "udp6" : "udp4");
  const start = systemClock.now();
  const send = (): void => socket.send(new Uint8Array(0), () => {});
  let cancels: (() => void)[] = [];
  try {
    const cause = await new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve(undefined));
      socket.on("error", resolve); // also later: without a listener it would be thrown
      socket.bind(0, from, () => {
        socket.connect(port, hostname, () => {
          cancels = sends.map((after) => systemClock.alarm(start + after, send));
        });
      });
    });
    return cause === undefined ? undefined : new TransportError("receive", to, cause);
  } finally {
    for (const cancel of cancels) cancel();
    socket.close();
  }
}
