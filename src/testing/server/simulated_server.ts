import { type Endpoint, type Family, IpAddress } from "../../wire/address.ts";
import { MAX_LIFETIME } from "../../wire/constants.ts";
import { ResultCode } from "../../wire/result_code.ts";
import { Scheduler } from "./scheduler.ts";
import { type Counters, tally } from "./counters.ts";
import { mappingKey, newMapping, remainingLife, type ServerMapping } from "./mapping.ts";
import { natPmpAnnouncement } from "./natpmp.ts";
import { Notifications, toGroupIpv4, toGroups } from "./notifications.ts";
import { type LogEntry, RequestLog } from "./request_log.ts";
import {
  parseExternal,
  resolveOptions,
  type ServerOptions,
  type Settings,
} from "./server_options.ts";
import { announceReply, type Datagram, updateReply } from "./replies.ts";
import { Responder } from "./responder.ts";
import {
  type ExternalAddresses,
  type FailOptions,
  FaultScript,
  type InsertedMapping,
  type RestartOptions,
  type UpdateChanges,
} from "./fault_script.ts";
import { MappingTable } from "./mapping_table.ts";

/**
 * A PCP server without a network: datagrams and the time go in, datagrams come out. It is strict: what RFC 6887 refuses
 * it refuses, and what a client must not do but servers bear it counts in `counters.violations`.
 *
 * Time is in milliseconds of any clock that never goes back. The epoch counts from the first moment the server is told.
 *
 * @example
 * ```ts
 * import { SimulatedServer } from "@portcontrol/pcp/testing";
 * import { encodeRequest, IpAddress } from "@portcontrol/pcp/wire";
 *
 * const server = new SimulatedServer({ epoch: 1000 });
 * const address = IpAddress.parse("192.168.1.10");
 * const request = encodeRequest({ type: "announce", lifetime: 0, clientAddress: address });
 * const [reply] = server.receive(0, request, { address, port: 50_000 });
 * if (reply?.bytes[3] !== 0) throw new Error("An announcement must succeed");
 * ```
 */
export class SimulatedServer {
  /** Whether everything is swallowed, unanswered and without effect. */
  silent = false;
  /** Changes answers on their way out: what it returns is sent in place of the answer, be it nothing. */
  tamper: ((reply: Uint8Array, request: Uint8Array) => readonly Uint8Array[]) | undefined =
    undefined;

  #settings: Settings;
  #agenda = new Scheduler<Datagram>();
  #table: MappingTable<Datagram>;
  #news: Notifications;
  #observer: RequestLog;
  #script = new FaultScript();
  #external: ExternalAddresses;
  #responder: Responder;
  #epochStart: number | undefined = undefined;
  #epochBase: number;

