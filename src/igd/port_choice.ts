import { isSuggestionBinding } from "../engine/mapping_spec.ts";
import type { Entry } from "./entry.ts";

/** Chooses the external ports that are tried for a mapping, one after the other. */
export class PortChoice {
  /** The port that is tried now. */
  port: number;
  readonly #entry: Entry;
  readonly #random: () => number;
  #others = 0;
  #isSameTried = false;
  #isHighTried = false;

  constructor(entry: Entry, random: () => number) {
    this.#entry = entry;
    this.#random = random;
    const { spec, suggestedPort } = entry.mapping;
    const wanted = suggestedPort === 0 ? spec.internalPort : suggestedPort;
    // Routers and people reserve the ports below 1024: only the caller's own suggestion or an earlier mapping has one.
    const isMeant = spec.externalPort !== 0 || suggestedPort !== 0 || entry.externalPort === wanted;
    this.port = wanted < LEAST_FREE && !isMeant ? this.#randomPort() : wanted;
  }

  /** Whether no other port will do. */
  get isBinding(): boolean {
    return isSuggestionBinding(this.#entry.mapping.spec);
  }

  /** Another one has the port: goes to a random one, four times. Returns whether there is one. */
  next(): boolean {
    if (this.isBinding || this.#others >= MOST_OTHERS) return false;
    this.#others++;
    this.port = this.#randomPort();
    return true;
  }

  /** The gateway may allow high ports only, or have trouble with this one: goes to a random one, once. */
  nextHigh(): boolean {
    if (this.#isHighTried || this.isBinding) return false;
    this.#isHighTried = true;
    this.port = this.#randomPort();
    return true;
  }

  /** The gateway wants equal ports outside and inside. */
  same(): boolean {
    const { internalPort } = this.#entry;
    if (this.#isSameTried || (this.isBinding && this.port !== internalPort)) return false;
    this.#isSameTried = true;
    this.port = internalPort;
    return true;
  }

  /** Whether it is not the first port any more. */
  get hasMoved(): boolean {
    return this.#others > 0;
  }

  /** Whether some routers reserve the port. */
  get isLow(): boolean {
    return this.port < LEAST_FREE;
  }

  #randomPort(): number {
    return LEAST_RANDOM + Math.floor(this.#random() * (65_536 - LEAST_RANDOM));
  }
}

/** The first port that needs no privilege. */
const LEAST_FREE = 1_024;

/** Our decision: above the ports that well-known programs use. */
const LEAST_RANDOM = 10_000;

/** Our decision: a gateway whose ports are taken four times by chance is rather one that refuses all. */
const MOST_OTHERS = 4;
