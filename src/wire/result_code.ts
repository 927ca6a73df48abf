/** How long an error is expected to last (RFC 6887 section 7.4): `short` about 30 s, `long` about 30 min. */
export type ResultClass = "success" | "short" | "long";

/** Result codes (RFC 6887 section 7.4; RFC 7652 section 5.2; RFC 7843 section 4). Others, up to 255, survive decoding. */
export const ResultCode = {
  /** The request succeeded. */
  Success: 0,
  /** The server does not support the version of the request. */
  UnsuppVersion: 1,
  /** Refused by policy, or because the nonce does not match. */
  NotAuthorized: 2,
  /** The request is malformed. */
  MalformedRequest: 3,
  /** The server does not support the opcode. */
  UnsuppOpcode: 4,
  /** The server does not support a mandatory option. */
  UnsuppOption: 5,
  /** An option is malformed. */
  MalformedOption: 6,
  /** The server or its network has a failure. */
  NetworkFailure: 7,
  /** The server has no resources left. */
  NoResources: 8,
  /** The server does not support the transport protocol. */
  UnsuppProtocol: 9,
  /** The quota of the user is used up. */
  UserExQuota: 10,
  /** The suggested external port or address is not available. */
  CannotProvideExternal: 11,
  /** The source address of the datagram is not the client address of the request. */
  AddressMismatch: 12,
  /** The server cannot hold that many filters. */
  ExcessiveRemotePeers: 13,
  /** The client starts authentication (RFC 7652). */
  Initiation: 14,
  /** The server requires authentication (RFC 7652). */
  AuthenticationRequired: 15,
  /** Authentication failed (RFC 7652). */
  AuthenticationFailed: 16,
  /** Authentication succeeded (RFC 7652). */
  AuthenticationSucceeded: 17,
  /** Authenticated, but not authorized (RFC 7652). */
  AuthorizationFailed: 18,
  /** The session ends (RFC 7652). */
  SessionTerminated: 19,
  /** The server does not know the session (RFC 7652). */
  UnknownSessionId: 20,
  /** The list of algorithms was weakened in transit (RFC 7652). */
  DowngradeAttackDetected: 21,
  /** The message carries an EAP request (RFC 7652). */
  AuthenticationRequest: 22,
  /** The message carries an EAP response (RFC 7652). */
  AuthenticationReply: 23,
  /** The third party's identifier is unknown (RFC 7843). */
  ThirdPartyIdUnknown: 24,
  /** One of THIRD_PARTY and THIRD_PARTY_ID is missing (RFC 7843). */
  ThirdPartyMissingOption: 25,
  /** The server does not support the length of the third party's identifier (RFC 7843). */
  UnsuppThirdPartyIdLength: 26,
} as const;

/** The name of a result code as in the RFCs, `NOT_AUTHORIZED`, or `RESULT_77` for one without a name. */
export function resultName(code: number): string {
  const key = Object.entries(ResultCode).find(([, each]) => each === code)?.[0];
  return key?.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase() ?? `RESULT_${code}`;
}

/** The meaning of a result code, in one sentence for users without knowledge of PCP. */
export function resultSentence(code: number): string {
  return SENTENCES[code] ??
    `The router refused with a reason that this program does not know (code ${code}).`;
}

/**
 * The class of a result code. The lifetime of the response takes precedence; the class serves for responses without one.
 * Only 0 is `success`, also for the codes of RFC 7652. A code without a class in the RFCs counts as `long`, so that a
 * request with an unknown error is not repeated too soon.
 */
export function resultClass(code: number): ResultClass {
  if (code === ResultCode.Success) return "success";
  return SHORT.has(code) ? "short" : "long";
}

/** The short lifetime errors (RFC 6887 section 7.4). */
const SHORT: ReadonlySet<number> = new Set([
  ResultCode.NetworkFailure,
  ResultCode.NoResources,
  ResultCode.UserExQuota,
]);

const SENTENCES: Readonly<Record<number, string>> = {
  [ResultCode.Success]: "The router did what was asked.",
  [ResultCode.UnsuppVersion]: "The router speaks another version of the protocol.",
  [ResultCode.NotAuthorized]:
    "The router does not allow this: port mapping is switched off for this device, or the mapping belongs to another program.",
  [ResultCode.MalformedRequest]: "The router could not make sense of the request.",
  [ResultCode.UnsuppOpcode]: "The router cannot do this kind of request at all.",
  [ResultCode.UnsuppOption]:
    "The router does not support, or does not allow, an option that was asked for.",
  [ResultCode.MalformedOption]: "The router could not make sense of an option of the request.",
  [ResultCode.NetworkFailure]:
    "The router has trouble with its own network, for example no Internet address yet; trying again soon may help.",
  [ResultCode.NoResources]:
    "The router has no room for more mappings at the moment; trying again soon may help.",
  [ResultCode.UnsuppProtocol]:
    "The router cannot map this transport protocol, or not all of its ports at once.",
  [ResultCode.UserExQuota]:
    "This connection already has as many mappings as it may have; removing some may help.",
  [ResultCode.CannotProvideExternal]:
    "The outside port or address that was asked for is not available.",
  [ResultCode.AddressMismatch]:
    "Another router or a VPN stands between this device and the router and changes its address.",
  [ResultCode.ExcessiveRemotePeers]: "The router cannot hold that many filters for one mapping.",
  [ResultCode.Initiation]: "This device asks the router to let it log in.",
  [ResultCode.AuthenticationRequired]: "The router wants this device to log in first.",
  [ResultCode.AuthenticationFailed]: "The router did not accept the login.",
  [ResultCode.AuthenticationSucceeded]: "The router accepted the login.",
  [ResultCode.AuthorizationFailed]: "The router knows who is asking but does not allow it.",
  [ResultCode.SessionTerminated]: "The login at the router has ended.",
  [ResultCode.UnknownSessionId]: "The router no longer remembers the login.",
  [ResultCode.DowngradeAttackDetected]: "Somebody on the network tampered with the login.",
  [ResultCode.AuthenticationRequest]: "The router asks the next question of the login.",
  [ResultCode.AuthenticationReply]: "This device answers a question of the login.",
  [ResultCode.ThirdPartyIdUnknown]: "The router does not know the device that the mapping is for.",
  [ResultCode.ThirdPartyMissingOption]:
    "The router needs both the address and the identifier of the device that the mapping is for.",
  [ResultCode.UnsuppThirdPartyIdLength]:
    "The router cannot use an identifier of this length for the device that the mapping is for.",
} satisfies Record<typeof ResultCode[keyof typeof ResultCode], string>;
