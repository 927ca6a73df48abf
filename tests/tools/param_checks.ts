/** Checks of params, made of the schemas of rpc/methods.ts. `deno task openrpc` writes them to rpc/param_checks.ts. */

import * as z from "zod/mini";
import { METHODS } from "../../rpc/methods.ts";
import { type Check, FORMATS, type Member } from "../../rpc/value_check.ts";

/** The check of each method's params, by the name of the method. */
export function paramChecks(): Record<string, Check> {
  return Object.fromEntries(
    Object.entries(METHODS).map(([name, { params }]) => [name, checkOf((params ?? NOTHING)())]),
  );
}

/** The text of rpc/param_checks.ts, not yet formatted. */
export function renderParamChecks(): string {
  return `/**
 * The checks of the params of every method: the schemas of methods.ts as data.
 *
 * Written by \`deno task openrpc\` from methods.ts; do not edit.
 */
import type { Method } from "./types.ts";
import type { Check } from "./value_check.ts";

/** By method. */
export const PARAM_CHECKS: { readonly [M in Method]: Check } = ${JSON.stringify(paramChecks())};
`;
}

const NOTHING = (): z.ZodMiniType => z.strictObject({});

/** @throws {Error} If a check cannot express the schema: then both need it. */
function checkOf(schema: z.ZodMiniType): Check {
  const def = schema._zod.def as z.core.$ZodTypes["_zod"]["def"];
  switch (def.type) {
    case "boolean":
    case "null":
      return { type: def.type };
    case "number":
      return { type: "integer", ...boundsOf(schema) };
    case "string":
      return { type: "string", ...boundsOf(schema), ...formatOf(schema) };
    case "literal":
      return { type: "oneOf", values: def.values.map(String) };
    case "enum":
      return { type: "oneOf", values: Object.values(def.entries).map(String) };
    case "array":
      return { type: "list", items: checkOf(def.element as z.ZodMiniType), ...boundsOf(schema) };
    case "object":
      return {
        type: "object",
        members: Object.fromEntries(
          Object.entries(def.shape).map(([name, member]) => [name, memberOf(member)]),
        ),
        ...(def.catchall === undefined ? { open: true } : {}),
      };
    case "nullable":
      return { type: "anyOf", checks: [{ type: "null" }, checkOf(def.innerType as z.ZodMiniType)] };
    case "union":
      return {
        type: "anyOf",
        checks: def.options.map((option) => checkOf(option as z.ZodMiniType)),
        rule: messageOf(schema),
      };
    default:
      throw new Error(`Cannot make a check of the schema: its type is "${def.type}"`);
  }
}

function memberOf(schema: z.core.$ZodType): Member {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type !== "optional") return checkOf(schema as z.ZodMiniType);
  return { ...checkOf(def.innerType as z.ZodMiniType), optional: true };
}

function boundsOf(schema: z.ZodMiniType): { least?: number; most?: number } {
  const bounds: { least?: number; most?: number } = {};
  for (const { _zod: { def } } of checksOf(schema)) {
    if (def.check === "greater_than") bounds.least = Number(def.value);
    if (def.check === "less_than") bounds.most = Number(def.value);
    if (def.check === "min_length") bounds.least = def.minimum;
    if (def.check === "max_length") bounds.most = def.maximum;
  }
  return bounds;
}

function formatOf(schema: z.ZodMiniType): Pick<Text, "format" | "pattern" | "rule"> {
  const own = schema._zod.def as unknown as z.core.$ZodCheckStringFormatDef;
  const defs = [own, ...checksOf(schema).map(({ _zod: { def } }) => def)];
  const found = defs.find((def) => def.check === "string_format");
  if (found === undefined) return {};
  const rule = messageOf(schema);
  const { format, pattern } = found as z.core.$ZodCheckStringFormatDef;
  if (format in FORMATS) return { format: format as keyof typeof FORMATS, rule };
  if (format === "regex" && pattern !== undefined) return { pattern: pattern.source, rule };
  throw new Error(`Cannot make a check of the schema: its format is "${format}"`);
}

type Text = Check & { readonly type: "string" };

function checksOf(schema: z.ZodMiniType): readonly z.core.$ZodChecks[] {
  return (schema._zod.def.checks ?? []) as unknown as readonly z.core.$ZodChecks[];
}

/** The sentence of a schema for a value of another type or format. */
function messageOf(schema: z.ZodMiniType): string {
  const { error } = z.safeParse(schema, schema._zod.def.type === "union" ? undefined : "\0");
  return error?.issues.at(-1)?.message ?? "";
}
