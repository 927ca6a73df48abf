/** The results as schemas. Only the OpenRPC document and the tests build them. */
import * as z from "zod/mini";
import type {
  Alert,
  Assigned,
  Diagnosis,
  Gateway,
  GatewayStatus,
  MappingState,
  Prefix64,
  Protocol,
  Stats,
  StoredMapping,
} from "../mod.ts";
import {
  count,
  described,
  flag,
  id,
  named,
  nullable,
  openType,
  optional,
  requestType,
  text,
} from "./value_schemas.ts";

/** The result of the handshake. */
export const initializeResult = openType("InitializeResult", "The result of the handshake", () => ({
  serverInfo: described(
    z.object({ name: z.string(), version: z.string() }),
    "Name and version of this server",
  ),
  protocolVersion: described(
    z.literal("1.0"),
    "Version of methods, params, results and error codes",
  ),
  capabilities: described(capabilities(), "What the server can do"),
}));

const capabilities = openType(
  "Capabilities",
  "What the server can do; a missing member means no",
  () => ({
    cancellation: flag("Every waiting request obeys $/cancelRequest"),
    openrpc: flag("rpc.discover is answered"),
    simulator: flag("simulator/start is answered"),
  }),
);

/** A default gateway. */
export const gateway = openType("Gateway", "A default gateway and the way to it", () => ({
  family: z.enum(["IPv4", "IPv6"]),
  gateway: text("Its address; a link-local one carries its interface"),
  interface: text("The name of the interface that faces it"),
  client: text("The address of this host that faces it"),
  reason: text("Why it has its place among the gateways of its family, in words"),
})) satisfies () => z.ZodMiniType<Gateway>;

/** A simulator. */
export const simulatorInfo = openType("SimulatorInfo", "A running simulator", () => ({
  simulatorId: id("Unique in this server"),
  server: text("Loopback address: both client and server of client/start"),
  port: count("UDP port: port of client/start"),
}));

/** A client. */
export const clientInfo = openType("ClientInfo", "A running client", () => ({
  clientId: id("Unique in this server"),
  client: text("Address of this host that requests are sent from"),
  server: text("Address of the PCP server"),
  port: count("UDP port of the PCP server"),
  gateway: described(gatewayStatus(), "Whether it answers"),
  protocol: optional(protocol(), "The protocol of its answers; missing before the first one"),
}));

/** A prefix of NAT64. */
export const prefix64 = openType(
  "Prefix64",
  "How a NAT64 of the network builds IPv6 addresses from IPv4 addresses (RFC 7225)",
  () => ({
    prefix: text("The IPv6 prefix, such as 2001:db8:122:300::/56"),
    suffix: text("The octets after the IPv4 address, as hexadecimal digits"),
    ipv4Prefixes: optional(
      z.readonly(z.array(z.string())),
      "The IPv4 destinations that it serves; missing if it serves all",
    ),
  }),
) satisfies () => z.ZodMiniType<Prefix64>;

/** Counters of a client. */
export const stats = openType("Stats", "Counters of a client since its start", () => ({
  sent: count("Datagrams sent, retransmissions included"),
  received: count("Datagrams received, ignored ones included"),
  sendErrors: count("Sends that failed on this host"),
  retransmissions: count("Requests sent again because no response arrived"),
  ignored: counts("Datagrams that changed nothing, by reason"),
  mappings: counts("Mappings that are not over, by state"),
  roundTrip: nullable(
    z.number(),
    "Smoothed round-trip time in milliseconds; null before the first response",
  ),
  epoch: nullable(
    z.int(),
    "The PCP server's last epoch in seconds; null before the first response",
  ),
})) satisfies () => z.ZodMiniType<Stats>;

function counts(description: string): z.ZodMiniRecord<z.ZodMiniString, z.ZodMiniNumberFormat> {
  return described(z.record(z.string(), z.int()), description);
}

