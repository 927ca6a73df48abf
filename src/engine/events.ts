import type { Milliseconds } from "../milliseconds.ts";
import type { Endpoint, IpAddress } from "../wire/address.ts";
import type { Option, Prefix64Option } from "../wire/option.ts";
import type { Nonce } from "../wire/nonce.ts";
import type { DecodeReason } from "../wire/errors.ts";
import type { GatewayState } from "./gateway_knowledge.ts";
import type { MappingId } from "./mapping_id.ts";
import type { MappingSpec } from "./mapping_spec.ts";
import type { Unsupported } from "./obstacle.ts";
import type { Protocol } from "./protocol.ts";
import type { UpnpInput, UpnpOutput, UpnpRecord } from "./upnp_io.ts";

export type { MappingId, Milliseconds };

/** What an engine reacts to. */
export type Input =
  /** The caller wants a mapping for `lifetimes` lifetimes (Infinity: until released). */
  | {
    readonly type: "request";
    readonly id: MappingId;
    readonly spec: MappingSpec;
    readonly lifetimes: number;
    /** The same mapping as an earlier run made it: it is requested with the same nonce. */
    readonly known?: KnownMapping | undefined;
    /** The mapping is released at once: what the server may hold of it is deleted, and nothing is requested. */
    readonly release?: "revoked" | "dropped" | undefined;
  }
  /** A datagram arrived, on the socket of the requests or on the one of announcements (`multicast`). */
  | {
    readonly type: "datagram";
    readonly bytes: Uint8Array;
    readonly source: Endpoint;
    readonly multicast: boolean;
    /** It came to the socket before the last `newSocket`: only answers that PCP's nonce protects count there. */
    readonly isOnOldSocket?: boolean;
  }
  /** The engine's deadline has come. Changes nothing at another time. */
  | { readonly type: "timeout" }
  /** This host could not send a request of the mapping (undefined: an ANNOUNCE). */
  | { readonly type: "sendFailed"; readonly id: MappingId | undefined }
  /** The caller wants another lifetime, in seconds. */
  | { readonly type: "renew"; readonly id: MappingId; readonly lifetime: number }
  /** The caller wants another number of lifetimes in all (Infinity: until released). */
  | { readonly type: "want"; readonly id: MappingId; readonly lifetimes: number }
  /** The server has assigned the external port of the mapping to another internal port since. */
  | { readonly type: "conflict"; readonly id: MappingId }
  /** The caller does not want the mapping any more. */
  | { readonly type: "release"; readonly id: MappingId; readonly as: "revoked" | "dropped" }
  /** The caller wants a response to an ANNOUNCE request (RFC 6887 section 14.1). */
  | { readonly type: "announce"; readonly options?: readonly Option[] }
  /** The server may have lost its state unnoticed, as after a sleep of this host: all mappings are requested anew. */
  | { readonly type: "refresh" }
  /** The caller does not want that response any more. */
  | { readonly type: "cancelAnnounce" }
  /** The caller wants to know which protocol the gateway speaks, and its external address if that needs no mapping. */
  | { readonly type: "inquire" }
  /** The caller does not want to know that any more. */
  | { readonly type: "cancelInquiry" }
  /** Something happened that concerns UPnP only. */
  | { readonly type: "upnp"; readonly event: UpnpInput }
  /** ICMP says that the server's address cannot be reached (RFC 7488 section 3). */
  | {
    readonly type: "unreachable";
    /** Index of the address; the one in use if left out. */
    readonly index?: number;
    /** Whether nothing listens at the port, or the host cannot be reached at all; `port` if left out. */
    readonly what?: "port" | "host";
  };

/** A mapping of an earlier run, which the server may still hold. */
export interface KnownMapping {
  /** The nonce of the request that made it (RFC 6887 section 11.2). */
  readonly nonce: Nonce;
  /** Its external address, or the all-zeros address of a family. */
  readonly suggestedAddress: IpAddress;
  /** Its external port, or 0. */
  readonly suggestedPort: number;
  /** Until when the server may hold it; in the past if it does not. */
  readonly until: Milliseconds;
  /** The protocol in which it was granted, if that is known. */
  readonly grantedBy?: Protocol | undefined;
  /** What UPnP has to know of it, if it was granted by that. */
  readonly upnp?: KnownUpnpMapping | undefined;
}

