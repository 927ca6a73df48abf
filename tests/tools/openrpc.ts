/**
 * `deno task openrpc`: writes rpc/schema_types.ts, rpc/types.ts, rpc/protocol.ts, rpc/param_checks.ts, rpc/openrpc.json and the tables of rpc/README.md from
 * rpc/methods.ts. A test compares them.
 */

// deno-lint-ignore-file no-console -- a command line tool
import { ErrorCode } from "../../rpc/error_codes.ts";
import { ERROR_MEANINGS, openRpcDocument } from "./openrpc_document.ts";
import { denoOutput } from "./processes.ts";
import { renderParamChecks } from "./param_checks.ts";
import { renderProtocol, renderSchemaTypes, renderTypes } from "./protocol_types.ts";
import { readFile, ROOT } from "./repository.ts";

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
  mapping: () => [
    ["param", "meaning"],
    ...(entries().find(({ name }) => name === "mapping/request")?.params ?? []).map((
      { name, required, description = "" },
    ) => [`\`${name}\`${required ? "" : "?"}`, description]),
  ],
  notifications: () => [
    ["notification", "params", "from", "meaning"],
    ...entries().map((entry) => entry["x-also-notification"] ?? entry)
      .filter((entry) => entry["x-notification"] !== undefined).map((entry) => [
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
      ERROR_MEANINGS[name] ?? "",
    ]),
  ],
};

interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly params: readonly { name: string; required: boolean; description?: string }[];
  readonly result?: {
    name: string;
    schema: { $ref?: string; type?: string; items?: { $ref?: string } };
  };
  readonly errors?: readonly { $ref: string }[];
  readonly "x-notification"?: string;
  readonly "x-also-notification"?: Entry;
}

function entries(): Entry[] {
  return openRpcDocument().methods as unknown as Entry[];
}

/** All params of a short list, the required ones of a long list. */
function params({ params }: Entry): string {
  if (params.length === 0) return "";
  const shown = params.length <= LONG_LIST ? params : params.filter(({ required }) => required);
  const names = shown.map(({ name, required }) => required ? name : `${name}?`);
  return `\`{${[...names, ...(shown === params ? [] : ["…"])].join(", ")}}\``;
}

const LONG_LIST = 8;

function result({ result }: Entry): string {
  const { $ref, items, type } = result?.schema ?? {};
  if ($ref !== undefined) return `\`${last($ref)}\``;
  if (items?.$ref !== undefined) return `\`${last(items.$ref)}[]\``;
  return String(type);
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
  const files = {
    "rpc/schema_types.ts": await renderSchemaTypes(),
    "rpc/types.ts": await renderTypes(),
    "rpc/protocol.ts": renderProtocol(),
    "rpc/param_checks.ts": renderParamChecks(),
    "rpc/README.md": renderTables(await readFile("rpc/README.md")),
    "rpc/openrpc.json": renderOpenRpc(),
  };
  for (const [path, text] of Object.entries(files)) {
    await Deno.writeTextFile(new URL(path, ROOT), text);
  }
  await denoOutput([
    "fmt",
    "--quiet",
    ...Object.keys(files).filter((path) => !path.endsWith(".json")),
  ]);
  console.log(`Wrote ${Object.keys(files).join(", ")}`);
}

if (import.meta.main) await main();
