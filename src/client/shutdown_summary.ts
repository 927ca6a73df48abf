/** The result of {@linkcode Handle.shutdown}. Plain JSON. */
export interface ShutdownSummary {
  /** Mappings whose deletion was confirmed, or that needed none. */
  readonly released: number;
  /** Mappings whose deletion was not confirmed in time: they end when they expire at the server. */
  readonly unconfirmed: number;
  /** Mappings left at the server because of `keep`. */
  readonly kept: number;
}
