import * as z from "zod/mini";
import { ErrorCode } from "./error_codes.ts";
import { type Fault, RpcError } from "./rpc_error.ts";
import type { Lazy } from "./value_schemas.ts";

const NO_PARAMS: Lazy = () => z.strictObject({});

/**
 * Checks the params of a request against its schema.
 *
 * @throws {RpcError} -32602 with every fault in `data`.
 */
export function checkParams(method: string, schema: Lazy | undefined, params: unknown): unknown {
  if (Array.isArray(params)) {
    throw invalidParams(method, [{ path: [], message: "Must be given by name, in an object" }]);
  }
  const parsed = (schema ?? NO_PARAMS)().safeParse(params ?? {}, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw invalidParams(method, parsed.error.issues.flatMap(toFaults));
}

/** The error -32602. */
export function invalidParams(method: string, faults: readonly Fault[]): RpcError {
  const sentences = faults.map(({ path, message }) =>
    [path.join("."), message].filter(Boolean).join(": ")
  );
  return new RpcError(
    ErrorCode.InvalidParams,
    `Invalid params of "${method}": ${sentences.join("; ")}`,
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
  return [{ path, message: `${rule(issue)}, got ${quote(issue.input)}` }];
}

function rule(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `Must be ${TYPES[issue.expected] ?? issue.expected}`;
    case "too_small":
      return `Must be at least ${issue.minimum}`;
    case "too_big":
      return `Must be at most ${issue.maximum}`;
    case "invalid_value":
      return `Must be one of ${issue.values.map((value) => quote(value)).join(", ")}`;
    default:
      return issue.message;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  array: "an array",
  boolean: "true or false",
  int: "an integer",
  null: "null",
  number: "a number",
  object: "an object",
  string: "a string",
};

/** A value as JSON, shortened. */
function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}

const LONGEST = 80;
