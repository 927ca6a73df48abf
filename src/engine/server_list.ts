import type { Endpoint } from "../wire/address.ts";
import type { Milliseconds } from "./events.ts";

/**
 * The addresses of one server, which are tried one after the other (RFC 7488 section 3).
 *
 * To a single address requests are repeated without limit. Of several, each gets four transmissions, and a round begins
 * every 15 minutes.
 */
export class ServerList {
  /** Where requests go, and its index. Read only. */
  current: Endpoint;
  index = 0;
  readonly #addresses: readonly Endpoint[];
  #roundAt: Milliseconds | undefined;
  #hasAnswered = false;
  #hasGoneRound = false;

  /** @throws {RangeError} If there is no address. */
  constructor(addresses: readonly Endpoint[]) {
    const [first] = addresses;
    if (first === undefined) {
      throw new RangeError("Cannot make an engine: it needs at least one server address");
    }
    this.#addresses = addresses;
    this.current = first;
  }

  /** All addresses, beginning with the one in use. */
  get fromCurrent(): readonly Endpoint[] {
    return [this.current, ...this.#addresses.filter((each) => each !== this.current)];
  }

  /** Transmissions after which the next address is used; 0 without another one. */
  get limit(): number {
    return this.#addresses.length > 1 ? TRANSMISSIONS : 0;
  }

  /** Whether no address is left that was not tried in PCP. */
  get isTried(): boolean {
    return this.#addresses.length === 1 || this.#hasGoneRound;
  }

  /** A request leaves; the first one begins the round. */
  asked(now: Milliseconds): void {
    this.#roundAt ??= now;
  }

  /** The server answered: its address stays, and a later search begins with the first one. */
  answered(): void {
    this.#roundAt = undefined;
    this.#hasAnswered = true;
    this.#hasGoneRound = false;
  }

  /** Goes to the next address. Returns when requests may be sent to it. */
  next(now: Milliseconds): Milliseconds {
    const startOver = this.#hasAnswered && this.index !== 0;
    this.#hasAnswered = false;
    this.index = startOver ? 0 : (this.index + 1) % this.#addresses.length;
    this.current = this.#addresses[this.index] as Endpoint;
    if (startOver) {
      this.#roundAt = undefined;
      return now;
    }
    if (this.index !== 0) return now;
    const until = Math.max(now, (this.#roundAt ?? now) + ROUND);
    this.#roundAt = undefined;
    this.#hasGoneRound = true;
    return until;
  }
}

/** MRC for each address (RFC 7488 section 3). */
const TRANSMISSIONS = 4;

/** Between the beginnings of two rounds (RFC 7488 section 3: 15 minutes). */
const ROUND: Milliseconds = 900_000;
