import type { Clock, Milliseconds } from "../clock.ts";
import type { IpAddress } from "../wire/address.ts";
import type { Addresses } from "./addresses.ts";

/** How changes of the network under a client are noticed. */
export interface WatchOptions {
  /** Milliseconds between two looks at this host's addresses; 5000 unless told. */
  readonly interval?: Milliseconds;
  /** What is looked at; this machine unless told. For tests. */
  readonly surveyor?: Surveyor;
}

/** What a watcher looks at. Tests answer in place of the system. */
export interface Surveyor {
  /** Every address of this host; undefined where it may not be asked (Deno: `--allow-sys=networkInterfaces`). */
  hostAddresses(): Promise<readonly string[] | undefined>;
  /** The addresses that a new client would get now. */
  find(): Promise<Addresses>;
  /** Milliseconds of the wall clock, which goes on while the machine sleeps. */
  wallTime(): Milliseconds;
}

/** What a watcher tells. */
export interface WatchEvents {
  /** The addresses that the client has now. */
  readonly current: () => Addresses;
  /** This host has another address, or another gateway. */
  readonly moved: (addresses: Addresses) => Promise<void>;
  /** The machine slept: the engine's clock may have stood still. */
  readonly resumed: () => void;
}

/**
 * Looks now and then whether the machine changed under the client (RFC 6887 sections 11.5, 16.4): cheaply at the addresses
 * of this host, and only when those changed, a send failed or a minute went by at the route to the server.
 */
export class Watcher {
  readonly #clock: Clock;
  readonly #surveyor: Surveyor;
  readonly #events: WatchEvents;
  readonly #interval: Milliseconds;
  #cancel: () => void = () => {};
  #closed = false;
  #suspicious = false;
  #looks = 0;
  #known: string | undefined;
  #wall: Milliseconds;
  #at: Milliseconds;

  constructor(clock: Clock, surveyor: Surveyor, events: WatchEvents, options: WatchOptions) {
    const { interval = DEFAULT_INTERVAL } = options;
    if (!(interval >= 100)) {
      throw new RangeError(
        `Cannot watch the network: the interval must be at least 100 milliseconds, got "${interval}"`,
      );
    }
    this.#clock = clock;
    this.#surveyor = surveyor;
    this.#events = events;
    this.#interval = interval;
    this.#wall = surveyor.wallTime();
    this.#at = clock.now();
    this.#arm();
  }

  /** A send failed on this host: the next look is a thorough one. */
  suspect(): void {
    this.#suspicious = true;
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  #arm(): void {
    if (this.#closed) return;
    this.#cancel = this.#clock.alarm(this.#clock.now() + this.#interval, () => void this.#look());
  }

  async #look(): Promise<void> {
    this.#checkSleep();
    try {
      if (await this.#isWorthAsking()) await this.#ask();
    } finally {
      this.#arm();
    }
  }

  /** The wall clock runs on while the machine sleeps, the monotonic one may not; a wall clock that is set back says nothing. */
  #checkSleep(): void {
    const [wall, at] = [this.#surveyor.wallTime(), this.#clock.now()];
    const slept = (wall - this.#wall) - (at - this.#at);
    const late = at - this.#at - this.#interval;
    this.#wall = wall;
    this.#at = at;
    if (slept > SLEEP || late > SLEEP) this.#events.resumed();
  }

  async #isWorthAsking(): Promise<boolean> {
    const addresses = (await this.#surveyor.hostAddresses())?.toSorted().join(" ");
    const changed = addresses !== this.#known && this.#known !== undefined;
    this.#known = addresses;
    this.#looks++;
    const thorough = this.#suspicious || changed || this.#looks * this.#interval >= THOROUGH;
    if (thorough) this.#looks = 0;
    return thorough;
  }

  async #ask(): Promise<void> {
    let found: Addresses;
    try {
      found = await this.#surveyor.find();
    } catch {
      this.#suspicious = true; // no network at the moment: look again at the next turn
      return;
    }
    this.#suspicious = false;
    if (this.#closed || isSame(found, this.#events.current())) return;
    await this.#events.moved(found);
  }
}

function isSame(a: Addresses, b: Addresses): boolean {
  const equal = (x: IpAddress, y: IpAddress | undefined): boolean => y !== undefined && x.equals(y);
  return a.clientAddress.equals(b.clientAddress) &&
    a.serverAddresses.length === b.serverAddresses.length &&
    a.serverAddresses.every((address, index) => equal(address, b.serverAddresses[index]));
}

const DEFAULT_INTERVAL: Milliseconds = 5_000;

/** A gap this long between wall clock and monotonic clock is sleep, not adjustment. */
const SLEEP: Milliseconds = 10_000;

/** The route is looked up at least this often. */
const THOROUGH: Milliseconds = 60_000;
