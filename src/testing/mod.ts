/**
 * For tests without a router and without waiting: a strict simulated PCP server, a manual clock, and network faults by
 * seed.
 *
 * @module
 */

export type { Counters, Tally, Violation } from "./server/counters.ts";
export { type FaultOptions, faults } from "./faults.ts";
export { type HostOptions, ServerHost } from "./host.ts";
export { Lab, lab, type LabOptions, type WireRecord } from "./lab.ts";
export { startLoopbackServer } from "./loopback.ts";
export { ManualClock } from "./manual_clock.ts";
export { seededRandom, seededWords } from "./random.ts";
export {
  type InsertedMapping,
  type RestartOptions,
  SimulatedServer,
  type UpdateChanges,
} from "./server/simulated_server.ts";
export type { MappingKind, ServerMapping } from "./server/mapping.ts";
export type { LogEntry } from "./server/request_log.ts";
export {
  type GatewayProtocol,
  miniupnpd,
  type MiniupnpdVersion,
  type PortAssigner,
  type Quirks,
  type ServerOptions,
} from "./server/server_options.ts";
export type { Datagram } from "./server/replies.ts";
export type { IgdLogEntry } from "./server/igd/http_face.ts";
export type { IgdCounters, IgdViolation } from "./server/igd/counters.ts";
export type { HttpQuirks, IgdOptions, IgdQuirks } from "./server/igd/options.ts";
export type { IgdOutput } from "./server/igd/output.ts";
export type { IgdPinhole } from "./server/igd/pinhole_table.ts";
export type { IgdMapping } from "./server/igd/port_mapping_table.ts";
export {
  type IgdPlace,
  type IgdRestartOptions,
  type InsertedIgdMapping,
  SimulatedIgd,
} from "./server/igd/simulated_igd.ts";
export type { FailOptions } from "./server/fault_script.ts";

// The types in the signatures above, so that a test needs one import.
export { MemoryNetwork } from "../transport/memory.ts";
export type {
  Link,
  LinkDatagram,
  MemoryNetworkOptions,
  TappedDatagram,
} from "../transport/memory.ts";
export type { TappedExchange } from "../transport/memory_stream.ts";
export type {
  Exchange,
  ExchangeOptions,
  ExchangeReason,
  StreamAddress,
  StreamConnection,
  StreamListener,
  StreamSink,
} from "../transport/stream.ts";
export type * from "../transport/transport.ts";
export type { Clock, Milliseconds } from "../clock.ts";
export type { Assigned, PortSet } from "../client/assigned.ts";
export type { Addresses } from "../client/network/addresses.ts";
export type { ClientOptions } from "../client/client_options.ts";
export type {
  HostSurvey,
  HostSurvey as Surveyor,
  WatchOptions,
} from "../client/network/network_watcher.ts";
export type { TraceEvent } from "../client/trace.ts";
export type { PcpError } from "../pcp_error.ts";
export type { Announcement } from "../client/announce_requests.ts";
export type { AddressKind } from "../client/address_kind.ts";
export type { Announcements } from "../client/network/connection.ts";
export type { Diagnosis, Finding, FindingCode, Refusal } from "../client/diagnosis/diagnosis.ts";
export type { Handle } from "../client/handle.ts";
export type { GatewayStatus } from "../client/gateway_monitor.ts";
export type { ShutdownSummary } from "../client/shutdown_summary.ts";
export type { Prefix64 } from "../client/prefix64.ts";
export type { Store, StoredMapping } from "../client/persistence/store.ts";
export type { InboundMap } from "../client/inbound_map.ts";
export type { Alert, MapHandle, MappingSnapshot } from "../client/map_handle.ts";
export type { MappingBuilder } from "../client/mapping_builder.ts";
export type { OutboundMap } from "../client/outbound_map.ts";
export type { RequestType } from "../client/request_type.ts";
export type { Stats } from "../client/stats.ts";
export type { EngineConfig } from "../engine/config.ts";
export type { GatewayState } from "../engine/gateway_knowledge.ts";
export type { Obstacle, Unsupported } from "../engine/obstacle.ts";
export type { Protocol } from "../engine/protocol.ts";
export type { IgnoreReason, MappingState } from "../engine/events.ts";
export type * from "../wire/address.ts";
export type { DecodeReason } from "../wire/errors.ts";
export type {
  AnnounceBody,
  Body,
  MapBody,
  MapFields,
  MessageOptions,
  OtherBody,
  PeerBody,
  PeerFields,
  Request,
  RequestHeader,
  ResponseHeader,
} from "../wire/message_type.ts";
export type { Nonce } from "../wire/nonce.ts";
export type * from "../wire/option_type.ts";
