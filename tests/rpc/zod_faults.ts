/** What zod says of a value, in the form of `faultsOf()`: the second opinion on the checks that the server uses. */
import * as z from "zod/mini";
import type { Fault } from "../../rpc/mod.ts";
import { quote } from "../../rpc/value_check.ts";

/** The faults that zod finds. */
export function zodFaults(schema: z.ZodMiniType, value: unknown): Fault[] {
  const parsed = z.safeParse(schema, value, { reportInput: true });
  if (parsed.success) return [];
  const faults = parsed.error.issues.flatMap(toFaults);
  // Zod compares the length of an array with that of a text, after it has refused the type.
  return faults.filter(({ path }, index) => {
    return index === 0 || path.join("\0") !== faults[index - 1]?.path.join("\0");
  });
}

function toFaults(issue: z.core.$ZodIssue): Fault[] {
  const path = issue.path.map((step) => typeof step === "symbol" ? String(step) : step);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: [...path, key], message: "Unknown" }));
  }
  if (issue.input === undefined) {
    return [{ path, message: issue.code === "custom" ? issue.message : "Missing" }];
  }
  if (issue.code === "too_big" && Array.isArray(issue.input)) {
    const { maximum, input } = issue;
    return [{ path, message: `Must have at most ${maximum} items, got ${input.length}` }];
  }
  return [{ path, message: `${rule(issue)}, got ${quote(issue.input)}` }];
}

function rule(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `Must be ${TYPES[issue.expected] ?? issue.expected}`;
    case "too_small":
      return issue.origin === "string" ? "Must not be empty" : `Must be at least ${issue.minimum}`;
    case "too_big":
      return issue.origin === "string"
        ? `Must have at most ${issue.maximum} characters`
        : `Must be at most ${issue.maximum}`;
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
  number: "an integer",
  object: "an object",
  string: "a string",
};
