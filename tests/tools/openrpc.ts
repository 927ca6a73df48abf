/**
 * `deno task openrpc`: writes rpc/openrpc.json, and the tables of rpc/README.md, from the schemas. The gate compares them.
 */

// deno-lint-ignore-file no-console -- a command line tool
import { ErrorCode } from "../../rpc/error_codes.ts";
import { ERROR_NOTES } from "../../rpc/method_docs.ts";
import { openRpcDocument } from "../../rpc/openrpc.ts";
import { readFile, ROOT, runDeno } from "./repository.ts";

/** What rpc/openrpc.json must hold. */
export function renderOpenRpc(): string {
  return `${JSON.stringify(openRpcDocument(), null, 2)}\n`;
}

/** A README with its tables filled in, each between a mark and its end: `<!-- methods -->` and `<!-- /methods -->`. */
export function renderTables(readme: string): string {
  return Object.entries(TABLES).reduce((text, [name, render]) => {
    const [mark, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
    const [start, stop] = [text.indexOf(mark), text.indexOf(end)];
    if (start < 0 || stop < start) throw new Error(`Cannot find "${mark}" in the README`);
    return `${text.slice(0, start + mark.length)}\n\n${table(render())}\n\n${text.slice(stop)}`;
  }, readme);
}

/** A table as the formatter leaves it differs in spaces and dashes only. */
export function normalize(text: string): string {
  return text.replaceAll(/ +/g, " ").replaceAll(/-+/g, "-").replaceAll(/\n{2,}/g, "\n\n");
}

const TABLES: Readonly<Record<string, () => string[][]>> = {
  methods: () => [
    ["request", "params", "result", "what it does", "errors"],
    ...entries().filter((entry) => entry["x-notification"] === undefined).map((entry) => [
      `\`${entry.name}\``,
      params(entry),
      result(entry),
      entry.summary,
      (entry.errors ?? []).map(codeOf).join(", "),
    ]),
  ],
  notifications: () => [
    ["notification", "params", "from", "what it tells"],
    ...entries().filter((entry) => entry["x-notification"] !== undefined).map((entry) => [
      `\`${entry.name}\``,
      params(entry),
      String(entry["x-notification"]).split(" ")[0] ?? "",
      entry.summary,
    ]),
  ],
  errors: () => [
    ["code", "name", "meaning"],
    ...Object.entries(ErrorCode).map(([name, code]) => [
      String(code),
      `\`${name}\``,
      ERROR_NOTES[name as keyof typeof ErrorCode],
    ]),
  ],
};

interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly params: readonly { name: string; required: boolean }[];
  readonly result?: {
    name: string;
    schema: { $ref?: string; type?: string; items?: { $ref?: string } };
  };
  readonly errors?: readonly { $ref: string }[];
  readonly "x-notification"?: string;
}

function entries(): Entry[] {
  return openRpcDocument().methods as unknown as Entry[];
}

function params({ params }: Entry): string {
  if (params.length === 0) return "";
  return `\`{${params.map(({ name, required }) => required ? name : `${name}?`).join(", ")}}\``;
}

function result({ result }: Entry): string {
  const { $ref, items, type } = result?.schema ?? {};
  if ($ref !== undefined) return `\`${last($ref)}\``;
  if (items?.$ref !== undefined) return `\`${last(items.$ref)}[]\``;
  return type === "null" ? "null" : result?.name ?? "";
}

function codeOf({ $ref }: { $ref: string }): number {
  return ErrorCode[last($ref) as keyof typeof ErrorCode];
}

function last(reference: string): string {
  return reference.slice(reference.lastIndexOf("/") + 1);
}

function table([head = [], ...rows]: string[][]): string {
  const line = (cells: string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

async function main(): Promise<void> {
  await Deno.writeTextFile(new URL("rpc/openrpc.json", ROOT), renderOpenRpc());
  const readme = new URL("rpc/README.md", ROOT);
  await Deno.writeTextFile(readme, renderTables(await readFile("rpc/README.md")));
  await runDeno(["fmt", "--quiet", "rpc/README.md"]);
  console.log("Wrote rpc/openrpc.json and the tables of rpc/README.md");
}

if (import.meta.main) await main();
