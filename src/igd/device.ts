import type { Milliseconds } from "../milliseconds.ts";
import type { IpAddress } from "../wire/address.ts";
import type { IgdServiceName } from "../wire/igd/description.ts";
import type { HttpTarget } from "../wire/igd/http_message.ts";

/** A service of the gateway, and where it is asked. */
export interface Service {
  /** The type as the description spells it. */
  readonly type: string;
  readonly name: IgdServiceName;
  readonly version: number;
  readonly isDslForum: boolean;
  readonly target: HttpTarget;
}

/** What the gateway has shown of itself. Forgotten when it is described anew after a restart. */
export interface Traits {
  /** The lease to ask for: as wanted, none (permanent), or at least an hour. */
  lease: "wanted" | "permanent" | "long";
  /** AddAnyPortMapping is missing. */
  hasNoAddAny: boolean;
  /** GetSpecificPortMappingEntry fails. */
  cannotLook: boolean;
  /** A renewal does not extend the lease: the mapping is deleted and made anew. */
  recreates: boolean;
}

/** What is known of the external address. */
export interface External {
  /** Undefined if the gateway has none, or does not report it. */
  readonly address: IpAddress | undefined;
  /** It is none that a gateway can have. */
  readonly isNonsense: boolean;
  readonly at: Milliseconds;
}

/** The gateway as its descriptions show it. */
export class Device {
  readonly uuid: string;
  readonly bootId: number | undefined;
  /** Those that make mappings of this host's family, at most 4, in the order of trying. */
  readonly services: readonly Service[];
  readonly traits: Traits = newTraits();
  /** The service in use. */
  service: Service;
  /** Whether the line is up, as far as is known. */
  isConnected = true;
  external: External | undefined = undefined;
  /** The IPv6 firewall: undefined before it was asked. */
  firewall: Firewall | undefined = undefined;
  /** Grows with each restart, of which numbers of pinholes are valid in one. */
  readonly generation: number;

  constructor(
    { uuid, bootId, services, generation }:
      & Pick<Device, "uuid" | "bootId" | "generation">
      & { readonly services: readonly [Service, ...Service[]] },
  ) {
    this.uuid = uuid;
    this.bootId = bootId;
    this.services = services;
    this.service = services[0];
    this.generation = generation;
  }

  /** Goes to the service after the one in use. Returns whether there is one. */
  useNextService(): boolean {
    const next = this.services[this.services.indexOf(this.service) + 1];
    if (next === undefined) return false;
    this.service = next;
    return true;
  }
}

/** The state of the IPv6 firewall. */
export interface Firewall {
  /** Off, so that there is nothing to open. */
  readonly isOff: boolean;
  /** The owner does not allow pinholes. */
  readonly isClosed: boolean;
}

/** Nothing has been shown yet. */
function newTraits(): Traits {
  return { lease: "wanted", hasNoAddAny: false, cannotLook: false, recreates: false };
}
