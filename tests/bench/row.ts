/** One line of the bench: a figure, what it is compared with, and what it must not exceed. Plain JSON. */
export interface Row {
  /** Its name; the part before the first dot is that of its family. */
  readonly id: string;
  /** In words, for the table. */
  readonly what: string;
  readonly unit: string;
  /** The median of the runs. */
  readonly value: number;
  /** The same of what does no more than must be done, measured in turns with it; null where there is nothing to compare with. */
  readonly floor: number | null;
  /** What the floor is of. */
  readonly against: string | null;
  /** value / floor. */
  readonly ratio: number | null;
  readonly limit: Limit | null;
  /** Whether the limit is kept; null where there is none. */
  readonly met: boolean | null;
  /** What else was seen, for the record. */
  readonly details: Readonly<Record<string, number | string>>;
}

/** What a row must not exceed. */
export interface Limit {
  /** The figure itself, its ratio to the floor, or by how much it exceeds the floor. */
  readonly of: "value" | "ratio" | "excess";
  readonly most: number;
}

/** What a row is made of. */
export interface RowInit {
  readonly id: string;
  readonly what: string;
  readonly unit: string;
  readonly value: number;
  readonly floor?: number;
  readonly against?: string;
  readonly limit?: Limit;
  readonly details?: Readonly<Record<string, number | string>>;
}

/** Completes a row and judges it. */
export function row(
  { id, what, unit, value, floor, against = "minimal client", limit, details = {} }: RowInit,
): Row {
  const compared = floor === undefined
    ? { floor: null, against: null, ratio: null }
    : { floor, against, ratio: value / floor };
  const bare = { id, what, unit, value, ...compared, limit: limit ?? null };
  return { ...bare, met: limit === undefined ? null : judged(bare) <= limit.most, details };
}

/** The figure that the limit is about; NaN without a limit, or without the floor that it needs. */
export function judged({ value, floor, ratio, limit }: Omit<Row, "met" | "details">): number {
  switch (limit?.of) {
    case "value":
      return value;
    case "ratio":
      return ratio ?? NaN;
    case "excess":
      return value - (floor ?? NaN);
    default:
      return NaN;
  }
}

/**
 * Whether a row fails the bench.
 *
 * @param slack By what factor a limit may be exceeded, for a machine that does other things besides. A limit of 0 has none.
 */
export function isMissed(row: Row, slack = 1): boolean {
  return row.limit !== null && !(judged(row) <= row.limit.most * slack);
}
