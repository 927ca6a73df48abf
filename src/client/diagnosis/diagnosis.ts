import type { AddressKind } from "../address_kind.ts";
import type { Announcements } from "../network/connection.ts";

/** The state of the network as far as it concerns port mappings, and what prevents connections from the Internet. Plain JSON. */
export interface Diagnosis {
  /** Whether a mapping would be reached from the Internet, as far as can be determined from here. */
  readonly ok: boolean;
  /** The address of this host that requests are sent from. */
  readonly client: string;
  /** The server's address. */
  readonly server: string;
  /** The server's UDP port. */
  readonly port: number;
  /** The protocol of the server; null if there was no response that this client understands. */
  readonly protocol: "PCP" | "NAT-PMP" | "UPnP" | null;
  /** Milliseconds until the response; null without one. */
  readonly roundTrip: number | null;
  /** Seconds since the server began or lost its state (RFC 6887 section 8.5); null without a response. */
  readonly epoch: number | null;
  /** The same as a time, in ISO 8601; null without a response. */
  readonly upSince: string | null;
  /** The server's external address; null if it is unknown. */
  readonly externalAddress: string | null;
  /** The use of the external address; null if it is unknown. */
  readonly addressKind: AddressKind | null;
  /** Why the server opens no ports; null if it does not refuse. */
  readonly refusal: Refusal | null;
  /** Whether announcements of restarts arrive. */
  readonly announcements: Announcements;
  /** The same in sentences for people, the most important first. */
  readonly findings: readonly Finding[];
}

/** A result code and its name. Plain JSON. */
export interface Refusal {
  /** A result code of PCP (RFC 6887 section 7.4); for NAT-PMP and UPnP the code with the same meaning. */
  readonly code: number;
  /** Its name, such as `"NOT_AUTHORIZED"`. */
  readonly name: string;
}

/** One statement of a {@linkcode Diagnosis}. Plain JSON. */
export interface Finding {
  /** The subject, for programs. */
  readonly code: FindingCode;
  /** `good`: as it should be. `notice`: worth knowing. `problem`: prevents connections from the Internet. */
  readonly level: "good" | "notice" | "problem";
  /** One to six sentences for people. */
  readonly text: string;
}

/** The subject of a {@linkcode Finding}. */
export type FindingCode =
  | "pcp"
  | "natPmp"
  | "upnp"
  | "upnpElsewhere"
  | "upnpRefused"
  | "upnpUnreadable"
  | "noServer"
  | "otherVersion"
  | "cannotSend"
  | "refused"
  | "addressMismatch"
  | "upSince"
  | "public"
  | "doubleNat"
  | "uniqueLocal"
  | "carrierNat"
  | "noInternet"
  | "simulated"
  | "oddAddress"
  | "addressUnknown"
  | "hears"
  | "deaf";
