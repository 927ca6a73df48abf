/** The requirements of exchanges over TCP. Each implementation runs this suite, on loopback addresses only. */

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import type { MemoryNetwork } from "../../src/transport/memory.ts";
import {
  ExchangeError,
  type ExchangeOptions,
  type StreamConnection,
  type StreamListener,
} from "../../src/transport/stream.ts";

/** A client of TCP and a server. */
export type Streams = Pick<MemoryNetwork, "exchange" | "listen">;

/** What a server does with a connection when the request is there. */
type Serve = (connection: StreamConnection, request: Uint8Array) => void;

/** A listening server, and what it has seen. */
class Server {
  readonly requests: Uint8Array[] = [];
  readonly connections: StreamConnection[] = [];
  /** Settles when the client has ended a connection. */
  readonly left: Promise<void>;
  readonly #leave: () => void;
  readonly #serve: Serve;

  constructor(serve: Serve) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.left = promise;
    this.#leave = resolve;
    this.#serve = serve;
  }

  accept(connection: StreamConnection): { octets(bytes: Uint8Array): void; closed(): void } {
    this.connections.push(connection);
    return {
      octets: (bytes) => {
        this.requests.push(bytes);
        this.#serve(connection, bytes);
      },
      closed: () => this.#leave(),
    };
  }
}

const REQUEST = octets(803);

export function streamConformance(name: string, streams: () => Streams, ipv6: boolean): void {
  /** Runs with a server that closes when the test has ended. */
  function test(
    title: string,
    serve: Serve,
    run: (
      exchange: (more?: Partial<ExchangeOptions>) => Promise<Uint8Array>,
      server: Server,
      listener: StreamListener,
    ) => Promise<void>,
    { hostname = "127.0.0.1", ignore = false } = {},
  ): void {
    Deno.test({
      name: `${name}: ${title}`,
      ignore,
      fn: async () => {
        const current = streams();
        const server = new Server(serve);
        const accept = server.accept.bind(server);
        const listener = await current.listen({ hostname, port: 0 }, accept);
        const exchange = (more: Partial<ExchangeOptions> = {}) =>
          current.exchange({
            hostname,
            port: listener.local.port,
            from: hostname,
            bytes: REQUEST,
            maximum: 1_000_000,
            isComplete: () => false,
            connectTimeout: 10_000,
            timeout: 10_000,
            ...more,
          });
        try {
          await run(exchange, server, listener);
        } finally {
          for (const connection of server.connections) connection.reset();
          listener.close();
        }
      },
    });
  }

  const answerAndClose: Serve = (connection, request) => {
    connection.send(request.slice(0, 3));
    connection.close();
  };
  const answerAndWait: Serve = (connection) => connection.send(octets(8));
  const silent: Serve = () => {};

  for (const hostname of ["127.0.0.1", "::1"]) {
    test(
      `an exchange is one connection with one piece, read until the close, over ${hostname}`,
      answerAndClose,
      async (exchange, server, listener) => {
        assertEquals(await exchange(), REQUEST.slice(0, 3));
        assertEquals(server.requests, [REQUEST]);
        const [connection] = server.connections;
        assertEquals(connection?.remote.hostname, hostname);
        assertEquals(connection?.local, listener.local);
      },
      { hostname, ignore: hostname === "::1" && !ipv6 },
    );
  }

  test(
    "the connection leaves from the given local address (U-4.2)",
    answerAndClose,
    async (exchange, server) => {
      await exchange({ from: "127.0.0.2" });
      assertEquals(server.connections[0]?.remote.hostname, "127.0.0.2");
    },
    { ignore: Deno.build.os !== "linux" }, // elsewhere 127.0.0.2 has to be configured
  );

  test(
    "the client closes the connection when the response is complete (U-4.3)",
    answerAndWait,
    async (exchange, server) => {
      const lengths: number[] = [];
      const response = await exchange({
        isComplete: ({ length }) => {
          lengths.push(length);
          return length >= 8;
        },
      });
      assertEquals(response, octets(8));
      assertEquals(lengths.at(-1), 8);
      await server.left;
    },
  );

  test(
    "a long response arrives whole and in order",
    (connection) => {
      for (let at = 0; at < 300_000; at += 10_000) {
        connection.send(octets(300_000).slice(at, at + 10_000));
      }
      connection.close();
    },
    async (exchange) => assertEquals(await exchange(), octets(300_000)),
  );

  test("a response may be empty", (connection) => connection.close(), async (exchange) => {
    assertEquals(await exchange(), new Uint8Array());
  });

  test(
    "the response belongs to the caller, and nothing is complete after it was",
    answerAndClose,
    async (exchange) => {
      let calls = 0;
      const response = await exchange({ isComplete: () => ++calls > 0 });
      assertEquals([calls, response.constructor], [1, Uint8Array]);
      assertEquals(response.byteOffset, 0);
      assertEquals(response.buffer.byteLength, response.length);
    },
  );

  test(
    "an exchange may be of exactly the maximum, and of no octet more (S-3)",
    answerAndWait,
    async (exchange) => {
      const isComplete = ({ length }: Uint8Array): boolean => length === 8;
      assertEquals(await exchange({ maximum: 8, isComplete }), octets(8));
      const error = await failure(exchange({ maximum: 7, isComplete }));
      assertEquals([error.reason, error.octets], ["tooLong", octets(8).slice(0, 7)]);
    },
  );

  test("a port without a listener refuses", silent, async (exchange, _server, listener) => {
    listener.close();
    const error = await failure(exchange({}));
    assertEquals([error.reason, error.octets], ["refused", new Uint8Array()]);
    assert(error.message.includes(`"127.0.0.1:${listener.local.port}"`), error.message);
  });

  test(
    "an answer that does not come in time ends the exchange (U-4.5)",
    answerAndWait,
    async (exchange, server) => {
      const error = await failure(exchange({ timeout: 100 }));
      assertEquals([error.reason, error.octets], ["timeout", octets(8)]);
      await server.left;
    },
  );

  test(
    "a reset ends the exchange, before and within the response (U-4.7)",
    (connection, request) => {
      if (request.length > 1) connection.reset();
      else {
        connection.send(octets(8));
        setTimeout(() => connection.reset(), 50);
      }
    },
    async (exchange) => {
      assertEquals((await failure(exchange())).reason, "reset");
      const error = await failure(exchange({ bytes: octets(1) }));
      assertEquals([error.reason, error.octets], ["reset", octets(8)]);
    },
  );

  test("a signal ends the exchange with its reason", silent, async (exchange, server) => {
    const reason = new Error("released");
    const thrown = await assertRejects(() => exchange({ signal: AbortSignal.abort(reason) }));
    assertStrictEquals(thrown, reason);
    assertEquals(server.connections, []);

    const controller = new AbortController();
    const running = exchange({ signal: controller.signal });
    while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve));
    controller.abort(reason);
    assertStrictEquals(await assertRejects(() => running), reason);
    await server.left;
  });

  test(
    "a port that is taken cannot be listened at",
    silent,
    async (_exchange, _server, listener) => {
      const sink = { octets() {}, closed() {} };
      const error = await assertRejects(() => streams().listen(listener.local, () => sink));
      assert(String(error).includes("in use"), String(error));
    },
  );
}

async function failure(exchange: Promise<Uint8Array>): Promise<ExchangeError> {
  return await assertRejects(() => exchange, ExchangeError);
}

/** Octets that differ from their neighbours, so that the test detects a shift. */
function octets(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8)) & 0xff);
}
