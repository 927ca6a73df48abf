/** What a result code asks of the client's patience (RFC 6887 section 7.4): nothing, about 30 s, or about 30 min. */
export type ResultClass = "success" | "short" | "long";

/** Result codes (RFC 6887 section 7.4; RFC 7652 section 5.2; RFC 7843 section 4). Others, up to 255, survive decoding. */
export const ResultCode = {
  /** Done. */
  Success: 0,
  /** The server does not speak the version of the request. */
  UnsuppVersion: 1,
  /** Refused by policy, or by the nonce. */
  NotAuthorized: 2,
  /** The request could not be understood. */
  MalformedRequest: 3,
  /** The server does not do this opcode. */
  UnsuppOpcode: 4,
  /** The server does not do a mandatory option. */
  UnsuppOption: 5,
  /** An option could not be understood. */
  MalformedOption: 6,
  /** The server or its network has failed. */
  NetworkFailure: 7,
  /** The server has run out of something. */
  NoResources: 8,
  /** The server does not map this protocol. */
  UnsuppProtocol: 9,
  /** The user has as much as allowed. */
  UserExQuota: 10,
  /** The suggested port or address is not to be had. */
  CannotProvideExternal: 11,
  /** The request came from another address than it says. */
  AddressMismatch: 12,
  /** More filters than the server can hold. */
  ExcessiveRemotePeers: 13,
  /** A client starts to authenticate (RFC 7652). */
  Initiation: 14,
  /** The server wants the client to authenticate (RFC 7652). */
  AuthenticationRequired: 15,
  /** Authentication failed (RFC 7652). */
  AuthenticationFailed: 16,
  /** Authentication succeeded (RFC 7652). */
  AuthenticationSucceeded: 17,
  /** Known, but not allowed (RFC 7652). */
  AuthorizationFailed: 18,
  /** The session ends (RFC 7652). */
  SessionTerminated: 19,
  /** The server does not know the session (RFC 7652). */
  UnknownSessionId: 20,
  /** Somebody weakened the list of algorithms on the way (RFC 7652). */
  DowngradeAttackDetected: 21,
  /** The message carries a question of EAP (RFC 7652). */
  AuthenticationRequest: 22,
  /** The message carries an answer of EAP (RFC 7652). */
  AuthenticationReply: 23,
  /** The third party's identifier is not known (RFC 7843). */
  ThirdPartyIdUnknown: 24,
  /** One of THIRD_PARTY and THIRD_PARTY_ID is missing (RFC 7843). */
  ThirdPartyMissingOption: 25,
  /** The third party's identifier has a length the server does not do (RFC 7843). */
  UnsuppThirdPartyIdLength: 26,
} as const;

/** The name of a result code as the RFCs write it, `NOT_AUTHORIZED`, or `RESULT_77` for one without a name. */
export function resultName(code: number): string {
  return RESULTS[code]?.[0] ?? `RESULT_${code}`;
}

/** What a result code means, in one plain sentence for somebody who only wants a port opened. */
export function resultSentence(code: number): string {
  return RESULTS[code]?.[2] ??
    `The router refused with a reason that this program does not know (code ${code}).`;
}

/**
 * The class of a result code. Only a guide where the server sends no lifetime: the lifetime of the answer rules.
 * `success` is 0 alone, the only success of ANNOUNCE, MAP and PEER. A code without a class in the RFCs counts as `long`,
 * so that an unknown refusal is not repeated hastily.
 */
export function resultClass(code: number): ResultClass {
  return RESULTS[code]?.[1] ?? "long";
}

/** Name, class (RFC 6887 section 7.4, RFC 7843 section 4) and sentence, by code. */
const RESULTS: readonly (readonly [string, ResultClass, string])[] = [
  ["SUCCESS", "success", "The router did what was asked."],
  ["UNSUPP_VERSION", "long", "The router speaks another version of the protocol."],
  [
    "NOT_AUTHORIZED",
    "long",
    "The router does not allow this: port mapping is switched off for this device, or the mapping belongs to another program.",
  ],
  ["MALFORMED_REQUEST", "long", "The router could not make sense of the request."],
  ["UNSUPP_OPCODE", "long", "The router cannot do this kind of request at all."],
  [
    "UNSUPP_OPTION",
    "long",
    "The router does not support, or does not allow, an option that was asked for.",
  ],
  ["MALFORMED_OPTION", "long", "The router could not make sense of an option of the request."],
  [
    "NETWORK_FAILURE",
    "short",
    "The router has trouble with its own network, for example no Internet address yet; trying again soon may help.",
  ],
  [
    "NO_RESOURCES",
    "short",
    "The router has no room for more mappings at the moment; trying again soon may help.",
  ],
  [
    "UNSUPP_PROTOCOL",
    "long",
    "The router cannot map this transport protocol, or not all of its ports at once.",
  ],
  [
    "USER_EX_QUOTA",
    "short",
    "This connection already has as many mappings as it may have; removing some may help.",
  ],
  [
    "CANNOT_PROVIDE_EXTERNAL",
    "long",
    "The outside port or address that was asked for is not available.",
  ],
  [
    "ADDRESS_MISMATCH",
    "long",
    "Another router or a VPN stands between this device and the router and changes its address.",
  ],
  ["EXCESSIVE_REMOTE_PEERS", "long", "The router cannot hold that many filters for one mapping."],
  ["INITIATION", "long", "This device asks the router to let it log in."],
  ["AUTHENTICATION_REQUIRED", "long", "The router wants this device to log in first."],
  ["AUTHENTICATION_FAILED", "long", "The router did not accept the login."],
  ["AUTHENTICATION_SUCCEEDED", "long", "The router accepted the login."],
  ["AUTHORIZATION_FAILED", "long", "The router knows who is asking but does not allow it."],
  ["SESSION_TERMINATED", "long", "The login at the router has ended."],
  ["UNKNOWN_SESSION_ID", "long", "The router no longer remembers the login."],
  ["DOWNGRADE_ATTACK_DETECTED", "long", "Somebody on the network tampered with the login."],
  ["AUTHENTICATION_REQUEST", "long", "The router asks the next question of the login."],
  ["AUTHENTICATION_REPLY", "long", "This device answers a question of the login."],
  [
    "THIRD_PARTY_ID_UNKNOWN",
    "long",
    "The router does not know the device that the mapping is for.",
  ],
  [
    "THIRD_PARTY_MISSING_OPTION",
    "long",
    "The router needs both the address and the identifier of the device that the mapping is for.",
  ],
  [
    "UNSUPP_THIRD_PARTY_ID_LENGTH",
    "long",
    "The router cannot use an identifier of this length for the device that the mapping is for.",
  ],
];
