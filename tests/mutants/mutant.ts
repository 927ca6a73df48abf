/** One way to break the library: a fragment of one function, and what stands there instead. */
export interface Mutant {
  /** What is wrong then. */
  readonly name: string;
  /** Its path. */
  readonly file: string;
  /** The function, method, constant, or row of the table that holds the fragment. */
  readonly within: string;
  /** Occurs once in there. */
  readonly from: string;
  /** Stands in its place; if left out, the whole statement goes that begins in the fragment's line. */
  readonly to?: string | undefined;
}

/** By file: name, function, fragment, replacement. */
export type MutantsByFile = Readonly<
  Record<
    string,
    readonly (readonly [name: string, within: string, from: string, to?: string])[]
  >
>;

/**
 * The source with the mutation; undefined if the function or the fragment does not occur exactly once.
 *
 * The source must be formatted: a declaration ends before the next line that is not indented further than its first one.
 */
export function mutate(
  source: string,
  { within, from, to }: Omit<Mutant, "name" | "file">,
): string | undefined {
  const lines = source.split("\n");
  const starts = [...lines.keys()].filter((index) => declares(lines[index] ?? "", within));
  const [start] = starts;
  if (start === undefined || starts.length !== 1) return undefined;
  const end = endOf(lines, start);
  const body = lines.slice(start, end).join("\n");
  const parts = body.split(from);
  if (parts.length !== 2) return undefined;
  const before = lines.slice(0, start);
  const after = lines.slice(end);
  if (to !== undefined) return [...before, parts.join(to), ...after].join("\n");
  const at = start + (parts[0] ?? "").split("\n").length - 1;
  return [...lines.slice(0, at), ...lines.slice(endOf(lines, at))].join("\n");
}

/** Whether the line declares what has the name. */
function declares(line: string, name: string): boolean {
  const escaped = name.replace(/[$#]/g, "\\$&");
  const keywords = "(?:export |readonly |static |get |function\\*? |const |class )*\\*?";
  const match = new RegExp(`^( *)(${keywords})${escaped}(?![\\w$])(.*)$`).exec(line);
  if (match === null) return false;
  const [, indentation = "", keyword = "", rest = ""] = match;
  if (keyword !== "" || /^: \(.*\) => \{$/.test(rest)) return true;
  // A member of a class or a table has no keyword; a call ends with a semicolon.
  return indentation.length === 2 && /^(\(|: \{| = )/.test(rest) && !rest.endsWith(");");
}

/** The index after the statement or declaration that begins in the line. */
function endOf(lines: readonly string[], start: number): number {
  const indentation = indentationOf(lines[start] ?? "");
  let end = start + 1;
  while (end < lines.length) {
    const line = lines[end] ?? "";
    const isInside = line === "" || indentationOf(line) > indentation ||
      (indentationOf(line) === indentation && /^ *[)\]}]/.test(line));
    if (!isInside) break;
    end++;
  }
  while (lines[end - 1] === "") end--;
  return end;
}

function indentationOf(line: string): number {
  return line.length - line.trimStart().length;
}
