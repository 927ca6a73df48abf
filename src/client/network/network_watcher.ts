import type { Clock, Milliseconds } from "../../clock.ts";
import type { IpAddress } from "../../wire/address.ts";
import type { Addresses } from "./addresses.ts";

/** How changes of the network under a client are noticed. */
export interface WatchOptions {
  /** Milliseconds between two looks at this host's addresses, from 100; 5000 unless told. */
  readonly interval?: Milliseconds;
  /** What is looked at; this machine unless told. For tests. */
  readonly surveyor?: HostSurvey;
}

/** What a watcher looks at. Tests answer in place of the system. */
export interface HostSurvey {
  /** Every address of this host; undefined where it may not be asked (Deno: `--allow-sys=networkInterfaces`). */
  hostAddresses(): Promise<readonly string[] | undefined>;
  /**
   * The addresses for the client from now on: those it has as long as they can be used, be there better ones or not
   * (RFC 6887 section 11.5). Rejects while there is no network.
   */
  find(current: Addresses): Promise<Addresses>;
  /** Milliseconds of the wall clock, which goes on while the machine sleeps. */
  wallTime(): Milliseconds;
}

/** What a watcher tells. */
export interface WatchEvents {
  /** The addresses that the client has now. */
  readonly current: () => Addresses;
  /** This host has another address, or another gateway. Resolves with whether the client went along. */
  readonly moved: (addresses: Addresses) => Promise<boolean>;
  /** The machine slept, or the network was away: what is known of the server may be out of date. */
  readonly resumed: () => void;
}

/**
 * Looks now and then whether the machine changed under the client (RFC 6887 sections 11.5, 16.4): cheaply at the addresses
 * of this host, and only when those changed, a send failed, the machine slept or a minute went by at the route to the server.
 */
export class NetworkWatcher {
  readonly #clock: Clock;
  readonly #surveyor: HostSurvey;
  readonly #events: WatchEvents;
  readonly #interval: Milliseconds;
  #cancel: () => void = () => {};
  #closed = false;
  /** The first look is a thorough one: something may have changed since the addresses were found. */
  #suspicious = true;
  /** The client is to ask for everything again as soon as there is a network. */
  #stale = false;
  #looks = 0;
  #known: string | undefined;
  #wall: Milliseconds;
  #at: Milliseconds;
  #dueAt: Milliseconds = Infinity;

  constructor(clock: Clock, surveyor: HostSurvey, events: WatchEvents, interval: Milliseconds) {
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
    this.#dueAt = this.#clock.now() + this.#interval;
    this.#cancel = this.#clock.alarm(this.#dueAt, () => void this.#look());
  }

  async #look(): Promise<void> {
    try {
      if (this.#slept()) this.#stale = this.#suspicious = true;
      if (await this.#isWorthAsking()) await this.#ask();
    } finally {
      this.#arm();
    }
  }

  /**
   * The wall clock runs on while the machine sleeps. Where the monotonic one does too, the alarm came late. A wall clock that
   * was set back says nothing.
   */
  #slept(): boolean {
    const [wall, at] = [this.#surveyor.wallTime(), this.#clock.now()];
    const missing = (wall - this.#wall) - (at - this.#at);
    this.#wall = wall;
    this.#at = at;
    return missing > SLEEP || at - this.#dueAt > SLEEP;
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
    this.#suspicious = false;
    const found = await this.#find();
    if (this.#closed) return;
    if (found === undefined) {
      this.#suspicious = this.#stale = true; // every turn, until there is a network again
    } else if (!isSame(found, this.#events.current())) {
      if (await this.#events.moved(found)) this.#stale = false; // which asks for everything anew
      else this.#suspicious = true;
    } else if (this.#stale) {
      this.#stale = false;
      this.#events.resumed();
    }
  }

  /** Undefined while there is no network that this client can use. */
  async #find(): Promise<Addresses | undefined> {
    const current = this.#events.current();
    try {
      const found = await this.#surveyor.find(current);
      // What a mapping is depends on the family: with the other one it would not be the same.
      return found.clientAddress.family === current.clientAddress.family ? found : undefined;
    } catch {
      return undefined; // whatever the reason, such as no route: looked at again at the next turn
    }
  }
}

function isSame(a: Addresses, b: Addresses): boolean {
  const equal = (x: IpAddress, y: IpAddress | undefined): boolean =>
    y !== undefined && x.equals(y) && x.scope === y.scope;
  return equal(a.clientAddress, b.clientAddress) &&
    a.serverAddresses.length === b.serverAddresses.length &&
    a.serverAddresses.every((address, index) => equal(address, b.serverAddresses[index]));
}

/** A gap this long between wall clock and monotonic clock is sleep, not adjustment. */
const SLEEP: Milliseconds = 10_000;

/** The route is looked up at least this often. */
const THOROUGH: Milliseconds = 60_000;
