/**
 * Error codes of WANIPConnection:1 and :2, WANPPPConnection:1 and WANIPv6FirewallControl:1, as far as they mean something
 * of their own here; see {@linkcode igdErrorMeaning} for the others.
 */
export const IgdErrorCode = {
  /** The service has no such action. */
  InvalidAction: 401,
  /** An argument is wrong; some routers mean a finite lease, a permanent one, or a full table. */
  InvalidArgs: 402,
  /** The owner of a FRITZ!Box has not allowed this device to open ports. */
  NotAvailable: 403,
  /** Any failure. */
  ActionFailed: 501,
  /** Refused: a port below 1024, another host, or the policy. */
  NotAuthorized: 606,
  /** No room for more pinholes. */
  PinholeSpaceExhausted: 701,
  /** The firewall is off, so there is nothing to open. */
  FirewallDisabled: 702,
  /** The owner has not allowed pinholes. */
  InboundPinholeNotAllowed: 703,
  /** There is no such pinhole. */
  NoSuchEntry: 704,
  /** The firewall does not support the protocol. */
  ProtocolNotSupported: 705,
  /** A pinhole needs an internal port. */
  InternalPortWildcardingNotAllowed: 706,
  /** A pinhole needs a protocol. */
  ProtocolWildcardingNotAllowed: 707,
  /** A pinhole needs a remote host. */
  WildcardNotPermittedInSrcIp: 708,
  /** No packet has passed the pinhole yet. */
  NoTrafficReceived: 709,
  /** The list has ended. */
  SpecifiedArrayIndexInvalid: 713,
  /** There is no such port mapping. */
  NoSuchEntryInArray: 714,
  /** A mapping needs a remote host. */
  WildcardNotPermittedInSrcIpOfMapping: 715,
  /** A mapping needs an external port. */
  WildcardNotPermittedInExtPort: 716,
  /** Another host has the port. */
  ConflictInMappingEntry: 718,
  /** External and internal port must be equal. */
  SamePortValuesRequired: 724,
  /** The router knows permanent leases only. */
  OnlyPermanentLeasesSupported: 725,
  /** The remote host must be any. */
  RemoteHostOnlySupportsWildcard: 726,
  /** The external port must be any. */
  ExternalPortOnlySupportsWildcard: 727,
  /** The table is full. */
  NoPortMapsAvailable: 728,
  /** The router itself or a static rule uses the port. */
  ConflictWithOtherMechanisms: 729,
  /** A mapping needs an internal port. */
  WildcardNotPermittedInIntPort: 732,
} as const;

/** A code of {@linkcode IgdErrorCode}. */
export type KnownIgdError = (typeof IgdErrorCode)[keyof typeof IgdErrorCode];

/**
 * The code by which a router's error is treated: itself if it has a meaning of its own, otherwise the code that means the
 * same. Unknown codes, such as the -911 of some routers, mean that an argument was refused.
 */
export function igdErrorMeaning(code: number): KnownIgdError {
  return SAME.get(code) ?? KNOWN.get(code) ?? IgdErrorCode.InvalidArgs;
}

const KNOWN: ReadonlyMap<number, KnownIgdError> = new Map(
  Object.values(IgdErrorCode).map((code) => [code, code]),
);

/** UPnP Device Architecture 1.1 section 3.2: 600 to 605 are variants of other codes. */
const SAME: ReadonlyMap<number, KnownIgdError> = new Map<number, KnownIgdError>([
  [602, IgdErrorCode.InvalidAction],
  [603, IgdErrorCode.NoPortMapsAvailable],
  [604, IgdErrorCode.NotAuthorized],
]);
