import type { Endpoint } from "../../../wire/address.ts";
import { tally } from "../counters.ts";
import { encodeReply } from "./http_reply.ts";
import {
  expectedBody,
  expectedHead,
  type GatewayRequest,
  readAction,
  readRequest,
  type RequestedAction,
} from "./http_request.ts";
import {
  countIgdViolation,
  type IgdActionResult,
  type IgdContext,
  type IgdService,
} from "./action.ts";
import type { Defer, IgdOutput } from "./output.ts";
import { documentAt } from "./description_pages.ts";
import { descriptionPages, serviceType } from "./parts.ts";
import { argumentNames, runAction } from "./services.ts";
import { faultBody, successBody } from "./soap_reply.ts";

/** An action that the gateway carried out or refused. */
export interface IgdLogEntry {
  /** Time in milliseconds of the gateway's clock. */
  readonly now: number;
  /** Source of the connection. */
  readonly from: Endpoint;
  /** The path of a GET, or the action. */
  readonly request: string;
  /** The arguments by name. */
  readonly values: ReadonlyMap<string, string>;
  /** The error code, if it was refused. */
  readonly code: number | undefined;
}

/** One connection while it is open. */
interface Connection {
  readonly id: number;
  readonly remote: Endpoint;
  readonly local: Endpoint;
  received: Uint8Array;
  segments: number;
  isAnswered: boolean;
}

/** The answer to a request before it is written. */
interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
  readonly headers?: readonly string[];
  /** Whether it answers an action. */
  readonly isAction: boolean;
}

/** Serves descriptions and actions. */
export class HttpFace {
  /** The last requests, oldest first. */
  readonly log: IgdLogEntry[] = [];
  readonly #context: IgdContext;
  readonly #defer: Defer;
  readonly #open = new Map<number, Connection>();
  #failures = 0;

  constructor(context: IgdContext, defer: Defer) {
    this.#context = context;
    this.#defer = defer;
  }

