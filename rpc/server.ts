import type { CancellationToken, MessageConnection } from "vscode-jsonrpc";
import { deferred } from "../src/deferred.ts";
import { reportError } from "../src/report_error.ts";
import { ErrorCode } from "./error_codes.ts";
import { handshake } from "./handshake.ts";
import { LIMITS } from "./limits.ts";
import { defectLines, type Log } from "./log.ts";
import { type Handler, HANDLERS, type MethodContext } from "./handlers.ts";
import { ExitNotification } from "./protocol.ts";
import { limitExceeded, RpcError, toRpcError } from "./rpc_error.ts";
import { RpcSession, type SessionDeps } from "./session.ts";
import type { InitializeParams, Method, OpenRpcDocument } from "./types.ts";
import { checkParams } from "./check_params.ts";
import { quote } from "./value_check.ts";

/** What {@linkcode serve} depends on; every member has a default. */
export interface ServeDeps extends Omit<SessionDeps, "notify"> {
  /** Gets the server's log lines; by default there is no log. */
  readonly log?: Log;
  /** Params of an `initialize` that was answered before the connection was made. */
  readonly initialized?: InitializeParams;
  /** Watches a process and calls back when it is gone; returns how to stop. By default nothing is watched. */
  readonly watchProcess?: (processId: number, gone: () => void) => () => void;
  /** How long the end waits for confirmations and responses, in milliseconds; 8000 by default. */
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
 * Answers every method of the protocol on a connection that does not listen yet, and starts listening.
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
  readonly #context: MethodContext;
  readonly #resolveEnded: (exitCode: number) => void;
  readonly #running = new Set<Promise<unknown>>();
  #state: "new" | "initialized" | "shutDown" = "new";
  #stopWatching: () => void = () => {};
  #ending = false;

  constructor(connection: MessageConnection, deps: ServeDeps) {
    this.#deps = deps;
    this.#log = deps.log ?? (() => {});
    ({ promise: this.ended, resolve: this.#resolveEnded } = deferred<number>());
    const session = new RpcSession({
      ...deps,
      notify: async (method, params) => {
        try {
          await connection.sendNotification(method, params);
        } catch (error) {
          this.#log("debug", `Cannot send "${method}": ${error}`);
        }
      },
    });
    let document: Promise<OpenRpcDocument> | undefined;
    this.#context = {
      session,
      initialize: (params) => {
        this.#initialize(params);
        return handshake();
      },
      shutDown: async () => {
        this.#state = "shutDown";
        await session.close();
        return null;
      },
      openRpcDocument: () => document ??= loadDocument(),
    };
    if (deps.initialized !== undefined) this.#initialize(deps.initialized);
    connection.onRequest((method, params, token) => this.#respond(method, params, token));
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
    await this.#context.session.close();
    // Requests that were waiting have failed by now; their responses are written before the end.
    await Promise.allSettled(this.#running);
  }

  async #respond(method: string, params: unknown, token: CancellationToken): Promise<unknown> {
    this.#log("debug", `Request "${method}"`);
    if (this.#running.size >= LIMITS.waiting && method !== "shutdown") {
      throw limitExceeded(
        "waiting",
        `Cannot answer "${method}": ${LIMITS.waiting} requests wait already, the most that this server has; wait for an answer, or cancel a request`,
      );
    }
    const work = cancellable(method, token, (signal) => this.#run(method, params, signal));
    this.#running.add(work);
    try {
      return await work;
    } catch (error) {
      const response = toRpcError(error);
      if (response === undefined) {
        const [message, ...frames] = defectLines(error);
        this.#log("error", `Cannot answer "${method}": ${message}`);
        for (const frame of frames) this.#log("error", frame);
        throw new RpcError(ErrorCode.InternalError, `Cannot answer "${method}": ${error}`);
      }
      this.#log("info", `Request "${method}" failed: ${response.message}`);
      throw response;
    } finally {
      this.#running.delete(work);
    }
  }

  async #run(method: string, params: unknown, signal: AbortSignal): Promise<unknown> {
    if (!isMethod(method)) {
      throw new RpcError(
        ErrorCode.MethodNotFound,
        `Cannot answer ${quote(method)}: there is no such method, see "rpc.discover"`,
      );
    }
    this.#checkOrder(method);
    return await perform(method, this.#context, params, signal);
  }

  #checkOrder(method: string): void {
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

  #initialize({ clientInfo, processId }: InitializeParams): void {
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

async function loadDocument(): Promise<OpenRpcDocument> {
  return (await import("./openrpc.json", { with: { type: "json" } })).default;
}

function isMethod(method: string): method is Method {
  return Object.hasOwn(HANDLERS, method);
}

async function perform<M extends Method>(
  method: M,
  context: MethodContext,
  params: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  const handler: Handler<M> = HANDLERS[method];
  return await handler(context, checkParams(method, params), signal);
}

/** The 5 seconds that a client waits for confirmations by default, and 3 more. */
const END_TIMEOUT = 8_000;

/** Runs a request; a cancellation rejects with -32800 at once and aborts the signal. */
async function cancellable(
  method: string,
  token: CancellationToken,
  run: (signal: AbortSignal) => Promise<unknown>,
): Promise<unknown> {
  const error = new RpcError(ErrorCode.RequestCancelled, `The request "${method}" was cancelled`);
  if (token.isCancellationRequested) throw error;
  const { promise: cancelled, reject } = deferred<never>();
  const controller = new AbortController();
  const cancel = (): void => {
    reject(error);
    controller.abort(error);
  };
  const subscription = token.onCancellationRequested(cancel);
  try {
    return await Promise.race([cancelled, run(controller.signal)]);
  } finally {
    subscription.dispose();
  }
}

/** Waits for a promise, but at most `limit` milliseconds. */
async function within(limit: number, work: Promise<void>): Promise<void> {
  const { promise: late, resolve } = deferred<void>();
  const timer = setTimeout(resolve, limit);
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
