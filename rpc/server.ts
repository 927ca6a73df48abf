import type { CancellationToken, MessageConnection } from "vscode-jsonrpc";
import { ErrorCode } from "./error_codes.ts";
import { handshake } from "./handshake.ts";
import type { Log } from "./log.ts";
import { paramSchemas } from "./param_schemas.ts";
import { ExitNotification } from "./protocol.ts";
import { RpcError, toRpcError } from "./rpc_error.ts";
import { Session, type SessionDeps } from "./session.ts";
import type { InitializeParams, Method, Requests } from "./types.ts";
import { checkParams } from "./validate.ts";

/** What {@linkcode serve} can be told; every member has a default. */
export interface ServeDeps extends Omit<SessionDeps, "notify"> {
  /** Where the server tells of itself; nowhere by default. */
  readonly log?: Log;
  /** Params of an `initialize` that was answered before the connection was made. */
  readonly initialized?: InitializeParams;
  /** Watches a process and calls back when it is gone; returns how to stop. By default nothing is watched. */
  readonly watchProcess?: (processId: number, gone: () => void) => () => void;
  /** How long the end waits for confirmations and answers, in milliseconds; 8000 by default. */
  readonly endTimeout?: number;
}

/** A server on one connection. */
export interface Server {
  /** Resolves with the exit code when everything is released after `exit`, the end of the connection, or `end()`. */
  readonly ended: Promise<number>;
  /** Releases every mapping and ends, as if the connection had. */
  end(exitCode?: number): Promise<number>;
}

/**
 * Answers every method of the protocol on a connection that nobody listens to yet, and starts listening.
 *
 * @param connection Any connection of `vscode-jsonrpc`: over stdio, a socket, or in memory.
 * @param deps Network, clock, discovery and the like, for tests.
 *
 * @example
 * ```ts ignore
 * import { createMessageConnection } from "vscode-jsonrpc/node";
 * import { serve } from "@portcontrol/pcp/rpc";
 *
 * const exitCode = await serve(createMessageConnection(socketReader, socketWriter)).ended;
 * ```
 */
export function serve(connection: MessageConnection, deps: ServeDeps = {}): Server {
  return new RpcServer(connection, deps);
}

class RpcServer implements Server {
  readonly ended: Promise<number>;
  readonly #deps: ServeDeps;
  readonly #log: Log;
  readonly #session: Session;
  readonly #resolveEnded: (exitCode: number) => void;
  readonly #running = new Set<Promise<unknown>>();
  #state: "new" | "initialized" | "shutDown" = "new";
  #stopWatching: () => void = () => {};
  #ending = false;

  constructor(connection: MessageConnection, deps: ServeDeps) {
    this.#deps = deps;
    this.#log = deps.log ?? (() => {});
    ({ promise: this.ended, resolve: this.#resolveEnded } = Promise.withResolvers<number>());
    this.#session = new Session({
      ...deps,
      notify: async (method, params) => {
        try {
          await connection.sendNotification(method, params);
        } catch (error) {
          this.#log("debug", `Cannot send "${method}": ${error}`);
        }
      },
    });
    if (deps.initialized !== undefined) this.#initialized(deps.initialized);
    connection.onRequest((method, params, token) => this.#answer(method, params, token));
    connection.onNotification(ExitNotification, () => {
      this.end(this.#state === "shutDown" ? 0 : 1).catch(reportError);
    });
    connection.onUnhandledNotification(({ method }) => {
      this.#log("debug", `Ignoring the unknown notification "${method}"`);
    });
    connection.onClose(() => {
      this.end().catch(reportError);
    });
    connection.onError(([error]) => {
      this.#log("error", error.message);
      this.end(1).catch(reportError);
    });
    connection.listen();
  }

  async end(exitCode = 0): Promise<number> {
    if (this.#ending) return await this.ended;
    this.#ending = true;
    this.#stopWatching();
    await within(this.#deps.endTimeout ?? END_TIMEOUT, this.#release());
    this.#resolveEnded(exitCode);
    return exitCode;
  }

  async #release(): Promise<void> {
    await this.#session.close();
    // What still waits has failed by now; its answers leave before the end.
    await Promise.allSettled(this.#running);
  }

  async #answer(method: string, params: unknown, token: CancellationToken): Promise<unknown> {
    this.#log("debug", `Request "${method}"`);
    const work = this.#perform(method, params, token);
    this.#running.add(work);
    try {
      return await work;
    } catch (error) {
      const answer = toRpcError(error);
      if (answer === undefined) {
        this.#log("error", `Cannot answer "${method}": ${describeDefect(error)}`);
        throw new RpcError(ErrorCode.InternalError, `Cannot answer "${method}": ${error}`);
      }
      this.#log("info", `Request "${method}" failed: ${answer.message}`);
      throw answer;
    } finally {
      this.#running.delete(work);
    }
  }

  #perform(method: string, params: unknown, token: CancellationToken): Promise<unknown> {
    return cancellable(method, token, async (signal) => {
      if (!isMethod(method)) {
        throw new RpcError(
          ErrorCode.MethodNotFound,
          `Cannot answer "${method}": there is no such method, see "rpc.discover"`,
        );
      }
      this.#checkOrder(method);
      return await this.#call(method, params, signal);
    });
  }

  #checkOrder(method: Method): void {
    if (this.#state === "new" && method !== "initialize") {
      throw new RpcError(
        ErrorCode.ServerNotInitialized,
        `Cannot answer "${method}": the first request must be "initialize"`,
      );
    }
    if (this.#state !== "new" && method === "initialize") {
      throw new RpcError(ErrorCode.InvalidRequest, "Cannot initialize: this was done before");
    }
    if (this.#state === "shutDown" || this.#ending) {
      throw new RpcError(ErrorCode.InvalidRequest, `Cannot answer "${method}": shut down`);
    }
  }

  async #call<M extends Method>(method: M, params: unknown, signal: AbortSignal): Promise<unknown> {
    const handler: Handler<M> = this.#handlers[method];
    return await handler(checkParams(method, params), signal);
  }

