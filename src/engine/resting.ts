import type { Assignment, MappingId, Milliseconds } from "./events.ts";
import { Mapping } from "./mapping.ts";
import type { Surroundings } from "./phase.ts";
import type { Nonce } from "../wire/nonce.ts";
import { type MappingSpec, packSpec, unpackSpec } from "./spec.ts";

/**
 * Mappings to which nothing happens: most of them nearly always, each in a tenth of the memory of a {@linkcode Mapping}.
 * They rest as long as they are alive and wait for their renewal, or have not been asked for yet.
 */
export class Resting {
  /** Many slots a page; to copy one long array into a longer one would take the memory of both. */
  readonly #pages: Page[] = [];
  /** By slot: what is wanted, where that does not fit into a number. */
  readonly #specs = new Map<number, MappingSpec>();

  /** Whether one rests there. */
  has(slot: number): boolean {
    const counts = this.#pages[slot >>> SLOT_BITS]?.counts;
    return counts !== undefined && counts[COUNTS * (slot & SLOT_MASK)] !== 0;
  }

  /** The id of one that rests. */
  idOf(slot: number): MappingId {
    const { counts } = this.#pages[slot >>> SLOT_BITS] as Page;
    return counts[COUNTS * (slot & SLOT_MASK) + 1] as number;
  }

  /**
   * Lays a mapping down, unless something would be lost.
   *
   * @returns Whether that is done.
   */
  lay(slot: number, m: Mapping): boolean {
    const { assigned: assignment, spec } = m;
    const hasTrouble = m.holdUntil !== -Infinity || m.heldByServerUntil !== -Infinity ||
      m.createsPending !== 0;
    if (hasTrouble) return false;
    if (m.phase === "running") {
      const isUsual = !m.queued && assignment !== undefined &&
        m.expireAt === assignment.expiresAt &&
        m.suggestedAddress === assignment.externalAddress &&
        m.suggestedPort === assignment.externalPort;
      if (!isUsual) return false;
    } else {
      const isUntouched = m.phase === "waiting" && m.queued && assignment === undefined &&
        !m.isHeir &&
        m.suggestedAddress === spec.externalAddress && m.suggestedPort === spec.externalPort;
      if (!isUntouched) return false;
    }
    const { times, counts, assigned } = this.#pages[slot >>> SLOT_BITS] ?? this.#newPage(slot);
    const place = slot & SLOT_MASK;
    const t = TIMES * place;
    const c = COUNTS * place;
    const packed = packSpec(spec);
    if (typeof packed !== "number") this.#specs.set(slot, packed);
    times[t] = m.renewAt;
    times[t + 1] = m.renewalSentAt;
    counts[c] = m.rung << RUNG_SHIFT | RESTS | (m.phase === "waiting" ? WAITING : 0) |
      (m.viaNatPmp ? VIA_NATPMP : 0) |
      (m.isHeir ? IS_HEIR : 0);
    counts[c + 1] = m.id;
    counts[c + 2] = typeof packed === "number" ? packed : -1;
    counts[c + 3] = m.lifetime;
    counts[c + 4] = m.lifetimes === Infinity ? -1 : countOf(m.lifetimes);
    counts[c + 5] = m.used;
    counts[c + 6] = m.generation;
    assigned[place] = assignment;
    return true;
  }

  /** As {@linkcode Resting.lay}, of a mapping to which nothing has happened. */
  layFresh(slot: number, id: MappingId, spec: MappingSpec, lifetimes: number): void {
    const { times, counts } = this.#pages[slot >>> SLOT_BITS] ?? this.#newPage(slot);
    const place = slot & SLOT_MASK;
    const t = TIMES * place;
    const c = COUNTS * place;
    const packed = packSpec(spec);
    if (typeof packed !== "number") this.#specs.set(slot, packed);
    times[t] = Infinity;
    times[t + 1] = -Infinity;
    counts[c] = RESTS | WAITING;
    counts[c + 1] = id;
    counts[c + 2] = typeof packed === "number" ? packed : -1;
    counts[c + 3] = spec.lifetime;
    counts[c + 4] = lifetimes === Infinity ? -1 : countOf(lifetimes);
    counts[c + 5] = counts[c + 6] = 0;
  }

