import type * as z from "zod/mini";
import { ErrorCode } from "./error_codes.ts";
import { paramSchemas } from "./param_schemas.ts";
import { RpcError } from "./rpc_error.ts";
import type { Fault, Method, Requests } from "./types.ts";

/**
 * Checks the params of a request against its schema.
 *
 * @throws {RpcError} -32602 with every fault in `data`.
 */
export function checkParams<M extends Method>(method: M, params: unknown): Requests[M]["params"] {
  if (Array.isArray(params)) {
    throw invalidParams(method, [{ path: [], message: "Must be given by name, in an object" }]);
  }
  const schema: z.ZodMiniType = paramSchemas[method];
  const parsed = schema.safeParse(params ?? {}, { reportInput: true });
  if (parsed.success) return parsed.data as Requests[M]["params"];
  throw invalidParams(method, parsed.error.issues.flatMap(toFaults));
}

/** The error -32602. */
export function invalidParams(method: string, faults: readonly Fault[]): RpcError {
  const told = faults.map(({ path, message }) =>
    [path.join("."), message].filter(Boolean).join(": ")
  );
  return new RpcError(
    ErrorCode.InvalidParams,
    `Invalid params of "${method}": ${told.join("; ")}`,
    faults,
  );
}

function toFaults(issue: z.core.$ZodIssue): Fault[] {
  const path = issue.path.map((step) => typeof step === "symbol" ? String(step) : step);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: [...path, key], message: "Unknown" }));
  }
  if (issue.input === undefined) {
    return [{ path, message: issue.code === "custom" ? issue.message : "Missing" }];
  }
  return [{ path, message: `${rule(issue)}, got ${show(issue.input)}` }];
}

function rule(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `Must be ${NAMES[issue.expected] ?? issue.expected}`;
    case "too_small":
      return `Must be at least ${issue.minimum}`;
    case "too_big":
      return `Must be at most ${issue.maximum}`;
    case "invalid_value":
      return `Must be one of ${issue.values.map((value) => show(value)).join(", ")}`;
    default:
      return issue.message;
  }
}

const NAMES: Readonly<Record<string, string>> = {
  array: "an array",
  boolean: "true or false",
  int: "an integer",
  null: "null",
  number: "a number",
  object: "an object",
  string: "a string",
};

/** A value as it came in, shortened. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}

const LONGEST = 80;
