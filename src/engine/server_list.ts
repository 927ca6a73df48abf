import type { Endpoint } from "../wire/address.ts";
import type { Milliseconds } from "./events.ts";

/**
 * The addresses of one server, asked one after the other (RFC 7488 section 3).
 *
 * With one address requests are repeated without limit; with several, four times each, then the next one is asked, and the
 * whole round begins again every 15 minutes.
 */
export class ServerList {
  /** Where requests go, and its place in the list. Read only. */
  current: Endpoint;
  index = 0;
  readonly #addresses: readonly Endpoint[];
  #roundAt: Milliseconds | undefined;
  #answeredHere = false;

  /** @throws {RangeError} If there is none. */
  constructor(addresses: readonly Endpoint[]) {
    const [first] = addresses;
    if (first === undefined) {
      throw new RangeError("Cannot make an engine: it needs at least one server address");
    }
    this.#addresses = addresses;
    this.current = first;
  }

  /** Transmissions after which the next address is asked; 0 without another one. */
  get limit(): number {
    return this.#addresses.length > 1 ? TRANSMISSIONS : 0;
  }

  /** A request leaves: the round begins with the first one. */
  asked(now: Milliseconds): void {
    this.#roundAt ??= now;
  }

  /** The server answered: this address stays, and the next search begins with the first one. */
  answered(): void {
    this.#roundAt = undefined;
    this.#answeredHere = true;
  }

  /** Goes to the next address. Returns until when to wait before asking it. */
  next(now: Milliseconds): Milliseconds {
    const startOver = this.#answeredHere && this.index !== 0;
    this.#answeredHere = false;
    this.index = startOver ? 0 : (this.index + 1) % this.#addresses.length;
    this.current = this.#addresses[this.index] as Endpoint;
    if (startOver) {
      this.#roundAt = undefined;
      return now;
    }
    if (this.index !== 0) return now;
    const until = Math.max(now, (this.#roundAt ?? now) + ROUND);
    this.#roundAt = undefined;
    return until;
  }
}

/** MRC for each address (RFC 7488 section 3). */
const TRANSMISSIONS = 4;

/** Between two rounds (RFC 7488 section 3: 15 minutes). */
const ROUND: Milliseconds = 900_000;
