/**
 * Every method and notification as a typed constant of `vscode-jsonrpc`, for servers and TypeScript clients alike:
 * `connection.sendRequest(MappingRequest, { … })` knows params and result.
 */
import {
  NotificationType,
  NotificationType0,
  ParameterStructures,
  RequestType,
  RequestType0,
} from "vscode-jsonrpc";
import type { Method, Notifications, Requests } from "./types.ts";

/** The handshake; everything else before it is refused with -32002. */
export const InitializeRequest: Typed<"initialize"> = named("initialize");
/** Releases every mapping that is not kept; then the notification `exit`. */
export const ShutdownRequest: Typed0<"shutdown"> = new RequestType0("shutdown");
/** The OpenRPC document. */
export const OpenRpcRequest: Typed0<"rpc.discover"> = new RequestType0("rpc.discover");
/** The default gateways of this host. */
export const DiscoverRequest: Typed<"discover"> = named("discover");
/** Starts a simulated PCP server on loopback. */
export const SimulatorStartRequest: Typed<"simulator/start"> = named("simulator/start");
/** Stops a simulated server. */
export const SimulatorStopRequest: Typed<"simulator/stop"> = named("simulator/stop");
/** Starts a client of one PCP server. */
export const ClientStartRequest: Typed<"client/start"> = named("client/start");
/** The running clients. */
export const ClientListRequest: Typed0<"client/list"> = new RequestType0("client/list");
/** Asks whether the PCP server is there, and since when. */
export const ClientAnnounceRequest: Typed<"client/announce"> = named("client/announce");
/** Asks for the external address, and leaves no mapping behind. */
export const ClientExternalAddressRequest: Typed<"client/externalAddress"> = named(
  "client/externalAddress",
);
/** Finds out what stands in the way of being reached from the Internet. */
export const ClientDiagnoseRequest: Typed<"client/diagnose"> = named("client/diagnose");
/** Deletes what an earlier run with the same state file left. */
export const ClientDeleteLeftoversRequest: Typed<"client/deleteLeftovers"> = named(
  "client/deleteLeftovers",
);
/** Ends a client and releases its mappings, or keeps them. */
export const ClientShutdownRequest: Typed<"client/shutdown"> = named("client/shutdown");
/** Asks for a mapping; answered at once, before the PCP server has. */
export const MappingRequest: Typed<"mapping/request"> = named("mapping/request");
/** Waits until a mapping is assigned. */
export const MappingReadyRequest: Typed<"mapping/ready"> = named("mapping/ready");
/** What is known of a mapping now. */
export const MappingGetRequest: Typed<"mapping/get"> = named("mapping/get");
/** The mappings that are not over. */
export const MappingListRequest: Typed<"mapping/list"> = named("mapping/list");
/** Asks for another lifetime; answered at once. */
export const MappingRenewRequest: Typed<"mapping/renew"> = named("mapping/renew");
/** Deletes a mapping; answered when the PCP server has confirmed. */
export const MappingRevokeRequest: Typed<"mapping/revoke"> = named("mapping/revoke");

/** From the client: end now. Exit code 0 after `shutdown`, 1 without. */
export const ExitNotification: NotificationType0 = new NotificationType0("exit");
/** From the server: a mapping changed its state or its assignment. */
export const MappingAlertNotification: NotificationType<Notifications["mapping/alert"]> =
  notification("mapping/alert");
/** From the server: trouble that belongs to no single mapping. */
export const ClientErrorNotification: NotificationType<Notifications["client/error"]> =
  notification("client/error");
/** From the server: the PCP server lost its mappings; they are being asked for again. */
export const ServerRestartedNotification: NotificationType<
  Notifications["client/serverRestarted"]
> = notification("client/serverRestarted");

/** A request with params. */
export type Typed<M extends Method> = RequestType<
  Requests[M]["params"],
  Requests[M]["result"],
  unknown
>;

/** A request without params. */
export type Typed0<M extends Method> = RequestType0<Requests[M]["result"], unknown>;

function named<M extends Method>(method: M): Typed<M> {
  return new RequestType(method, ParameterStructures.byName);
}

function notification<M extends keyof Notifications>(
  method: M,
): NotificationType<Notifications[M]> {
  return new NotificationType(method, ParameterStructures.byName);
}
