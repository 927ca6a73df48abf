/**
 * Every method, one row each: its documentation and the schemas of its params and result. `deno task openrpc` writes types.ts,
 * protocol.ts, param_checks.ts, openrpc.json and the tables of README.md from it. The server does not load this file: the
 * checks of params are in param_checks.ts, the functions in handlers.ts.
 */
import * as z from "zod/mini";
import { ErrorCode } from "./error_codes.ts";
import { mappingRequestParams } from "./mapping_request_schema.ts";
import {
  alert,
  clientInfo,
  diagnosis,
  gateway,
  gatewayStatus,
  initializeResult,
  mapping,
  prefix64,
  protocol,
  simulatorInfo,
  stats,
  storedMapping,
} from "./result_schemas.ts";
import {
  address,
  count,
  described,
  id,
  integer,
  type Lazy,
  named,
  openType,
  optional,
  port,
  seconds,
  servers,
  strictType,
  text,
} from "./value_schemas.ts";

/** One method. */
export interface MethodSpec {
  /** One line. */
  readonly summary: string;
  /** More, where one line is not enough. */
  readonly description?: string;
  /** Missing if the method has no params. */
  readonly params?: Lazy;
  readonly result: Lazy;
  /** The errors that it can have besides those of every request. */
  readonly errors: readonly ErrorCode[];
  /** The name in protocol.ts, if not the method's name and `Request`. */
  readonly constant?: string;
}

/** One notification. */
export interface NotificationSpec {
  readonly summary: string;
  readonly params?: Lazy;
  readonly from: "server" | "client";
  /** The name in protocol.ts, if not the method's name and `Notification`. */
  readonly constant?: string;
}

const { DiscoveryFailed, InvalidParams, InvalidRequest, NotRunning, ResultCode } = ErrorCode;
const { LimitExceeded, MappingConflict, SocketError, StoreError } = ErrorCode;
const { UnknownClient, UnknownMapping, UnknownSimulator } = ErrorCode;

const nothing: Lazy<z.ZodMiniNull> = () => z.null();
const clientParams = strictType("ClientParams", () => ({ clientId: id("Which client") }));
const mappingParams = strictType("MappingParams", () => ({ mappingId: id("Which mapping") }));

/** The params that `client/start` and `client/startAll` share. */
const startOptions = () => ({
  protocols: optional(
    z.array(protocol()).check(z.maxLength(3)),
    "The protocols that may be used, tried in the order pcp, nat-pmp, upnp; all by default",
  ),
  port: optional(port(), "UDP port of the PCP server, 5351 by default"),
  announcePort: optional(port(), "UDP port that announcements come to, 5350 by default"),
  multicast: optional(
    z.boolean(),
    "Whether to listen for announcements of restarts; by default yes, but on loopback",
  ),
  watch: optional(
    z.union([z.boolean(), z.strictObject({ interval: integer(100, 86_400_000) })], {
      error: 'Must be true, false or {"interval": n} with n from 100 milliseconds',
    }),
    "Whether changes of this host's network are followed, and how often it is looked at; every 5 s by default",
  ),
  waitForNetwork: optional(
    z.boolean(),
    "Whether to wait until this host has a route and an address; by default the request fails",
  ),
  allowThirdParty: optional(
    z.boolean(),
    "Whether mappings for other hosts may be requested; only in fully trusted networks",
  ),
  shutdownTimeout: optional(
    integer(0, 60_000),
    "How long the end of the client waits for confirmations, in milliseconds; 5000 by default; for a gateway that has never answered 1000 at most",
  ),
});

