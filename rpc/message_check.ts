import type { Message } from "vscode-jsonrpc";
import { ErrorCode } from "./error_codes.ts";
import type { Frame } from "./framing.ts";

/** What to do with a message: pass it on, answer with an error, or drop it. */
export type MessageCheck =
  | { readonly type: "message"; readonly message: IncomingMessage }
  | { readonly type: "refused"; readonly code: ErrorCode; readonly text: string; readonly id: Id }
  | { readonly type: "dropped"; readonly reason: string };

/** Id of a request; null if it could not be read. */
export type Id = string | number | null;

/** A request or a notification. */
export interface IncomingMessage extends Message {
  readonly method: string;
  readonly id?: string | number;
  readonly params?: object;
}

/** Checks one message against JSON-RPC 2.0, section 4. `inFlight` has the ids of requests without a response. */
export function checkMessage(frame: Frame, inFlight: ReadonlySet<string>): MessageCheck {
  if (!frame.ok) return refused(ErrorCode.ParseError, `Cannot read the message: ${frame.reason}`);
  let value: unknown;
  try {
    value = JSON.parse(frame.text);
  } catch (error) {
    return refused(ErrorCode.ParseError, `Cannot read the message: ${(error as Error).message}`);
  }
  if (Array.isArray(value)) {
    return invalid("Batches are not supported, send the requests one by one");
  }
  if (typeof value !== "object" || value === null) return invalid("A message must be an object");
  return checkObject(value as Record<string, unknown>, inFlight);
}

function checkObject(value: Record<string, unknown>, inFlight: ReadonlySet<string>): MessageCheck {
  const { jsonrpc, method, id, params } = value;
  const hasId = typeof id === "string" || typeof id === "number";
  const known = hasId ? id : null;
  if (method === undefined && ("result" in value || "error" in value)) {
    return { type: "dropped", reason: "Ignoring an answer: this server asks nothing" };
  }
  if (jsonrpc !== "2.0") return invalid('A message must have "jsonrpc": "2.0"', known);
  if (typeof method !== "string") return invalid("A message must have a method, a string", known);
  if (!hasId && id !== undefined) {
    return invalid("The id of a request must be a string or a number");
  }
  if (params !== undefined && (typeof params !== "object" || params === null)) {
    return invalid("Params must be an object", known);
  }
  if (hasId && inFlight.has(String(id))) {
    // The response to this request would be taken for that to the first one.
    return invalid(`The id ${JSON.stringify(id)} belongs to a request that still waits`);
  }
  if (method === "$/cancelRequest" && !hasId && !namesRequest(params)) {
    return { type: "dropped", reason: "Ignoring $/cancelRequest: it must name an id" };
  }
  return { type: "message", message: value as unknown as IncomingMessage };
}

function namesRequest(params: object | null | undefined): boolean {
  const { id } = (params ?? {}) as { id?: unknown };
  return typeof id === "string" || typeof id === "number";
}

function invalid(text: string, id: Id = null): MessageCheck {
  return refused(ErrorCode.InvalidRequest, text, id);
}

function refused(code: ErrorCode, text: string, id: Id = null): MessageCheck {
  return { type: "refused", code, text, id };
}
