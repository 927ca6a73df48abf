/**
 * The shortest lifetime in seconds that the lab's router grants. `PCP_LAB_MIN_LIFETIME` sets it: miniupnpd from 2.3.5 on
 * grants no less than 120 s. The default is 10, so that tests of renewals and expiry are short.
 */
export const MIN_LIFETIME = Number(Deno.env.get("PCP_LAB_MIN_LIFETIME") ?? 10);

/** Whether lifetimes are too long for a test to wait for several renewals, or for an expiry after a renewal. */
export const LONG_LIFETIMES = MIN_LIFETIME > 10;

/** The lifetime in seconds that the lab's router grants for a requested one. */
export function grantedFor(lifetime: number): number {
  return Math.max(MIN_LIFETIME, lifetime);
}

/** Milliseconds for what takes `duration` with lifetimes of 10 s, and longer with longer ones. */
export function paced(duration: number): number {
  return duration * MIN_LIFETIME / 10;
}
