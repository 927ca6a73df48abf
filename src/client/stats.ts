import type { IgnoreReason, MappingState } from "../engine/events.ts";
import type { DriverCounts } from "./network/driver.ts";
import type { MapHandle } from "./map_handle.ts";

/** What a client did so far. Plain JSON. */
export interface Stats {
  /** Datagrams sent, repetitions included. */
  readonly sent: number;
  /** Datagrams received, ignored ones included. */
  readonly received: number;
  /** Sends that failed on this host. */
  readonly sendErrors: number;
  /** Requests that were sent again because no answer came. */
  readonly retransmissions: number;
  /** Datagrams that changed nothing, by reason. */
  readonly ignored: Readonly<Partial<Record<IgnoreReason, number>>>;
  /** Mappings that are not over, by state. */
  readonly mappings: Readonly<Partial<Record<MappingState["type"], number>>>;
  /** Smoothed round trip to the server in milliseconds; null before the first answer. */
  readonly roundTrip: number | null;
  /** The server's epoch in seconds as it last told it; null before the first answer. */
  readonly epoch: number | null;
}

/** Counts what passes by. */
export class Statistics {
  readonly #ignored: Partial<Record<IgnoreReason, number>> = {};
  #retransmissions = 0;

  ignored(reason: IgnoreReason): void {
    this.#ignored[reason] = (this.#ignored[reason] ?? 0) + 1;
  }

  /** A request was repeated. */
  repeated(): void {
    this.#retransmissions++;
  }

  snapshot(
    counts: Readonly<DriverCounts>,
    mappings: readonly MapHandle[],
    roundTrip: number | undefined,
    epoch: number | undefined,
  ): Stats {
    const byState: Partial<Record<MappingState["type"], number>> = {};
    for (const { state } of mappings) byState[state.type] = (byState[state.type] ?? 0) + 1;
    return {
      ...counts,
      retransmissions: this.#retransmissions,
      ignored: { ...this.#ignored },
      mappings: byState,
      roundTrip: roundTrip ?? null,
      epoch: epoch ?? null,
    };
  }
}
