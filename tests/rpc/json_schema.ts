/**
 * A small validator of JSON Schema draft 7, written for these tests: the schemas come from one library, so other
 * code checks them. It refuses keywords that it does not know.
 */
type Json = Record<string, unknown>;

/** Everything that is wrong with a value, as `path: complaint`. */
export function violations(value: unknown, schema: unknown, root: unknown, path = ""): string[] {
  if (schema === true) return [];
  if (schema === false) return [`${path}: nothing is allowed here`];
  const rules = schema as Json;
  const reference = rules["$ref"];
  if (typeof reference === "string") return violations(value, resolve(reference, root), root, path);
  return Object.entries(rules).flatMap(([keyword, rule]) => {
    const check = CHECKS[keyword];
    if (check === undefined) throw new Error(`Unknown keyword "${keyword}" at ${path}`);
    return check({ value, rule, rules, root, path });
  });
}

interface Context {
  readonly value: unknown;
  readonly rule: unknown;
  readonly rules: Json;
  readonly root: unknown;
  readonly path: string;
}

const nothing = (): string[] => [];

const CHECKS: Readonly<Record<string, (context: Context) => string[]>> = {
  // For people.
  $schema: nothing,
  $id: nothing,
  title: nothing,
  description: nothing,
  default: nothing,
  definitions: nothing,
  format: nothing,
  additionalItems: nothing,

  type: ({ value, rule, path }) => {
    const types = Array.isArray(rule) ? rule : [rule];
    return complain(
      types.some((type) => isType(value, type)),
      path,
      `must be ${types.join(" or ")}`,
    );
  },
  const: ({ value, rule, path }) => complain(equal(value, rule), path, `must be ${rule}`),
  enum: ({ value, rule, path }) => {
    return complain((rule as unknown[]).some((each) => equal(value, each)), path, "must be one of");
  },
  minimum: ({ value, rule, path }) =>
    complain(typeof value !== "number" || value >= Number(rule), path, `must be >= ${rule}`),
  maximum: ({ value, rule, path }) =>
    complain(typeof value !== "number" || value <= Number(rule), path, `must be <= ${rule}`),
  minLength: ({ value, rule, path }) =>
    complain(typeof value !== "string" || value.length >= Number(rule), path, "is too short"),
  pattern: ({ value, rule, path }) =>
    complain(typeof value !== "string" || new RegExp(String(rule)).test(value), path, "pattern"),
  required: ({ value, rule, path }) => {
    if (!isObject(value)) return [];
    return (rule as string[]).flatMap((name) => complain(name in value, path, `needs ${name}`));
  },
  properties: ({ value, rule, root, path }) => {
    if (!isObject(value)) return [];
    return Object.entries(rule as Json).flatMap(([name, schema]) => {
      return name in value ? violations(value[name], schema, root, `${path}/${name}`) : [];
    });
  },
  patternProperties: ({ value, rule, root, path }) => {
    if (!isObject(value)) return [];
    return Object.entries(rule as Json).flatMap(([pattern, schema]) => {
      return Object.entries(value).flatMap(([name, member]) => {
        return new RegExp(pattern).test(name)
          ? violations(member, schema, root, `${path}/${name}`)
          : [];
      });
    });
  },
  additionalProperties: ({ value, rule, rules, root, path }) => {
    if (!isObject(value)) return [];
    const known = Object.keys((rules["properties"] ?? {}) as Json);
    const patterns = Object.keys((rules["patternProperties"] ?? {}) as Json);
    return Object.entries(value).flatMap(([name, member]) => {
      if (known.includes(name) || patterns.some((each) => new RegExp(each).test(name))) return [];
      return violations(member, rule, root, `${path}/${name}`);
    });
  },
  items: ({ value, rule, root, path }) => {
    if (!Array.isArray(value)) return [];
    return value.flatMap((each, index) => violations(each, rule, root, `${path}/${index}`));
  },
  allOf: ({ value, rule, root, path }) =>
    (rule as unknown[]).flatMap((schema) => violations(value, schema, root, path)),
  anyOf: ({ value, rule, root, path }) => {
    const all = (rule as unknown[]).map((schema) => violations(value, schema, root, path));
    return all.some((each) => each.length === 0) ? [] : all.flat();
  },
  oneOf: ({ value, rule, root, path }) => {
    const all = (rule as unknown[]).map((schema) => violations(value, schema, root, path));
    const fitting = all.filter((each) => each.length === 0).length;
    if (fitting > 1) return [`${path}: fits several schemas`];
    return fitting === 1 ? [] : all.flat();
  },
};

/** What a reference such as `#/definitions/a` stands for. */
function resolve(reference: string, root: unknown): unknown {
  if (!reference.startsWith("#/")) throw new Error(`Cannot resolve "${reference}"`);
  const found = reference.slice(2).split("/").reduce<unknown>(
    (at, step) => isObject(at) ? at[decodeURIComponent(step)] : undefined,
    root,
  );
  if (found === undefined) throw new Error(`Cannot resolve "${reference}"`);
  return found;
}

function isType(value: unknown, type: unknown): boolean {
  switch (type) {
    case "array":
      return Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    case "null":
      return value === null;
    case "object":
      return isObject(value);
    case "string":
      return typeof value === "string";
    case "number":
      return typeof value === "number";
    case "boolean":
      return typeof value === "boolean";
    default:
      throw new Error(`Unknown type "${type}"`);
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function equal(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function complain(fits: boolean, path: string, complaint: string): string[] {
  return fits ? [] : [`${path}: ${complaint}`];
}
