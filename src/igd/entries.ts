import type { Mapping } from "../engine/mapping.ts";
import type { Milliseconds } from "../milliseconds.ts";
import type { Entry } from "./entry.ts";

/** What the gateway holds for this program, or may hold, and what is to be looked at or cleared away. */
export class Entries {
  /** Of mappings that have not ended. */
  readonly byMapping = new Map<Mapping, Entry>();
  /** No mapping needs them any more, and the gateway keeps them. */
  readonly #orphans = new Map<Entry, Milliseconds>();
  /** To be looked at before the regular look. */
  readonly #doubted = new Set<Entry>();

  /** Those that are granted. */
  get live(): readonly Entry[] {
    return [...this.byMapping.values()].filter(isLive);
  }

  get hasLive(): boolean {
    for (const entry of this.byMapping.values()) if (isLive(entry)) return true;
    return false;
  }

  /** When something is to be cleared away or checked; Infinity if nothing is. */
  get deadline(): Milliseconds {
    let earliest = this.#doubted.size > 0 ? -Infinity : Infinity;
    for (const at of this.#orphans.values()) earliest = Math.min(earliest, at);
    for (const { check } of this.byMapping.values()) {
      if (check !== undefined) earliest = Math.min(earliest, check.at);
    }
    return earliest;
  }

  get hasOrphans(): boolean {
    return this.#orphans.size > 0;
  }

  /** An entry whose deletion is due. */
  dueOrphan(now: Milliseconds): Entry | undefined {
    for (const [entry, at] of this.#orphans) if (at <= now) return entry;
    return undefined;
  }

  /** An entry whose renewal is to be checked. */
  dueCheck(now: Milliseconds): Entry | undefined {
    for (const entry of this.byMapping.values()) {
      if (entry.check !== undefined && entry.check.at <= now) return entry;
    }
    return undefined;
  }

  /** All others may be lost as well. */
  doubtAllBut(entry: Entry | undefined): void {
    for (const each of this.live) if (each !== entry) this.#doubted.add(each);
  }

  /** The gateway does not hold it any more. */
  lost(now: Milliseconds, entry: Entry): void {
    entry.losses = [...entry.losses, now].slice(-MOST_LOSSES - 1);
    this.doubtAllBut(entry);
  }

  /** Whether another host deletes it again and again. */
  isLostTooOften(now: Milliseconds, { losses }: Entry): boolean {
    return losses.filter((at) => at > now - LOSS_TIME).length > MOST_LOSSES;
  }

  /** The next entry to look at: a doubted one, otherwise the one whose last look is the longest ago. */
  takeToLook(isRegular: boolean): Entry | undefined {
    for (const entry of this.#doubted) {
      this.#doubted.delete(entry);
      if (isLive(entry)) return entry;
    }
    if (!isRegular) return undefined;
    const [oldest] = this.live.toSorted((one, other) => one.lookedAt - other.lookedAt);
    return oldest;
  }

  /** The deletion of what no mapping needs is over; tried again at a time, a few times, if it failed. */
  cleared(entry: Entry, again: Milliseconds | undefined): void {
    this.#orphans.delete(entry);
    if (again === undefined || entry.deletions >= MOST_ATTEMPTS) return;
    this.#orphans.set(entry, again);
  }

  /** Finds the entries that no mapping needs any more. */
  sweep(now: Milliseconds, isBusy: (mapping: Mapping) => boolean): void {
    for (const [mapping, entry] of this.byMapping) {
      if (isBusy(mapping) || isLive(entry)) continue;
      const isOver = mapping.phase === "ended";
      const isElsewhere = mapping.lease !== undefined;
      if (!isOver && !isElsewhere) continue;
      this.byMapping.delete(mapping);
      this.#doubted.delete(entry);
      // What ends by itself is left alone, unless the mapping was made in another protocol meanwhile.
      const ends = entry.sentAt + entry.lease * 1000;
      const isLeft = entry.mayExist && (entry.outlives || (isElsewhere && ends > now));
      const isRefused = entry.deletions > 0; // which the owner of the mapping knows
      if (isLeft && !isRefused) this.#orphans.set(entry, now);
    }
  }
}

/** Whether its mapping is granted over UPnP. */
function isLive({ mapping }: Entry): boolean {
  return mapping.lease?.protocol === "upnp";
}

/** Our decisions: what another host deletes is made again three times in ten minutes. */
const MOST_LOSSES = 3;
const LOSS_TIME: Milliseconds = 600_000;

/** Our decision. */
const MOST_ATTEMPTS = 3;
