import type { Message } from "vscode-jsonrpc";
import { ErrorCode } from "./error_codes.ts";
import type { Frame, TooLong } from "./framing.ts";
import { ENOUGH_FOR_ID, idAtStart } from "./id_at_start.ts";
import { type Limit, type LimitData, LIMITS } from "./limits.ts";

/** What to do with a message: pass it on, answer with an error, or drop it. */
export type MessageCheck =
  | { readonly type: "message"; readonly message: IncomingMessage }
  | RefusedMessage
  | { readonly type: "dropped"; readonly reason: string };

/** A message that is answered with an error. */
export interface RefusedMessage {
  readonly type: "refused";
  readonly code: ErrorCode;
  readonly text: string;
  readonly id: Id;
  readonly data?: LimitData;
}

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
  if (!frame.ok) {
    if ("reason" in frame) {
      return refused(ErrorCode.ParseError, `Cannot read the message: ${frame.reason}`);
    }
    return refusedAsTooLong(frame, inFlight);
  }
  if (hasTooManyValues(frame.text)) return refusedAsTooComplex(frame.text, inFlight);
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
  if (hasId && String(id).length > MAX_ID) {
    return invalid(`The id of a request must have at most ${MAX_ID} characters`);
  }
  const known = hasId ? id : null;
  if (method === undefined && ("result" in value || "error" in value)) {
    return { type: "dropped", reason: "Ignoring an answer: this server asks nothing" };
  }
  if (jsonrpc !== "2.0") return invalid('A message must have "jsonrpc": "2.0"', known);
  if (typeof method !== "string") return invalid("A message must have a method, a string", known);
  if (!hasId && id !== undefined) {
    return invalid("The id of a request must be a string or a number");
  }
  if (params !== undefined && typeof params !== "object") {
    return invalid("Params must be an object", known);
  }
  if (hasId && inFlight.has(String(id))) {
    // The response to this request would be taken for that to the first one.
    return invalid(`The id ${JSON.stringify(id)} belongs to a request that still waits`);
  }
  if (method === "$/cancelRequest" && !hasId && !namesRequest(params)) {
    return { type: "dropped", reason: "Ignoring $/cancelRequest: it must name an id" };
  }
  if (isNothing(params)) delete value["params"];
  return { type: "message", message: value as unknown as IncomingMessage };
}

/** Whether params are as good as left out: serializers write null for what is not set, some libraries an empty array. */
function isNothing(params: object | null | undefined): boolean {
  return params === null || Array.isArray(params) && params.every((param) => param === null);
}

function namesRequest(params: object | null | undefined): boolean {
  const { id } = (params ?? {}) as { id?: unknown };
  return typeof id === "string" || typeof id === "number";
}

function refusedAsTooLong(
  { length, most, id }: TooLong,
  inFlight: ReadonlySet<string>,
): RefusedMessage {
  const text =
    `Cannot read a message of ${length} octets: the limit is ${most}, --max-message sets another`;
  return exceeded("message", most, text, id, inFlight);
}

function refusedAsTooComplex(text: string, inFlight: ReadonlySet<string>): RefusedMessage {
  const id = idAtStart(new TextEncoder().encode(text.slice(0, ENOUGH_FOR_ID)));
  const complaint =
    `Cannot read a message of more than ${LIMITS.values} JSON values, the limit of this server`;
  return exceeded("values", LIMITS.values, complaint, id, inFlight);
}

function exceeded(
  limit: Limit,
  most: number,
  text: string,
  id: Id,
  inFlight: ReadonlySet<string>,
): RefusedMessage {
  // The response must not be taken for that to another request.
  const known = id === null || inFlight.has(String(id)) ? null : id;
  return { ...refused(ErrorCode.LimitExceeded, text, known), data: { limit, most } };
}

/**
 * Whether a JSON text has more values than {@linkcode LIMITS} allows, found before it is parsed: a parsed value takes up to
 * thirty times its octets. Each value but the first follows a comma or the start of an array or object.
 */
function hasTooManyValues(text: string): boolean {
  if (text.length <= 2 * LIMITS.values) return false; // too short for so many
  let values = 1;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) inString = !inString;
    else if (inString) at += code === BACKSLASH ? 1 : 0;
    else if (BEFORE_VALUE.has(code) && ++values > LIMITS.values) return true;
  }
  return false;
}

const QUOTE = 34;
const BACKSLASH = 92;
const BEFORE_VALUE = new Set([..."[{,"].map((character) => character.charCodeAt(0)));

function invalid(text: string, id: Id = null): RefusedMessage {
  return refused(ErrorCode.InvalidRequest, text, id);
}

function refused(code: ErrorCode, text: string, id: Id = null): RefusedMessage {
  return { type: "refused", code, text, id };
}

/** Characters of an id, so that waiting requests take little memory. */
const MAX_ID = 1_024;
