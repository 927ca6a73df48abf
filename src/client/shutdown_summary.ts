/** The result of {@linkcode Handle.shutdown}. Plain JSON. */
export interface ShutdownSummary {
  /** Mappings whose deletion was confirmed, or that needed none. */
  readonly released: number;
  /** Mappings whose deletion was not confirmed in time: they end when they expire at the server. */
  readonly unconfirmed: number;
  /** Mappings left at the server because of `keep`. */
  readonly kept: number;
}

/**
 * The end of a client.
 *
 * @param open The number of mappings before.
 * @param left The number that was not confirmed, or kept.
 */
export function summaryOf(open: number, left: number, keep: boolean): ShutdownSummary {
  return keep
    ? { released: 0, unconfirmed: 0, kept: left }
    : { released: open - left, unconfirmed: left, kept: 0 };
}
