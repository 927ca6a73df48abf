/** Params of every method as schemas: they check what comes in. What goes out has its schemas in `schemas.ts`. */
import * as z from "zod/mini";
import type { MappingRequestParams, Method } from "./types.ts";

const PORT = integer(1, 65535);
const SECONDS = integer(1, 0xffff_ffff); // a 32-bit field (RFC 6887 section 7.1)
const ID = integer(1);

const V4 = z.ipv4({ error: "Must be an IPv4 address" });
const V6 = z.ipv6();
const ADDRESS = z.string().check(z.refine((text) => {
  const host = text.replace(/(?<=^fe[89ab].*)%.+$/i, ""); // a zone goes with link-local addresses only
  return V4.safeParse(host).success || V6.safeParse(host).success;
}, { error: "Must be an IPv4 or IPv6 address" }));

const clientId = told(ID, "Which client");
const mappingId = told(ID, "Which mapping");
const simulatorId = told(ID, "Which simulator");
const noParams = z.strictObject({});

/** How long a mapping is wanted. */
export const requestType = z.union([
  z.literal("once"),
  z.literal("keepAlive"),
  z.strictObject({ repeat: integer(1) }),
], {
  error: 'Must be "once", "keepAlive" or {"repeat": n} with n from 1',
}).check(z.describe("For one lifetime, for n in all, or until revoked, which is the default"));

const protocol = z.union([
  z.literal("tcp"),
  z.literal("udp"),
  integer(0, 255),
], {
  error: 'Must be "tcp", "udp" or a number from 0 to 255',
}).check(z.describe("Transport protocol, tcp by default; a number is one of IANA's"));

/** A remote peer that is let in. */
export const filter = z.strictObject({
  address: told(ADDRESS, "Address of the peer, of the family of the client's address"),
  prefix: told(
    integer(0, 128),
    "How many bits of the address count: up to 32 for IPv4, 128 for IPv6. 0 removes every filter",
  ),
  port: told(integer(0, 65535), "Port of the peer; 0 is every port"),
}).check(z.describe("A remote peer that is let in"));

const mappingRequest = z.strictObject({
  clientId: told(ID, "Which client asks"),
  kind: told(
    z.enum(["inbound", "outbound"]),
    "Let traffic in (MAP), or keep a flow to one remote peer (PEER)",
  ),
  internalPort: told(
    integer(0, 65535),
    "Port on this host; 0, inbound only, is all ports of the protocol",
  ),
  lifetime: told(SECONDS, "Wanted lifetime in seconds"),
  protocol: z.exactOptional(protocol),
  requestType: z.exactOptional(requestType),
  externalPort: may(PORT, "Suggested external port"),
  externalAddress: may(ADDRESS, "Suggested external address"),
  thirdParty: may(ADDRESS, "Address of the host that the mapping is for, if not this one"),
  preferFailure: may(
    z.boolean(),
    "Inbound only: rather none than another external port than suggested",
  ),
  filters: may(z.array(filter), "Inbound only: who is let in; all by default"),
  remoteAddress: may(ADDRESS, "Outbound only, and required there: address of the remote peer"),
  remotePort: may(PORT, "Outbound only, and required there: port of the remote peer"),
}).check(
  z.superRefine(checkKind, { when: ({ value }) => typeof value === "object" && value !== null }),
);

/** Params of every request, by name. */
export const paramSchemas = {
  // Not strict: a client may tell more of itself than this version knows.
  initialize: z.object({
    clientInfo: may(
      z.object({
        name: z.string(),
        version: z.exactOptional(z.string()),
      }),
      "Who is calling, for the log",
    ),
    processId: may(
      z.nullable(integer(1)),
      "Process id of the caller: when it is gone, every mapping is released and the server exits",
    ),
  }),
  shutdown: noParams,
  "rpc.discover": noParams,
  discover: noParams,
  "simulator/start": z.strictObject({
    lifetime: may(SECONDS, "Longest lifetime granted, in seconds"),
    minLifetime: may(SECONDS, "Shortest lifetime granted, in seconds"),
    externalAddress: may(V4, "External IPv4 address assigned"),
    port: may(PORT, "UDP port to listen on; any free one by default"),
  }),
  "simulator/stop": z.strictObject({ simulatorId }),
  "client/start": z.strictObject({
    client: may(ADDRESS, "Address of this host that faces the PCP server; found when left out"),
    server: may(ADDRESS, "Address of the PCP server; the default gateway when left out"),
    port: may(PORT, "UDP port of the PCP server, 5351 by default"),
    announcePort: may(PORT, "UDP port that announcements come to, 5350 by default"),
    multicast: may(
      z.boolean(),
      "Whether to listen for announcements of restarts; by default yes, but on loopback",
    ),
    allowThirdParty: may(z.boolean(), "Whether mappings for other hosts may be asked for"),
    state: may(
      z.string().check(z.minLength(1)),
      "A file that keeps the mappings, so that a later run can continue or delete them",
    ),
    shutdownTimeout: may(
      integer(0, 60_000),
      "How long the end of the client waits for confirmations, in milliseconds; 5000 by default",
    ),
  }),
  "client/list": noParams,
  "client/announce": z.strictObject({ clientId }),
  "client/externalAddress": z.strictObject({ clientId }),
  "client/diagnose": z.strictObject({ clientId }),
  "client/deleteLeftovers": z.strictObject({ clientId }),
  "client/shutdown": z.strictObject({
    clientId,
    keep: may(z.boolean(), "Leaves the mappings alive at the PCP server until they expire"),
  }),
  "mapping/request": mappingRequest,
  "mapping/ready": z.strictObject({ mappingId }),
  "mapping/get": z.strictObject({ mappingId }),
  "mapping/list": z.strictObject({
    clientId: may(ID, "Only the mappings of this client"),
  }),
  "mapping/renew": z.strictObject({
    mappingId,
    lifetime: told(SECONDS, "Wanted lifetime in seconds from now on"),
  }),
  "mapping/revoke": z.strictObject({ mappingId }),
} satisfies Record<Method, z.ZodMiniObject>;

/** What only one kind of mapping may say. Looked at even when other params are faulty, so that all faults are told. */
function checkKind(params: MappingRequestParams, context: z.core.$RefinementCtx): void {
  const wrong = (path: string, message: string): void =>
    context.addIssue({ code: "custom", path: [path], message, input: undefined });
  if (params.kind === "outbound") {
    for (const name of ["remoteAddress", "remotePort"] as const) {
      if (params[name] === undefined) wrong(name, "An outbound mapping needs it");
    }
    for (const name of ["preferFailure", "filters"] as const) {
      if (params[name] !== undefined) wrong(name, "Only an inbound mapping may have it");
    }
    if (params.internalPort === 0) {
      wrong("internalPort", "An outbound mapping is of one port, from 1 to 65535");
    }
  } else if (params.kind === "inbound") {
    for (const name of ["remoteAddress", "remotePort"] as const) {
      if (params[name] !== undefined) wrong(name, "Only an outbound mapping may have it");
    }
  }
}

function integer(least: number, most?: number): z.ZodMiniNumberFormat {
  const checks = [z.minimum(least), ...(most === undefined ? [] : [z.maximum(most)])];
  return z.int().check(...checks);
}

/** A param with what the OpenRPC document says of it. */
function told<T extends z.ZodMiniType>(schema: T, description: string): T {
  return schema.check(z.describe(description));
}

/** One that may be left out. */
function may<T extends z.ZodMiniType>(schema: T, description: string): z.ZodMiniExactOptional<T> {
  return told(z.exactOptional(schema), description);
}
