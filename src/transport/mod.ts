/**
 * UDP sockets behind one small interface: {@linkcode denoNetwork} and {@linkcode nodeNetwork} for real networks,
 * {@linkcode MemoryNetwork} for tests, and the {@linkcode Clock} of the library. A `Client` accepts any of them, so a program
 * can be tested without sockets.
 *
 * @example
 * ```ts
 * import { defaultNetwork } from "@portcontrol/pcp/transport";
 * import { assertEquals } from "@std/assert";
 *
 * const network = defaultNetwork();
 * const { promise: received, resolve, reject } = Promise.withResolvers<Uint8Array>();
 * const receiver = await network.open({ hostname: "127.0.0.1", port: 0 }, {
 *   datagram: (bytes) => resolve(bytes),
 *   error: reject,
 * });
 * await receiver.send(new Uint8Array([2, 0, 0, 0]), receiver.local);
 * assertEquals(await received, new Uint8Array([2, 0, 0, 0]));
 * receiver.close();
 * ```
 *
 * @module
 */

export { type Clock, type Milliseconds, systemClock } from "../clock.ts";
export { denoNetwork } from "./deno.ts";
export {
  type Link,
  type LinkDatagram,
  MemoryNetwork,
  type MemoryNetworkOptions,
  type TappedDatagram,
} from "./memory.ts";
export type { TappedExchange } from "./memory_stream.ts";
export { nodeNetwork } from "./node.ts";
export { defaultNetwork } from "./open.ts";
export {
  type Exchange,
  ExchangeError,
  type ExchangeOptions,
  type ExchangeReason,
  type StreamAddress,
  type StreamConnection,
  type StreamListener,
  type StreamSink,
} from "./stream.ts";
export type {
  MulticastOptions,
  Network,
  OpenOptions,
  Probe,
  ProbeOptions,
  Sink,
  SocketAddress,
  Transport,
} from "./transport.ts";
export { TransportError } from "./transport_error.ts";