  /**
   * A server without mappings.
   *
   * @throws {RangeError} When the options contradict each other.
   * @throws {TypeError} When an address is none.
   */
  constructor(options: ServerOptions = {}) {
    this.#settings = resolveOptions(options);
    this.#table = new MappingTable(this.#agenda, this.#settings.assignPort);
    this.#news = new Notifications(this.#agenda);
    this.#observer = new RequestLog(this.#settings.logLimit);
    this.#epochBase = this.#settings.epoch;
    this.#external = {
      IPv4: parseExternal(options.externalAddress, "203.0.113.5"),
      IPv6: parseExternal(options.externalAddress6, null),
    };
    const context = {
      settings: this.#settings,
      counters: this.#observer.counters,
      table: this.#table,
      external: this.#external,
      refreshed: (mapping: ServerMapping) => this.#news.settle(mapping.key),
    };
    this.#responder = new Responder(context, this.#script, (now) => this.epoch(now));
  }

  /** Everything seen and done. */
  get counters(): Counters {
    return this.#observer.counters;
  }

  /** The datagrams received, oldest first, as many as the options let it keep. */
  get log(): readonly LogEntry[] {
    return this.#observer.log;
  }

  /**
   * The mappings by key: `map 6 192.168.1.10:8080 IPv4` is TCP port 8080 with an external IPv4 address, and
   * `peer 17 [2001:db8::10]:5000 IPv6 [2001:db8:9::1]:53` an outbound one.
   */
  get mappings(): ReadonlyMap<string, ServerMapping> {
    return this.#table.byKey;
  }

  /** The first mapping of an internal port, whatever its kind. */
  mapping(protocol: number, internalPort: number): ServerMapping | undefined {
    for (const mapping of this.#table.byKey.values()) {
      if (mapping.protocol === protocol && mapping.internalPort === internalPort) return mapping;
    }
    return undefined;
  }

  /** External address of a family, if the server has one. */
  externalAddress(family: Family): IpAddress | undefined {
    return this.#external[family];
  }

  /** Epoch time in seconds (RFC 6887 section 8.5). The first call anchors it. */
  epoch(now: number): number {
    this.#epochStart ??= now;
    return (this.#epochBase + Math.floor((now - this.#epochStart) / 1_000)) >>> 0;
  }

  /** When {@linkcode timeout} wants to be called next. */
  get deadline(): number | undefined {
    return this.#agenda.deadline;
  }

  /** Does what is due: expiries, and the copies of announcements and updates. Early calls do nothing. */
  timeout(now: number): Datagram[] {
    this.epoch(now);
    return this.#agenda.run(now);
  }

  /** Takes a datagram; gives what is to be sent. */
  receive(now: number, bytes: Uint8Array, source: Endpoint): Datagram[] {
    const datagrams = this.timeout(now);
    const { counters } = this.#observer;
    const request = this.#observer.note(now, bytes, source);
    if (this.silent) {
      tally(counters.dropped, "silent");
      return datagrams;
    }
    const reply = this.#responder.answer(now, bytes, request, source);
    if (reply === undefined) return datagrams;
    const replies = this.tamper === undefined ? [reply] : this.tamper(reply, bytes);
    return [...datagrams, ...replies.map((octets) => ({ bytes: octets, to: source }))];
  }

  /** The next requests, however correct, get this result code; in NAT-PMP its own. Returns a function that calls it off. */
  fail(result: number, options: FailOptions = {}): () => void {
    return this.#script.fail(result, options);
  }

  /** The next requests get no answer and have no effect. Returns a function that calls it off. */
  swallow(times: number, opcode?: number): () => void {
    return this.#script.swallow(times, opcode);
  }

  /** Starts over: the epoch begins again, mappings are lost, and everybody is told, 10 times (RFC 6887 section 14.1.3). */
  restart(now: number, options: RestartOptions = {}): Datagram[] {
    const { announce = true, keepMappings = false, epoch = 0 } = options;
    this.#news.clear();
    if (!keepMappings) this.#table.clear();
    this.#resetEpoch(now, epoch);
    return announce ? this.announce(now) : [];
  }

  /** Multicasts an announcement, 10 times unless the server is given to less. */
  announce(now: number): Datagram[] {
    const { natPmp, natPmpOnly, prefix64, quirks } = this.#settings;
    return this.#news.announce(now, quirks.announceOnce === true, (at) => {
      if (this.silent) return [];
      const datagrams: Datagram[] = [];
      if (natPmp || natPmpOnly) {
        tally(this.counters.sent, "natpmpAnnounce");
        datagrams.push(toGroupIpv4(natPmpAnnouncement(this.#external.IPv4, this.epoch(at))));
      }
      if (!natPmpOnly) {
        tally(this.counters.sent, "announce");
        datagrams.push(...toGroups(announceReply(this.epoch(at), prefix64)));
      }
      return datagrams;
    });
  }

  /**
   * Takes another external address. The epoch begins again (RFC 6887 section 8.5) and the clients of all mappings
   * concerned are told, three times each (section 14.2); a NAT-PMP server multicasts it (RFC 6886 section 3.2.1).
   */
  changeExternalAddress(now: number, address: string | IpAddress): Datagram[] {
    const given = typeof address === "string" ? IpAddress.parse(address) : address;
    const old = this.#external[given.family];
    this.#external[given.family] = given;
    this.#resetEpoch(now, 0);
    const { natPmp, natPmpOnly } = this.#settings;
    const datagrams = natPmp || natPmpOnly ? this.announce(now) : [];
    for (const mapping of [...this.#table.byKey.values()]) {
      if (old === undefined || !mapping.externalAddress.equals(old)) continue;
      this.#table.move(mapping, now, given, mapping.externalPort);
      datagrams.push(...this.#tell(now, mapping, ResultCode.Success, undefined));
    }
    return datagrams;
  }

  /**
   * Changes a mapping, or ends it with an error, and tells its client (RFC 6887 section 14.2).
   *
   * @param which A key of {@linkcode mappings}, or what is true of the mappings meant.
   * @throws {RangeError} When there is no such mapping.
   */
  update(
    now: number,
    which: string | ((mapping: ServerMapping) => boolean),
    changes: UpdateChanges = {},
  ): Datagram[] {
    const { result = ResultCode.Success, lifetime, copies } = changes;
    const chosen = [...this.#table.byKey.values()].filter((mapping) =>
      typeof which === "string" ? mapping.key === which : which(mapping)
    );
    if (chosen.length === 0) {
      throw new RangeError(
        `Cannot update a mapping: there is none that is "${
          typeof which === "string" ? which : "meant"
        }"`,
      );
    }
    const datagrams: Datagram[] = [];
    for (const mapping of chosen) {
      const address = changes.externalAddress === undefined
        ? mapping.externalAddress
        : IpAddress.parse(changes.externalAddress);
      this.#table.move(mapping, now, address, changes.externalPort ?? mapping.externalPort);
      if (result !== ResultCode.Success) {
        this.#table.remove(mapping, now);
      } else if (lifetime !== undefined) {
        mapping.lifetime = lifetime;
        mapping.expires = now + lifetime * 1_000;
        this.#table.reschedule(mapping);
      }
      datagrams.push(...this.#tell(now, mapping, result, lifetime, copies));
    }
    return datagrams;
  }

  /** Enters a mapping that no request made. */
  insert(now: number, entry: InsertedMapping): ServerMapping {
    const { kind, protocol, internalPort, externalPort, lifetime = 7_440 } = entry;
    const internalAddress = IpAddress.parse(entry.internalAddress);
    const own = this.#external[internalAddress.family] ?? internalAddress;
    const externalAddress = entry.externalAddress === undefined
      ? own
      : IpAddress.parse(entry.externalAddress);
    const remote = entry.remoteAddress === undefined
      ? undefined
      : { address: IpAddress.parse(entry.remoteAddress), port: entry.remotePort ?? 0 };
    const endless = kind === "static";
    const { family } = externalAddress;
    const mapping = newMapping(now, {
      key: mappingKey(kind, protocol, internalAddress, internalPort, family, remote),
      kind,
      protocol,
      internalAddress,
      internalPort,
      externalAddress,
      externalPort,
      remote,
      lifetime: endless ? MAX_LIFETIME : lifetime,
      expires: endless ? Number.POSITIVE_INFINITY : now + lifetime * 1_000,
    });
    this.#table.add(mapping);
    return mapping;
  }

  /** Sends the first copy of an update and sees to the others (RFC 6887 section 14.2). */
  #tell(
    now: number,
    mapping: ServerMapping,
    result: number,
    lifetime: number | undefined,
    copies = 3,
  ): Datagram[] {
    const { client } = mapping;
    if (client === undefined) return [];
    return this.#news.update(now, mapping.key, copies, (at) => {
      if (this.silent) return [];
      tally(this.counters.sent, "update");
      const told = result === ResultCode.Success
        ? remainingLife(mapping, at)
        : this.#responder.errorLifetime(result, lifetime);
      const header = { result, lifetime: told, epoch: this.epoch(at) };
      return [{ bytes: updateReply(mapping, header), to: client }];
    });
  }

  #resetEpoch(now: number, epoch: number): void {
    this.#epochStart = now;
    this.#epochBase = epoch;
  }
}
