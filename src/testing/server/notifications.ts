import { IpAddress } from "../../wire/address.ts";
import { ANNOUNCE_GROUP_IPV4, ANNOUNCE_GROUP_IPV6, ANNOUNCE_PORT } from "../../wire/constants.ts";
import type { Scheduler, TaskEntry } from "./scheduler.ts";
import type { Datagram } from "./replies.ts";

/** Copies of an announcement (RFC 6887 section 14.1.3, RFC 6886 section 3.2.1). */
const ANNOUNCE_COPIES = 10;
/** Milliseconds from the first copy to the second; the later gaps double (RFC 6887 sections 14.1.3, 14.2). */
const FIRST_GAP = 250;

/** Octets for everybody by multicast, IPv4 and IPv6 (RFC 6887 section 14.1). */
export function toGroups(bytes: Uint8Array): Datagram[] {
  return [ANNOUNCE_GROUP_IPV4, ANNOUNCE_GROUP_IPV6].map((group) => toGroup(bytes, group));
}

/** Octets for IPv4 hosts by multicast (RFC 6886 section 3.2.1). */
export function toGroupIpv4(bytes: Uint8Array): Datagram {
  return toGroup(bytes, ANNOUNCE_GROUP_IPV4);
}

function toGroup(bytes: Uint8Array, group: string): Datagram {
  return { bytes, to: { address: IpAddress.parse(group), port: ANNOUNCE_PORT } };
}

/** What a server tells unasked, and tells again. */
export class Notifications {
  #agenda: Scheduler<Datagram>;
  #announcement: TaskEntry<Datagram> | undefined;
  #updates = new Map<string, TaskEntry<Datagram>>();

  constructor(agenda: Scheduler<Datagram>) {
    this.#agenda = agenda;
  }

  /** Sends the first copy of an announcement and enters the others; an earlier announcement ends. */
  announce(now: number, once: boolean, send: (now: number) => Datagram[]): Datagram[] {
    this.#agenda.cancel(this.#announcement);
    return this.#repeat(now, once ? 1 : ANNOUNCE_COPIES, FIRST_GAP, send, (entry) => {
      this.#announcement = entry;
    });
  }

  /** Sends the first copy of an update of one mapping and enters the others; an earlier update of it ends. */
  update(now: number, key: string, copies: number, send: (now: number) => Datagram[]): Datagram[] {
    this.settle(key);
    return this.#repeat(now, copies, FIRST_GAP, send, (entry) => {
      if (entry === undefined) this.#updates.delete(key);
      else this.#updates.set(key, entry);
    });
  }

  /** Ends the update of one mapping: its client has asked again (RFC 6887 section 14.2). */
  settle(key: string): void {
    this.#agenda.cancel(this.#updates.get(key));
    this.#updates.delete(key);
  }

  /** Ends everything. */
  clear(): void {
    this.#agenda.cancel(this.#announcement);
    this.#announcement = undefined;
    for (const key of [...this.#updates.keys()]) this.settle(key);
  }

  #repeat(
    now: number,
    copies: number,
    gap: number,
    send: (now: number) => Datagram[],
    keep: (entry: TaskEntry<Datagram> | undefined) => void,
  ): Datagram[] {
    if (copies <= 0) return [];
    const again = (at: number) => this.#repeat(at, copies - 1, 2 * gap, send, keep);
    keep(copies > 1 ? this.#agenda.at(now + gap, again) : undefined);
    return send(now);
  }
}
