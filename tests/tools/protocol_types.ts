/** TypeScript made of the table of methods: rpc/schema_types.ts, rpc/types.ts and rpc/protocol.ts, written by `deno task openrpc`. */

import { METHODS, NOTIFICATIONS } from "../../rpc/methods.ts";
import { type Json, JsonSchemas } from "./openrpc_document.ts";
import type { Lazy } from "../../rpc/value_schemas.ts";
import { listedNames } from "./public_names.ts";

const HEADER = "Written by `deno task openrpc` from methods.ts; do not edit.";

/** The text of rpc/schema_types.ts, not yet formatted. */
export async function renderSchemaTypes(): Promise<string> {
  const schemas = new JsonSchemas();
  const { library, own } = await namesOf(schemas);
  const types = own.map((name) => declaration(name, schemas.named[name] ?? {}, schemas)).join("\n");
  return [
    `/** The types of params and results that have a name. ${HEADER} */`,
    `import type { ${usedIn(types, library)} } from "../mod.ts";\n`,
    types,
  ].join("\n");
}

/** The text of rpc/types.ts, not yet formatted. */
export async function renderTypes(): Promise<string> {
  const schemas = new JsonSchemas();
  const { library, own } = await namesOf(schemas);
  const maps = renderMaps(schemas);
  return [
    `/** Params and results of every method. ${HEADER} */`,
    `import type { ${usedIn(maps, library)} } from "../mod.ts";`,
    `import type { ${usedIn(maps, own)} } from "./schema_types.ts";\n`,
    'export type * from "./schema_types.ts";\n',
    maps,
  ].join("\n");
}

/** The names of the schemas: of those that the library has a type for, and of the others. */
async function namesOf(schemas: JsonSchemas): Promise<{ library: string[]; own: string[] }> {
  const { ".": exported = [] } = await listedNames();
  const names = Object.keys(schemas.named);
  return {
    library: names.filter((name) => exported.includes(name)),
    own: names.filter((name) => !exported.includes(name)),
  };
}

function usedIn(code: string, names: readonly string[]): string {
  const withoutComments = code.replaceAll(/\/\*\*.*\*\//g, "");
  return names.filter((name) => new RegExp(`\\b${name}\\b`).test(withoutComments)).join(", ");
}

function renderMaps(schemas: JsonSchemas): string {
  return [
    "/** Params and result of every request, by method. */",
    "export interface Requests {",
    ...Object.entries(METHODS).map(([name, { summary, params, result }]) => {
      const types = `{ params: ${reference(params, schemas)}; result: ${
        reference(result, schemas)
      } }`;
      return `${doc(summary)}${key(name)}: ${types};`;
    }),
    "}\n",
    "/** The method of a request. */",
    "export type Method = keyof Requests;\n",
    "/** Params of the notifications that the server sends, by method. */",
    "export interface Notifications {",
    ...Object.entries(NOTIFICATIONS).filter(([, { from }]) => from === "server").map(
      ([name, { summary, params }]) =>
        `${doc(summary)}${key(name)}: ${reference(params, schemas)};`,
    ),
    "}",
  ].join("\n");
}

/** The text of rpc/protocol.ts, not yet formatted. */
export function renderProtocol(): string {
  return `/**
 * Every method and notification as a typed constant of \`vscode-jsonrpc\`, for servers and TypeScript clients alike:
 * \`connection.sendRequest(MappingRequest, { … })\` knows params and result.
 *
 * ${HEADER}
 */
import { NotificationType, NotificationType0, ParameterStructures, RequestType, RequestType0 } from "vscode-jsonrpc";
import type { Method, Notifications, Requests } from "./types.ts";

${
    Object.entries(METHODS).map(([method, { summary, params, constant }]) => {
      const type = params === undefined ? "Typed0" : "Typed";
      const value = params === undefined ? "new RequestType0" : "request";
      return declare(method, constant ?? pascal(method, "Request"), summary, type, value);
    }).join("\n")
  }
${
    Object.entries(NOTIFICATIONS).map(([method, { summary, params, constant, from }]) => {
      const name = constant ?? pascal(method, "Notification");
      const text = `From the ${from}. ${summary}`;
      return params === undefined
        ? `${
          doc(text)
        }export const ${name}: NotificationType0 = new NotificationType0("${method}");`
        : `${
          doc(text)
        }export const ${name}: NotificationType<Notifications["${method}"]> = notification("${method}");`;
    }).join("\n")
  }

/** A request with params. */
export type Typed<M extends Method> = RequestType<Requests[M]["params"], Requests[M]["result"], unknown>;

/** A request without params. */
export type Typed0<M extends Method> = RequestType0<Requests[M]["result"], unknown>;

function request<M extends Method>(method: M): Typed<M> {
  return new RequestType(method, ParameterStructures.byName);
}

function notification<M extends keyof Notifications>(method: M): NotificationType<Notifications[M]> {
  return new NotificationType(method, ParameterStructures.byName);
}
`;
}

/** The same for two texts that differ in their format only. */
export function withoutFormat(code: string): string {
  return code.replaceAll(/\s+/g, "").replaceAll(/[,;](?=[)}\]>])/g, "");
}

