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

/** A datagram before it was decoded. */
export interface Passing extends Omit<TraceEvent, "remote" | "text" | "ignored"> {
  readonly remote: SocketAddress;
  readonly ignored: string | undefined;
}

/** Is shown every datagram. */
export type Tracer = (passing: Passing) => void;

/** Decodes each datagram for whoever listens. */
export function tracer(onTrace: (event: TraceEvent) => void): Tracer {
  return ({ at, direction, remote, bytes, ignored }) => {
    const event: TraceEvent = {
      at,
      direction,
      remote: `${remote.hostname} ${remote.port}`,
      text: describe(bytes),
      bytes: bytes.slice(), // the next datagram may come into the same buffer
      ...(ignored === undefined ? {} : { ignored }),
    };
    try {
      onTrace(event);
    } catch (error) {
      reportError(error); // the user's mistake, which must not pass for one of the network
    }
  };
}
