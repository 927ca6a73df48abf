import type { IpAddress } from "../wire/address.ts";
import type { EngineConfig } from "./config.ts";
import type { Milliseconds, Output } from "./events.ts";
import type { Mapping } from "./mapping.ts";
import type { ServerState } from "./server_state.ts";

/** What the actions of a mapping need of the engine. */
export interface MappingContext {
  readonly config: EngineConfig;
  readonly clientAddress: IpAddress;
  readonly server: ServerState;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Transmissions after which the server's next address is used; 0 without another one (RFC 7488 section 3). */
  readonly transmissionLimit: number;
  /** Whether requests may be sent in PCP. */
  readonly allowsPcp: boolean;
  /** Whether the request of a mapping is sent in PCP; one that UPnP made is renewed and deleted there. */
  usesPcp(mapping: Mapping): boolean;
  /** The time of this step. */
  now: Milliseconds;
  /** The outputs of this step, in order. */
  outputs: Output[];
  /** Puts the mapping in the queue for sending: the event `send` follows when the pacer allows it. */
  enqueue(mapping: Mapping): void;
  /** Takes the mapping out of that queue, and out of those of other protocols. */
  dequeue(mapping: Mapping): void;
  /** Takes the mapping out of the queues of other protocols: its exchange begins anew. */
  leaveFallbacks(mapping: Mapping): void;
  /** The deletion of the mapping has begun. */
  deleting(mapping: Mapping): void;
  /** The mapping ended; its successors start. The server may hold it until `heldUntil`. */
  ended(mapping: Mapping, heldUntil: Milliseconds): void;
  /** The server's address left `transmissionLimit` transmissions unanswered. */
  serverSilent(): void;
}
