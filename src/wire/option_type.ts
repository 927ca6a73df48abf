import type { IpAddress } from "./address.ts";

/** The request is on behalf of another host (RFC 6887 section 13.1). */
export interface ThirdPartyOption {
  /** Discriminant. */
  readonly type: "thirdParty";
  /** Address of the host that the mapping is for. */
  readonly address: IpAddress;
}

/** The server must fail rather than assign another port or address than suggested (RFC 6887 section 13.2). */
export interface PreferFailureOption {
  /** Discriminant. */
  readonly type: "preferFailure";
}

/** Only these remote peers may send to the mapping (RFC 6887 section 13.3). */
export interface FilterOption {
  /** Discriminant. */
  readonly type: "filter";
  /**
   * Significant bits of the 128-bit address: 96 to 128 for IPv4 (96 plus the IPv4 prefix length), 0 to 128 for IPv6.
   * With 0, port 0 and `::` the option removes every filter of the mapping (erratum 3891).
   */
  readonly prefixLength: number;
  /** Port of the remote peer, 0 to 65535; 0 is every port. */
  readonly remotePort: number;
  /** Address of the remote peer, or the network. */
  readonly remoteAddress: IpAddress;
}

/** A text that appears in the server's list of mappings (RFC 7220). */
export interface DescriptionOption {
  /** Discriminant. */
  readonly type: "description";
  /** At most 1016 octets of UTF-8. The empty text erases the description. */
  readonly text: string;
}

/** One entry of the list in {@linkcode Prefix64Option}. */
export interface Ipv4Prefix {
  /** The IPv4 network. */
  readonly address: IpAddress;
  /** Its length in bits, 0 to 32. */
  readonly prefixLength: number;
}

/** The prefix with which a NAT64 builds IPv6 addresses from IPv4 addresses (RFC 7225). */
export interface Prefix64Option {
  /** Discriminant. */
  readonly type: "prefix64";
  /** 4, 5, 6, 7, 8 or 12 octets. */
  readonly prefix: Uint8Array;
  /** The rest of the twelve octets that prefix and suffix have together. */
  readonly suffix: Uint8Array;
  /** Destinations of the prefix; `undefined` if the list is omitted. Decoding skips invalid entries. */
  readonly ipv4Prefixes: readonly Ipv4Prefix[] | undefined;
}

/** Consecutive ports in one mapping (RFC 7753). */
export interface PortSetOption {
  /** Discriminant. */
  readonly type: "portSet";
  /** Number of ports, 1 to 65535; in a request 65535 means as many as possible. */
  readonly size: number;
  /** The first internal port, 0 to 65535. */
  readonly firstInternalPort: number;
  /** Whether the external port must be even for an even internal port, and odd for an odd one. */
  readonly parity: boolean;
}

/** Identifies one of several hosts with the same address (RFC 7843). */
export interface ThirdPartyIdOption {
  /** Discriminant. */
  readonly type: "thirdPartyId";
  /** The identifier, at most 1016 octets. */
  readonly id: Uint8Array;
}

/** The server must replicate the mapping for high availability (RFC 7767). */
export interface CheckpointRequiredOption {
  /** Discriminant. */
  readonly type: "checkpointRequired";
}

/** Matches the first messages of a session; not the Mapping Nonce (RFC 7652 section 5.3). */
export interface NonceOption {
  /** Discriminant. */
  readonly type: "nonce";
  /** 32 bits. */
  readonly value: number;
}

/** Authenticates a MAP, PEER or ANNOUNCE message (RFC 7652 section 5.4). */
export interface AuthenticationTagOption {
  /** Discriminant. */
  readonly type: "authenticationTag";
  /** 32 bits. */
  readonly sessionId: number;
  /** 32 bits. */
  readonly sequence: number;
  /** 32 bits. */
  readonly keyId: number;
  /** Message authentication code. */
  readonly mac: Uint8Array;
}

/** Authenticates an AUTHENTICATION message (RFC 7652 section 5.5). */
export interface PaAuthenticationTagOption {
  /** Discriminant. */
  readonly type: "paAuthenticationTag";
  /** 32 bits. */
  readonly keyId: number;
  /** Message authentication code. */
  readonly mac: Uint8Array;
}

/** Carries a packet of EAP (RFC 7652 section 5.6). */
export interface EapPayloadOption {
  /** Discriminant. */
  readonly type: "eapPayload";
  /** The packet. */
  readonly packet: Uint8Array;
}

/** A pseudorandom function, an IKEv2 transform of type 2 (RFC 7652 section 5.7). */
export interface PrfOption {
  /** Discriminant. */
  readonly type: "prf";
  /** 32 bits. */
  readonly value: number;
}

/** A message authentication algorithm, an IKEv2 transform of type 3 (RFC 7652 section 5.8). */
export interface MacAlgorithmOption {
  /** Discriminant. */
  readonly type: "macAlgorithm";
  /** 32 bits. */
  readonly value: number;
}

/** The lifetime of a session (RFC 7652 section 5.9). */
export interface SessionLifetimeOption {
  /** Discriminant. */
  readonly type: "sessionLifetime";
  /** Seconds, 32 bits. */
  readonly value: number;
}

/** Acknowledges the message of this sequence number (RFC 7652 section 5.10). */
export interface ReceivedPakOption {
  /** Discriminant. */
  readonly type: "receivedPak";
  /** 32 bits. */
  readonly value: number;
}

/** Identifies the credentials that the client should use (RFC 7652 section 5.11). */
export interface IdIndicatorOption {
  /** Discriminant. */
  readonly type: "idIndicator";
  /** UTF-8 without a final NUL. */
  readonly identity: string;
}

/** An option without a name here, kept octet for octet. */
export interface UnknownOption {
  /** Discriminant. */
  readonly type: "unknown";
  /** Option code, 0 to 255. */
  readonly code: number;
  /** Its data without padding. */
  readonly data: Uint8Array;
}

/** An option whose data break a rule of its code, kept octet for octet. */
export interface MalformedOption {
  /** Discriminant. */
  readonly type: "malformed";
  /** Option code, 0 to 255. */
  readonly code: number;
  /** Its data without padding. */
  readonly data: Uint8Array;
}

/** One option, discriminated by `type` (RFC 6887 section 7.3). */
export type Option =
  | ThirdPartyOption
  | PreferFailureOption
  | FilterOption
  | DescriptionOption
  | Prefix64Option
  | PortSetOption
  | ThirdPartyIdOption
  | CheckpointRequiredOption
  | NonceOption
  | AuthenticationTagOption
  | PaAuthenticationTagOption
  | EapPayloadOption
  | PrfOption
  | MacAlgorithmOption
  | SessionLifetimeOption
  | ReceivedPakOption
  | IdIndicatorOption
  | UnknownOption
  | MalformedOption;

/** The fault of an option area: option data beyond its end, or fewer than four octets for an option header. */
export type OptionFault = "overrun" | "truncatedHeader";

/** The options of a message, and why decoding stopped early if it did. */
export interface DecodedOptions {
  /** In the order of the message. */
  readonly options: readonly Option[];
  /** `undefined` if all options were decoded. */
  readonly fault: OptionFault | undefined;
}
