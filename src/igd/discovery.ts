import type { IgnoreReason } from "../engine/events.ts";
import type { FallbackHost } from "../engine/fallback.ts";
import type { Milliseconds } from "../milliseconds.ts";
import type { Endpoint } from "../wire/address.ts";
import { decodeSsdp, type SsdpNotify } from "../wire/igd/ssdp.ts";
import { describe, type Description } from "./description.ts";
import { Device, type Service } from "./device.ts";
import type { Exchanges } from "./exchanges.ts";
import type { InnerAddresses } from "./external_address.ts";
import type { Gone } from "./refusal.ts";
import { Search } from "./search.ts";
import { askFirewall, chooseConnection, usableServices } from "./service_choice.ts";
import type { Task } from "./task.ts";

/** What a {@linkcode Discovery} is made of. */
export interface DiscoveryOptions {
  readonly host: FallbackHost;
  readonly exchanges: Exchanges;
  readonly now: () => Milliseconds;
  /** A usable service is known; `hasRestarted` if the gateway seems to have lost its mappings. */
  readonly onFound: (now: Milliseconds, hasRestarted: boolean) => void;
  /** The search brought nothing. */
  readonly onNothing: (now: Milliseconds) => void;
}

/** Finds the gateway's services, and finds out when it has restarted. */
export class Discovery {
  device: Device | undefined;
  /** Services were found before, at this address of the server. Read only. */
  wasFound = false;
  /** Searches may begin then. */
  nextSearchAt: Milliseconds = -Infinity;
  readonly #options: DiscoveryOptions;
  #search: Search | undefined;
  readonly #descriptions: Description[] = [];
  #previous: Device | undefined;
  #failures = 0;
  #isChoosing = false;
  /** A sign of a restart came since the last search. */
  #isRestartLikely = false;
  #byebyeSeen = false;
  #noticedAt: Milliseconds = -Infinity;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
  }

  get isSearching(): boolean {
    return this.#search !== undefined || this.#isChoosing;
  }

  /** When {@linkcode Discovery.wake} is due; Infinity if no search is under way. */
  get deadline(): Milliseconds {
    if (this.#search === undefined) return Infinity;
    const { roundAt, endsAt } = this.#search;
    // The end waits for the description that is being read.
    return this.#options.exchanges.isIdle ? Math.min(roundAt, endsAt) : roundAt;
  }

  get inner(): InnerAddresses {
    const { clientAddress, servers } = this.#options.host;
    return { client: clientAddress, gateway: servers()[0]?.address ?? clientAddress };
  }

  /** Begins a search. */
  start(now: Milliseconds): void {
    this.#descriptions.length = 0;
    this.#search = new Search(now, this.#options.host);
  }

  wake(now: Milliseconds): void {
    const search = this.#search;
    if (search !== undefined && search.roundAt <= now) search.wake(now);
  }

  /** Goes on when no exchange is under way: reads the next description, or ends the search. */
  continue(now: Milliseconds): void {
    const { exchanges } = this.#options;
    const search = this.#search;
    if (search === undefined || !exchanges.isIdle) return;
    const candidate = search.take();
    if (candidate !== undefined) {
      exchanges.run(now, describe(candidate), (at, description) => {
        if (description !== undefined) this.#described(at, search, description);
        this.continue(at);
      });
    } else if (search.isOver(now)) this.#end(now);
  }

  /** The services cannot be used as they are known. */
  invalidate({ isRefused }: Gone): void {
    if (isRefused === true) this.#isRestartLikely = true;
    this.#forgetDevice();
  }

  /** The gateway does what it is asked. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** It was described anew in vain: the next search has to wait. */
  postpone(now: Milliseconds): void {
    this.nextSearchAt = now + Math.min(FIRST_GAP * 2 ** this.#failures++, LONGEST_GAP);
  }

  /** The network may have changed: nothing is waited for. */
  refresh(): void {
    this.#failures = 0;
    this.nextSearchAt = -Infinity;
    if (this.#search === undefined && !this.#isChoosing) this.#forgetDevice();
  }

  /** Another address of the server is used. */
  moved(): void {
    if (this.#search !== undefined) this.#options.host.act({ type: "searched" });
    this.#search = this.device = this.#previous = undefined;
    this.#isChoosing = this.#isRestartLikely = this.#byebyeSeen = false;
    this.wasFound = false;
    this.#failures = 0;
    this.nextSearchAt = this.#noticedAt = -Infinity;
  }

  /** A datagram of SSDP; returns why it changed nothing, if so. */
  receive(
    now: Milliseconds,
    bytes: Uint8Array,
    source: Endpoint,
    isLive: boolean,
  ): IgnoreReason | undefined {
    const decoded = decodeSsdp(bytes);
    if (!decoded.ok) return "unmatched";
    const message = decoded.value;
    if (message.type !== "answer") return this.#notice(now, message, source, isLive);
    if (this.#search === undefined) return "stale";
    const reason = this.#search.receive(now, message, source);
    if (reason === "source") this.#options.host.act({ type: "elsewhere", source });
    return reason;
  }

  /** An announcement is easy to forge, so it makes us search, and not often. */
  #notice(
    now: Milliseconds,
    { type, bootId }: SsdpNotify,
    { address }: Endpoint,
    isLive: boolean,
  ): IgnoreReason | undefined {
    if (!this.#options.host.servers().some((each) => each.address.equals(address))) return "source";
    if (!isLive) return "stale";
    if (type === "byebye") this.#byebyeSeen = true;
    else if (this.#byebyeSeen) {
      this.#byebyeSeen = false;
      this.#isRestartLikely = true;
    }
    const isNews = type !== "alive" || this.#isRestartLikely ||
      isLaterStart(this.device?.bootId, bootId);
    if (!isNews || now - this.#noticedAt < NOTICE_GAP) return "stale";
    this.#noticedAt = now;
    this.#forgetDevice();
    return undefined;
  }

  #described(now: Milliseconds, search: Search, description: Description): void {
    this.#options.host.act({ type: "found", ...description.found });
    if (this.#descriptions.length < MOST_DEVICES) this.#descriptions.push(description);
    if (this.#services.length > 0) search.found(now);
  }

  /** The services of all descriptions that make mappings for this host. */
  get #services(): readonly Service[] {
    const all = this.#descriptions.flatMap(({ services }) => services).slice(0, MOST_SERVICES);
    return usableServices(all, this.#options.host.clientAddress);
  }

  #end(now: Milliseconds): void {
    const { host, exchanges } = this.#options;
    this.#search = undefined;
    host.act({ type: "searched" });
    const [first, ...others] = this.#services;
    if (first === undefined) return this.#fail(now);
    const device = this.#newDevice([first, ...others]);
    this.#isChoosing = true;
    exchanges.run(now, this.#choose(device), (at, gone) => {
      this.#isChoosing = false;
      if (gone === undefined) this.#found(at, device);
      else this.#fail(at);
    });
  }

  #choose(device: Device): Task<Gone | undefined> {
    const { host, now } = this.#options;
    return host.clientAddress.family === "IPv6"
      ? askFirewall(device)
      : chooseConnection(device, this.inner, now);
  }

  #newDevice(services: readonly [Service, ...Service[]]): Device {
    const [description] = this.#descriptions;
    const { uuid = "", candidate } = description ?? {};
    const bootId = candidate?.bootId;
    const previous = this.#previous;
    const hasRestarted = previous !== undefined &&
      (this.#isRestartLikely || isLaterStart(previous.bootId, bootId) ||
        !previous.services.some(({ target }) => target.port === services[0].target.port));
    const generation = (previous?.generation ?? 0) + (hasRestarted ? 1 : 0);
    return new Device({ uuid, bootId, services, generation });
  }

  #found(now: Milliseconds, device: Device): void {
    const hasRestarted = this.#previous !== undefined &&
      device.generation !== this.#previous.generation;
    this.device = device;
    this.wasFound = true;
    this.#previous = undefined;
    this.#isRestartLikely = this.#byebyeSeen = false;
    this.nextSearchAt = -Infinity;
    this.#options.onFound(now, hasRestarted);
  }

  #fail(now: Milliseconds): void {
    this.postpone(now);
    this.#options.onNothing(now);
  }

  #forgetDevice(): void {
    this.#previous = this.device ?? this.#previous;
    this.device = undefined;
  }
}

/** GUPnP always sends -1, which the decoder leaves out. */
function isLaterStart(before: number | undefined, after: number | undefined): boolean {
  return before !== undefined && after !== undefined && after !== before;
}

/** Our decisions: the gap doubles with each search that brings nothing. */
const FIRST_GAP: Milliseconds = 5_000;
const LONGEST_GAP: Milliseconds = 600_000;

/** Our decision, because announcements can be forged. */
const NOTICE_GAP: Milliseconds = 30_000;

/** Our decisions: routers have two descriptions at most. */
const MOST_DEVICES = 10;
const MOST_SERVICES = 16;
