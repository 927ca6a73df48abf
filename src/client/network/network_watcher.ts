import type { Clock, Milliseconds } from "../../clock.ts";
import type { IpAddress } from "../../wire/address.ts";
import type { Addresses } from "./addresses.ts";

/** How changes of this host's network are detected. */
export interface WatchOptions {
  /** Milliseconds between two checks of this host's addresses, from 100; 5000 by default. */
  readonly interval?: Milliseconds;
  /** The source of addresses and wall-clock time; this machine by default. For tests. */
  readonly surveyor?: HostSurvey;
}

/** The state of the machine that a watcher checks. Tests implement it in place of the system. */
export interface HostSurvey {
  /** All addresses of this host; undefined without permission to read them (Deno: `--allow-sys=networkInterfaces`). */
  hostAddresses(): Promise<readonly string[] | undefined>;
  /**
   * The addresses that the client should use: the current ones as long as they are usable, even if better ones exist
   * (RFC 6887 section 11.5). Rejects while there is no network.
   */
  find(current: Addresses): Promise<Addresses>;
  /** The wall-clock time in milliseconds, which advances while the machine sleeps. */
  wallTime(): Milliseconds;
}

/** The callbacks of a {@linkcode NetworkWatcher}. */
export interface WatchEvents {
  /** The addresses that the client uses now. */
  readonly current: () => Addresses;
  /** This host has another address or gateway. Resolves with whether the client uses the new addresses. */
  readonly moved: (addresses: Addresses) => Promise<boolean>;
  /** The machine slept, or the network was down: the server may have lost its mappings meanwhile. */
  readonly resumed: () => void;
}

/**
 * Detects changes of the network (RFC 6887 sections 11.5, 16.4). At every interval it compares this host's addresses, which is
 * cheap. It looks up the route to the server, which is not, only after those changed, a send failed, the machine slept, or a
 * minute has passed.
 */
export class NetworkWatcher {
  readonly #clock: Clock;
  readonly #survey: HostSurvey;
  readonly #events: WatchEvents;
  readonly #interval: Milliseconds;
  #cancel: () => void = () => {};
  #closed = false;
  /** The next check looks up the route. So does the first one: the route may have changed since the client's start. */
  #routeCheckDue = true;
  /** The mappings must be requested again as soon as there is a network. */
  #refreshDue = false;
  #checksSinceRoute = 0;
  #lastAddresses: string | undefined;
  #lastWallTime: Milliseconds;
  #lastTime: Milliseconds;
  #dueAt: Milliseconds = Infinity;

  constructor(clock: Clock, survey: HostSurvey, events: WatchEvents, interval: Milliseconds) {
    this.#clock = clock;
    this.#survey = survey;
    this.#events = events;
    this.#interval = interval;
    this.#lastWallTime = survey.wallTime();
    this.#lastTime = clock.now();
    this.#schedule();
  }

  /** Has the next check look up the route: a send failed, or a request stayed without a response. */
  checkSoon(): void {
    this.#routeCheckDue = true;
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#dueAt = this.#clock.now() + this.#interval;
    this.#cancel = this.#clock.alarm(this.#dueAt, () => void this.#check());
  }

  async #check(): Promise<void> {
    try {
      if (this.#slept()) this.#refreshDue = this.#routeCheckDue = true;
      if (await this.#mustCheckRoute()) await this.#checkRoute();
    } finally {
      this.#schedule();
    }
  }

  /**
   * The wall clock advances while the machine sleeps. Where the monotonic clock does too, the alarm is late. A wall clock that
   * was set back proves nothing.
   */
  #slept(): boolean {
    const [wallTime, time] = [this.#survey.wallTime(), this.#clock.now()];
    const gap = (wallTime - this.#lastWallTime) - (time - this.#lastTime);
    this.#lastWallTime = wallTime;
    this.#lastTime = time;
    return gap > SLEEP || time - this.#dueAt > SLEEP;
  }

  async #mustCheckRoute(): Promise<boolean> {
    const addresses = (await this.#survey.hostAddresses())?.toSorted().join(" ");
    const changed = addresses !== this.#lastAddresses && this.#lastAddresses !== undefined;
    this.#lastAddresses = addresses;
    const checks = ++this.#checksSinceRoute;
    if (!this.#routeCheckDue && !changed && checks * this.#interval < ROUTE_INTERVAL) return false;
    this.#checksSinceRoute = 0;
    return true;
  }

  async #checkRoute(): Promise<void> {
    this.#routeCheckDue = false;
    const found = await this.#find();
    if (this.#closed) return;
    if (found === undefined) {
      this.#routeCheckDue = this.#refreshDue = true; // at every interval until there is a network
    } else if (!isSame(found, this.#events.current())) {
      if (await this.#events.moved(found)) this.#refreshDue = false; // the mappings are requested from there
      else this.#routeCheckDue = true;
    } else if (this.#refreshDue) {
      this.#refreshDue = false;
      this.#events.resumed();
    }
  }

  /** Undefined while there is no network that this client can use. */
  async #find(): Promise<Addresses | undefined> {
    const current = this.#events.current();
    try {
      const found = await this.#survey.find(current);
      // A mapping of the other family would be another mapping.
      return found.clientAddress.family === current.clientAddress.family ? found : undefined;
    } catch {
      return undefined; // for any reason, such as no route; the next check tries again
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

/** A longer gap between the clocks is a sleep, a shorter one an adjustment. */
const SLEEP: Milliseconds = 10_000;

/** The longest time between two look-ups of the route. */
const ROUTE_INTERVAL: Milliseconds = 60_000;
