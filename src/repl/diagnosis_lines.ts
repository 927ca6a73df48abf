import type { Diagnosis, Finding } from "../../mod.ts";
import type { Look } from "./render.ts";
import { type Paint, printable } from "./text.ts";

/** A diagnosis as a list of its findings, each broken into lines that fit. */
export function diagnosisLines({ findings }: Diagnosis, look: Look): string[] {
  return findings.flatMap((finding) => {
    const [first = "", ...rest] = wrapped(printable(finding.text), look);
    return [`${label(finding, look.paint)}${first}`, ...rest.map((line) => `${INDENT}${line}`)];
  });
}

function label({ level }: Finding, paint: Paint): string {
  const text = level.padEnd(INDENT.length);
  if (level === "problem") return paint.red(text);
  return level === "good" ? paint.green(text) : paint.yellow(text);
}

function wrapped(text: string, { columns, widthOf }: Look): string[] {
  const room = Math.max(20, Math.min(columns, WIDEST) - INDENT.length);
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
const WIDEST = 100;
