/** The OpenRPC document, made of the table of methods. `deno task openrpc` writes it to rpc/openrpc.json. */

import * as z from "zod/mini";
import { ErrorCode } from "../../rpc/error_codes.ts";
import { LIMITS } from "../../rpc/limits.ts";
import { METHODS, NOTIFICATIONS, type NotificationSpec } from "../../rpc/methods.ts";
import type { OpenRpcDocument } from "../../rpc/types.ts";
import { type Lazy, namedSchemas } from "../../rpc/value_schemas.ts";
import { PROTOCOL_VERSION } from "../../rpc/version.ts";
import { readFile } from "./repository.ts";

/** The protocol as an OpenRPC document. */
export function openRpcDocument(): OpenRpcDocument {
  const schemas = new JsonSchemas();
  // Params are listed one by one, so their types need no name in the document.
  const results = Object.entries(schemas.named).filter(([name]) => !name.endsWith("Params"));
  return {
    openrpc: "1.3.2",
    info: {
      title: "pcp-rpc",
      version: PROTOCOL_VERSION,
      description:
        "Opens ports on the router (Port Control Protocol, RFC 6887) for programs in any language: JSON-RPC 2.0 over stdio, framed by Content-Length.",
      license: { name: "MIT" },
    },
    "x-limits": LIMITS,
    methods: [
      ...Object.entries(METHODS).map((
        [name, { summary, description, params, result, errors }],
      ) => ({
        name,
        summary,
        ...(description === undefined ? {} : { description }),
        paramStructure: "by-name",
        params: schemas.members(params),
        result: { name: "result", schema: schemas.of(result) },
        errors: errors.map((code) => ({ $ref: `#/components/errors/${errorName(code)}` })),
        // Names are unique in an OpenRPC document: a notification with the name of a request is a part of that.
        ...(name in NOTIFICATIONS ? { "x-also-notification": notification(name, schemas) } : {}),
      })),
      ...Object.keys(NOTIFICATIONS).filter((name) => !(name in METHODS))
        .map((name) => notification(name, schemas)),
    ],
    components: {
      schemas: Object.fromEntries(results),
      errors: Object.fromEntries(
        Object.entries(ErrorCode).map((
          [name, code],
        ) => [name, { code, message: ERROR_MEANINGS[name] }]),
      ),
    },
  };
}

function notification(name: string, schemas: JsonSchemas): { readonly name: string } {
  const { summary, params, from } = NOTIFICATIONS[name] as NotificationSpec;
  return {
    name,
    summary,
    paramStructure: "by-name",
    params: schemas.members(params),
    "x-notification": from === "client" ? "client to server" : "server to client",
  } as { readonly name: string };
}

/** A JSON Schema. */
export type Json = Readonly<Record<string, unknown>>;

/** The schemas of all methods and notifications as JSON Schema. */
export class JsonSchemas {
  /** Those with a name, sorted by it. */
  readonly named: Readonly<Record<string, Json>>;
  readonly #ids = new Map<Lazy, string>();
  readonly #all: Readonly<Record<string, Json>>;

  constructor() {
    const registry = z.registry<{ id: string }>();
    const schemas = [...Object.values(METHODS), ...Object.values(NOTIFICATIONS)]
      .flatMap((spec) => "result" in spec ? [spec.params, spec.result] : [spec.params])
      .filter((lazy) => lazy !== undefined)
      .map((lazy) => [lazy, lazy()] as const);
    for (const [id, schema] of namedSchemas) registry.add(schema, { id });
    for (const [lazy, schema] of schemas) {
      const id = registry.get(schema)?.id ?? `unnamed ${this.#ids.size}`;
      if (!registry.has(schema)) registry.add(schema, { id });
      this.#ids.set(lazy, id);
    }
    // As for input: results may get more members in later versions.
    const json = z.toJSONSchema(registry, {
      target: "draft-7",
      io: "input",
      uri: reference,
      unrepresentable: "any",
      override: ({ jsonSchema }) => {
        delete jsonSchema.propertyNames; // of a record: every name in JSON is a string
      },
    });
    this.#all = Object.fromEntries(
      Object.entries(json.schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]),
    ) as Record<string, Json>;
    this.named = Object.fromEntries(
      [...namedSchemas.keys()].sort().map((name) => [name, this.#all[name] ?? {}]),
    );
  }

  /** A reference to a schema that has a name, or else the schema itself. */
  of(lazy: Lazy): Json {
    const id = this.#ids.get(lazy) ?? "";
    return id in this.named ? { $ref: reference(id) } : this.#all[id] ?? {};
  }

  /** The members of an object, as OpenRPC lists params. */
  members(lazy: Lazy | undefined): Json[] {
    if (lazy === undefined) return [];
    const { properties = {}, required = [] } = this.#all[this.#ids.get(lazy) ?? ""] ?? {};
    return Object.entries(properties as Record<string, Json>).map(([name, member]) => {
      const { description, ...schema } = member;
      return {
        name,
        ...(description === undefined ? {} : { description }),
        required: (required as string[]).includes(name),
        schema,
      };
    });
  }
}

/** The meaning of each error code, by its name: the comment in the source. */
export const ERROR_MEANINGS: Readonly<Record<string, string>> = Object.fromEntries(
  [...(await readFile("rpc/error_codes.ts")).matchAll(/\/\*\* (.*)\. \*\/\n +(\w+): /g)]
    .map(([, meaning, name]) => [name, meaning]),
);

function errorName(code: ErrorCode): string {
  return Object.entries(ErrorCode).find(([, each]) => each === code)?.[0] ?? "";
}

function reference(name: string): string {
  return `#/components/schemas/${name}`;
}
