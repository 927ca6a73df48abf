import type { IpAddress } from "../wire/address.ts";
import type { EngineConfig } from "./config.ts";
import type { Output } from "./events.ts";
import type { Mapping } from "./mapping.ts";
import type { ServerState } from "./server_state.ts";

/** Where a mapping is in its life; the table below says what each event does in each phase. */
export type Phase =
  /** Wanted, nothing sent yet. Shown as `requested`. */
  | "waiting"
  /** Asked for, nothing assigned. Shown as `starting`. */
  | "starting"
  /** Assigned. Shown as `running`. */
  | "running"
  /** Assigned, one request per window of the renewal ladder. Shown as `updating`. */
  | "renewing"
  /** Assigned, and the user wants another lifetime. Shown as `updating`. */
  | "updating"
  /** Was assigned by a server that has lost its state. Shown as `updating`. */
  | "recovering"
  /** Refused; asked for again when the hold ends. Shown as `error` with `retryIn`. */
  | "holding"
  /** Being deleted. Shown as `updating` with lifetime 0. */
  | "deleting"
  /** Over. Shown as `expired`, `revoked`, `dropped` or `error`. */
  | "ended";

/** What a mapping needs of the engine that holds it. */
export interface MappingContext {
  readonly config: EngineConfig;
  readonly clientAddress: IpAddress;
  readonly server: ServerState;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** The external address that was assigned last, one object for all mappings that have it. */
  external: IpAddress | undefined;
  /** What comes of the step, in order. */
  outputs: Output[];
  /** Lines up for a turn to send: a later call of {@linkcode Mapping.turn}. */
  enqueue(mapping: Mapping): void;
  /** Leaves that line. */
  dequeue(mapping: Mapping): void;
  /** The mapping is over; the same one may be wanted again soon. */
  ended(mapping: Mapping): void;
  /** Transmissions after which the server's next address is asked; 0 when there is none (RFC 7488 section 3). */
  readonly transmissionLimit: number;
  /** The server's address did not answer that many. */
  serverSilent(): void;
}
