import type { Milliseconds } from "../clock.ts";
import type { SocketAddress } from "../transport/transport.ts";
import { describe } from "../wire/describe.ts";

/** A datagram as it passed by, for `onTrace`. */
export interface TraceEvent {
  /** Monotonic time in milliseconds, on the client's clock. */
  readonly at: Milliseconds;
  /** Whether this client sent or received it. */
  readonly direction: "sent" | "received";
  /** The other side, as `address port`. */
  readonly remote: string;
  /** The datagram decoded, in one line. */
  readonly text: string;
  /** The datagram itself. */
  readonly bytes: Uint8Array;
  /** Why a received datagram changed nothing, if so. */
  readonly ignored?: string;
}

/** Decodes a datagram for whoever listens. */
export function tellTrace(
  onTrace: ((event: TraceEvent) => void) | undefined,
  { at, direction, remote, bytes, ignored }: Omit<TraceEvent, "remote" | "text" | "ignored"> & {
    readonly remote: SocketAddress;
    readonly ignored: string | undefined;
  },
): void {
  if (onTrace === undefined) return;
  const event: TraceEvent = {
    at,
    direction,
    remote: `${remote.hostname} ${remote.port}`,
    text: describe(bytes),
    bytes,
    ...(ignored === undefined ? {} : { ignored }),
  };
  try {
    onTrace(event);
  } catch (error) {
    reportError(error); // the user's mistake, which must not pass for one of the network
  }
}
