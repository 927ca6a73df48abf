/**
 * Opens ports on the router and keeps them open: a Port Control Protocol (RFC 6887) client for Deno, Node and Bun.
 *
 * ```ts ignore
 * import { Client, InboundMap, ProtocolNumber, RequestType } from "@portcontrol/pcp";
 *
 * await using handle = await Client.start(); // finds the default gateway
 * const mapping = handle.request(
 *   new InboundMap(6000, 3600).protocol(ProtocolNumber.Tcp),
 *   RequestType.KeepAlive,
 * );
 * const { externalAddress, externalPort } = await mapping.ready();
 * console.log(`Reachable at ${externalAddress} port ${externalPort}`);
 * for await (const alert of mapping) console.log(alert); // stateChange | assigned
 * ```
 *
 * @module
 */

export { Client } from "./src/client/client.ts";
export type { ClientOptions } from "./src/client/client_options.ts";
export type { ReleaseSignal } from "./src/client/release_on_signal.ts";
export type { TraceEvent } from "./src/client/trace.ts";
export {
  AnnouncementError,
  ClosedError,
  GatewayError,
  MappingConflictError,
  MappingLostError,
  NetworkChangedError,
  NotRunningError,
  PermanentMappingError,
  RenewalRefusedError,
  ResultCodeError,
  ServerRestartedError,
  SocketError,
  StoreError,
} from "./src/client/errors.ts";
export { PcpError } from "./src/pcp_error.ts";
export type { Announcement } from "./src/client/announce_requests.ts";
export type { AddressKind, ReachProblem } from "./src/client/address_kind.ts";
export type { Announcements } from "./src/client/network/connection.ts";
export type { Diagnosis, Finding, FindingCode, Refusal } from "./src/client/diagnosis/diagnosis.ts";
export { Handle } from "./src/client/handle.ts";
export type { ShutdownSummary } from "./src/client/shutdown_summary.ts";
export type { GatewayStatus } from "./src/client/gateway_monitor.ts";
export type { Assigned, PortSet } from "./src/client/assigned.ts";
export type {
  HostSurvey,
  HostSurvey as Surveyor,
  WatchOptions,
} from "./src/client/network/network_watcher.ts";
export type { Addresses } from "./src/client/network/addresses.ts";
export { FileStore } from "./src/client/persistence/file_store.ts";
export type { Store, StoredMapping, StoredUpnp } from "./src/client/persistence/store.ts";
export { InboundMap } from "./src/client/inbound_map.ts";
export { type Alert, MapHandle, type MappingSnapshot } from "./src/client/map_handle.ts";
export type { MappingBuilder } from "./src/client/mapping_builder.ts";
export type { Prefix64 } from "./src/client/prefix64.ts";
export { OutboundMap } from "./src/client/outbound_map.ts";
export { RequestType } from "./src/client/request_type.ts";
export type { Stats } from "./src/client/stats.ts";
export { type Clock, type Milliseconds, systemClock } from "./src/clock.ts";
export { discover } from "./src/client/discover.ts";
export type { Gateway, Gateway as Discovered } from "./src/discovery/gateway.ts";
export { DiscoveryError, type DiscoveryReason } from "./src/discovery/discovery_error.ts";
export type {
  MulticastOptions,
  Network,
  OpenOptions,
  Probe,
  ProbeOptions,
  Sink,
  SocketAddress,
  Transport,
} from "./src/transport/transport.ts";
export type { Exchange, ExchangeOptions, ExchangeReason } from "./src/transport/stream.ts";
export { type EngineConfig } from "./src/engine/config.ts";
export { defectText } from "./src/client/defect_words.ts";
export {
  type Defect,
  type IgnoreReason,
  LocalCode,
  type MappingState,
} from "./src/engine/events.ts";
export type { GatewayState } from "./src/engine/gateway_knowledge.ts";
export type { Obstacle, Unsupported } from "./src/engine/obstacle.ts";
export type { Protocol } from "./src/engine/protocol.ts";
export type { UpnpRecord } from "./src/engine/upnp_io.ts";
export { ProtocolNumber } from "./src/wire/protocol_number.ts";
export { ResultCode, resultName, resultSentence } from "./src/wire/result_code.ts";
export type { DecodeReason } from "./src/wire/errors.ts";
export { type Family, IpAddress } from "./src/wire/address.ts";
