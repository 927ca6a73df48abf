/** Params of every method as schemas: they check what comes in. What goes out has its schemas in `schemas.ts`. */
import * as z from "zod";
import type { MappingRequestParams, Method } from "./types.ts";

const PORT = z.int().min(1).max(65535);
const SECONDS = z.int().min(1).max(0xffff_ffff); // a 32-bit field (RFC 6887 section 7.1)
/** Of clients, mappings and simulators. */
export const ID = z.int().min(1);

const V4 = z.ipv4();
const V6 = z.ipv6();
const ADDRESS = z.string().refine((text) => {
  const host = text.replace(/(?<=^fe[89ab].*)%.+$/i, ""); // a zone goes with link-local addresses only
  return V4.safeParse(host).success || V6.safeParse(host).success;
}, { error: "Must be an IPv4 or IPv6 address" });

const clientId = ID.describe("Which client");
const mappingId = ID.describe("Which mapping");
const simulatorId = ID.describe("Which simulator");
const noParams = z.strictObject({});

/** How long a mapping is wanted. */
export const requestType = z.union([
  z.literal("once"),
  z.literal("keepAlive"),
  z.strictObject({ repeat: z.int().min(1) }),
], {
  error: 'Must be "once", "keepAlive" or {"repeat": n} with n from 1',
})
  .describe("For one lifetime, for n in all, or until revoked, which is the default");

const protocol = z.union([
  z.literal("tcp"),
  z.literal("udp"),
  z.int().min(0).max(255),
], {
  error: 'Must be "tcp", "udp" or a number from 0 to 255',
}).describe("Transport protocol, tcp by default; a number is one of IANA's");

/** A remote peer that is let in. */
export const filter = z.strictObject({
  address: ADDRESS.describe("Address of the peer, of the family of the client's address"),
  prefix: z.int().min(0).max(128).describe(
    "How many bits of the address count: up to 32 for IPv4, 128 for IPv6. 0 removes every filter",
  ),
  port: z.int().min(0).max(65535).describe("Port of the peer; 0 is every port"),
}).describe("A remote peer that is let in");

const mappingRequest = z.strictObject({
  clientId: ID.describe("Which client asks"),
  kind: z.enum(["inbound", "outbound"]).describe(
    "Let traffic in (MAP), or keep a flow to one remote peer (PEER)",
  ),
  internalPort: z.int().min(0).max(65535).describe(
    "Port on this host; 0, inbound only, is all ports of the protocol",
  ),
  lifetime: SECONDS.describe("Wanted lifetime in seconds"),
  protocol: protocol.exactOptional(),
  requestType: requestType.exactOptional(),
  externalPort: PORT.exactOptional().describe("Suggested external port"),
  externalAddress: ADDRESS.exactOptional().describe("Suggested external address"),
  thirdParty: ADDRESS.exactOptional()
    .describe("Address of the host that the mapping is for, if not this one"),
  preferFailure: z.boolean().exactOptional().describe(
    "Inbound only: rather none than another external port than suggested",
  ),
  filters: z.array(filter).exactOptional().describe("Inbound only: who is let in; all by default"),
  remoteAddress: ADDRESS.exactOptional()
    .describe("Outbound only, and required there: address of the remote peer"),
  remotePort: PORT.exactOptional()
    .describe("Outbound only, and required there: port of the remote peer"),
}).superRefine(checkKind, { when: ({ value }) => typeof value === "object" && value !== null });

/** Params of every request, by name. */
export const paramSchemas = {
  // Not strict: a client may tell more of itself than this version knows.
  initialize: z.object({
    clientInfo: z.object({
      name: z.string(),
      version: z.string().exactOptional(),
    }).exactOptional().describe("Who is calling, for the log"),
    processId: z.int().min(1).nullable().exactOptional().describe(
      "Process id of the caller: when it is gone, every mapping is released and the server exits",
    ),
  }),
  shutdown: noParams,
  "rpc.discover": noParams,
  discover: noParams,
  "simulator/start": z.strictObject({
    lifetime: SECONDS.exactOptional().describe("Longest lifetime granted, in seconds"),
    minLifetime: SECONDS.exactOptional().describe("Shortest lifetime granted, in seconds"),
    externalAddress: V4.exactOptional().describe("External IPv4 address assigned"),
    port: PORT.exactOptional().describe("UDP port to listen on; any free one by default"),
  }),
  "simulator/stop": z.strictObject({ simulatorId }),
  "client/start": z.strictObject({
    client: ADDRESS.exactOptional()
      .describe("Address of this host that faces the PCP server; found when left out"),
    server: ADDRESS.exactOptional()
      .describe("Address of the PCP server; the default gateway when left out"),
    port: PORT.exactOptional().describe("UDP port of the PCP server, 5351 by default"),
    announcePort: PORT.exactOptional()
      .describe("UDP port that announcements come to, 5350 by default"),
    multicast: z.boolean().exactOptional()
      .describe(
        "Whether to listen for announcements of restarts; by default yes, but on loopback",
      ),
    allowThirdParty: z.boolean().exactOptional()
      .describe("Whether mappings for other hosts may be asked for"),
    state: z.string().min(1).exactOptional()
      .describe(
        "A file that keeps the mappings, so that a later run can continue or delete them",
      ),
    shutdownTimeout: z.int().min(0).max(60_000).exactOptional().describe(
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
    keep: z.boolean().exactOptional()
      .describe("Leaves the mappings alive at the PCP server until they expire"),
  }),
  "mapping/request": mappingRequest,
  "mapping/ready": z.strictObject({ mappingId }),
  "mapping/get": z.strictObject({ mappingId }),
  "mapping/list": z.strictObject({
    clientId: ID.exactOptional().describe("Only the mappings of this client"),
  }),
  "mapping/renew": z.strictObject({
    mappingId,
    lifetime: SECONDS.describe("Wanted lifetime in seconds from now on"),
  }),
  "mapping/revoke": z.strictObject({ mappingId }),
} satisfies Record<Method, z.ZodObject>;

/** What only one kind of mapping may say. Looked at even when other params are faulty, so that all faults are told. */
function checkKind(params: MappingRequestParams, context: z.RefinementCtx): void {
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
