import { connect, type Socket } from "node:net";
import { systemClock } from "../clock.ts";
import { missingPermission } from "./permission.ts";
import {
  ExchangeError,
  type ExchangeOptions,
  type ExchangeReason,
  ResponseBuffer,
} from "./stream.ts";
import { errorCode } from "./transport_error.ts";

/**
 * Carries out one exchange with `node:net`, on Deno, Node and Bun alike; see {@linkcode Exchange}. Deno's own API cannot
 * choose the local address of a connection.
 */
export function exchange(options: ExchangeOptions): Promise<Uint8Array> {
  const { hostname, port, from, bytes, connectTimeout, timeout, signal } = options;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const denied = missingPermission(hostname, port, true) ?? missingPermission(from, 0, true);
    if (denied !== undefined) throw new ExchangeError(options, "unreachable", { cause: denied });
    const buffer = new ResponseBuffer(options);
    const socket = open(options);
    const fail = (reason: ExchangeReason, cause?: unknown): void => {
      finish(() => reject(new ExchangeError(options, reason, { octets: buffer.octets, cause })));
    };
    const abort = (): void => finish(() => reject(signal?.reason));
    const start = systemClock.now();
    const cancelConnecting = systemClock.alarm(
      start + Math.min(connectTimeout, timeout),
      () => fail("timeout"),
    );
    const cancelWaiting = systemClock.alarm(start + timeout, () => fail("timeout"));
    const finish = (settle: () => void): void => {
      socket.removeAllListeners("data");
      cancelConnecting();
      cancelWaiting();
      signal?.removeEventListener("abort", abort);
      socket.destroy();
      settle(); // a second call settles nothing
    };
    signal?.addEventListener("abort", abort, { once: true });
    socket.once("connect", () => {
      cancelConnecting();
      socket.write(bytes);
    });
    socket.on("data", (chunk: Uint8Array) => {
      const state = buffer.add(chunk);
      if (state === "complete") finish(() => resolve(buffer.octets));
      else if (state === "tooLong") fail("tooLong");
    });
    socket.once("end", () => finish(() => resolve(buffer.octets)));
    socket.on("error", (error: Error) => fail(reasonOf(error), error));
  });
}

/** @throws {ExchangeError} If the system refuses at once. */
function open(options: ExchangeOptions): Socket {
  const { hostname, port, from } = options;
  try {
    return connect({ host: hostname, port, localAddress: from, noDelay: true });
  } catch (error) {
    throw new ExchangeError(options, reasonOf(error), { cause: error });
  }
}

function reasonOf(error: unknown): ExchangeReason {
  const code = errorCode(error) ?? "";
  if (code === "ECONNREFUSED") return "refused";
  if (code === "ETIMEDOUT") return "timeout";
  return RESETS.has(code) ? "reset" : "unreachable";
}

/** The system's codes for a connection that ended with an error. */
const RESETS: ReadonlySet<string> = new Set(["ECONNRESET", "ECONNABORTED", "EPIPE"]);
