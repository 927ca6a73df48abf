import type { Protocol } from "./protocol.ts";

/**
 * What keeps a protocol other than PCP from making a mapping.
 *
 * - `outbound`: a mapping for a flow to one remote peer (PEER, RFC 6887 section 12).
 * - `protocol`: another protocol than TCP and UDP.
 * - `allPorts`: all ports, internal port 0.
 * - `family`: an external address of another family, or a client that has no private IPv4 address.
 * - `preferFailure`: the suggested external port or nothing (RFC 6887 section 13.2).
 * - `filter`: remote peers that may connect (RFC 6887 section 13.3).
 * - `thirdParty`: a mapping for another host (RFC 6887 section 13.1, RFC 7843).
 * - `pcpOnly`: the caller wants it in PCP or not at all.
 */
export type Obstacle =
  | "outbound"
  | "protocol"
  | "allPorts"
  | "family"
  | "preferFailure"
  | "filter"
  | "thirdParty"
  | "pcpOnly";

/** What the gateway's protocol cannot express of a request. Plain JSON. */
export interface Unsupported {
  /** The protocol, never PCP. */
  readonly protocol: Protocol;
  /** What it cannot express. */
  readonly part: Obstacle;
}
