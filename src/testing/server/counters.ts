/** Counts by name; a name without occurrences is absent. */
export type Tally = Record<string, number>;

/** Everything a {@linkcode SimulatedServer} has received and done. Tests can compare it whole. */
export interface Counters {
  /**
   * Datagrams by kind: `announce`, `map`, `mapDelete` (lifetime 0), `peer`, `authentication`, `opcode77`,
   * `natpmpAddress`, `natpmpMap`, `natpmpDelete`, `natpmpOpcode9`, `version3`, `malformed` (undecodable).
   */
  readonly received: Tally;
  /** Datagrams equal to an earlier one from the same source. Renewals may be among them. */
  retransmissions: number;
  /** Datagrams without response by reason: `short`, `response`, `shortHeader`, `silent`, `swallowed`, `natpmp…`. */
  readonly dropped: Tally;
  /** Error responses by name of the result code, `NOT_AUTHORIZED`; those of NAT-PMP as `natpmp2`. */
  readonly refused: Tally;
  /** What a correct client never does and the server accepts, by name: see {@linkcode Violation}. */
  readonly violations: Partial<Record<Violation, number>>;
  /** Datagrams sent by kind: `success`, `error`, `announce`, `update`, `natpmp`, `natpmpError`, `natpmpAnnounce`. */
  readonly sent: Tally;
}

/** Violations of a client's duties that the RFCs require a server to accept. */
export type Violation =
  | "reservedHeader" // RFC 6887 section 7.1
  | "reservedMap" // RFC 6887 section 11.1
  | "reservedPeer" // RFC 6887 section 12.1
  | "reservedOption" // RFC 6887 section 7.3
  | "reservedFilter" // RFC 6887 section 13.3
  | "reservedPortSet" // RFC 7753 section 4
  | "optionPadding" // RFC 6887 section 7.3
  | "optionOpcode" // an optional option on an opcode without it, RFC 6887 section 7.3
  | "optionMalformed" // an optional option with malformed data, RFC 6887 section 7.3
  | "announceLifetime" // RFC 6887 section 14.1.1
  | "suggestedFamily" // an IPv4 client suggests an address of a family that the server has not, RFC 6887 section 11.1
  | "versionOne" // RFC 6886 section 1.1
  | "sourcePort" // source port 5350 or 5351, RFC 6887 section 8.1
  | "portlessProtocol" // a port for a protocol without ports, RFC 6887 section 11.2
  | "deleteSuggestion" // a suggested port or address in a deletion, RFC 6887 section 15.1 with erratum 3621
  | "deleteFamily" // a deletion with the other external family, erratum 3621
  | "peerLifetimeZero" // PEER cannot delete, RFC 6887 section 12.1
  | "descriptionNul" // RFC 7220 section 2
  | "prefix64Request" // not ::/96, or IPv4 prefixes, RFC 7225 section 4.3
  | "portSetSingle" // a set of one port, RFC 7753 section 4.1
  | "portSetMissing" // a set renewed or deleted without its option, RFC 7753 section 4.4
  | "portSetOverlap" // RFC 7753 section 4.4.1
  | "natpmpReserved" // RFC 6886 section 3.3
  | "natpmpLength" // longer than the opcode's length, RFC 6886 section 3
  | "natpmpDeleteSuggestion"; // RFC 6886 section 3.4

/** Empty counters. */
export function newCounters(): Counters {
  return { received: {}, retransmissions: 0, dropped: {}, refused: {}, violations: {}, sent: {} };
}

/** Adds one to the count of a name. */
export function tally<Name extends string>(
  counts: Partial<Record<Name, number>>,
  name: Name,
): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
