import type { IpAddress } from "../../../wire/address.ts";
import { ProtocolNumber } from "../../../wire/protocol_number.ts";

/** A port mapping of a gateway. */
export interface IgdMapping {
  /** External port. */
  readonly externalPort: number;
  /** TCP (6) or UDP (17). */
  readonly protocol: number;
  /** Internal port. */
  readonly internalPort: number;
  /** Internal address. */
  readonly internalClient: IpAddress;
  /** Description. */
  readonly description: string;
  /** Time at which it was made. */
  readonly madeAt: number;
  /** Time at which it ends; `Infinity` for a permanent one. */
  readonly expires: number;
}

/** The port mappings by key. */
export class PortMappingTable {
  /** By `TCP 6000` or `UDP 6000`, in the order in which they were made. */
  readonly byKey: Map<string, IgdMapping> = new Map();

  /** The mapping of an external port. */
  get(protocol: number, externalPort: number): IgdMapping | undefined {
    return this.byKey.get(keyOf(protocol, externalPort));
  }

  /** Adds a mapping, in place of that of its port. */
  set(mapping: IgdMapping): void {
    this.byKey.set(keyOf(mapping.protocol, mapping.externalPort), mapping);
  }

  /** Removes a mapping. */
  remove(mapping: IgdMapping): void {
    this.byKey.delete(keyOf(mapping.protocol, mapping.externalPort));
  }

  /** The first time at which a mapping ends; undefined if none does. */
  get deadline(): number | undefined {
    const times = [...this.byKey.values()].map(({ expires }) => expires);
    const first = Math.min(...times);
    return first === Infinity ? undefined : first;
  }

  /** Removes the mappings that have ended. */
  expire(now: number): void {
    for (const mapping of this.byKey.values()) if (mapping.expires <= now) this.remove(mapping);
  }
}

/** The name of a protocol in an argument; undefined for others than TCP and UDP. */
export function protocolName(protocol: number): string {
  return protocol === ProtocolNumber.Tcp ? "TCP" : "UDP";
}

function keyOf(protocol: number, externalPort: number): string {
  return `${protocolName(protocol)} ${externalPort}`;
}