/** Every request, in the order of the documents. */
export const METHODS: Readonly<Record<string, MethodSpec>> = {
  initialize: {
    summary: "The handshake; anything else before it is refused with -32002",
    params: openType(
      "InitializeParams",
      "Params of `initialize`; unknown members are ignored",
      () => ({
        clientInfo: optional(
          z.object({ name: z.string(), version: z.exactOptional(z.string()) }),
          "The calling program, for the log",
        ),
        processId: optional(
          z.nullable(integer(1)),
          "Process id of the caller: when it is gone, every mapping is released and the server exits",
        ),
      }),
    ),
    result: initializeResult,
    errors: [InvalidRequest, InvalidParams],
  },
  shutdown: {
    summary: "Releases every mapping that is not kept, waits for the confirmations; then send exit",
    result: nothing,
    errors: [],
  },
  "rpc.discover": {
    summary: "The OpenRPC document of this protocol",
    result: named("OpenRpcDocument", () =>
      described(
        z.looseObject({
          openrpc: text("Version of the OpenRPC specification"),
          info: described(
            z.looseObject({ title: z.string(), version: z.string() }),
            "What the document describes",
          ),
          methods: described(
            z.array(z.looseObject({ name: z.string() })),
            "The methods and, with x-notification, the notifications",
          ),
        }),
        "An OpenRPC document: https://spec.open-rpc.org",
      )),
    errors: [],
    constant: "OpenRpcRequest",
  },
  discover: {
    summary: "Finds the default gateways of this host, IPv4 first; sends nothing",
    params: () => z.strictObject({}),
    result: () => z.array(gateway()),
    errors: [DiscoveryFailed],
  },
  "simulator/start": {
    summary: "Starts a simulated gateway on loopback, to try things without a router",
    params: strictType("SimulatorStartParams", () => ({
      protocols: optional(
        z.array(protocol()).check(z.maxLength(3)),
        "The protocols that it speaks; pcp by default",
      ),
      lifetime: optional(seconds(), "Longest lifetime granted, in seconds; 86400 by default"),
      minLifetime: optional(seconds(), "Shortest lifetime granted, in seconds"),
      externalAddress: optional(
        z.ipv4({ error: "Must be an IPv4 address" }),
        "External IPv4 address assigned, 203.0.113.5 by default",
      ),
      port: optional(port(), "UDP port to listen on; any free one by default"),
    })),
    result: simulatorInfo,
    errors: [InvalidParams, SocketError, LimitExceeded],
  },
  "simulator/stop": {
    summary: "Stops a simulator",
    params: strictType("SimulatorParams", () => ({ simulatorId: id("Which simulator") })),
    result: nothing,
    errors: [UnknownSimulator],
  },
  "client/start": {
    summary: "Starts a client of one PCP server; without addresses it finds the default gateway",
    params: strictType("ClientStartParams", () => ({
      client: optional(
        address(),
        "Address of this host that faces the PCP server; found when left out",
      ),
      server: optional(
        servers(),
        "Address or host name of the PCP server, or a list of those of one server; the default gateway when left out",
      ),
      anycast: optional(
        z.boolean(),
        "Whether the anycast address of PCP is asked if the default gateway does not answer; by default no",
      ),
      state: optional(
        z.string().check(z.minLength(1), z.maxLength(4_096)),
        "A file that keeps the mappings, so that a later run can continue or delete them",
      ),
      ...startOptions(),
    })),
    result: clientInfo,
    errors: [InvalidParams, DiscoveryFailed, SocketError, StoreError, LimitExceeded],
  },
  "client/startAll": {
    summary: "Starts a client of every default gateway of this host, IPv4 and IPv6",
    params: strictType("ClientStartAllParams", startOptions),
    result: () => z.array(clientInfo()),
    errors: [InvalidParams, DiscoveryFailed, SocketError, LimitExceeded],
  },
  "client/list": {
    summary: "The running clients",
    result: () => z.array(clientInfo()),
    errors: [],
  },
  "client/announce": {
    summary: "Asks the PCP server since when it has been running; waits for the answer",
    params: clientParams,
    result: openType("AnnounceResult", "The answer to an announcement", () => ({
      epoch: count("Seconds since the PCP server started or lost its state"),
      roundTrip: described(z.number(), "Milliseconds between the request and the answer"),
    })),
    errors: [UnknownClient, ResultCode, NotRunning],
  },
  "client/externalAddress": {
    summary: "Asks for the external address, and leaves no mapping behind",
    params: clientParams,
    result: openType("ExternalAddressResult", "The external address", () => ({
      externalAddress: text("The address under which mappings of this client are reached"),
    })),
    errors: [UnknownClient, ResultCode, NotRunning],
  },
  "client/diagnose": {
    summary: "Finds out what stands in the way of being reached from the Internet",
    description: "Takes 8 s at most, and leaves no mapping behind.",
    params: clientParams,
    result: diagnosis,
    errors: [UnknownClient, NotRunning],
  },
  "client/prefix64": {
    summary: "Asks how the network's NAT64 builds addresses (RFC 7225); none if it has no NAT64",
    params: clientParams,
    result: () => z.array(prefix64()),
    errors: [UnknownClient, ResultCode, NotRunning],
  },
  "client/stats": {
    summary: "Counters of what the client has sent, received and ignored",
    params: clientParams,
    result: stats,
    errors: [UnknownClient],
  },
  "client/leftovers": {
    summary: "The mappings that an earlier run with the same state file left at the PCP server",
    params: clientParams,
    result: () => z.array(storedMapping()),
    errors: [UnknownClient],
  },
  "client/deleteLeftovers": {
    summary: "Deletes those mappings, or one of them; answered when the PCP server has confirmed",
    params: strictType("DeleteLeftoversParams", () => ({
      clientId: id("Which client"),
      mapping: optional(storedMapping(), "One of client/leftovers; all when left out"),
    })),
    result: openType("DeleteLeftoversResult", "What was deleted", () => ({
      deleted: count("How many; 0 if the mapping is none of the leftovers"),
    })),
    errors: [InvalidParams, UnknownClient, NotRunning],
  },
  "client/trace": {
    summary: "Turns the notifications client/trace of a client on or off",
    params: strictType("ClientTraceParams", () => ({
      clientId: id("Which client"),
      on: described(z.boolean(), "Whether they are sent from now on; off at the start"),
    })),
    result: nothing,
    errors: [UnknownClient],
  },
  "client/shutdown": {
    summary: "Ends a client: releases its mappings and waits for the confirmations, or keeps them",
    params: strictType("ClientShutdownParams", () => ({
      clientId: id("Which client"),
      keep: optional(z.boolean(), "Leaves the mappings at the PCP server until they expire"),
    })),
    result: nothing,
    errors: [UnknownClient],
  },
  "mapping/request": {
    summary: "Requests a mapping; answered at once, before the PCP server has",
    description:
      "From now on mapping/alert reports every change. Ids count up from 1 over all clients of this server.",
    params: mappingRequestParams,
    result: mapping,
    errors: [MappingConflict, InvalidParams, UnknownClient, LimitExceeded],
  },
  "mapping/ready": {
    summary: "Waits until the mapping is assigned; error 5 if the PCP server refuses",
    params: mappingParams,
    result: mapping,
    errors: [UnknownMapping, ResultCode, NotRunning],
  },
  "mapping/get": {
    summary: "The mapping as it is now, also when it is over",
    params: mappingParams,
    result: mapping,
    errors: [UnknownMapping],
  },
  "mapping/list": {
    summary: "The mappings that are not over, of one client or of all",
    params: strictType("MappingListParams", () => ({
      clientId: optional(integer(1), "Only the mappings of this client"),
    })),
    result: () => z.array(mapping()),
    errors: [UnknownClient],
  },
  "mapping/renew": {
    summary: "Requests another lifetime from now on; answered at once",
    params: strictType("MappingRenewParams", () => ({
      mappingId: id("Which mapping"),
      lifetime: described(seconds(), "Wanted lifetime in seconds from now on"),
    })),
    result: mapping,
    errors: [InvalidParams, UnknownMapping, NotRunning],
  },
  "mapping/revoke": {
    summary: "Deletes the mapping; answered when the PCP server has confirmed",
    description:
      "Cancelling ends the waiting, not the deletion. An outbound mapping is left to expire.",
    params: mappingParams,
    result: mapping,
    errors: [UnknownMapping, ResultCode],
  },
};

