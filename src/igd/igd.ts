import type { IgnoreReason } from "../engine/events.ts";
import type { Fallback, FallbackEvents, FallbackHost, FallbackState } from "../engine/fallback.ts";
import type { Mapping } from "../engine/mapping.ts";
import type { MappingSpec } from "../engine/mapping_spec.ts";
import type { Obstacle } from "../engine/obstacle.ts";
import type { UpnpInput } from "../engine/upnp_io.ts";
import { upnpObstacle } from "../engine/upnp_terms.ts";
import type { Milliseconds } from "../milliseconds.ts";
import { ResultCode } from "../wire/result_code.ts";
import { failureAnswer, grantAnswer, recordOf } from "./answers.ts";
import type { Device } from "./device.ts";
import { Discovery } from "./discovery.ts";
import { Entries } from "./entries.ts";
import { type Entry, newEntry } from "./entry.ts";
import { Exchanges } from "./exchanges.ts";
import { askExternal } from "./external_address.ts";
import { make } from "./making.ts";
import type { Gone, Refusal } from "./refusal.ts";
import { deletion, Tending } from "./tending.ts";
import type { DeletedOrNot, MadeOrNot, Work } from "./work.ts";

/**
 * Requests mappings of an Internet Gateway Device over UPnP: port mappings for IPv4, pinholes for IPv6. It searches for the
 * gateway's services, asks for one thing at a time, and looks from time to time whether what it made is still there.
 */
export class Igd implements Fallback {
  readonly protocol = "upnp";
  state: FallbackState = "unasked";
  readonly #events: FallbackEvents;
  readonly #host: FallbackHost;
  readonly #exchanges: Exchanges;
  readonly #discovery: Discovery;
  readonly #entries = new Entries();
  readonly #tending: Tending;
  readonly #waiting = new Set<Mapping>();
  /** Those whose task was broken off once because nothing listened. */
  readonly #retried = new Set<Mapping>();
  /** The mapping whose task is under way. */
  #current: Mapping | undefined;
  #isAbandoned = false;
  /** The caller wants to know the external address. */
  #isWanted = false;
  #askedAt: Milliseconds = 0;
  #now: Milliseconds = 0;
  #isListening = false;
  /** Something has changed that the next wake-up looks at. */
  #isDirty = false;

