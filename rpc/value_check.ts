import { IpAddress } from "../mod.ts";
import type { Fault } from "./rpc_error.ts";

/** What a value must be: a schema of methods.ts as plain data, so that the server needs no schema library. */
export type Check =
  | { readonly type: "boolean" }
  | { readonly type: "null" }
  | {
    readonly type: "integer";
    readonly least?: number;
    readonly most?: number;
  }
  | {
    readonly type: "string";
    /** Bounds of its length. */
    readonly least?: number;
    readonly most?: number;
    readonly format?: Format;
    readonly pattern?: string;
    /** What the format or the pattern requires, as a sentence. */
    readonly rule?: string;
  }
  | { readonly type: "oneOf"; readonly values: readonly string[] }
  | {
    readonly type: "list";
    readonly items: Check;
    /** The largest number of items. */
    readonly most?: number;
  }
  | {
    readonly type: "object";
    readonly members: Readonly<Record<string, Member>>;
    /** Whether other members are ignored. */
    readonly open?: true;
  }
  | {
    readonly type: "anyOf";
    readonly checks: readonly Check[];
    /** The sentence if none of them fits; without it the faults of the last check are listed. */
    readonly rule?: string;
  };

/** A member of an object; a missing one is a fault unless it is optional. */
export type Member = Check & { readonly optional?: true };

type Format = "address" | "ipv4" | "server";

/** Everything that is wrong with a value, at most {@linkcode MOST_FAULTS}, in the order of the check. */
export function faultsOf(value: unknown, check: Check): Fault[] {
  const found = new Faults();
  inspect(value, check, [], found);
  return found.all;
}

/** The faults of a value, and whether it has the right type in spite of them. */
class Faults {
  readonly all: Fault[] = [];
  /** Whether a type is wrong; if not, only a bound or a format is missed. */
  wrongType = false;

  add(path: Fault["path"], message: string, wrongType: boolean): void {
    this.wrongType ||= wrongType;
    if (this.all.length < MOST_FAULTS) this.all.push({ path, message });
  }

  get isFull(): boolean {
    return this.all.length === MOST_FAULTS;
  }
}

type Path = Fault["path"];

function inspect(value: unknown, check: Check, path: Path, found: Faults): void {
  switch (check.type) {
    case "boolean":
      if (typeof value !== "boolean") wrongType(value, "true or false", path, found);
      return;
    case "null":
      if (value !== null) wrongType(value, "null", path, found);
      return;
    case "integer":
      if (!Number.isInteger(value)) return wrongType(value, "an integer", path, found);
      return inspectBounds(value, Number(value), "Must be", "", check, path, found);
    case "string":
      if (typeof value !== "string") return wrongType(value, "a string", path, found);
      return inspectText(value, check, path, found);
    case "oneOf":
      if (check.values.includes(value as string)) return;
      return wrongType(value, `one of ${check.values.map(quote).join(", ")}`, path, found);
    case "list":
      if (!Array.isArray(value)) return wrongType(value, "an array", path, found);
      return inspectItems(value, check, path, found);
    case "object":
      if (!isObject(value)) return wrongType(value, "an object", path, found);
      return inspectMembers(value, check, path, found);
    case "anyOf":
      return inspectAny(value, check, path, found);
  }
}

function wrongType(value: unknown, expected: string, path: Path, found: Faults): void {
  found.add(path, `Must be ${expected}, got ${quote(value)}`, true);
}

/** Adds a fault if `size`, of the value or the value itself, is out of bounds. */
function inspectBounds(
  value: unknown,
  size: number,
  verb: string,
  unit: string,
  { least = -Number.MAX_SAFE_INTEGER, most = Number.MAX_SAFE_INTEGER }: {
    readonly least?: number;
    readonly most?: number;
  },
  path: Path,
  found: Faults,
): void {
  const bound = size < least ? `at least ${least}` : size > most ? `at most ${most}` : undefined;
  if (bound !== undefined) found.add(path, `${verb} ${bound}${unit}, got ${quote(value)}`, false);
}

