import type { EngineConfig } from "../engine/config.ts";
import type { FallbackEvents } from "../engine/fallback.ts";
import type { Milliseconds } from "../milliseconds.ts";
import { deletePortMapping } from "./deletion.ts";
import type { Device, External } from "./device.ts";
import type { Entries } from "./entries.ts";
import type { Entry } from "./entry.ts";
import type { Exchanges } from "./exchanges.ts";
import type { InnerAddresses } from "./external_address.ts";
import { lookAt } from "./looks.ts";
import { deletePinhole } from "./pinhole.ts";
import type { Gone } from "./refusal.ts";
import { checkRenewal } from "./renewal.ts";
import type { Task } from "./task.ts";
import type { DeletedOrNot, Work } from "./work.ts";

/** What a {@linkcode Tending} works on. */
export interface TendingOptions {
  readonly config: EngineConfig;
  readonly entries: Entries;
  readonly exchanges: Exchanges;
  readonly events: FallbackEvents;
  readonly workOn: (device: Device, entry: Entry) => Work;
  readonly inner: () => InnerAddresses;
  /** The external address is known anew. */
  readonly learn: (device: Device, external: External) => void;
  /** One step is over. */
  readonly done: (now: Milliseconds, result: { readonly type: string } | Gone) => void;
}

/** What is done between requests: checks and looks, and the deletion of what no mapping needs any more. */
export class Tending {
  readonly #options: TendingOptions;
  #nextLookAt: Milliseconds = Infinity;
  #looks = 0;

  constructor(options: TendingOptions) {
    this.#options = options;
  }

  /** When something is to be done; Infinity if nothing is. */
  get deadline(): Milliseconds {
    return Math.min(this.#options.entries.deadline, this.#nextLookAt);
  }

  /** Something was granted: it is looked at from time to time. */
  granted(now: Milliseconds): void {
    this.#nextLookAt = Math.min(this.#nextLookAt, now + this.#options.config.upnpLookInterval);
  }

  /** Does the first thing that is due, if there is one. */
  next(now: Milliseconds, device: Device): void {
    const { entries } = this.#options;
    const check = entries.dueCheck(now);
    if (check !== undefined) return this.#check(now, device, check);
    const orphan = entries.dueOrphan(now);
    if (orphan !== undefined) return this.#clear(now, device, orphan);
    const isRegular = this.#nextLookAt <= now;
    if (isRegular) this.#nextLookAt = now + this.#options.config.upnpLookInterval;
    const entry = entries.takeToLook(isRegular);
    if (entry !== undefined) this.#look(now, device, entry, isRegular);
    else if (isRegular) this.#nextLookAt = Infinity;
  }

  #check(now: Milliseconds, device: Device, entry: Entry): void {
    const { exchanges, workOn, done } = this.#options;
    exchanges.run(now, checkRenewal(workOn(device, entry)), done);
  }

  #clear(now: Milliseconds, device: Device, entry: Entry): void {
    const { exchanges, entries, workOn, config, done } = this.#options;
    exchanges.run(now, deletion(workOn(device, entry)), (at, result) => {
      const again = at + config.minimumShortHold;
      entries.cleared(entry, result.type === "deleted" ? undefined : again);
      done(at, result);
    });
  }

  #look(now: Milliseconds, device: Device, entry: Entry, isRegular: boolean): void {
    const { exchanges, entries, events, workOn, inner, learn, done } = this.#options;
    const asksAddress = isRegular && ++this.#looks % LOOKS_PER_ADDRESS === 0;
    exchanges.run(now, lookAt(workOn(device, entry), inner(), asksAddress), (at, seen) => {
      if (seen.type === "seen" && seen.external !== undefined) learn(device, seen.external);
      if (seen.type === "seen" && seen.isLost && entry.mapping.lease?.protocol === "upnp") {
        entries.lost(at, entry);
        events.lost(entry.mapping);
      }
      done(at, seen);
    });
  }
}

/** Deletes what the gateway holds, of either family. */
export function deletion(work: Work): Task<DeletedOrNot> {
  return work.client.family === "IPv6" ? deletePinhole(work) : deletePortMapping(work);
}

/** Our decision: an external address changes rarely. */
const LOOKS_PER_ADDRESS = 5;