  /**
   * The mapping again.
   *
   * @param spare One that nobody needs any more, to be used for it.
   */
  raise(slot: number, nonce: Nonce, world: Surroundings, spare: Mapping | undefined): Mapping {
    const { times, counts, assigned } = this.#pages[slot >>> SLOT_BITS] as Page;
    const place = slot & SLOT_MASK;
    const t = TIMES * place;
    const c = COUNTS * place;
    const flags = counts[c] as number;
    counts[c] = 0;
    const lifetime = (counts[c + 3] as number) >>> 0;
    const count = counts[c + 4] as number;
    const packed = counts[c + 2] as number;
    const id = counts[c + 1] as number;
    const lifetimes = count < 0 ? Infinity : count;
    const spec = unpackSpec(packed < 0 ? this.#specs.get(slot) as MappingSpec : packed, lifetime);
    const m = spare ?? new Mapping(id, spec, nonce, lifetimes, -Infinity, world);
    if (m === spare) m.begin(id, spec, nonce, lifetimes, -Infinity);
    m.slot = slot;
    m.lifetime = lifetime;
    m.renewAt = times[t] as number;
    m.renewalSentAt = times[t + 1] as number;
    m.used = counts[c + 5] as number;
    m.generation = counts[c + 6] as number;
    m.rung = flags >>> RUNG_SHIFT;
    m.viaNatPmp = (flags & VIA_NATPMP) !== 0;
    m.isHeir = (flags & IS_HEIR) !== 0;
    m.queued = (flags & (WAITING | RENEWING)) !== 0;
    if ((flags & WAITING) === 0) m.wakeAssigned(assigned[place] as Assignment);
    if ((flags & RENEWING) !== 0) m.phase = "renewing";
    if (packed < 0) this.#specs.delete(slot);
    assigned[place] = undefined;
    return m;
  }

  /**
   * Begins to renew one whose time has come, unless its lifetime is over; it rests until its turn comes to send. Many are
   * renewed at the same time, and to raise all of them at once would take the memory of all.
   *
   * @returns Whether that is possible.
   */
  beginRenewal(slot: number, now: Milliseconds): boolean {
    const { times, counts } = this.#pages[slot >>> SLOT_BITS] as Page;
    const place = slot & SLOT_MASK;
    const flags = counts[COUNTS * place] as number;
    if ((flags & (WAITING | RENEWING)) !== 0 || this.expiresAt(slot) <= now) return false;
    counts[COUNTS * place] = flags | RENEWING;
    times[TIMES * place] = Infinity;
    return true;
  }

  /** When the lifetime of one that is alive ends. */
  expiresAt(slot: number): Milliseconds {
    const { assigned } = this.#pages[slot >>> SLOT_BITS] as Page;
    return (assigned[slot & SLOT_MASK] as Assignment).expiresAt;
  }

  #newPage(slot: number): Page {
    return this.#pages[slot >>> SLOT_BITS] = {
      times: new Float64Array(TIMES * (SLOT_MASK + 1)),
      counts: new Int32Array(COUNTS * (SLOT_MASK + 1)),
      assigned: [],
    };
  }
}

/** Whole lifetimes, as many as it takes; -1 stands for no end. */
function countOf(lifetimes: number): number {
  return lifetimes > 0x7fff_ffff ? -1 : Math.ceil(lifetimes);
}

interface Page {
  readonly times: Float64Array;
  readonly counts: Int32Array;
  readonly assigned: (Assignment | undefined)[];
}

/** 128 slots a page. */
const SLOT_BITS = 7;
const SLOT_MASK = (1 << SLOT_BITS) - 1;

/** Numbers kept of each: when it is renewed, when the last request of its life left; and the rest. */
const TIMES = 2;
const COUNTS = 7;

const RESTS = 16;
const WAITING = 1;
const VIA_NATPMP = 2;
const IS_HEIR = 4;
/** Its renewal has begun, and it waits for its turn to send. */
const RENEWING = 8;
/** Above the flags. */
const RUNG_SHIFT = 8;
