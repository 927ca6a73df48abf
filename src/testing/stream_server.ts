import { createServer, type Socket } from "node:net";
import type {
  StreamAddress,
  StreamConnection,
  StreamListener,
  StreamSink,
} from "../transport/stream.ts";
import { errorCode, TransportError } from "../transport/transport_error.ts";

/**
 * Listens for TCP connections with `node:net`, as `MemoryNetwork.listen()` does in memory: for servers of tests and
 * experiments.
 *
 * @param accept Called with each connection; returns what receives its events.
 * @returns Rejects with a `TransportError` if the address and port cannot be bound.
 */
export function listenOverTcp(
  local: StreamAddress,
  accept: (connection: StreamConnection) => StreamSink,
): Promise<StreamListener> {
  return listen(local, accept, ATTEMPTS);
}

/** Deno before 2.8 frees the port of a closed server some milliseconds later: a server that restarts may have to try again. */
const ATTEMPTS = 5;

/** Milliseconds between two attempts. */
const PAUSE = 20;

function listen(
  local: StreamAddress,
  accept: (connection: StreamConnection) => StreamSink,
  attempts: number,
): Promise<StreamListener> {
  return new Promise((resolve, reject) => {
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
      serve(socket, accept);
    });
    server.once("error", (error: Error) => {
      const isTaken = errorCode(error) === "EADDRINUSE";
      if (!isTaken || attempts === 1) return reject(new TransportError("open", local, error));
      setTimeout(() => listen(local, accept, attempts - 1).then(resolve, reject), PAUSE);
    });
    server.listen({ host: local.hostname, port: local.port }, () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : local.port;
      resolve({ local: { hostname: local.hostname, port }, close: () => server.close() });
    });
  });
}

function serve(socket: Socket, accept: (connection: StreamConnection) => StreamSink): void {
  let ended = false;
  const sink = accept({
    remote: { hostname: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 },
    local: { hostname: socket.localAddress ?? "", port: socket.localPort ?? 0 },
    send: (bytes) => {
      if (!ended) socket.write(bytes);
    },
    close: () => {
      ended = true;
      socket.end();
    },
    reset: () => {
      ended = true;
      socket.resetAndDestroy();
    },
  });
  const closed = (): void => {
    if (!ended) sink.closed();
    ended = true;
    socket.destroy();
  };
  socket.on("data", (chunk: Uint8Array) => {
    if (!ended) sink.octets(new Uint8Array(chunk));
  });
  socket.once("end", closed);
  socket.once("close", closed);
  socket.on("error", closed); // a reset by the client
}