/** What UPnP has to know of a mapping of an earlier run. */
export interface KnownUpnpMapping extends UpnpRecord {
  /** The address of this host by then; the present one if left out. */
  readonly client?: IpAddress | undefined;
}

/** A consequence of an input. The caller carries them out in order. */
export type Output =
  /** Send these octets to the server. `id` comes back in `sendFailed`. */
  | { readonly type: "send"; readonly bytes: Uint8Array; readonly id: MappingId | undefined }
  /** The mapping's state changed; `over` if this is the last change. */
  | {
    readonly type: "state";
    readonly id: MappingId;
    readonly state: MappingState;
    readonly over: boolean;
  }
  /** The server granted a lifetime; `changed` if address, port or lifetime are not what they were. */
  | {
    readonly type: "granted";
    readonly id: MappingId;
    readonly assignment: Assignment;
    readonly changed: boolean;
  }
  /** The assignment is gone. */
  | { readonly type: "lost"; readonly id: MappingId }
  /** The server refused to renew a lease, which lives on. The engine tries again after `retryIn` seconds. */
  | {
    readonly type: "renewalRefused";
    readonly id: MappingId;
    readonly code: number;
    readonly retryIn: number;
    /** The gateway's own number of the error, if it came over UPnP. */
    readonly upnpCode?: number;
  }
  /** The gateway does not hold a mapping any more that it granted over UPnP. It is requested anew. */
  | { readonly type: "entryLost"; readonly id: MappingId }
  /** Something to be done for UPnP. */
  | { readonly type: "upnp"; readonly action: UpnpOutput }
  /** A datagram changed nothing. */
  | { readonly type: "ignored"; readonly reason: IgnoreReason }
  /** The server has lost its state (RFC 6887 section 8.5). All mappings are requested anew. */
  | { readonly type: "serverRestarted"; readonly epoch: number }
  /** The server answered the ANNOUNCE. */
  | { readonly type: "announced"; readonly epoch: number; readonly roundTrip: Milliseconds }
  /** The NAT64 prefixes of the server, which replace those of earlier responses (RFC 7225 section 4.3). */
  | { readonly type: "prefix64"; readonly prefixes: readonly Prefix64Option[] }
  /** Requests go to the address with this index from now on (RFC 7488 section 3). */
  | { readonly type: "serverChanged"; readonly index: number }
  /** The server refused the ANNOUNCE. */
  | { readonly type: "announceFailed"; readonly code: number; readonly lifetime: number }
  /** Another socket, with a random port, is to send from now on: the port of this one may be known to an attacker. */
  | { readonly type: "newSocket" }
  /** What is known of the gateway has changed. `since` is when the state began. */
  | {
    readonly type: "gateway";
    readonly state: GatewayState;
    readonly since: Milliseconds;
    readonly protocol: Protocol | undefined;
  }
  /** The end of the caller's inquiry. */
  | ({ readonly type: "inquired" } & InquiryResult);

/** What an inquiry has found; fields that depend on an answer are absent without one. */
export interface InquiryResult {
  /** The protocol of the answer; absent if there was none in 8 s, or every protocol was refused. */
  readonly protocol?: Protocol;
  /** The result code, of PCP (RFC 6887 section 7.4). */
  readonly result?: number;
  /** Seconds since the gateway began or lost its state. */
  readonly epoch?: number | undefined;
  /** From request to answer. */
  readonly roundTrip?: Milliseconds;
  /** The external address, in protocols that report it without a mapping. */
  readonly address?: IpAddress | undefined;
  /** The version that a version error named (RFC 6887 section 9). */
  readonly version?: number;
}

