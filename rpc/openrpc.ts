import * as z from "zod";
import { ErrorCode } from "./error_codes.ts";
import { ERROR_NOTES, METHOD_NOTES, NOTIFICATION_NOTES } from "./method_docs.ts";
import { paramSchemas } from "./param_schemas.ts";
import { notifications, resultSchemas, shared } from "./result_schemas.ts";
import type { Method, Notifications, OpenRpcDocument } from "./types.ts";
import { PROTOCOL_VERSION } from "./version.ts";

/** The protocol as an OpenRPC document, made from the schemas that check the params. */
export function openRpcDocument(): OpenRpcDocument {
  const schemas = jsonSchemas();
  return {
    openrpc: "1.3.2",
    info: {
      title: "pcp-rpc",
      version: PROTOCOL_VERSION,
      description:
        "Opens ports on the router (Port Control Protocol, RFC 6887) for programs in any language: JSON-RPC 2.0 over stdio, framed by Content-Length.",
      license: { name: "MIT" },
    },
    methods: [
      ...Object.keys(paramSchemas).map((name) => requestEntry(name as Method, schemas)),
      ...Object.keys(notifications).map((name) =>
        notificationEntry(name as keyof Notifications, schemas)
      ),
      notificationEntry("exit", schemas),
    ],
    components: {
      schemas: Object.fromEntries(Object.keys(shared).map((name) => [name, schemas(name)])),
      errors: errors(),
    },
  };
}

type Json = Record<string, unknown>;
type OpenRpcMethod = OpenRpcDocument["methods"][number];

function requestEntry(name: Method, schemas: (id: string) => Json): OpenRpcMethod {
  const { summary, description, codes, result } = METHOD_NOTES[name];
  return {
    name,
    summary,
    ...(description === undefined ? {} : { description }),
    paramStructure: "by-name",
    params: descriptors(schemas(`${name} params`)),
    result: { name: result, schema: schemas(`${name} result`) },
    errors: codes.map((code) => ({ $ref: `#/components/errors/${nameOf(code)}` })),
  };
}

function notificationEntry(
  name: keyof Notifications | "exit",
  schemas: (id: string) => Json,
): OpenRpcMethod {
  return {
    name,
    summary: NOTIFICATION_NOTES[name],
    paramStructure: "by-name",
    params: name === "exit" ? [] : descriptors(schemas(`${name} params`)),
    "x-notification": name === "exit" ? "client to server" : "server to client",
  };
}

/** OpenRPC lists params one by one. */
function descriptors({ properties = {}, required = [] }: Json): Json[] {
  return Object.entries(properties as Record<string, Json>).map(([name, schema]) => {
    const { description, ...rest } = schema;
    return {
      name,
      ...(description === undefined ? {} : { description }),
      required: (required as string[]).includes(name),
      schema: rest,
    };
  });
}

/** All schemas as JSON Schema, by their ids, with references to the shared ones. */
function jsonSchemas(): (id: string) => Json {
  const registry = z.registry<{ id: string }>();
  const ids = new Map<string, string>();
  const add = (id: string, schema: z.core.$ZodType): void => {
    // A result that is a shared schema is told by reference.
    const { id: known } = registry.get(schema) ?? {};
    ids.set(id, known ?? id);
    if (known === undefined) registry.add(schema, { id });
  };
  for (const [name, schema] of Object.entries(shared)) add(name, schema);
  for (const [name, params] of Object.entries(paramSchemas)) {
    add(`${name} params`, params);
    add(`${name} result`, resultSchemas[name as Method]);
  }
  for (const [name, params] of Object.entries(notifications)) add(`${name} params`, params);
  // As for input: what comes from the server may get more members in later versions.
  const { schemas } = z.toJSONSchema(registry, {
    target: "draft-7",
    io: "input",
    uri: reference,
    unrepresentable: "any",
  });
  return (id) => {
    const known = ids.get(id) ?? id;
    if (known !== id && known in shared) return { $ref: reference(known) };
    const { $schema: _schema, $id: _id, ...schema } = (schemas[known] ?? {}) as Json;
    return schema;
  };
}

function reference(id: string): string {
  return `#/components/schemas/${id}`;
}

function errors(): Json {
  return Object.fromEntries(
    Object.entries(ErrorCode).map(([name, code]) => {
      return [name, { code, message: ERROR_NOTES[name as keyof typeof ErrorCode] }];
    }),
  );
}

function nameOf(code: ErrorCode): string {
  return Object.entries(ErrorCode).find(([, each]) => each === code)?.[0] ?? String(code);
}
