/**
 * For tests without a router and without waiting: a strict simulated PCP server, a manual clock, and network faults by
 * seed.
 *
 * @example
 * ```ts
 * import { InboundMap } from "@portcontrol/pcp";
 * import { lab } from "@portcontrol/pcp/testing";
 * import { assertEquals } from "@std/assert";
 *
 * await using world = await lab(); // a client, a strict simulated server and a clock
 * const mapping = world.handle.request(new InboundMap(6000, 3600));
 * await world.settled(mapping.ready());
 * await world.advance(3_600_000); // an hour passes at once
 * assertEquals(mapping.state, { type: "running" });
 * ```
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
  /** As in `@portcontrol/pcp`. */
  Exchange,
  /** As in `@portcontrol/pcp`. */
  ExchangeOptions,
  /** As in `@portcontrol/pcp`. */
  ExchangeReason,
  StreamAddress,
  StreamConnection,
  StreamListener,
  StreamSink,
} from "../transport/stream.ts";
export type * from "../transport/transport.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  Clock,
  /** As in `@portcontrol/pcp`. */
  Milliseconds,
} from "../clock.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  Assigned,
  /** As in `@portcontrol/pcp`. */
  PortSet,
} from "../client/assigned.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  Addresses,
} from "../client/network/addresses.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  ClientOptions,
} from "../client/client_options.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  HostSurvey,
  /** As in `@portcontrol/pcp`. */
  HostSurvey as Surveyor,
  /** As in `@portcontrol/pcp`. */
  WatchOptions,
} from "../client/network/network_watcher.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  TraceEvent,
} from "../client/trace.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  PcpError,
} from "../pcp_error.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  Announcement,
} from "../client/announce_requests.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  AddressKind,
  /** As in `@portcontrol/pcp`. */
  ReachProblem,
} from "../client/address_kind.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  Announcements,
} from "../client/network/connection.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  Diagnosis,
  /** As in `@portcontrol/pcp`. */
  Finding,
  /** As in `@portcontrol/pcp`. */
  FindingCode,
  /** As in `@portcontrol/pcp`. */
  Refusal,
} from "../client/diagnosis/diagnosis.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  Handle,
} from "../client/handle.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  GatewayStatus,
} from "../client/gateway_monitor.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  ShutdownSummary,
} from "../client/shutdown_summary.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  Prefix64,
} from "../client/prefix64.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  Store,
  /** As in `@portcontrol/pcp`. */
  StoredMapping,
  /** As in `@portcontrol/pcp`. */
  StoredUpnp,
} from "../client/persistence/store.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  InboundMap,
} from "../client/inbound_map.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  Alert,
  /** As in `@portcontrol/pcp`. */
  MapHandle,
  /** As in `@portcontrol/pcp`. */
  MappingSnapshot,
} from "../client/map_handle.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  MappingBuilder,
} from "../client/mapping_builder.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  OutboundMap,
} from "../client/outbound_map.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  RequestType,
} from "../client/request_type.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  Stats,
} from "../client/stats.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  EngineConfig,
} from "../engine/config.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  GatewayState,
} from "../engine/gateway_knowledge.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  Obstacle,
  /** As in `@portcontrol/pcp`. */
  Unsupported,
} from "../engine/obstacle.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  Protocol,
} from "../engine/protocol.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  UpnpRecord,
} from "../engine/upnp_io.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  Defect,
  /** As in `@portcontrol/pcp`. */
  IgnoreReason,
  /** As in `@portcontrol/pcp`. */
  MappingState,
} from "../engine/events.ts";
export type * from "../wire/address.ts";
export type {
  /** As in `@portcontrol/pcp`. */
  DecodeReason,
} from "../wire/errors.ts";
export type {
  /** As in `@portcontrol/pcp/wire`. */
  AnnounceBody,
  /** As in `@portcontrol/pcp/wire`. */
  Body,
  /** As in `@portcontrol/pcp/wire`. */
  MapBody,
  /** As in `@portcontrol/pcp/wire`. */
  MapFields,
  /** As in `@portcontrol/pcp/wire`. */
  MessageOptions,
  /** As in `@portcontrol/pcp/wire`. */
  OtherBody,
  /** As in `@portcontrol/pcp/wire`. */
  PeerBody,
  /** As in `@portcontrol/pcp/wire`. */
  PeerFields,
  /** As in `@portcontrol/pcp/wire`. */
  Request,
  /** As in `@portcontrol/pcp/wire`. */
  RequestHeader,
  /** As in `@portcontrol/pcp/wire`. */
  ResponseHeader,
} from "../wire/message_type.ts";
export type {
  /** As in `@portcontrol/pcp/engine`. */
  Nonce,
} from "../wire/nonce.ts";
export type * from "../wire/option_type.ts";