  constructor(events: FallbackEvents, host: FallbackHost) {
    this.#events = events;
    this.#host = host;
    this.#exchanges = new Exchanges(host);
    this.#discovery = new Discovery({
      host,
      exchanges: this.#exchanges,
      now: () => this.#now,
      onFound: (now, hasRestarted) => this.#found(now, hasRestarted),
      onNothing: (now) => this.#foundNothing(now),
    });
    this.#tending = new Tending({
      config: host.config,
      entries: this.#entries,
      exchanges: this.#exchanges,
      events,
      workOn: (device, entry) => this.#workOn(device, entry),
      inner: () => this.#discovery.inner,
      learn: (device, external) => this.#learn(device, external),
      done: (now, result) => isGone(result) ? this.#gone(now, result) : this.#next(now),
    });
  }

  get deadline(): Milliseconds {
    if (this.#isDirty) return -Infinity;
    const running = Math.min(this.#exchanges.deadline, this.#discovery.deadline);
    if (!this.#exchanges.isIdle || this.#discovery.isSearching) return running;
    if (this.#discovery.device === undefined) {
      return this.#needsDevice ? this.#discovery.nextSearchAt : running;
    }
    return Math.min(running, this.#tending.deadline);
  }

  get isBusy(): boolean {
    return this.#discovery.isSearching || this.#isWanted || this.#waiting.size > 0 ||
      this.#current !== undefined;
  }

  obstacle(spec: MappingSpec): Obstacle | undefined {
    return upnpObstacle(spec, this.#host.clientAddress);
  }

  ask(now: Milliseconds): void {
    this.#isWanted = true;
    this.#askedAt = now;
    this.#next(now);
  }

  add(mapping: Mapping, now: Milliseconds): void {
    this.#waiting.add(mapping);
    this.#next(now);
  }

  remove(mapping: Mapping): void {
    this.#waiting.delete(mapping);
    this.#retried.delete(mapping);
    if (this.#current === mapping) this.#isAbandoned = true;
    this.#isDirty = true;
  }

  wake(now: Milliseconds): void {
    if (this.deadline > now) return;
    this.#now = now;
    this.#isDirty = false;
    this.#exchanges.wake(now);
    this.#discovery.wake(now);
    this.#entries.sweep(now, (mapping) => this.#current === mapping || this.#waiting.has(mapping));
    this.#listen();
    this.#next(now);
  }

  /** The port of PCP and NAT-PMP is closed, which says nothing about UPnP. */
  unreachable(): void {}

  moved(): void {
    this.#exchanges.stop();
    this.#discovery.moved();
    this.#waiting.clear();
    this.#retried.clear();
    this.#current = undefined;
    this.#isWanted = this.#isAbandoned = false;
    this.state = "unasked";
  }

  refresh(now: Milliseconds): void {
    this.#discovery.refresh();
    this.#next(now);
  }

  take(now: Milliseconds, event: UpnpInput): IgnoreReason | undefined {
    this.#now = now;
    let reason: IgnoreReason | undefined;
    if (event.type === "datagram") {
      const { bytes, source } = event;
      reason = this.#discovery.receive(now, bytes, source, this.#entries.hasLive);
    } else if (event.type === "exchanged" || event.type === "exchangeFailed") {
      reason = this.#exchanges.receive(now, event) ? undefined : "stale";
    }
    this.#next(now);
    return reason;
  }

  /** Whether services have to be known. */
  get #needsDevice(): boolean {
    return this.#isWanted || this.#waiting.size > 0 || this.#entries.hasOrphans ||
      this.#entries.hasLive;
  }

  /** Starts what is due, if nothing is under way. */
  #next(now: Milliseconds): void {
    this.#now = now;
    const { device, isSearching, nextSearchAt } = this.#discovery;
    if (!this.#exchanges.isIdle) return;
    if (isSearching) return this.#discovery.continue(now);
    if (device === undefined) {
      if (!this.#needsDevice || nextSearchAt > now) return;
      if (this.state !== "usable") this.state = "asked";
      this.#events.asked(undefined);
      this.#discovery.start(now);
      return;
    }
    const [mapping] = this.#waiting;
    if (this.#isWanted) this.#askAddress(now, device);
    else if (mapping !== undefined) this.#serve(now, device, mapping);
    else this.#tending.next(now, device);
  }

  /** Makes, renews or deletes. */
  #serve(now: Milliseconds, device: Device, mapping: Mapping): void {
    this.#waiting.delete(mapping);
    const { clientAddress } = this.#host;
    const entry = this.#entries.byMapping.get(mapping) ?? newEntry(mapping, now, clientAddress);
    this.#entries.byMapping.set(mapping, entry);
    this.#current = mapping;
    this.#isAbandoned = false;
    this.#events.asked(mapping);
    const work = this.#workOn(device, entry);
    if (mapping.phase === "deleting") {
      return this.#exchanges.run(now, deletion(work), (at, result) => {
        this.#finish(at, entry, result, () => this.#answerDeletion(mapping));
      });
    }
    if (this.#entries.isLostTooOften(now, entry)) {
      return this.#finish(now, entry, this.#exhausted(mapping));
    }
    entry.sentAt = now;
    this.#exchanges.run(now, make(work, this.#discovery.inner), (at, result) => {
      this.#finish(at, entry, result, () => this.#grant(at, device, entry));
    });
  }

  #workOn(device: Device, entry: Entry): Work {
    const { clientAddress: client, random, act } = this.#host;
    return {
      device,
      entry,
      client,
      random,
      now: () => this.#now,
      adding: () => {
        const { mapping: { id }, externalPort } = entry;
        act({ type: "adding", id, externalPort, record: recordOf(device, entry) });
      },
      isAbandoned: () => this.#isAbandoned,
    };
  }

  /** The task of a mapping is over: passes the result to the engine, unless the mapping is not waited for any more. */
  #finish(
    now: Milliseconds,
    entry: Entry,
    result: MadeOrNot | DeletedOrNot,
    succeed: () => void = () => {},
  ): void {
    const { mapping } = entry;
    const isAbandoned = this.#isAbandoned;
    this.#current = undefined;
    this.#isAbandoned = false;
    this.#isDirty = true;
    if (result.type === "gone") return this.#gone(now, result, isAbandoned ? undefined : mapping);
    if (result.type !== "abandoned" && !isAbandoned) {
      this.#retried.delete(mapping);
      this.#events.heard();
      if (result.type === "refused") this.#refuse(entry, result);
      else {
        this.#discovery.succeeded();
        succeed();
      }
    }
    this.#next(now);
  }

  /** Nothing listens: the gateway is described anew, and asked once more. */
  #gone(now: Milliseconds, gone: Gone, mapping?: Mapping): void {
    this.#discovery.invalidate(gone);
    if (mapping !== undefined) {
      if (!this.#retried.has(mapping)) {
        this.#retried.add(mapping);
        const others = [...this.#waiting];
        this.#waiting.clear();
        for (const each of [mapping, ...others]) this.#waiting.add(each);
      } else if (gone.isUrlWrong === true) {
        this.#answerFailure(mapping, { type: "refused", result: ResultCode.UnsuppOpcode });
      } else {
        this.#discovery.postpone(now);
        this.#giveUp(now, mapping);
      }
    }
    this.#next(now);
  }

  #grant(now: Milliseconds, device: Device, entry: Entry): void {
    const { mapping } = entry;
    if (mapping.exchange !== undefined) mapping.exchange.lastSentAt = entry.sentAt;
    this.#tending.granted(now);
    this.#events.answer(mapping, grantAnswer(device, entry, this.#host.clientAddress));
    this.#listen();
  }

  #answerDeletion(mapping: Mapping): void {
    this.#entries.byMapping.delete(mapping);
    this.#events.answer(mapping, failureAnswer(mapping, { result: ResultCode.Success }));
  }

  #refuse(entry: Entry, refusal: Refusal): void {
    if (entry.mapping.phase !== "deleting" && !entry.mayExist) entry.outlives = false;
    this.#answerFailure(entry.mapping, refusal);
  }

  #answerFailure(mapping: Mapping, refusal: Refusal): void {
    this.#retried.delete(mapping);
    this.#events.answer(mapping, failureAnswer(mapping, refusal));
  }

  /** Another host deletes the mapping again and again. */
  #exhausted({ refusal }: Mapping): Refusal {
    const { minimumLongHold, maximumLongHold } = this.#host.config;
    const hold = Math.min(minimumLongHold * 2 ** (refusal?.count ?? 0), maximumLongHold);
    return { type: "refused", result: ResultCode.NoResources, hold: hold / 1000 };
  }

  /** The gateway does not answer. A lease outlasts that, and a deletion is tried again. */
  #giveUp(now: Milliseconds, mapping: Mapping): void {
    this.#retried.delete(mapping);
    const hold = Math.max(this.#discovery.nextSearchAt - now, 1_000);
    const isAnswered = mapping.phase === "deleting" ||
      (this.#discovery.wasFound && mapping.lease === undefined);
    if (!isAnswered) return this.#events.giveUp(mapping, hold);
    const result = ResultCode.NetworkFailure;
    this.#answerFailure(mapping, { type: "refused", result, hold: hold / 1000 });
  }

  #askAddress(now: Milliseconds, device: Device): void {
    if (this.#host.clientAddress.family === "IPv6") return this.#answerAddress(now, device);
    const { external } = device;
    if (external !== undefined && external.at >= this.#askedAt) {
      return this.#answerAddress(now, device);
    }
    const { inner } = this.#discovery;
    const task = askExternal(device.service, inner, () => this.#now);
    this.#exchanges.run(now, task, (at, answer) => {
      this.#isWanted = false;
      if ("type" in answer) return this.#gone(at, answer);
      this.#learn(device, answer);
      this.#answerAddress(at, device);
    });
  }

  #answerAddress(now: Milliseconds, device: Device): void {
    const { clientAddress } = this.#host;
    const address = clientAddress.family === "IPv6" ? clientAddress : device.external?.address;
    const isKnown = address !== undefined && device.isConnected;
    this.#isWanted = false;
    this.#events.heard();
    this.#events.addressAnswered({
      result: isKnown ? ResultCode.Success : ResultCode.NetworkFailure,
      address: isKnown ? address : undefined,
      epoch: undefined,
      roundTrip: now - this.#askedAt,
    });
    this.#next(now);
  }

  #learn(device: Device, external: NonNullable<Device["external"]>): void {
    const before = device.external?.address;
    const { address } = external;
    // Without an address the line is down for now: what was known is kept.
    if (address === undefined && before !== undefined) return;
    device.external = external;
    if (address !== undefined && before?.equals(address) === false) {
      this.#events.readdressed(address);
    }
  }

  #found(now: Milliseconds, hasRestarted: boolean): void {
    this.#events.heard();
    this.state = "usable";
    if (hasRestarted) this.#events.restarted(0);
    else this.#entries.doubtAllBut(undefined);
    this.#next(now);
  }

  #foundNothing(now: Milliseconds): void {
    const given = [...this.#waiting];
    this.#waiting.clear();
    this.#isWanted = false;
    for (const mapping of given) this.#giveUp(now, mapping);
    this.state = "silent";
    this.#isDirty = true;
  }

  /** Announcements are of use while there is something to lose. */
  #listen(): void {
    const { hasLive } = this.#entries;
    if (hasLive === this.#isListening) return;
    this.#isListening = hasLive;
    this.#host.act({ type: hasLive ? "listen" : "unlisten" });
  }
}

function isGone(result: { readonly type: string }): result is Gone {
  return result.type === "gone";
}
