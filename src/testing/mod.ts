/**
 * Things to test with, without a router and without waiting: a strict simulated PCP server, a clock that tests move,
 * and a network as bad as wanted.
 *
 * @module
 */

export type { Counters, Tally, Violation } from "./counters.ts";
export { type FaultOptions, faults } from "./faults.ts";
export { type HostOptions, ServerHost } from "./host.ts";
export { Lab, lab, type LabOptions, type WireRecord } from "./lab.ts";
export { startLoopbackServer } from "./loopback.ts";
export { ManualClock } from "./manual_clock.ts";
export { seededRandom, seededWords } from "./random.ts";
export { SimulatedServer } from "./server.ts";
export type { MappingKind, ServerMapping } from "./server_mapping.ts";
export type { LogEntry } from "./server_observer.ts";
export { miniupnpd, type PortAssigner, type Quirks, type ServerOptions } from "./server_options.ts";
export type { Datagram } from "./server_reply.ts";
export type {
  FailOptions,
  InsertedMapping,
  RestartOptions,
  UpdateChanges,
} from "./server_script.ts";
