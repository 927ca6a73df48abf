import type { Assignment, MappingId } from "./events.ts";
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

  /** Whether nothing would be lost. */
  static isPossible(m: Mapping): boolean {
    const hasTrouble = m.holdUntil !== -Infinity || m.heldByServerUntil !== -Infinity ||
      m.createsPending !== 0;
    if (hasTrouble) return false;
    const { assigned, spec } = m;
    if (m.phase === "running") {
      return !m.queued && assigned !== undefined && m.expireAt === assigned.expiresAt &&
        m.suggestedAddress === assigned.externalAddress &&
        m.suggestedPort === assigned.externalPort;
    }
    return m.phase === "waiting" && m.queued && assigned === undefined && !m.isHeir &&
      m.suggestedAddress === spec.externalAddress && m.suggestedPort === spec.externalPort;
  }

  /** Whether it has not been asked for yet. */
  isWaiting(slot: number): boolean {
    return ((this.#page(slot).counts[COUNTS * (slot & SLOT_MASK)] ?? 0) & WAITING) !== 0;
  }

  lay(slot: number, m: Mapping): void {
    const { times, counts, assigned } = this.#page(slot);
    const place = slot & SLOT_MASK;
    const t = TIMES * place;
    const c = COUNTS * place;
    times[t] = m.renewAt;
    times[t + 1] = m.grantedAt;
    times[t + 2] = m.renewalSentAt;
    counts[c] = (m.phase === "waiting" ? WAITING : 0) | (m.viaNatPmp ? VIA_NATPMP : 0) |
      (m.isHeir ? IS_HEIR : 0);
    counts[c + 1] = m.id;
    counts[c + 2] = this.#keep(slot, m.spec);
    counts[c + 3] = m.lifetime;
    counts[c + 4] = countOf(m.lifetimes);
    counts[c + 5] = m.used;
    counts[c + 6] = m.generation;
    counts[c + 7] = m.rung;
    assigned[place] = m.assigned;
  }

  /** As {@linkcode Resting.lay}, of a mapping to which nothing has happened. */
  layFresh(slot: number, id: MappingId, spec: MappingSpec, lifetimes: number): void {
    const { times, counts } = this.#page(slot);
    const place = slot & SLOT_MASK;
    const c = COUNTS * place;
    times.set(FRESH_TIMES, TIMES * place);
    counts[c] = WAITING;
    counts[c + 1] = id;
    counts[c + 2] = this.#keep(slot, spec);
    counts[c + 3] = spec.lifetime;
    counts[c + 4] = countOf(lifetimes);
    counts.fill(0, c + 5, c + COUNTS);
  }

  raise(slot: number, nonce: Nonce, world: Surroundings): Mapping {
    const { times, counts, assigned } = this.#page(slot);
    const place = slot & SLOT_MASK;
    const t = TIMES * place;
    const c = COUNTS * place;
    const flags = counts[c] ?? 0;
    const lifetime = (counts[c + 3] ?? 0) >>> 0;
    const count = counts[c + 4] ?? 0;
    const m = new Mapping(
      counts[c + 1] ?? 0,
      unpackSpec(this.#specs.get(slot) ?? counts[c + 2] ?? 0, lifetime),
      nonce,
      count < 0 ? Infinity : count,
      -Infinity,
      world,
    );
    m.slot = slot;
    m.lifetime = lifetime;
    m.renewAt = times[t] ?? 0;
    m.grantedAt = times[t + 1] ?? 0;
    m.renewalSentAt = times[t + 2] ?? 0;
    m.used = counts[c + 5] ?? 0;
    m.generation = counts[c + 6] ?? 0;
    m.rung = counts[c + 7] ?? 0;
    m.viaNatPmp = (flags & VIA_NATPMP) !== 0;
    m.isHeir = (flags & IS_HEIR) !== 0;
    if ((flags & WAITING) !== 0) m.queued = true;
    else m.wakeAssigned(assigned[place] as Assignment);
    this.#specs.delete(slot);
    assigned[place] = undefined;
    return m;
  }

  #keep(slot: number, spec: MappingSpec): number {
    const packed = packSpec(spec);
    if (typeof packed === "number") return packed;
    this.#specs.set(slot, packed);
    return -1;
  }

  #page(slot: number): Page {
    return this.#pages[slot >>> SLOT_BITS] ??= {
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

/** Numbers kept of each. */
const TIMES = 3;
const COUNTS = 8;

/** When it is renewed, when its lifetime began, and when the last request of its life left. */
const FRESH_TIMES = [Infinity, 0, -Infinity];

const WAITING = 1;
const VIA_NATPMP = 2;
const IS_HEIR = 4;
