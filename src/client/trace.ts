import type { Milliseconds } from "../clock.ts";
import { reportError } from "../report_error.ts";
import type { SocketAddress } from "../transport/transport.ts";
import { describe } from "../wire/describe.ts";
import { describeHttp } from "../wire/describe_http.ts";

/** A datagram, or in UPnP a message over TCP, that the client sent or received, for `onTrace`. */
export interface TraceEvent {
  /** Monotonic time in milliseconds, on the client's clock. */
  readonly at: Milliseconds;
  /** Whether this client sent or received it. */
  readonly direction: "sent" | "received";
  /** The remote end, as `address port`. */
  readonly remote: string;
  /**
   * Its contents in one line: a datagram decoded, the nonce shortened, because in full it is a secret (RFC 6887 section 18); a
   * message over TCP as it is, with up to 4 KiB of its body.
   */
  readonly text: string;
  /** Its octets. */
  readonly bytes: Uint8Array;
  /**
   * Why a received datagram changed nothing, or why an exchange over TCP has failed, with what had been read; absent if it was
   * accepted.
   */
  readonly ignored?: string;
}

/** A {@linkcode TraceEvent} before decoding; `bytes` is valid during the call only. */
export interface TracedDatagram extends Omit<TraceEvent, "remote" | "text" | "ignored"> {
  readonly remote: SocketAddress;
  readonly ignored: string | undefined;
  /** Default `udp`. */
  readonly transport?: "udp" | "tcp";
}

/** Called with every datagram. */
export type Tracer = (datagram: TracedDatagram) => void;

/** Returns a tracer that passes each datagram to `onTrace`. It is decoded when its text is read: a trace may be off. */
export function tracer(onTrace: (event: TraceEvent) => void): Tracer {
  return ({ at, direction, remote, bytes, ignored, transport }) => {
    const octets = bytes.slice(); // a transport may reuse its buffer
    let text: string | undefined;
    const event: TraceEvent = {
      at,
      direction,
      remote: `${remote.hostname} ${remote.port}`,
      get text() {
        return text ??= transport === "tcp" ? describeHttp(octets) : describe(octets);
      },
      bytes: octets,
      ...(ignored === undefined ? {} : { ignored }),
    };
    try {
      onTrace(event);
    } catch (error) {
      reportError(error); // an error of the callback must not be taken for a network error
    }
  };
}
