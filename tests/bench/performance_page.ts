import { circumstances, type Results } from "./results.ts";
import { markdownTable } from "./table.ts";

/** The bench's part of docs/performance.md: date and machine, and the rows that have a target. */
export function performanceBlock(results: Results): string {
  return `\n${circumstances(results)}.\n\n${markdownTable(results.rows)}\n\n`;
}

/**
 * Replaces the text between `<!-- name -->` and `<!-- /name -->`.
 *
 * @throws {Error} If the two marks are not there, once each and in this order.
 */
export function replaceBetween(text: string, name: string, content: string): string {
  const parts = text.split(`<!-- ${name} -->\n`);
  const [before, rest] = parts;
  const after = rest?.split(`<!-- /${name} -->`);
  if (before === undefined || after === undefined || parts.length !== 2 || after.length !== 2) {
    throw new Error(
      `Cannot replace what stands between two marks: expected "<!-- ${name} -->" and "<!-- /${name} -->" once each`,
    );
  }
  return `${before}<!-- ${name} -->\n${content}<!-- /${name} -->${after[1]}`;
}
