import type { Milliseconds } from "../milliseconds.ts";
import type { Endpoint, IpAddress } from "../wire/address.ts";
import type { Option, Prefix64Option } from "../wire/option.ts";
import type { Nonce } from "../wire/nonce.ts";
import type { DecodeReason } from "../wire/errors.ts";
import type { MappingSpec } from "./mapping_spec.ts";

export type { Milliseconds };

/** The number that the caller gives a mapping; never used twice in one engine. */
export type MappingId = number;

/** What can happen to an engine. */
export type Input =
  /** A mapping is wanted for `lifetimes` lifetimes (Infinity: until released). */
  | {
    readonly type: "request";
    readonly id: MappingId;
    readonly spec: MappingSpec;
    readonly lifetimes: number;
    /** What an earlier run left of it: it is asked for with the same nonce. */
    readonly known?: KnownMapping | undefined;
    /** It is not wanted any more already: what the server may hold of it is deleted, and nothing is asked for. */
    readonly release?: "revoked" | "dropped";
  }
  /** A datagram came in, on the socket of the requests or on the one that hears announcements. */
  | {
    readonly type: "datagram";
    readonly bytes: Uint8Array;
    readonly source: Endpoint;
    readonly multicast: boolean;
  }
  /** The engine's deadline has come; harmless at any time. */
  | { readonly type: "timeout" }
  /** A send of this mapping's request (undefined: of an ANNOUNCE) failed on this host. */
  | { readonly type: "sendFailed"; readonly id: MappingId | undefined }
  /** The mapping is wanted with another lifetime, in seconds, from now on. */
  | { readonly type: "renew"; readonly id: MappingId; readonly lifetime: number }
  /** The mapping is wanted for another number of lifetimes in all (Infinity: until released). */
  | { readonly type: "want"; readonly id: MappingId; readonly lifetimes: number }
  /** The mapping is not wanted any more. */
  | { readonly type: "release"; readonly id: MappingId; readonly as: "revoked" | "dropped" }
  /** Ask the server whether it is there (ANNOUNCE, RFC 6887 section 14.1). */
  | { readonly type: "announce"; readonly options?: readonly Option[] }
  /** What is known of the server may be out of date, as after a sleep of this host: everything is asked for again. */
  | { readonly type: "refresh" }
  /** Nobody waits for that answer any more. */
  | { readonly type: "cancelAnnounce" }
  /** This host was told that the server's address cannot be reached (a hard ICMP error, RFC 7488 section 3). */
  | {
    readonly type: "unreachable";
    /** Which of the server's addresses, if known; the one asked now if not. */
    readonly index?: number;
  };

/** A mapping that the server may hold already. */
export interface KnownMapping {
  /** The nonce that it was made with (RFC 6887 section 11.2). */
  readonly nonce: Nonce;
  /** The external address it had, or the all-zeros address of a family. */
  readonly suggestedAddress: IpAddress;
  /** The external port it had, or 0. */
  readonly suggestedPort: number;
  /** Until when the server may hold it; in the past if it does not. */
  readonly until: Milliseconds;
}

/** What an engine wants done or known; carried out in order. */
export type Output =
  /** Send these octets to the server. `id` comes back in `sendFailed`. */
  | { readonly type: "send"; readonly bytes: Uint8Array; readonly id: MappingId | undefined }
  /** The mapping's state changed; `over` when nothing more will come of it. */
  | {
    readonly type: "state";
    readonly id: MappingId;
    readonly state: MappingState;
    readonly over: boolean;
  }
  /** The server granted a lifetime; `changed` when address, port or lifetime are not what they were. */
  | {
    readonly type: "granted";
    readonly id: MappingId;
    readonly assignment: Assignment;
    readonly changed: boolean;
  }
  /** The assignment is gone. */
  | { readonly type: "lost"; readonly id: MappingId }
  /** The server refused to renew a mapping that is still alive; the engine tries again. */
  | {
    readonly type: "renewalRefused";
    readonly id: MappingId;
    readonly code: number;
    readonly retryIn: number;
  }
  /** A datagram changed nothing. */
  | { readonly type: "ignored"; readonly reason: IgnoreReason }
  /** The server lost its state (RFC 6887 section 8.5); its mappings are asked for again. */
  | { readonly type: "serverRestarted"; readonly epoch: number }
  /** The server answered the ANNOUNCE. */
  | { readonly type: "announced"; readonly epoch: number; readonly roundTrip: Milliseconds }
  /** The server told its NAT64 prefixes; they replace what it told before (RFC 7225 section 4.3). */
  | { readonly type: "prefix64"; readonly prefixes: readonly Prefix64Option[] }
  /** Requests go to another address of the server from now on, by its place in the list (RFC 7488 section 3). */
  | { readonly type: "serverChanged"; readonly index: number }
  /** The server refused the ANNOUNCE. */
  | { readonly type: "announceFailed"; readonly code: number; readonly lifetime: number };

/** Why a datagram changed nothing (RFC 6887 section 8.3, in the order of the checks). */
export type IgnoreReason =
  | DecodeReason
  /** It came from another address or port than the server's. */
  | "source"
  /** No request of this opcode was sent. */
  | "unexpectedOpcode"
  /** No mapping has this nonce, protocol, internal port, third party and remote peer. */
  | "unmatched"
  /** An option whose data matters could not be read. */
  | "malformedOptions"
  /** PREFER_FAILURE was asked and this is not the suggested port and address (section 13.2). */
  | "notSuggested"
  /** A second copy, or a late answer to what is over. */
  | "stale"
  /** Only successful ANNOUNCE responses mean anything on the announcement port. */
  | "notAnnouncement";

/** The life of a mapping as the user sees it. Plain JSON. */
export type MappingState =
  /** Nothing was sent yet. */
  | { readonly type: "requested" }
  /** Asked for, `attempt` counts the repetitions. */
  | { readonly type: "starting"; readonly attempt: number }
  /** Being renewed, recovered, or (lifetime 0) deleted; `lifetime` in seconds is what is asked for. */
  | { readonly type: "updating"; readonly attempt: number; readonly lifetime: number }
  /** Alive. */
  | { readonly type: "running" }
  /** Refused. With `retryIn` (seconds) it is asked for again then, without it that was the end. */
  | {
    readonly type: "error";
    readonly code: number;
    readonly name: string;
    readonly retryIn?: number;
  }
  /** Its last lifetime is over. With a keep-alive request, asking starts again at once. */
  | { readonly type: "expired" }
  /** Released by `revoke()`. */
  | { readonly type: "revoked" }
  /** Released by disposal or by the end of its client. */
  | { readonly type: "dropped" };

/** What the server granted. */
export interface Assignment {
  /** The address under which the mapping is reached. */
  readonly externalAddress: IpAddress;
  /** The port under which it is reached. */
  readonly externalPort: number;
  /** Seconds, limited to 24 hours (RFC 6887 section 8.3). */
  readonly lifetime: number;
  /** When it ends, on the engine's clock. */
  readonly expiresAt: Milliseconds;
  /** The options of the response. */
  readonly options: readonly Option[];
}

/** Codes of errors that no server sent; a server's are 1 to 255. */
export const LocalCode = {
  /** The limits on transmissions or time were reached (RFC 6887 section 8.1.1). */
  NoResponse: -1,
  /** The server said success and gave no usable address, port or lifetime. */
  UnusableAssignment: -2,
} as const;

/** The name of a {@linkcode LocalCode}. */
export function localName(code: number): string {
  return code === LocalCode.NoResponse ? "NO_RESPONSE" : "UNUSABLE_ASSIGNMENT";
}