function inspectText(
  value: string,
  check: Check & { readonly type: "string" },
  path: Path,
  found: Faults,
): void {
  if (check.least === 1 && value === "") return found.add(path, 'Must not be empty, got ""', false);
  inspectBounds(value, value.length, "Must have", " characters", check, path, found);
  const fits = check.format === undefined || FORMATS[check.format](value);
  if (fits && (check.pattern === undefined || new RegExp(check.pattern).test(value))) return;
  found.add(path, `${check.rule}, got ${quote(value)}`, false);
}

function inspectItems(
  items: readonly unknown[],
  { items: check, most = Infinity }: Check & { readonly type: "list" },
  path: Path,
  found: Faults,
): void {
  if (items.length > most) {
    // None of the items is inspected: there may be millions.
    return found.add(path, `Must have at most ${most} items, got ${items.length}`, false);
  }
  for (const [index, item] of items.entries()) inspect(item, check, [...path, index], found);
}

function inspectMembers(
  value: Readonly<Record<string, unknown>>,
  { members, open }: Check & { readonly type: "object" },
  path: Path,
  found: Faults,
): void {
  for (const [name, member] of Object.entries(members)) {
    if (Object.hasOwn(value, name)) inspect(value[name], member, [...path, name], found);
    else if (member.optional !== true) found.add([...path, name], "Missing", true);
  }
  if (open === true) return;
  for (const name in value) {
    if (Object.hasOwn(members, name)) continue;
    if (found.isFull) return;
    found.add([...path, shortened(name)], "Unknown", false);
  }
}

/** Adds nothing if one of the checks fits; the faults of the only one whose type fits; or else the rule. */
function inspectAny(
  value: unknown,
  { checks, rule }: Check & { readonly type: "anyOf" },
  path: Path,
  found: Faults,
): void {
  const results = checks.map((check) => {
    const result = new Faults();
    inspect(value, check, path, result);
    return result;
  });
  if (results.some(({ all }) => all.length === 0)) return;
  const [close, another] = results.filter((result) => !result.wrongType);
  const shown = close !== undefined && another === undefined ? close : undefined;
  if (shown === undefined && rule !== undefined) {
    return found.add(path, `${rule}, got ${quote(value)}`, true);
  }
  for (const fault of (shown ?? results.at(-1))?.all ?? []) {
    found.add(fault.path, fault.message, shown === undefined);
  }
}

/** Whether a text has a format. */
export const FORMATS: Readonly<Record<Format, (text: string) => boolean>> = {
  address: (text) => IpAddress.tryParse(text) !== undefined,
  ipv4: (text) => IpAddress.tryParse(text)?.family === "IPv4",
  // An address, also in brackets, or a host name (RFC 1123 section 2.1), of which the last label is no number.
  server: (text) => {
    const host = text.trim().replace(/^\[(.*)\]$/, "$1");
    return FORMATS.address(host) ||
      host.length <= 253 && /^[\w.-]+$/.test(host) && !/(^|\.)\d*\.?$/.test(host);
  },
};

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value as JSON for a message, shortened: a value of a message of 4 MiB is not written out first. */
export function quote(value: unknown): string {
  return shortened(render(value, LONGEST));
}

/** The first `room` characters of a value's JSON, roughly. */
function render(value: unknown, room: number): string {
  if (typeof value === "string") return JSON.stringify(shortened(value));
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? String(value);
  const isList = Array.isArray(value);
  const keys = isList ? value.slice(0, room).keys() : Object.keys(value);
  let text = "";
  for (const key of keys) {
    if (text.length >= room) break;
    if (text !== "") text += ",";
    if (!isList) text += `${JSON.stringify(shortened(String(key)))}:`;
    text += render(Reflect.get(value, key), room - text.length - 1);
  }
  return isList ? `[${text}]` : `{${text}}`;
}

function shortened(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}

const LONGEST = 80;

/** A response lists no more faults than this: a message of 4 MiB can have a million. */
export const MOST_FAULTS = 100;
