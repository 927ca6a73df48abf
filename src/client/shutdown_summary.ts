/** How a shutdown went. Plain JSON. */
export interface ShutdownSummary {
  /** Mappings whose end was confirmed, or that needed no deletion. */
  readonly released: number;
  /** Mappings whose deletion nobody confirmed in time: they end when they expire at the server. */
  readonly unconfirmed: number;
  /** Mappings left alive because of `keep`. */
  readonly kept: number;
}
