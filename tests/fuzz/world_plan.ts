import { miniupnpd, type ServerOptions } from "../../src/testing/server/server_options.ts";
import { seededRandom } from "../../src/testing/random.ts";

/** The parameters of a random world, derived from its seed. Times are milliseconds, lifetimes seconds. */
export interface WorldPlan {
  readonly seed: number;
  readonly server: ServerOptions;
  readonly natPmpOnly: boolean;
  readonly hasPeers: boolean;
  /** Longest lifetime that the server grants. */
  readonly maxLifetime: number;
  /** Longest lifetime of a scripted error. */
  readonly maxErrorLifetime: number;
  readonly ports: number;
  readonly loss: number;
  readonly duplicate: number;
  readonly reorder: number;
  readonly minDelay: number;
  readonly maxDelay: number;
  readonly reorderDelay: number;
  /** Most that a timer of the host is late. */
  readonly lateness: number;
  /** Duration of the faults, before the quiet period. */
  readonly trouble: number;
  /** Number of user actions in that time. */
  readonly actions: number;
  /** Number of random faults in that time. */
  readonly faults: number;
  /** The share of requests that forged datagrams follow. */
  readonly forgeries: number;
}

/** Derives a plan from a seed. */
export function planWorld(seed: number): WorldPlan {
  const random = seededRandom(seed);
  const chance = (probability: number): boolean => random() < probability;
  const between = (least: number, most: number): number => least + random() * (most - least);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;

  const maxLifetime = pick([30, 60, 120, 300, 600, 3_600, 7_200, 86_400]);
  const natPmpOnly = chance(0.1);
  const isMiniupnpd = !natPmpOnly && chance(0.2);
  const options: ServerOptions = {
    maxLifetime,
    minLifetime: chance(0.2) ? Math.min(maxLifetime, 120) : 0,
    longErrorLifetime: pick([60, 300, 1_800]),
    assignPort: pick(["same", "next"] as const),
    ignoreSuggestions: chance(0.1),
    epoch: chance(0.5) ? 0 : Math.floor(between(0, 1e6)),
    logLimit: 0,
  };
  const bad = chance(0.8);
  // Numbers of their own, so that a seed keeps its world otherwise.
  const more = seededRandom(seed ^ 0x0dd);
  const dropsOtherVersions = natPmpOnly && more() < 0.4;
  const isForged = !natPmpOnly && more() < 0.4;
  return {
    seed,
    server: natPmpOnly && dropsOtherVersions
      ? { ...options, natPmpOnly, quirks: { dropsOtherVersions } }
      : natPmpOnly
      ? { ...options, natPmpOnly, natPmpErrorOpcode: pick(["zero", "response"] as const) }
      : isMiniupnpd
      ? miniupnpd({ ...options, minLifetime: Math.min(maxLifetime, 120), assignPort: "same" })
      : options,
    natPmpOnly,
    hasPeers: !natPmpOnly && !isMiniupnpd,
    maxLifetime,
    maxErrorLifetime: pick([10, 60, 300, 1_800]),
    ports: 1 + Math.floor(between(0, 6)),
    loss: bad ? pick([0, 0.05, 0.2, 0.5]) : 0,
    duplicate: bad ? pick([0, 0.05, 0.3]) : 0,
    reorder: bad ? pick([0, 0.05, 0.3]) : 0,
    minDelay: pick([0, 0.5, 5]),
    maxDelay: pick([5, 50, 400]),
    reorderDelay: pick([50, 300, 900]),
    lateness: pick([0, 0, 20, 2_000]),
    trouble: 1_000 * Math.min(5 * 86_400, maxLifetime * between(2, 30)),
    actions: Math.floor(between(2, 30)),
    faults: Math.floor(between(0, 12)),
    forgeries: isForged ? more() * 0.3 : 0,
  };
}
