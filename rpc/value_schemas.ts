/** What the schemas of params and results are made of. */
import * as z from "zod/mini";
import type { RequestType } from "../mod.ts";
import {
  goesWith,
  MAPPING_OPTION_NAMES,
  MAPPING_OPTIONS,
  type MappingOptionName,
  type MappingOptions,
  type ValueSchema,
} from "../src/mapping_options.ts";
import { FORMATS } from "./value_check.ts";

/** A schema that is built on first use: a server needs the params of few methods, and no results. */
export type Lazy<T extends z.ZodMiniType = z.ZodMiniType> = () => T;

type Shape = Record<string, z.ZodMiniType>;

/** The named schemas that have been built: components of the OpenRPC document, types of `types.ts`. */
export const namedSchemas: Map<string, z.ZodMiniType> = new Map();

/** A schema with a name. */
export function named<Build extends Lazy>(name: string, build: Build): Build {
  let schema: z.ZodMiniType | undefined;
  const once: Lazy = () => {
    if (schema === undefined) namedSchemas.set(name, schema = build());
    return schema;
  };
  return once as Build;
}

/** An object with a name and no other members: most params. */
export function strictType<S extends Shape>(
  name: string,
  build: () => S,
): Lazy<z.ZodMiniObject<S, z.core.$strict>> {
  return named(name, () => z.strictObject(build()) as z.ZodMiniObject<S, z.core.$strict>);
}

/** An object with a name that may have other members: results, to which later versions add. */
export function openType<S extends Shape>(
  name: string,
  description: string,
  build: () => S,
): Lazy<z.ZodMiniObject<S, z.core.$strip>> {
  return named(name, () => {
    return described(z.object(build()) as z.ZodMiniObject<S, z.core.$strip>, description);
  });
}

/** A schema with the sentence that documents it. */
export function described<T extends z.ZodMiniType>(schema: T, description: string): T {
  return schema.check(z.describe(description));
}

/** A member that may be left out. */
export function optional<T extends z.ZodMiniType>(
  schema: T,
  description: string,
): z.ZodMiniExactOptional<T> {
  return described(z.exactOptional(schema), description);
}

/** A member that may be null. */
export function nullable<T extends z.ZodMiniType>(
  schema: T,
  description: string,
): z.ZodMiniNullable<T> {
  return described(z.nullable(schema), description);
}

/** Text in a result. */
export function text(description: string): z.ZodMiniString {
  return described(z.string(), description);
}

/** An integer in a result. */
export function count(description: string): z.ZodMiniNumberFormat {
  return described(z.int(), description);
}

/** A boolean in a result. */
export function flag(description: string): z.ZodMiniBoolean {
  return described(z.boolean(), description);
}

/** The id of a client, a mapping or a simulator. */
export function id(description: string): z.ZodMiniNumberFormat {
  return described(integer(1), description);
}

/** An integer from `least` to `most`. */
export function integer(least: number, most?: number): z.ZodMiniNumberFormat {
  const checks = [z.minimum(least), ...(most === undefined ? [] : [z.maximum(most)])];
  return z.int().check(...checks);
}

/** A UDP or TCP port. */
export const port = (): z.ZodMiniNumberFormat => integer(1, 65_535);

/** A lifetime: 32 bits (RFC 6887 section 7.1). */
export const seconds = (): z.ZodMiniNumberFormat => integer(1, 0xffff_ffff);

/** An IPv4 or IPv6 address; a link-local one may carry a zone. */
export function address(): z.ZodMiniType<string> {
  return z.stringFormat("address", FORMATS.address, { error: "Must be an IPv4 or IPv6 address" });
}

/** A server as people write it: an address, also in brackets, or a host name. */
export function server(): z.ZodMiniType<string> {
  const error = "Must be an IPv4 or IPv6 address, or a host name";
  return z.stringFormat("server", FORMATS.server, { error });
}

/** A server, or several addresses of one. */
export function servers(): z.ZodMiniType<string | string[]> {
  const error = "Must be an IPv4 or IPv6 address, a host name, or a list of them, 16 at most";
  return z.union([server(), z.array(server()).check(z.maxLength(16))], { error });
}

/** How long a mapping is wanted. */
export const requestType = named("RequestType", () => {
  const schema = z.union([
    z.literal("once"),
    z.literal("keepAlive"),
    z.strictObject({ repeat: integer(1) }),
  ], { error: 'Must be "once", "keepAlive" or {"repeat": n} with n from 1' });
  return described(
    schema satisfies z.ZodMiniType<RequestType>,
    "For one lifetime, for n in all, or until revoked",
  );
});

/** The params of `mapping/request` that are mapping options. */
export function mappingOptions(): {
  readonly [Name in MappingOptionName]: z.ZodMiniExactOptional<
    z.ZodMiniType<NonNullable<MappingOptions[Name]>>
  >;
} {
  return Object.fromEntries(MAPPING_OPTION_NAMES.map((name) => {
    const { schema } = MAPPING_OPTIONS[name];
    const prefix = goesWith(name, "outbound") ? "" : "Inbound only. ";
    return [name, optional(fromData(schema), prefix + schema.description)];
  })) as ReturnType<typeof mappingOptions>;
}

function fromData(value: ValueSchema): z.ZodMiniType {
  switch (value.type) {
    case "boolean":
      return z.boolean();
    case "string":
      return z.string();
    case "address":
      return address();
    case "hex":
      return z.string().check(
        z.regex(/^([0-9a-fA-F]{2})+$/, { error: "Must be hexadecimal digits in pairs" }),
      );
    case "protocol":
      return z.union([z.literal("tcp"), z.literal("udp"), integer(0, 255)], {
        error: 'Must be "tcp", "udp" or a number from 0 to 255',
      });
    case "integer":
      return integer(value.minimum, value.maximum);
    case "array":
      return z.array(fromData(value.items)).check(z.maxLength(value.most));
    case "object": {
      const shape = Object.fromEntries(
        Object.entries(value.properties).map(([name, member]) => {
          const add = value.required.includes(name) ? described : optional;
          return [name, add(fromData(member), member.description ?? "")];
        }),
      );
      const object = described(z.strictObject(shape), value.description ?? "");
      return value.title === undefined ? object : named(value.title, () => object)();
    }
  }
}