function declare(
  method: string,
  name: string,
  summary: string,
  type: string,
  value: string,
): string {
  return `${doc(summary)}export const ${name}: ${type}<"${method}"> = ${value}("${method}");`;
}

/** `client/start` and `Request` make `ClientStartRequest`; a word is not repeated. */
function pascal(method: string, suffix: string): string {
  const name = method.split(/\W/).map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
  return name.endsWith(suffix) ? name : name + suffix;
}

function declaration(name: string, schema: Json, schemas: JsonSchemas): string {
  const text = typeof schema["description"] === "string"
    ? schema["description"]
    : `${name.endsWith("Params") ? "Params" : "Result"} of ${usesOf(name, schemas).join(", ")}`;
  return `${doc(text)}export interface ${name} ${typeOf(schema)}\n`;
}

function usesOf(name: string, schemas: JsonSchemas): string[] {
  const all = [...Object.entries(METHODS), ...Object.entries(NOTIFICATIONS)];
  return all.filter(([, spec]) => {
    const result = "result" in spec ? spec.result : undefined;
    return [spec.params, result].some((lazy) => reference(lazy, schemas) === name);
  }).map(([method]) => `\`${method}\``);
}

function reference(lazy: Lazy | undefined, schemas: JsonSchemas): string {
  return lazy === undefined ? "void" : typeOf(schemas.of(lazy));
}

/** The type of what a JSON Schema accepts. */
function typeOf(schema: Json): string {
  const { $ref, anyOf, oneOf, allOf, type, items } = schema;
  if (typeof $ref === "string") return $ref.slice($ref.lastIndexOf("/") + 1);
  if ("const" in schema) return JSON.stringify(schema["const"]);
  if (Array.isArray(schema["enum"])) {
    return schema["enum"].map((each) => JSON.stringify(each)).join("|");
  }
  const alternatives = anyOf ?? oneOf ?? allOf;
  if (Array.isArray(alternatives)) return alternatives.map(typeOf).join(" | ");
  if (Array.isArray(type)) return type.map((each) => typeOf({ type: each })).join(" | ");
  switch (type) {
    case "integer":
      return "number";
    case "array":
      return `${typeOf(items as Json)}[]`;
    case "object":
      return objectType(schema);
    default:
      return String(type);
  }
}

function objectType({ properties = {}, required = [], additionalProperties }: Json): string {
  const members = Object.entries(properties as Record<string, Json>).map(([name, member]) => {
    const text = member["description"];
    const mark = (required as string[]).includes(name) ? "" : "?";
    return `${typeof text === "string" ? doc(text) : ""}${name}${mark}: ${typeOf(member)};`;
  });
  if (typeof additionalProperties === "object" && "type" in (additionalProperties as Json)) {
    return `Record<string, ${typeOf(additionalProperties as Json)}>`;
  }
  const others = typeof additionalProperties === "object"
    ? ["/** Further members. */\n[member: string]: unknown;"]
    : [];
  if (members.length + others.length === 0) return "Record<string, never>";
  return `{\n${[...members, ...others].join("\n")}\n}`;
}

function key(method: string): string {
  return /^\w+$/.test(method) ? method : JSON.stringify(method);
}

function doc(text: string): string {
  return `/** ${text}${text.endsWith(".") ? "" : "."} */\n`;
}
