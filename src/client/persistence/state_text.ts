import type { StoredMapping } from "./store.ts";

/** What the octets of a state file are. */
export type StateContent =
  /** The entries as they stand; each of them may break a rule. */
  | { readonly type: "mappings"; readonly mappings: readonly unknown[] }
  | { readonly type: "newer"; readonly version: number }
  /** It begins as a state file does, and cannot be read. */
  | { readonly type: "damaged" }
  /** It was made by another program. */
  | { readonly type: "foreign" };

/** The version of the format. A file of a higher version is left as it is. */
export const VERSION = 1;

/** Reads the octets of a state file; never throws. A blank file has no mappings. */
export function readState(octets: Uint8Array): StateContent {
  const text = new TextDecoder().decode(octets);
  if (text.trim() === "") return { type: "mappings", mappings: [] };
  const content = parse(text);
  if (isVersioned(content)) {
    const { version, mappings } = content;
    if (version > VERSION) return { type: "newer", version };
    if (version === VERSION && Array.isArray(mappings)) {
      if (mappings.length === 0 || mappings.some(hasFields)) return { type: "mappings", mappings };
    }
  }
  return { type: beginsAsOurs(text) ? "damaged" : "foreign" };
}

/** The octets of a state file: JSON, with one mapping a line. */
export function writeState(mappings: readonly StoredMapping[]): Uint8Array<ArrayBuffer> {
  const lines = mappings.map((mapping) => `\n    ${JSON.stringify(mapping)}`);
  const list = lines.length === 0 ? "[]" : `[${lines.join(",")}\n  ]`;
  return new TextEncoder().encode(`{\n  "version": ${VERSION},\n  "mappings": ${list}\n}\n`);
}

/** Whether the text begins as every state file does, or ends within that beginning. */
function beginsAsOurs(text: string): boolean {
  const start = text.slice(0, 1_000).replace(/\s+/g, "");
  return start.startsWith(BEGINNING) || BEGINNING.startsWith(start) || start === WITHOUT_MAPPINGS;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isVersioned(content: unknown): content is { version: number; mappings?: unknown } {
  return typeof content === "object" && content !== null && "version" in content &&
    Number.isInteger(content.version);
}

/** Whether the value has the fields of a stored mapping; their values may still break a rule. */
function hasFields(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const fields = value as Record<string, unknown>;
  return TEXTS.every((name) => typeof fields[name] === "string") &&
    NUMBERS.every((name) => typeof fields[name] === "number");
}

const TEXTS = ["server", "client", "kind", "nonce", "externalAddress", "expiresAt", "options"];
const NUMBERS = ["port", "protocol", "internalPort", "lifetime", "externalPort"];

/** The beginning of every state file, without blanks. */
const BEGINNING = `{"version":${VERSION},"mappings":`;
const WITHOUT_MAPPINGS = `{"version":${VERSION}}`;
