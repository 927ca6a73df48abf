/**
 * Every number of the engine's behaviour, in one place. Times are milliseconds.
 *
 * The defaults are the RFC's; change them only to test, or for a network whose operator says so.
 */
export interface EngineConfig {
  /** IRT: the wait after the first transmission (RFC 6887 section 8.1.1: 3 s). */
  readonly initialRetransmission: number;
  /** MRT: the cap on that wait as it doubles; 0 means no cap (section 8.1.1: 1024 s). */
  readonly maximumRetransmission: number;
  /** MRC: transmissions after which an exchange fails; 0 means no limit (section 8.1.1). */
  readonly maximumTransmissions: number;
  /** MRD: time after which an exchange fails; 0 means no limit (section 8.1.1). */
  readonly maximumDuration: number;
  /** The upper limit put on every received lifetime (section 8.3 names 24 hours). */
  readonly maximumLifetime: number;
  /** The least time between two renewal requests of one mapping (section 11.2.1: 4 s). */
  readonly renewalGap: number;
  /** Renewals leave together, in bunches so far apart at the most: what costs is to wake up. 0 means each by itself. */
  readonly renewalBunch: number;
  /** The random wait before recovery after an ANNOUNCE is uniform up to this (section 14.1.3: 5 s). */
  readonly announceWait: number;
  /** Two recovery rounds may follow each other at once, further ones wait this long each; ANNOUNCE is easy to forge. */
  readonly recoveryInterval: number;
  /** The hold after an error of class "short" that came with lifetime 0 (the RFC recommends 30 s to servers, section 7.4). */
  readonly minimumShortHold: number;
  /** The first hold after an error of class "long" that came with lifetime 0; it doubles with each further one. */
  readonly minimumLongHold: number;
  /** Where that doubling ends, and the longest wait before version 2 is tried again (section 9: 30 minutes). */
  readonly maximumLongHold: number;
  /** A freed mapping's nonce and external port are kept this long for a new request of the same key (section 15: 2 minutes). */
  readonly reuseTime: number;
  /** A deleted mapping whose creation was never answered is deleted again should the answer come within this time. */
  readonly lingerTime: number;
  /** Whether NAT-PMP is spoken with servers that know nothing newer (RFC 6886). */
  readonly natPmp: boolean;
  /** Requests in flight at first: a default socket buffer holds 193 replies, so a burst must stay well below. */
  readonly initialWindow: number;
  /** The least that the number of requests in flight adapts to. */
  readonly minimumWindow: number;
  /** The most that it adapts to: should the answers to so many come late, there is room for as many again. */
  readonly maximumWindow: number;
  /** How long an unanswered request counts as in flight, until a round trip was measured. */
  readonly initialSlotTime: number;
}

/** The RFC's numbers, and ours where it is silent. */
export const defaultConfig: EngineConfig = {
  initialRetransmission: 3_000,
  maximumRetransmission: 1_024_000,
  maximumTransmissions: 0,
  maximumDuration: 0,
  maximumLifetime: 86_400_000,
  renewalGap: 4_000,
  renewalBunch: 1_000,
  announceWait: 5_000,
  recoveryInterval: 60_000,
  minimumShortHold: 30_000,
  minimumLongHold: 60_000,
  maximumLongHold: 1_800_000,
  reuseTime: 120_000,
  lingerTime: 30_000,
  natPmp: true,
  initialWindow: 32,
  minimumWindow: 16,
  maximumWindow: 96,
  initialSlotTime: 250,
};
