import type { IpAddress } from "../../../wire/address.ts";

/** A pinhole of a gateway. */
export interface IgdPinhole {
  /** Its number, from 1 on after each start. */
  readonly uniqueId: number;
  /** The remote host; empty for any. */
  readonly remoteHost: string;
  /** The remote port; 0 for any. */
  readonly remotePort: number;
  /** Internal IPv6 address. */
  readonly internalClient: IpAddress;
  /** Internal port. */
  readonly internalPort: number;
  /** IANA protocol number. */
  readonly protocol: number;
  /** Time at which it ends. */
  readonly expires: number;
}

/** The pinholes by number. */
export class PinholeTable {
  /** By number, in the order in which they were made. */
  readonly byId: Map<number, IgdPinhole> = new Map();
  #nextId = 1;

  /** Makes a pinhole, or extends the one with the same five values. Returns its number. */
  add(pinhole: Omit<IgdPinhole, "uniqueId">): number {
    const same = [...this.byId.values()].find((each) =>
      each.remoteHost === pinhole.remoteHost && each.remotePort === pinhole.remotePort &&
      each.internalClient.equals(pinhole.internalClient) &&
      each.internalPort === pinhole.internalPort && each.protocol === pinhole.protocol
    );
    const uniqueId = same?.uniqueId ?? this.#nextId++;
    this.byId.set(uniqueId, { ...pinhole, uniqueId });
    return uniqueId;
  }

  /** The first time at which a pinhole ends; undefined if there is none. */
  get deadline(): number | undefined {
    if (this.byId.size === 0) return undefined;
    return Math.min(...[...this.byId.values()].map(({ expires }) => expires));
  }

  /** Removes the pinholes that have ended. */
  expire(now: number): void {
    for (const { uniqueId, expires } of this.byId.values()) {
      if (expires <= now) this.byId.delete(uniqueId);
    }
  }

  /** Removes all pinholes and begins their numbers again, as after a start. */
  clear(): void {
    this.byId.clear();
    this.#nextId = 1;
  }
}
