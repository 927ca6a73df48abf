/** A time on a monotonic clock, or a duration, in milliseconds. Fractions are allowed. */
export type Milliseconds = number;