/** Why a datagram changed nothing, in the order of the checks (RFC 6887 section 8.3). */
export type IgnoreReason =
  | DecodeReason
  /** It came from another address or port than the server's. */
  | "source"
  /** No request of this opcode was sent. */
  | "unexpectedOpcode"
  /** No mapping has this nonce, protocol, internal port, third party and remote peer. */
  | "unmatched"
  /** An option whose data is needed could not be read. */
  | "malformedOptions"
  /** The request has PREFER_FAILURE, and this is not the suggested port and address (RFC 6887 section 13.2). */
  | "notSuggested"
  /** A copy, or a late answer to a request that is over. */
  | "stale"
  /** Something other than a successful ANNOUNCE on the socket of announcements. */
  | "notAnnouncement";

/** The state of a mapping as users see it. Plain JSON. */
export type MappingState =
  /** No request was sent yet. */
  | { readonly type: "requested" }
  /** Requested; `attempt` counts the repetitions. */
  | { readonly type: "starting"; readonly attempt: number }
  /** Being renewed, recovered, or (lifetime 0) deleted; `lifetime` is what is requested, in seconds. */
  | { readonly type: "updating"; readonly attempt: number; readonly lifetime: number }
  /** Has a lease. */
  | { readonly type: "running" }
  /** Refused. It is requested again after `retryIn` seconds; without that the mapping is over. */
  | {
    readonly type: "error";
    readonly code: number;
    readonly name: string;
    readonly retryIn?: number;
    /** What is wrong with an assignment, if no error came. */
    readonly reason?: Defect;
    /** What the gateway's protocol, which is not PCP, cannot express of the request. */
    readonly unsupported?: Unsupported;
    /** The gateway's own number of the error, if it came over UPnP. */
    readonly upnpCode?: number;
  }
  /** The lease is over. If further lifetimes are wanted, the mapping is requested anew at once. */
  | { readonly type: "expired" }
  /** Released by `revoke()`. */
  | { readonly type: "revoked" }
  /** Released by disposal or by the end of its client. */
  | { readonly type: "dropped" };

/**
 * What is wrong with an assignment.
 *
 * - `lifetime`: it has lifetime 0, so that it is over already.
 * - `externalAddress`: it has no external address.
 * - `externalPort`: it has no external port.
 * - `shortLifetime`: its lifetime, as those before, was so short that it is requested again after a growing pause.
 * - `thirdParty`: it is for this host, not for the other one that was requested (RFC 6887 section 13.1).
 * - `conflict`: another internal port got the same external port since.
 */
export type Defect =
  | "lifetime"
  | "shortLifetime"
  | "externalAddress"
  | "externalPort"
  | "thirdParty"
  | "conflict";

/** What the server assigned. */
export interface Assignment {
  /** The address at which the mapping can be reached. */
  readonly externalAddress: IpAddress;
  /** The port at which it can be reached. */
  readonly externalPort: number;
  /** Seconds, at most 24 hours (RFC 6887 section 8.3). */
  readonly lifetime: number;
  /** When it ends, on the engine's clock. */
  readonly expiresAt: Milliseconds;
  /** The options of the response: those of the request, NAT64 prefixes, and the first of the others. */
  readonly options: readonly Option[];
  /** The protocol in which it came. */
  readonly protocol: Protocol;
  /** The gateway does not end it: some know no lifetimes over UPnP. */
  readonly permanent?: true;
  /** What UPnP has to know of it in a later run. */
  readonly upnp?: UpnpRecord;
}

/** Codes of errors that this client found; those of servers are 1 to 255. */
export const LocalCode = {
  /** The limits on transmissions or time were reached (RFC 6887 section 8.1.1). */
  NoResponse: -1,
  /** A success without a usable address, port or lifetime. */
  UnusableAssignment: -2,
  /** The server assigned the external port to another internal port too. */
  Conflict: -3,
} as const;

/** The name of a {@linkcode LocalCode}. */
export function localName(code: number): string {
  switch (code) {
    case LocalCode.NoResponse:
      return "NO_RESPONSE";
    case LocalCode.Conflict:
      return "CONFLICT";
    default:
      return "UNUSABLE_ASSIGNMENT";
  }
}
