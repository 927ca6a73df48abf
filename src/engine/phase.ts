import type { IpAddress } from "../wire/address.ts";
import type { Response } from "../wire/message.ts";
import type { EngineConfig } from "./config.ts";
import type { Milliseconds, Output } from "./events.ts";
import type { Mapping } from "./mapping.ts";

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
export interface Surroundings {
  readonly config: EngineConfig;
  readonly clientAddress: IpAddress;
  /** How often the server lost its state so far, as far as this client knows. */
  readonly generation: number;
  random(): number;
  /** The address, as one object for all mappings that have it. */
  shared(address: IpAddress): IpAddress;
  emit(output: Output): void;
  /** Lines up for a turn to send: a later call of {@linkcode Mapping.turn}. */
  enqueue(mapping: Mapping): void;
  /** Leaves that line. */
  dequeue(mapping: Mapping): void;
  /** The mapping is over; the same one may be wanted again soon. */
  ended(mapping: Mapping): void;
  /** NO_RESOURCES: no requests for new mappings, or after a deletion none at all, for this long (section 11.4). */
  holdServer(what: "new" | "all", until: Milliseconds): void;
  /** Transmissions after which the server's next address is asked; 0 when there is none (RFC 7488 section 3). */
  readonly transmissionLimit: number;
  /** The server's address did not answer that many. */
  serverSilent(): void;
}

/** A response that was matched to a mapping. */
export type Answer = Response & { readonly type: "map" | "peer" };