  readonly #handlers: { readonly [M in Method]: Handler<M> } = {
    initialize: (params) => {
      this.#initialized(params);
      return handshake();
    },
    shutdown: async () => {
      this.#state = "shutDown";
      await this.#session.close();
      return null;
    },
    "rpc.discover": async () => (await import("./openrpc.ts")).openRpcDocument(),
    discover: () => this.#session.discover(),
    "simulator/start": (params) => this.#session.startSimulator(params),
    "simulator/stop": ({ simulatorId }) => this.#session.stopSimulator(simulatorId),
    "client/start": (params, signal) => this.#session.startClient(params, signal),
    "client/list": () => this.#session.listClients(),
    "client/announce": ({ clientId }, signal) =>
      this.#session.handle(clientId).announce({ signal }),
    "client/externalAddress": async ({ clientId }, signal) => ({
      externalAddress: await this.#session.handle(clientId).externalAddress({ signal }),
    }),
    "client/diagnose": ({ clientId }, signal) =>
      this.#session.handle(clientId).diagnose({ signal }),
    "client/deleteLeftovers": async ({ clientId }) => ({
      deleted: await this.#session.handle(clientId).deleteLeftovers(),
    }),
    "client/shutdown": ({ clientId, keep = false }) => {
      return this.#session.shutdownClient(clientId, keep);
    },
    "mapping/request": (params) => this.#session.request(params),
    "mapping/ready": ({ mappingId }, signal) => this.#session.ready(mappingId, signal),
    "mapping/get": ({ mappingId }) => this.#session.get(mappingId),
    "mapping/list": ({ clientId }) => this.#session.list(clientId),
    "mapping/renew": ({ mappingId, lifetime }) => this.#session.renew(mappingId, lifetime),
    "mapping/revoke": ({ mappingId }, signal) => this.#session.revoke(mappingId, signal),
  };

  #initialized({ clientInfo, processId }: InitializeParams): void {
    this.#state = "initialized";
    const name = [clientInfo?.name ?? "an unnamed client", clientInfo?.version].filter(Boolean);
    this.#log("info", `Serving ${name.join(" ")}`);
    if (processId === undefined || processId === null) return;
    this.#stopWatching = this.#deps.watchProcess?.(processId, () => {
      this.#log("info", `Process "${processId}" is gone`);
      this.end().catch(reportError);
    }) ?? this.#stopWatching;
  }
}

/** The 5 seconds that a client waits for confirmations by default, and some more. */
const END_TIMEOUT = 8_000;

type Handler<M extends Method> = (
  params: Requests[M]["params"],
  signal: AbortSignal,
) => Requests[M]["result"] | Promise<Requests[M]["result"]>;

function isMethod(method: string): method is Method {
  return Object.hasOwn(paramSchemas, method);
}

/** Runs a request that ends with -32800 as soon as it is cancelled; the signal tells what it had begun. */
async function cancellable(
  method: string,
  token: CancellationToken,
  run: (signal: AbortSignal) => Promise<unknown>,
): Promise<unknown> {
  const error = new RpcError(ErrorCode.RequestCancelled, `The request "${method}" was cancelled`);
  if (token.isCancellationRequested) throw error;
  const { promise: cancelled, reject } = Promise.withResolvers<never>();
  const controller = new AbortController();
  const cancel = (): void => {
    reject(error);
    controller.abort(error);
  };
  const listening = token.onCancellationRequested(cancel);
  try {
    return await Promise.race([cancelled, run(controller.signal)]);
  } finally {
    listening.dispose();
  }
}

function describeDefect(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

/** Waits for a promise, but not longer than so many milliseconds. */
async function within(limit: number, work: Promise<void>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, limit);
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
