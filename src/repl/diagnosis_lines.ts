import type { Diagnosis, Finding } from "../../mod.ts";
import type { RenderOptions } from "./render.ts";
import { type Paint, printable } from "./text.ts";

/** The findings of a diagnosis, wrapped to the width of the terminal. */
export function diagnosisLines({ findings }: Diagnosis, options: RenderOptions): string[] {
  return findings.flatMap((finding) => {
    const [first = "", ...rest] = wrap(printable(finding.text), options);
    return [`${label(finding, options.paint)}${first}`, ...rest.map((line) => `${INDENT}${line}`)];
  });
}

function label({ level }: Finding, paint: Paint): string {
  const text = level.padEnd(INDENT.length);
  if (level === "problem") return paint.red(text);
  return level === "good" ? paint.green(text) : paint.yellow(text);
}

function wrap(text: string, { columns, widthOf }: RenderOptions): string[] {
  const room = Math.max(20, Math.min(columns, MAX_COLUMNS) - INDENT.length);
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    const longer = last === undefined ? word : `${last} ${word}`;
    if (last === undefined || widthOf(longer) > room) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

const INDENT = " ".repeat("problem ".length);

/** Longer lines are hard to read. */
const MAX_COLUMNS = 100;
