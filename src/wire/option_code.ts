/** Codes of the options (RFC 6887 section 13 and its extensions). 0 to 127 are mandatory for the server to process. */
export const OptionCode = {
  /** RFC 6887 section 13.1. */
  ThirdParty: 1,
  /** RFC 6887 section 13.2. */
  PreferFailure: 2,
  /** RFC 6887 section 13.3. */
  Filter: 3,
  /** RFC 7652 section 5.3. */
  Nonce: 4,
  /** RFC 7652 section 5.4. */
  AuthenticationTag: 5,
  /** RFC 7652 section 5.5. */
  PaAuthenticationTag: 6,
  /** RFC 7652 section 5.6. */
  EapPayload: 7,
  /** RFC 7652 section 5.7. */
  Prf: 8,
  /** RFC 7652 section 5.8. */
  MacAlgorithm: 9,
  /** RFC 7652 section 5.9. */
  SessionLifetime: 10,
  /** RFC 7652 section 5.10. */
  ReceivedPak: 11,
  /** RFC 7652 section 5.11. */
  IdIndicator: 12,
  /** RFC 7843 section 4. */
  ThirdPartyId: 13,
  /** RFC 7220 section 2. */
  Description: 128,
  /** RFC 7225 section 4.1. */
  Prefix64: 129,
  /** RFC 7753 section 4. */
  PortSet: 130,
  /** RFC 7767 section 4. */
  CheckpointRequired: 192,
} as const;

/** The name of an option as the RFCs write it, `FILTER`, or `OPTION_100` for one without a name. */
export function optionName(code: number): string {
  return NAMES.get(code) ?? `OPTION_${code}`;
}

const NAMES: ReadonlyMap<number, string> = new Map([
  [OptionCode.ThirdParty, "THIRD_PARTY"],
  [OptionCode.PreferFailure, "PREFER_FAILURE"],
  [OptionCode.Filter, "FILTER"],
  [OptionCode.Nonce, "NONCE"],
  [OptionCode.AuthenticationTag, "AUTHENTICATION_TAG"],
  [OptionCode.PaAuthenticationTag, "PA_AUTHENTICATION_TAG"],
  [OptionCode.EapPayload, "EAP_PAYLOAD"],
  [OptionCode.Prf, "PRF"],
  [OptionCode.MacAlgorithm, "MAC_ALGORITHM"],
  [OptionCode.SessionLifetime, "SESSION_LIFETIME"],
  [OptionCode.ReceivedPak, "RECEIVED_PAK"],
  [OptionCode.IdIndicator, "ID_INDICATOR"],
  [OptionCode.ThirdPartyId, "THIRD_PARTY_ID"],
  [OptionCode.Description, "DESCRIPTION"],
  [OptionCode.Prefix64, "PREFIX64"],
  [OptionCode.PortSet, "PORT_SET"],
  [OptionCode.CheckpointRequired, "CHECKPOINT_REQUIRED"],
]);
