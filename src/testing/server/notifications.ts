import { type Family, IpAddress } from "../../wire/address.ts";
import { ANNOUNCE_GROUP_IPV4, ANNOUNCE_GROUP_IPV6, ANNOUNCE_PORT } from "../../wire/constants.ts";
import type { Datagram } from "./replies.ts";
import type { Scheduler, Task, TaskEntry } from "./scheduler.ts";

/** Copies of an announcement (RFC 6887 section 14.1.3, RFC 6886 section 3.2.1). */
const ANNOUNCE_COPIES = 10;
/** Milliseconds between the first two copies; every further gap is twice as long (RFC 6887 sections 14.1.3, 14.2). */
const FIRST_GAP = 250;

/** Octets to the multicast group of a family (RFC 6887 section 14.1, RFC 6886 section 3.2.1). */
export function toGroup(bytes: Uint8Array, family: Family): Datagram {
  const group = family === "IPv4" ? ANNOUNCE_GROUP_IPV4 : ANNOUNCE_GROUP_IPV6;
  return { bytes, to: { address: IpAddress.parse(group), port: ANNOUNCE_PORT } };
}

/** Announcements and mapping updates, which are sent unsolicited and repeated. */
export class Notifications {
  #scheduler: Scheduler;
  #announcement: TaskEntry | undefined;
  #updates = new Map<string, TaskEntry>();

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** Returns the first copy of an announcement and schedules the others, in place of those of an earlier one. */
  announce(now: number, once: boolean, send: Task): Datagram[] {
    this.#scheduler.cancel(this.#announcement);
    return this.#repeat(now, once ? 1 : ANNOUNCE_COPIES, FIRST_GAP, send, (entry) => {
      this.#announcement = entry;
    });
  }

  /** Returns the first copy of an update of a mapping and schedules the others, in place of those of an earlier one. */
  update(now: number, key: string, copies: number, send: Task): Datagram[] {
    this.endUpdate(key);
    return this.#repeat(now, copies, FIRST_GAP, send, (entry) => {
      if (entry === undefined) this.#updates.delete(key);
      else this.#updates.set(key, entry);
    });
  }

  /** Cancels the update of a mapping, because its client has refreshed it (RFC 6887 section 14.2). */
  endUpdate(key: string): void {
    this.#scheduler.cancel(this.#updates.get(key));
    this.#updates.delete(key);
  }

  /** Cancels everything. */
  clear(): void {
    this.#scheduler.cancel(this.#announcement);
    this.#announcement = undefined;
    for (const key of [...this.#updates.keys()]) this.endUpdate(key);
  }

  #repeat(
    now: number,
    copies: number,
    gap: number,
    send: Task,
    keep: (entry: TaskEntry | undefined) => void,
  ): Datagram[] {
    if (copies <= 0) return [];
    const again = (at: number) => this.#repeat(at, copies - 1, 2 * gap, send, keep);
    keep(copies > 1 ? this.#scheduler.at(now + gap, again) : undefined);
    return send(now);
  }
}
