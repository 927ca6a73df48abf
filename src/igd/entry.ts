import type { Mapping } from "../engine/mapping.ts";
import type { Milliseconds } from "../milliseconds.ts";
import type { IpAddress } from "../wire/address.ts";
import type { IgdProtocol } from "../wire/igd/action.ts";

/** What the gateway holds for a mapping, or may hold. */
export interface Entry {
  readonly mapping: Mapping;
  readonly protocol: IgdProtocol;
  readonly internalPort: number;
  /** The address of this host when it was made; an earlier run may have had another one. */
  client: IpAddress;
  /** 0 before the first request. */
  externalPort: number;
  /** The gateway may hold it: it was asked for, and not deleted since. */
  mayExist: boolean;
  description: string;
  /** The lease that was asked for, in seconds; 0 is permanent. */
  lease: number;
  /** When it was asked for last. */
  sentAt: Milliseconds;
  /** The gateway keeps it for longer than the mapping lives, so that it has to be deleted then. */
  outlives: boolean;
  isPermanent: boolean;
  /** Until when it is known to be ours without looking. */
  knownUntil: Milliseconds;
  lookedAt: Milliseconds;
  /** When it was lost. */
  losses: readonly Milliseconds[];
  /** Whether the first renewal was checked for its effect. */
  isRenewalChecked: boolean;
  /** The check that is due: what was left of the lease before the renewal. */
  check: { readonly at: Milliseconds; readonly left: number } | undefined;
  /** The number of the pinhole, and the start of the gateway in which it is valid. */
  pinhole: { readonly id: number; readonly generation: number } | undefined;
  /** Deletions that failed. */
  deletions: number;
}

/** The entry of a mapping that is to be made, or that an earlier run may have made. */
export function newEntry(mapping: Mapping, now: Milliseconds, client: IpAddress): Entry {
  const { spec, upnp, mayExistUntil } = mapping;
  const isKnown = upnp !== undefined && mayExistUntil > now;
  const isPermanent = isKnown && upnp.permanent === true;
  return {
    mapping,
    protocol: spec.protocol as IgdProtocol,
    internalPort: spec.internalPort,
    client: isKnown ? upnp.client ?? client : client,
    externalPort: isKnown ? upnp.externalPort : 0,
    mayExist: isKnown,
    description: isKnown ? upnp.description : "",
    lease: isPermanent ? 0 : leaseOf(mapping),
    sentAt: now,
    outlives: isPermanent,
    isPermanent,
    knownUntil: -Infinity,
    lookedAt: now,
    losses: [],
    isRenewalChecked: false,
    check: undefined,
    pinhole: undefined,
    deletions: 0,
  };
}

/** The lease that the caller wants, in seconds: at most a day, as in PCP. */
export function wantedLease({ mapping }: Entry): number {
  return leaseOf(mapping);
}

function leaseOf({ lifetime }: Mapping): number {
  return Math.min(lifetime, LONGEST_LEASE);
}

/** The longest lease of WANIPv6FirewallControl:1, and the longest lifetime that the engine grants. */
const LONGEST_LEASE = 86_400;
