/** Params and results of every method as schemas: they check what comes in, and the OpenRPC document is made of them. */
import * as z from "zod";
import type { Alert, Discovered } from "../mod.ts";
import { diagnosis } from "./diagnosis_schema.ts";
import type {
  ClientInfo,
  Mapping,
  MappingRequestParams,
  Method,
  Notifications,
  Requests,
} from "./types.ts";

const PORT = z.int().min(1).max(65535);
const SECONDS = z.int().min(1).max(0xffff_ffff); // a 32-bit field (RFC 6887 section 7.1)
const ID = z.int().min(1);

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
const none = z.null();

const requestType = z.union([
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

const filter = z.strictObject({
  address: ADDRESS.describe("Address of the peer, of the family of the client's address"),
  prefix: z.int().min(0).max(128).describe(
    "How many bits of the address count: up to 32 for IPv4, 128 for IPv6. 0 removes every filter",
  ),
  port: z.int().min(0).max(65535).describe("Port of the peer; 0 is every port"),
}).describe("A remote peer that is let in");

const alert = z.discriminatedUnion("type", [
  z.object({ type: z.literal("stateChange"), state }),
  z.object({ type: z.literal("assigned"), ...assigned.shape }),
]).describe("News of a mapping, with its own snapshot");

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
export const shared: Readonly<Record<string, z.ZodType>> = {
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

/** Params and result of every request. */
export const requests = {
  initialize: {
    // Not strict: a client may tell more of itself than this version knows.
    params: z.object({
      clientInfo: z.object({
        name: z.string(),
        version: z.string().exactOptional(),
      }).exactOptional().describe("Who is calling, for the log"),
      processId: z.int().min(1).nullable().exactOptional().describe(
        "Process id of the caller: when it is gone, every mapping is released and the server exits",
      ),
    }),
    result: z.object({
      serverInfo: z.object({ name: z.string(), version: z.string() }),
      protocolVersion: z.literal("1.0"),
      capabilities: z.object({
        cancellation: z.boolean().describe("Every waiting request obeys $/cancelRequest"),
        openrpc: z.boolean().describe("rpc.discover is answered"),
        simulator: z.boolean().describe("simulator/start is answered"),
      }).describe("What the server can do; a missing member means no"),
    }),
  },
  shutdown: { params: noParams, result: none },
  "rpc.discover": { params: noParams, result: openRpcDocument },
  discover: { params: noParams, result: z.array(gateway) },
  "simulator/start": {
    params: z.strictObject({
      lifetime: SECONDS.exactOptional().describe("Longest lifetime granted, in seconds"),
      minLifetime: SECONDS.exactOptional().describe("Shortest lifetime granted, in seconds"),
      externalAddress: V4.exactOptional().describe("External IPv4 address assigned"),
      port: PORT.exactOptional().describe("UDP port to listen on; any free one by default"),
    }),
    result: z.object({
      simulatorId: ID.describe("Unique in this server"),
      server: z.string().describe("Both `client` and `server` of client/start"),
      port: z.int().describe("`port` of client/start"),
    }),
  },
  "simulator/stop": { params: z.strictObject({ simulatorId }), result: none },
  "client/start": {
    params: z.strictObject({
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
    result: client,
  },
  "client/list": { params: noParams, result: z.array(client) },
  "client/announce": {
    params: z.strictObject({ clientId }),
    result: z.object({
      epoch: z.int().describe("Seconds since the PCP server began or lost its state"),
      roundTrip: z.number().describe("Milliseconds between the question and the answer"),
    }),
  },
  "client/externalAddress": {
    params: z.strictObject({ clientId }),
    result: z.object({ externalAddress: z.string() }),
  },
  "client/diagnose": { params: z.strictObject({ clientId }), result: diagnosis },
  "client/deleteLeftovers": {
    params: z.strictObject({ clientId }),
    result: z.object({ deleted: z.int().describe("How many there were") }),
  },
  "client/shutdown": {
    params: z.strictObject({
      clientId,
      keep: z.boolean().exactOptional()
        .describe("Leaves the mappings alive at the PCP server until they expire"),
    }),
    result: none,
  },
  "mapping/request": { params: mappingRequest, result: mapping },
  "mapping/ready": { params: z.strictObject({ mappingId }), result: mapping },
  "mapping/get": { params: z.strictObject({ mappingId }), result: mapping },
  "mapping/list": {
    params: z.strictObject({
      clientId: ID.exactOptional().describe("Only the mappings of this client"),
    }),
    result: z.array(mapping),
  },
  "mapping/renew": {
    params: z.strictObject({
      mappingId,
      lifetime: SECONDS.describe("Wanted lifetime in seconds from now on"),
    }),
    result: mapping,
  },
  "mapping/revoke": { params: z.strictObject({ mappingId }), result: mapping },
} satisfies Record<Method, RequestSchemas>;

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

/** Schemas of one request. */
export interface RequestSchemas {
  /** What it takes, by name. */
  readonly params: z.ZodObject;
  /** What it answers. */
  readonly result: z.ZodType;
}

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

/** Holds `types.ts` and the schemas together: what one side lacks makes a member `false`, which does not compile. */
type Same<A, B> = [A] extends [B] ? [B] extends [A] ? true : false : false;
type Fits = {
  [M in Exclude<Method, "rpc.discover">]: [
    Same<z.infer<(typeof requests)[M]["result"]>, Requests[M]["result"]>,
    Requests[M]["params"] extends void ? true
      : Same<z.infer<(typeof requests)[M]["params"]>, Requests[M]["params"]>,
  ];
};
type FitsToo = {
  [M in keyof Notifications]: Same<z.infer<(typeof notifications)[M]>, Notifications[M]>;
};
export type Proof = [
  Fits extends { [M in keyof Fits]: [true, true] } ? true : false,
  FitsToo extends { [M in keyof FitsToo]: true } ? true : false,
  Same<z.infer<typeof gateway>, Discovered>,
  Same<z.infer<typeof alert>, Alert>,
  Same<z.infer<typeof client>, ClientInfo>,
  Same<z.infer<typeof mapping>, Mapping>,
];
const _proof: Proof = [true, true, true, true, true, true];