/** A mapping that an earlier run has left, in results and in params. */
export const storedMapping = openType(
  "StoredMapping",
  "A mapping that an earlier run with the same state file left at the PCP server",
  () => ({
    server: text("Address of the PCP server"),
    port: count("Its UDP port"),
    client: text("Address of the client"),
    kind: described(z.enum(["inbound", "outbound"]), "MAP or PEER"),
    protocol: count("Transport protocol, a number of IANA's"),
    internalPort: count("Port on this host; 0 for all ports"),
    lifetime: count("Seconds: the requested lifetime, or the granted one if that is longer"),
    nonce: text("The mapping nonce, 24 hexadecimal digits. A secret: with it anyone can delete it"),
    externalAddress: text("The external address, assigned or suggested"),
    externalPort: count("The external port, assigned or suggested; 0 for none"),
    expiresAt: text("When it ends at the PCP server as far as is known, ISO 8601"),
    grantedBy: optional(protocol(), "The protocol in which it was granted; missing if not known"),
    options: text("The options of its request, hexadecimal digits"),
    remoteAddress: optional(z.string(), "Outbound only. Address of the remote peer"),
    remotePort: optional(z.int(), "Outbound only. Port of the remote peer"),
  }),
) satisfies () => z.ZodMiniType<StoredMapping>;

/** Whether a gateway answers. */
export const gatewayStatus = openType("GatewayStatus", "Whether the PCP server answers", () => ({
  state: described(
    z.enum(["unknown", "answers", "silent", "refuses"]),
    "unknown before the first answer; silent after 8 s without one; refuses if nothing listens at its port or it speaks another version",
  ),
  since: optional(z.string(), "When the state began, ISO 8601; missing if unknown"),
})) satisfies () => z.ZodMiniType<GatewayStatus>;

/** A protocol in which a gateway makes mappings. */
export const protocol = named("Protocol", () => {
  const names = z.enum(["pcp", "nat-pmp", "upnp"]);
  return described(names satisfies z.ZodMiniType<Protocol>, "A protocol of mappings");
});

/** A mapping. */
export const mapping = openType("Mapping", "A mapping, its state and its assignment", () => ({
  mappingId: id("Unique in this server"),
  clientId: id("The client that requested it"),
  kind: described(z.enum(["inbound", "outbound"]), "MAP or PEER"),
  protocol: described(
    z.union([z.literal("tcp"), z.literal("udp"), z.int()]),
    "tcp, udp, or another number of IANA's",
  ),
  internalPort: count("Port on this host; 0 for all ports"),
  lifetime: count("The wanted lifetime in seconds"),
  requestType: described(requestType(), "How long it is wanted"),
  state: described(mappingState(), "Its state"),
  assigned: nullable(assigned(), "The assignment; null when there is none"),
  expiresAt: nullable(
    z.string(),
    "When the assignment ends unless it is renewed, ISO 8601; null without one",
  ),
  remoteAddress: optional(z.string(), "Outbound only. Address of the remote peer"),
  remotePort: optional(z.int(), "Outbound only. Port of the remote peer"),
}));

/** Parts of a request, as in the library's type Obstacle. */
const PARTS = [
  "outbound",
  "protocol",
  "allPorts",
  "family",
  "preferFailure",
  "filter",
  "thirdParty",
  "pcpOnly",
] as const;

/** What may be wrong with an assignment, as in the library's type Defect. */
const DEFECTS = [
  "lifetime",
  "shortLifetime",
  "externalAddress",
  "externalPort",
  "thirdParty",
  "conflict",
] as const;

const mappingState = named("MappingState", () => {
  const attempt = count("Counts the repetitions");
  const states = z.discriminatedUnion("type", [
    z.object({ type: z.literal("requested") }),
    z.object({ type: z.literal("starting"), attempt }),
    z.object({
      type: z.literal("updating"),
      attempt,
      lifetime: count("The lifetime in the request, in seconds; 0 in a deletion"),
    }),
    z.object({ type: z.literal("running") }),
    z.object({
      type: z.literal("error"),
      code: count("Result code of the PCP server, or a negative one of this client"),
      name: text("Its name in the RFC"),
      retryIn: optional(z.number(), "Seconds until the next request; missing if there is none"),
      reason: optional(
        z.enum(DEFECTS),
        "What is wrong with the assignment, if the server refused nothing",
      ),
      unsupported: optional(
        z.object({ protocol: protocol(), part: z.enum(PARTS) }),
        "What the gateway's protocol, which is not PCP, cannot express of the request",
      ),
      upnpCode: optional(z.int(), "The gateway's own number of the error, if it came over UPnP"),
    }),
    z.object({ type: z.literal("expired") }),
    z.object({ type: z.literal("revoked") }),
    z.object({ type: z.literal("dropped") }),
  ]);
  return described(states satisfies z.ZodMiniType<MappingState>, "The state of a mapping");
});

