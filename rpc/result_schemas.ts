/** What the server says as schemas. Only the OpenRPC document and the tests need them, so a server loads none. */
import * as z from "zod";
import type { Alert, Gateway } from "../mod.ts";
import { diagnosis } from "./diagnosis_schema.ts";
import { filter, type paramSchemas, requestType } from "./param_schemas.ts";
import type { ClientInfo, Mapping, Method, Notifications, Requests } from "./types.ts";

const ID = z.int().min(1);
const none = z.null();

const state = z.discriminatedUnion("type", [
  z.object({ type: z.literal("requested") }),
  z.object({ type: z.literal("starting"), attempt: z.int().describe("Counts the repetitions") }),
  z.object({
    type: z.literal("updating"),
    attempt: z.int().describe("Counts the repetitions"),
    lifetime: z.int().describe("What is asked for, in seconds; 0 while it is being deleted"),
  }),
  z.object({ type: z.literal("running") }),
  z.object({
    type: z.literal("error"),
    code: z.int().describe("Result code of the PCP server, or negative for what no server says"),
    name: z.string().describe("Its name in the RFC"),
    retryIn: z.number().exactOptional()
      .describe("Seconds until it is asked for again; missing if it never will be"),
  }),
  z.object({ type: z.literal("expired") }),
  z.object({ type: z.literal("revoked") }),
  z.object({ type: z.literal("dropped") }),
]).describe("Where a mapping is in its life");

const assigned = z.object({
  externalAddress: z.string().describe("The address under which the mapping is reached"),
  externalPort: z.int().describe("The port under which it is reached; 0 for all ports"),
  lifetime: z.int().describe("The granted lifetime in seconds, at most 24 hours"),
  globallyReachable: z.literal(false).exactOptional().describe(
    "Says false if the address is not one of the Internet, as behind two routers; missing otherwise",
  ),
}).describe("What the PCP server assigned");

const mapping = z.object({
  mappingId: ID.describe("Unique in this server"),
  clientId: ID.describe("The client that asked for it"),
  kind: z.enum(["inbound", "outbound"]),
  protocol: z.union([z.literal("tcp"), z.literal("udp"), z.int()]),
  internalPort: z.int().describe("Port on this host; 0 for all ports"),
  lifetime: z.int().describe("The wanted lifetime in seconds"),
  requestType,
  state,
  assigned: assigned.nullable().describe("What is assigned now; null when nothing is"),
  expiresAt: z.string().nullable()
    .describe(
      "When the assignment ends unless it is renewed, ISO 8601; null when nothing is assigned",
    ),
  remoteAddress: z.string().exactOptional().describe("Outbound only: address of the remote peer"),
  remotePort: z.int().exactOptional().describe("Outbound only: port of the remote peer"),
}).describe("A mapping and what is known of it now");

const client = z.object({
  clientId: ID.describe("Unique in this server"),
  client: z.string().describe("Address of this host that requests are sent from"),
  server: z.string().describe("Address of the PCP server"),
  port: z.int().describe("UDP port of the PCP server"),
}).describe("A running client");

const alert = z.discriminatedUnion("type", [
  z.object({ type: z.literal("stateChange"), state }),
  z.object({ type: z.literal("assigned"), ...assigned.shape }),
]).describe("News of a mapping, with its own snapshot");

const gateway = z.object({
  family: z.enum(["IPv4", "IPv6"]),
  gateway: z.string().describe("The gateway; a link-local address carries its interface"),
  interface: z.string().describe("The name of the interface that faces it"),
  client: z.string().describe("The address of this host that faces it"),
}).describe("A default gateway and the way to it");

const openRpcDocument = z.looseObject({
  openrpc: z.string(),
  info: z.looseObject({ title: z.string(), version: z.string() }),
  methods: z.array(z.looseObject({ name: z.string() })),
}).describe("See https://spec.open-rpc.org");

/** Schemas that the OpenRPC document refers to by their names. */
export const shared: Readonly<Record<string, z.core.$ZodType>> = {
  Alert: alert,
  Assigned: assigned,
  Client: client,
  Diagnosis: diagnosis,
  Filter: filter,
  Gateway: gateway,
  Mapping: mapping,
  MappingState: state,
  RequestType: requestType,
};

/** Result of every request. */
export const resultSchemas = {
  initialize: z.object({
    serverInfo: z.object({ name: z.string(), version: z.string() }),
    protocolVersion: z.literal("1.0"),
    capabilities: z.object({
      cancellation: z.boolean().describe("Every waiting request obeys $/cancelRequest"),
      openrpc: z.boolean().describe("rpc.discover is answered"),
      simulator: z.boolean().describe("simulator/start is answered"),
    }).describe("What the server can do; a missing member means no"),
  }),
  shutdown: none,
  "rpc.discover": openRpcDocument,
  discover: z.array(gateway),
  "simulator/start": z.object({
    simulatorId: ID.describe("Unique in this server"),
    server: z.string().describe("Both `client` and `server` of client/start"),
    port: z.int().describe("`port` of client/start"),
  }),
  "simulator/stop": none,
  "client/start": client,
  "client/list": z.array(client),
  "client/announce": z.object({
    epoch: z.int().describe("Seconds since the PCP server began or lost its state"),
    roundTrip: z.number().describe("Milliseconds between the question and the answer"),
  }),
  "client/externalAddress": z.object({ externalAddress: z.string() }),
  "client/diagnose": diagnosis,
  "client/deleteLeftovers": z.object({ deleted: z.int().describe("How many there were") }),
  "client/shutdown": none,
  "mapping/request": mapping,
  "mapping/ready": mapping,
  "mapping/get": mapping,
  "mapping/list": z.array(mapping),
  "mapping/renew": mapping,
  "mapping/revoke": mapping,
} satisfies Record<Method, z.ZodType>;

/** Params of every notification that the server sends. */
export const notifications = {
  "mapping/alert": z.object({ mappingId: ID, alert }),
  "client/error": z.object({
    clientId: ID,
    error: z.looseObject({ name: z.string(), message: z.string() })
      .describe("What went wrong: the name tells the kinds apart, which have members of their own"),
  }),
  "client/serverRestarted": z.object({
    clientId: ID,
    epoch: z.int().describe("The PCP server's new epoch in seconds"),
  }),
} satisfies Record<keyof Notifications, z.ZodType>;

/** Holds `types.ts` and the schemas together: what one side lacks makes a member `false`, which does not compile. */
type Same<A, B> = [A] extends [B] ? [B] extends [A] ? true : false : false;
type Fits = {
  [M in Exclude<Method, "rpc.discover">]: [
    Same<z.infer<(typeof resultSchemas)[M]>, Requests[M]["result"]>,
    Requests[M]["params"] extends void ? true
      : Same<z.infer<(typeof paramSchemas)[M]>, Requests[M]["params"]>,
  ];
};
type FitsToo = {
  [M in keyof Notifications]: Same<z.infer<(typeof notifications)[M]>, Notifications[M]>;
};
export type Proof = [
  Fits extends { [M in keyof Fits]: [true, true] } ? true : false,
  FitsToo extends { [M in keyof FitsToo]: true } ? true : false,
  Same<z.infer<typeof gateway>, Gateway>,
  Same<z.infer<typeof alert>, Alert>,
  Same<z.infer<typeof client>, ClientInfo>,
  Same<z.infer<typeof mapping>, Mapping>,
];
const _proof: Proof = [true, true, true, true, true, true];
