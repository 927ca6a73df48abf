import type { IgnoreReason, MappingState } from "../engine/events.ts";
import type { MapHandle } from "./map_handle.ts";
import type { DriverCounts } from "./network/driver.ts";

/** Counters of a client since its start, and its state now. Plain JSON. */
export interface Stats {
  /** Datagrams sent, retransmissions included. */
  readonly sent: number;
  /** Datagrams received, ignored ones included. */
  readonly received: number;
  /** Sends that failed on this host. */
  readonly sendErrors: number;
  /** Requests sent again because no response arrived. */
  readonly retransmissions: number;
  /** Datagrams that changed nothing, by reason. */
  readonly ignored: Readonly<Partial<Record<IgnoreReason, number>>>;
  /** Mappings that are not over, by state. */
  readonly mappings: Readonly<Partial<Record<MappingState["type"], number>>>;
  /** Smoothed round-trip time to the server in milliseconds; null before the first response. */
  readonly roundTrip: number | null;
  /** The server's last known epoch in seconds (RFC 6887 section 8.5); null before the first response. */
  readonly epoch: number | null;
}

/** The counters of {@linkcode Stats}. */
export class Statistics {
  readonly counts: DriverCounts = { sent: 0, received: 0, sendErrors: 0 };
  readonly #ignored: Partial<Record<IgnoreReason, number>> = {};
  #retransmissions = 0;

  ignored(reason: IgnoreReason): void {
    this.#ignored[reason] = (this.#ignored[reason] ?? 0) + 1;
  }

  retransmitted(): void {
    this.#retransmissions++;
  }

  snapshot(
    mappings: readonly MapHandle[],
    roundTrip: number | undefined,
    epoch: number | undefined,
  ): Stats {
    const byState: Partial<Record<MappingState["type"], number>> = {};
    for (const { state } of mappings) byState[state.type] = (byState[state.type] ?? 0) + 1;
    return {
      ...this.counts,
      retransmissions: this.#retransmissions,
      ignored: { ...this.#ignored },
      mappings: byState,
      roundTrip: roundTrip ?? null,
      epoch: epoch ?? null,
    };
  }
}