/** Every notification. */
export const NOTIFICATIONS: Readonly<Record<string, NotificationSpec>> = {
  "mapping/alert": {
    summary: "A mapping changed its state or its assignment; carries its own snapshot",
    params: openType("MappingAlertParams", "Params of `mapping/alert`", () => ({
      mappingId: id("Which mapping"),
      alert: described(alert(), "The change, with its own snapshot"),
    })),
    from: "server",
  },
  "client/error": {
    summary: "Trouble that belongs to no single mapping and ends nothing",
    params: openType("ClientErrorParams", "Params of `client/error`", () => ({
      clientId: id("Which client"),
      error: described(
        z.looseObject({ name: z.string(), message: z.string() }),
        "What went wrong: each name has members of its own",
      ),
    })),
    from: "server",
  },
  "client/gateway": {
    summary: "What is known of the gateway has changed",
    params: openType("GatewayParams", "Params of `client/gateway`", () => ({
      clientId: id("Which client"),
      gateway: described(gatewayStatus(), "Whether it answers"),
      protocol: optional(protocol(), "The protocol of its answers; missing before the first one"),
      message: text("The same in a sentence for people, and what to do about it"),
    })),
    from: "server",
    constant: "GatewayNotification",
  },
  "client/trace": {
    summary: "A datagram, or in UPnP a message over TCP, that a client sent or received",
    params: openType("TraceParams", "Params of `client/trace`", () => ({
      clientId: id("Which client"),
      direction: described(z.enum(["sent", "received"]), "Seen from the client"),
      remote: text("The other end, as address and port"),
      text: text("Its contents in one line, the nonce shortened"),
      ignored: optional(z.string(), "Why it changed nothing; missing if it was accepted"),
      lost: optional(
        z.int(),
        "How many before it were left out, because the notifications are read too slowly",
      ),
    })),
    from: "server",
    constant: "TraceNotification",
  },
  "client/serverRestarted": {
    summary: "The PCP server lost its mappings; the client requests them again",
    params: openType("ServerRestartedParams", "Params of `client/serverRestarted`", () => ({
      clientId: id("Which client"),
      epoch: count("The PCP server's new epoch in seconds"),
      count: count("How many restarts this reports: it comes at most once a second"),
    })),
    from: "server",
    constant: "ServerRestartedNotification",
  },
  exit: {
    summary: "The server ends: exit code 0 after shutdown, 1 without",
    from: "client",
  },
};
