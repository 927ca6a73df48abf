/**
 * Every number of the engine's behaviour. Times are milliseconds.
 *
 * The defaults are the RFC's. Other values are for tests, and for networks whose operator demands them.
 */
export interface EngineConfig {
  /** IRT: the wait after the first transmission (RFC 6887 section 8.1.1: 3 s). */
  readonly initialRetransmission: number;
  /** MRT: the cap on that wait as it doubles; 0 means no cap (RFC 6887 section 8.1.1: 1024 s). */
  readonly maximumRetransmission: number;
  /** MRC: transmissions after which an exchange fails; 0 means no limit (RFC 6887 section 8.1.1: 0). */
  readonly maximumTransmissions: number;
  /** MRD: time after which an exchange fails; 0 means no limit (RFC 6887 section 8.1.1: 0). */
  readonly maximumDuration: number;
  /** The upper limit of every received lifetime (RFC 6887 section 8.3: 24 hours). */
  readonly maximumLifetime: number;
  /** The least time between two renewal requests of one mapping (RFC 6887 section 11.2.1: 4 s). */
  readonly renewalGap: number;
  /** Renewals are sent at multiples of this, several together, so that the host wakes up less often; 0 means one by one. */
  readonly renewalBunch: number;
  /** The upper limit of the random wait before recovery after an ANNOUNCE (RFC 6887 section 14.1.3: 5 s). */
  readonly announceWait: number;
  /** The time between rounds of recovery after the first two, because ANNOUNCE is easy to forge. */
  readonly recoveryInterval: number;
  /** The hold after a short lifetime error with lifetime 0 (RFC 6887 section 7.4: 30 s). */
  readonly minimumShortHold: number;
  /** The hold after the first long lifetime error with lifetime 0; it doubles with each further one. */
  readonly minimumLongHold: number;
  /** The upper limit of that hold, and of the wait before version 2 is tried again (RFC 6887 section 9: 30 minutes). */
  readonly maximumLongHold: number;
  /**
   * How long nonce and port of an ended mapping are kept at the least for a new one with the same key, if its protocol is UDP
   * (RFC 6887 section 15: 2 minutes). They are kept as long as the server may hold the mapping in any case.
   */
  readonly reuseTime: number;
  /** The same for TCP and other protocols (RFC 6887 section 15, RFC 5382 section 5: 2 hours and 4 minutes). */
  readonly tcpReuseTime: number;
  /** How long after a deletion a late answer to the creation is answered with another deletion. */
  readonly lingerTime: number;
  /** Whether requests fall back to NAT-PMP with servers that speak nothing newer (RFC 6886). */
  readonly natPmp: boolean;
  /** UDP port of searches in UPnP (UPnP Device Architecture 1.1 section 1: 1900). */
  readonly ssdpPort: number;
  /** How often one of the mappings made over UPnP is looked at, because gateways drop them without a sign. */
  readonly upnpLookInterval: number;
  /** Requests in flight at first. A default socket buffer holds 193 responses, which a burst must not exceed. */
  readonly initialWindow: number;
  /** The least number of requests in flight to which the window shrinks. */
  readonly minimumWindow: number;
  /** The greatest number to which it grows: half of what the buffer holds, for late responses to as many others. */
  readonly maximumWindow: number;
  /** How long a request without a response counts as in flight before a round trip was measured. */
  readonly initialSlotTime: number;
}

/** The RFC's numbers; where it has none, ours. */
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
  tcpReuseTime: 7_440_000,
  lingerTime: 30_000,
  natPmp: true,
  ssdpPort: 1_900,
  upnpLookInterval: 300_000,
  initialWindow: 32,
  minimumWindow: 16,
  maximumWindow: 96,
  initialSlotTime: 250,
};
