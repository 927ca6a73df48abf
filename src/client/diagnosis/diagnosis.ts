import type { AddressKind } from "../address_kind.ts";
import type { Announcements } from "../network/connection.ts";

/** What is there, and what stands in the way of being reached from the Internet. Plain JSON. */
export interface Diagnosis {
  /** Whether a mapping would be reached from the Internet, as far as can be told from here. */
  readonly ok: boolean;
  /** The address of this host that requests are sent from. */
  readonly client: string;
  /** The address that was asked. */
  readonly server: string;
  /** Its UDP port. */
  readonly port: number;
  /** What the server speaks; null if it answers nothing that this client understands. */
  readonly protocol: "PCP" | "NAT-PMP" | null;
  /** Milliseconds until it answered; null without an answer. */
  readonly roundTrip: number | null;
  /** Seconds since it lost or began its state, by its own clock (RFC 6887 section 8.5); null without an answer. */
  readonly epoch: number | null;
  /** The same as a time, in ISO 8601; null without an answer. */
  readonly upSince: string | null;
  /** The address on the other side of the server; null if it does not tell. */
  readonly externalAddress: string | null;
  /** What that address is for; null if there is none. */
  readonly addressKind: AddressKind | null;
  /** Why the server opens no ports, as a result code of PCP; null if it does not refuse. */
  readonly refusal: Refusal | null;
  /** Whether restarts of the server are heard. */
  readonly announcements: Announcements;
  /** The same in sentences, in the order of a conversation. */
  readonly findings: readonly Finding[];
}

/** A result code and its name. Plain JSON. */
export interface Refusal {
  /** RFC 6887 section 7.4; of NAT-PMP the code that means the same. */
  readonly code: number;
  /** Such as `"NOT_AUTHORIZED"`. */
  readonly name: string;
}

/** One sentence or two for whoever runs this computer. Plain JSON. */
export interface Finding {
  /** What it is about, for programs. */
  readonly code: FindingCode;
  /** `good`: as it should be. `notice`: worth knowing. `problem`: the reason why it does not work. */
  readonly level: "good" | "notice" | "problem";
  /** For people. */
  readonly text: string;
}

/** What a {@linkcode Finding} is about. */
export type FindingCode =
  | "pcp"
  | "natPmp"
  | "noServer"
  | "otherVersion"
  | "cannotSend"
  | "refused"
  | "addressMismatch"
  | "upSince"
  | "public"
  | "doubleNat"
  | "carrierNat"
  | "noInternet"
  | "simulated"
  | "oddAddress"
  | "addressUnknown"
  | "hears"
  | "deaf";