  /** A connection was opened. */
  connect(id: number, remote: Endpoint, local: Endpoint): IgdOutput[] {
    const { counters, settings: { quirks } } = this.#context;
    const connection = {
      id,
      remote,
      local,
      received: new Uint8Array(),
      segments: 0,
      isAnswered: false,
    };
    this.#open.set(id, connection);
    counters.connections++;
    counters.mostConnections = Math.max(counters.mostConnections, this.#open.size);
    if (local.address.toString() === quirks.neighbour) counters.neighbourConnections++;
    if (this.#open.size === 1) return [];
    countIgdViolation(this.#context, "connections");
    return quirks.oneAtATime ? this.resetAll() : [];
  }

  /** Octets arrived on a connection. */
  octets(now: number, id: number, bytes: Uint8Array): IgdOutput[] {
    const connection = this.#open.get(id);
    if (connection === undefined || connection.isAnswered) return [];
    const { received } = connection;
    connection.received = new Uint8Array([...received, ...bytes]);
    connection.segments++;
    const { quirks } = this.#context.settings;
    const isNeighbour = connection.local.address.toString() === quirks.neighbour;
    if (quirks.stalls === "accept" || isNeighbour) return [];
    if (quirks.refusesSecondSegment && received.length > 0) {
      countIgdViolation(this.#context, "secondSegment");
      return this.#send(now, connection, { status: 411, body: EMPTY, isAction: false });
    }
    const request = readRequest(connection.received);
    if (request === undefined) return [];
    if (connection.segments > 1) countIgdViolation(this.#context, "secondSegment");
    connection.isAnswered = true;
    return this.#serve(now, connection, request);
  }

  /** The client ended a connection. */
  disconnected(id: number): void {
    this.#open.delete(id);
  }

  /** Ends every connection with an error. */
  resetAll(): IgdOutput[] {
    const outputs = [...this.#open.keys()].map((
      connection,
    ) => ({ type: "reset", connection } as const));
    this.#open.clear();
    return outputs;
  }

  #serve(now: number, connection: Connection, request: GatewayRequest): IgdOutput[] {
    const { quirks } = this.#context.settings;
    if (request.head !== expectedHead(request, connection.local)) {
      countIgdViolation(this.#context, "requestForm");
    }
    if (quirks.redirect !== undefined) {
      const headers = [`Location: ${quirks.redirect}`];
      return this.#send(now, connection, { status: 302, body: EMPTY, headers, isAction: false });
    }
    if (request.method !== "POST") {
      return this.#send(now, connection, this.#answerGet(now, connection, request));
    }
    const { actionDelay = 0 } = quirks;
    const answer = (at: number): IgdOutput[] => {
      if (!this.#open.has(connection.id)) return [];
      const result = this.#answerPost(at, connection, request);
      return result === undefined
        ? this.#end(connection, "close")
        : this.#send(at, connection, result);
    };
    if (actionDelay === 0) return answer(now);
    this.#defer(now + actionDelay, answer);
    return [];
  }

  #answerGet(now: number, { remote }: Connection, { method, path }: GatewayRequest): Answer {
    const { settings, counters } = this.#context;
    tally(counters.requests, path);
    this.#record({ now, from: remote, request: path, values: new Map(), code: undefined });
    const document = documentAt(path, descriptionPages(settings), settings);
    if (method === "GET" && document !== undefined) {
      return { status: 200, body: new TextEncoder().encode(document), isAction: false };
    }
    countIgdViolation(this.#context, "path");
    return { status: method === "GET" ? 404 : 405, body: EMPTY, isAction: false };
  }

  /** Undefined if the gateway closes the connection without an answer. */
  #answerPost(now: number, { remote }: Connection, request: GatewayRequest): Answer | undefined {
    const context = this.#context;
    const { quirks } = context.settings;
    const pages = descriptionPages(context.settings);
    const service = pages.flatMap(({ services }) => services).find(({ path }) =>
      path === request.path
    );
    const action = readAction(request);
    const isExact = /^".*"$/.test(request.headers.get("SOAPAction") ?? "");
    if (quirks.exactSoapAction && !isExact) return { status: 501, body: EMPTY, isAction: true };
    if (service === undefined || action === undefined) {
      countIgdViolation(context, "path");
      return { status: 404, body: EMPTY, isAction: true };
    }
    tally(context.counters.requests, action.name);
    const result = this.#run(now, remote, service, action, request.body);
    const code = result.type === "fault" ? result.code : undefined;
    this.#record({ now, from: remote, request: action.name, values: action.values, code });
    if (result.type === "close") return undefined;
    if (result.type === "success") {
      const body = successBody(action.type, action.name, result.results, quirks);
      return { status: 200, body, isAction: true };
    }
    tally(context.counters.faults, String(result.code));
    const status = quirks.spelling === "page" ? 200 : quirks.faultStatus ?? 500;
    return { status, body: faultBody(result.code, quirks), isAction: true };
  }

  #run(
    now: number,
    remote: Endpoint,
    service: IgdService,
    action: RequestedAction,
    body: string,
  ): IgdActionResult {
    const context = this.#context;
    const { failuresFirst = 0 } = context.settings.quirks;
    const names = argumentNames(service.name, action.name) ?? [...action.values.keys()];
    if (body !== expectedBody(action, names)) countIgdViolation(context, "bodyForm");
    if (action.type !== serviceType(service)) {
      countIgdViolation(context, "serviceType");
      return { type: "fault", code: 401 };
    }
    if (this.#failures < failuresFirst) {
      this.#failures++;
      return { type: "fault", code: 501 };
    }
    const { name, values } = action;
    return runAction({ context, now, client: remote.address, service, action: name, values });
  }

  /** Writes an answer, and ends the connection unless it stays open. */
  #send(now: number, connection: Connection, answer: Answer): IgdOutput[] {
    const { quirks } = this.#context.settings;
    const { id } = connection;
    const headers = [
      ...(answer.headers ?? []),
      ...(quirks.hostile === "headers" ? Array<string>(10_000).fill("X-Header: value") : []),
    ];
    if (quirks.hostile === "endless") return this.#sendWithoutEnd(now, id);
    const bytes = encodeReply({ ...answer, headers }, quirks.http);
    if (quirks.stalls === "response" && answer.isAction) {
      return [{ type: "send", connection: id, bytes: bytes.slice(0, bytes.length / 2) }];
    }
    const outputs: IgdOutput[] = [{ type: "send", connection: id, bytes }];
    return quirks.http?.keepOpen ? outputs : [...outputs, ...this.#end(connection, "close")];
  }

  /** A body that goes on until the client ends the connection. */
  #sendWithoutEnd(now: number, id: number): IgdOutput[] {
    const begin = new TextEncoder().encode("HTTP/1.1 200 OK\r\n\r\n<root>");
    const piece = new Uint8Array(8_192).fill(0x20);
    const send = (at: number): IgdOutput[] => {
      if (!this.#open.has(id)) return [];
      this.#defer(at + 1, send);
      return [{ type: "send", connection: id, bytes: piece }];
    };
    return [{ type: "send", connection: id, bytes: begin }, ...send(now)];
  }

  #end({ id }: Connection, type: "close" | "reset"): IgdOutput[] {
    this.#open.delete(id);
    return [{ type, connection: id }];
  }

  #record(entry: IgdLogEntry): void {
    if (this.log.length >= LOG_LIMIT) this.log.shift();
    this.log.push(entry);
  }
}

const EMPTY = new Uint8Array();

/** Number of requests that the log keeps. */
const LOG_LIMIT = 1_000;