const assigned = openType("Assigned", "What the PCP server assigned", () => ({
  externalAddress: text("The address under which the mapping is reached"),
  externalPort: count("The port under which it is reached; 0 for all ports"),
  lifetime: count("The granted lifetime in seconds, at most 24 hours"),
  protocol: protocol(),
  permanent: optional(
    z.literal(true),
    "true if the gateway never ends the mapping by itself, as some do over UPnP; missing otherwise",
  ),
  globallyReachable: optional(
    z.literal(false),
    "false if the address is not one of the Internet, as behind two routers; missing otherwise",
  ),
  reachProblem: optional(
    z.enum(["doubleNat", "carrierNat", "uniqueLocal", "oddAddress"]),
    "Why globallyReachable is false, as in the findings of a diagnosis; missing otherwise",
  ),
  portSet: optional(
    z.object({
      size: count("How many ports"),
      firstInternalPort: count("The first on this host"),
      firstExternalPort: count("The first outside"),
    }),
    "The ports that were granted, if portSet was requested",
  ),
  description: optional(z.string(), "The description that the PCP server keeps"),
  filterConfirmed: optional(
    z.boolean(),
    "Whether the server is known to process the requested filters; missing if there are none",
  ),
  ignoredOptions: optional(
    z.readonly(z.array(z.string())),
    "Names of requested options that the PCP server did not process",
  ),
})) satisfies () => z.ZodMiniType<Assigned>;

/** A change of a mapping. */
export const alert = named("Alert", () => {
  const alerts = z.discriminatedUnion("type", [
    z.object({ type: z.literal("stateChange"), state: mappingState() }),
    z.object({ type: z.literal("assigned"), ...assigned().shape }),
  ]);
  return described(
    alerts satisfies z.ZodMiniType<Alert>,
    "A change of a mapping, with its own snapshot",
  );
});

/** The result of a diagnosis. */
export const diagnosis = openType(
  "Diagnosis",
  "The gateway, and what stands in the way of being reached from the Internet",
  () => ({
    ok: flag(
      "Whether a mapping would be reached from the Internet, as far as can be told from here",
    ),
    client: text("Address of this host that requests are sent from"),
    server: text("Address of the PCP server"),
    port: count("Its UDP port"),
    protocol: nullable(
      z.enum(["PCP", "NAT-PMP", "UPnP"]),
      "The protocol that it speaks; null without an answer that is understood",
    ),
    roundTrip: nullable(z.number(), "Milliseconds until the answer"),
    epoch: nullable(z.int(), "Seconds since it started or lost its state"),
    upSince: nullable(z.string(), "The same as a time, ISO 8601"),
    externalAddress: nullable(z.string(), "Its address on the other side"),
    addressKind: nullable(z.enum(ADDRESS_KINDS), "What that address is for"),
    refusal: nullable(
      z.object({ code: count("Result code"), name: text("Its name in the RFC") }),
      "Why it opens no ports; null if it does not refuse",
    ),
    announcements: described(
      z.object({
        listening: flag("Whether the client listens for them"),
        heard: count("How many datagrams have arrived there"),
      }),
      "Whether restarts of the server are heard",
    ),
    findings: described(
      z.readonly(z.array(z.object({
        code: z.enum(FINDING_CODES),
        level: z.enum(["good", "notice", "problem"]),
        text: text("A sentence or two for people"),
      }))),
      "The same in sentences",
    ),
  }),
) satisfies () => z.ZodMiniType<Diagnosis>;

const ADDRESS_KINDS = [
  "global",
  "private",
  "shared",
  "documentation",
  "linkLocal",
  "loopback",
  "multicast",
  "reserved",
] as const;

const FINDING_CODES = [
  "pcp",
  "natPmp",
  "upnp",
  "upnpElsewhere",
  "upnpRefused",
  "upnpUnreadable",
  "noServer",
  "otherVersion",
  "cannotSend",
  "refused",
  "addressMismatch",
  "upSince",
  "public",
  "doubleNat",
  "uniqueLocal",
  "carrierNat",
  "noInternet",
  "simulated",
  "oddAddress",
  "addressUnknown",
  "hears",
  "deaf",
] as const;
