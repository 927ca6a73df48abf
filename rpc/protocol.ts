/**
 * Every method and notification as a typed constant of `vscode-jsonrpc`, for servers and TypeScript clients alike:
 * `connection.sendRequest(MappingRequest, { … })` knows params and result.
 *
 * Written by `deno task openrpc` from methods.ts; do not edit.
 */
import {
  NotificationType,
  NotificationType0,
  ParameterStructures,
  RequestType,
  RequestType0,
} from "vscode-jsonrpc";
import type { Method, Notifications, Requests } from "./types.ts";

/** The handshake; anything else before it is refused with -32002. */
export const InitializeRequest: Typed<"initialize"> = request("initialize");
/** Releases every mapping that is not kept, waits for the confirmations; then send exit. */
export const ShutdownRequest: Typed0<"shutdown"> = new RequestType0("shutdown");
/** The OpenRPC document of this protocol. */
export const OpenRpcRequest: Typed0<"rpc.discover"> = new RequestType0("rpc.discover");
/** Finds the default gateways of this host, IPv4 first; sends nothing. */
export const DiscoverRequest: Typed<"discover"> = request("discover");
/** Starts a simulated gateway on loopback, to try things without a router. */
export const SimulatorStartRequest: Typed<"simulator/start"> = request("simulator/start");
/** Stops a simulator. */
export const SimulatorStopRequest: Typed<"simulator/stop"> = request("simulator/stop");
/** Starts a client of one PCP server; without addresses it finds the default gateway. */
export const ClientStartRequest: Typed<"client/start"> = request("client/start");
/** Starts a client of every default gateway of this host, IPv4 and IPv6. */
export const ClientStartAllRequest: Typed<"client/startAll"> = request("client/startAll");
/** The running clients. */
export const ClientListRequest: Typed0<"client/list"> = new RequestType0("client/list");
/** Asks the PCP server since when it has been running; waits for the answer. */
export const ClientAnnounceRequest: Typed<"client/announce"> = request("client/announce");
/** Asks for the external address, and leaves no mapping behind. */
export const ClientExternalAddressRequest: Typed<"client/externalAddress"> = request(
  "client/externalAddress",
);
/** Finds out what stands in the way of being reached from the Internet. */
export const ClientDiagnoseRequest: Typed<"client/diagnose"> = request("client/diagnose");
/** Asks how the network's NAT64 builds addresses (RFC 7225); none if it has no NAT64. */
export const ClientPrefix64Request: Typed<"client/prefix64"> = request("client/prefix64");
/** Counters of what the client has sent, received and ignored. */
export const ClientStatsRequest: Typed<"client/stats"> = request("client/stats");
/** The mappings that an earlier run with the same state file left at the PCP server. */
export const ClientLeftoversRequest: Typed<"client/leftovers"> = request("client/leftovers");
/** Deletes those mappings, or one of them; answered when the PCP server has confirmed. */
export const ClientDeleteLeftoversRequest: Typed<"client/deleteLeftovers"> = request(
  "client/deleteLeftovers",
);
/** Turns the notifications client/trace of a client on or off. */
export const ClientTraceRequest: Typed<"client/trace"> = request("client/trace");
/** Ends a client: releases its mappings and waits for the confirmations, or keeps them. */
export const ClientShutdownRequest: Typed<"client/shutdown"> = request("client/shutdown");
/** Requests a mapping; answered at once, before the PCP server has. */
export const MappingRequest: Typed<"mapping/request"> = request("mapping/request");
/** Waits until the mapping is assigned; error 5 if the PCP server refuses. */
export const MappingReadyRequest: Typed<"mapping/ready"> = request("mapping/ready");
/** The mapping as it is now, also when it is over. */
export const MappingGetRequest: Typed<"mapping/get"> = request("mapping/get");
/** The mappings that are not over, of one client or of all. */
export const MappingListRequest: Typed<"mapping/list"> = request("mapping/list");
/** Requests another lifetime from now on; answered at once. */
export const MappingRenewRequest: Typed<"mapping/renew"> = request("mapping/renew");
/** Deletes the mapping; answered when the PCP server has confirmed. */
export const MappingRevokeRequest: Typed<"mapping/revoke"> = request("mapping/revoke");
/** From the server. A mapping changed its state or its assignment; carries its own snapshot. */
export const MappingAlertNotification: NotificationType<Notifications["mapping/alert"]> =
  notification("mapping/alert");
/** From the server. Trouble that belongs to no single mapping and ends nothing. */
export const ClientErrorNotification: NotificationType<Notifications["client/error"]> =
  notification("client/error");
/** From the server. What is known of the gateway has changed. */
export const GatewayNotification: NotificationType<Notifications["client/gateway"]> = notification(
  "client/gateway",
);
/** From the server. A datagram, or in UPnP a message over TCP, that a client sent or received. */
export const TraceNotification: NotificationType<Notifications["client/trace"]> = notification(
  "client/trace",
);
/** From the server. The PCP server lost its mappings; the client requests them again. */
export const ServerRestartedNotification: NotificationType<
  Notifications["client/serverRestarted"]
> = notification("client/serverRestarted");
/** From the client. The server ends: exit code 0 after shutdown, 1 without. */
export const ExitNotification: NotificationType0 = new NotificationType0("exit");

/** A request with params. */
export type Typed<M extends Method> = RequestType<
  Requests[M]["params"],
  Requests[M]["result"],
  unknown
>;

/** A request without params. */
export type Typed0<M extends Method> = RequestType0<Requests[M]["result"], unknown>;

function request<M extends Method>(method: M): Typed<M> {
  return new RequestType(method, ParameterStructures.byName);
}

function notification<M extends keyof Notifications>(
  method: M,
): NotificationType<Notifications[M]> {
  return new NotificationType(method, ParameterStructures.byName);
}
