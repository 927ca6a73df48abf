import { type Endpoint, type Family, IpAddress } from "../../wire/address.ts";
import { MAX_LIFETIME } from "../../wire/constants.ts";
import { encodeResponse } from "../../wire/message.ts";
import { ResultCode } from "../../wire/result_code.ts";
import { type Counters, tally } from "./counters.ts";
import type { ExternalAddresses } from "./decision.ts";
import { type FailOptions, FaultScript } from "./fault_script.ts";
import { newMapping, remainingLife, type ServerMapping } from "./mapping.ts";
import type { IgdOptions } from "./igd/options.ts";
import { MappingTable } from "./mapping_table.ts";
import { natPmpAddressResponse } from "./natpmp.ts";
import { Notifications, toGroup } from "./notifications.ts";
import { type Datagram, updateReply } from "./replies.ts";
import { type LogEntry, RequestLog } from "./request_log.ts";
import { Responder } from "./responder.ts";
import { Scheduler } from "./scheduler.ts";
import {
  checkProtocol,
  type GatewayProtocol,
  parseExternal,
  resolveOptions,
  type ServerOptions,
  type Settings,
} from "./server_options.ts";

/** What {@linkcode SimulatedServer.restart} keeps and sends. */
export interface RestartOptions {
  /** Whether the server announces the restart. Default true. */
  readonly announce?: boolean;
  /** Whether the mappings survive, as in permanent memory. Default false. */
  readonly keepMappings?: boolean;
  /** Epoch time after the restart in seconds. Default 0. */
  readonly epoch?: number;
}

/** What {@linkcode SimulatedServer.update} changes in a mapping. */
export interface UpdateChanges {
  /** New external address. Default: unchanged. */
  readonly externalAddress?: string;
  /** New external port. Default: unchanged. */
  readonly externalPort?: number;
  /** Lifetime from now on in seconds, or that of the error. Default: the remaining lifetime. */
  readonly lifetime?: number;
  /** A result code other than 0 ends the mapping. Default 0. */
  readonly result?: number;
  /** Number of datagrams to the client (RFC 6887 section 14.2). Default 3. */
  readonly copies?: number;
}

/** A mapping without a request, for {@linkcode SimulatedServer.insert}. */
export interface InsertedMapping {
  /** `static`: made by the administrator, without end. `flow`: made by outgoing traffic. */
  readonly kind: "static" | "flow";
  /** IANA protocol number. */
  readonly protocol: number;
  /** Internal address. */
  readonly internalAddress: string;
  /** Internal port. */
  readonly internalPort: number;
  /** External port. */
  readonly externalPort: number;
  /** External address. Default: that of the server. */
  readonly externalAddress?: string;
  /** Address of the remote peer of a flow. */
  readonly remoteAddress?: string;
  /** Port of the remote peer of a flow. */
  readonly remotePort?: number;
  /** Lifetime of a flow in seconds. Default 7,440, that of an established TCP connection (RFC 5382 REQ-5). */
  readonly lifetime?: number;
}

/**
 * A PCP server without a network: the caller passes datagrams and the time, and sends the datagrams returned. The server
 * is strict: it refuses what RFC 6887 refuses, and counts in `counters.violations` what a client must not do although a
 * server accepts it.
 *
 * Times are milliseconds of any clock that never goes back. The epoch begins with the first call that passes a time.
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
  /** Whether the server ignores every datagram and sends none. */
  silent = false;
  /** Replaces each response by the datagrams it returns, or by none. */
  tamper: ((reply: Uint8Array, request: Uint8Array) => readonly Uint8Array[]) | undefined =
    undefined;

  #settings: Settings;
  #scheduler = new Scheduler();
  #table: MappingTable;
  #notifications = new Notifications(this.#scheduler);
  #requestLog: RequestLog;
  #faultScript = new FaultScript();
  #external: ExternalAddresses;
  #responder: Responder;
  #epochStart: number | undefined = undefined;
  #epochBase: number;

  /**
   * A server without mappings.
   *
   * @throws {RangeError} If `minLifetime` is above `maxLifetime`, or there is no protocol of a name.
   * @throws {TypeError} If an address is invalid.
   */
  constructor(options: ServerOptions = {}) {
    this.#settings = resolveOptions(options);
    this.#table = new MappingTable(this.#scheduler, this.#settings.assignPort);
    this.#requestLog = new RequestLog(this.#settings.logLimit);
    this.#epochBase = this.#settings.epoch;
    this.#external = {
      IPv4: parseExternal(options.externalAddress, "203.0.113.5"),
      IPv6: parseExternal(options.externalAddress6, null),
    };
    const context = {
      settings: this.#settings,
      counters: this.#requestLog.counters,
      table: this.#table,
      external: this.#external,
      faultScript: this.#faultScript,
      epoch: (now: number) => this.epoch(now),
      onRefresh: (mapping: ServerMapping) => this.#notifications.endUpdate(mapping.key),
    };
    this.#responder = new Responder(context);
  }

  /** Counts of everything received and done. */
  get counters(): Counters {
    return this.#requestLog.counters;
  }

  /** The last datagrams received, oldest first; `logLimit` bounds their number. */
  get log(): readonly LogEntry[] {
    return this.#requestLog.log;
  }

  /**
   * The mappings by key: `map 6 192.168.1.10:8080 IPv4` is TCP port 8080 with an external IPv4 address, and
   * `peer 17 [2001:db8::10]:5000 IPv6 [2001:db8:9::1]:53` an outbound mapping.
   */
  get mappings(): ReadonlyMap<string, ServerMapping> {
    return this.#table.byKey;
  }

  /** The first mapping of an internal port, of any kind. */
  mapping(protocol: number, internalPort: number): ServerMapping | undefined {
    return [...this.#table.byKey.values()].find((mapping) =>
      mapping.protocol === protocol && mapping.internalPort === internalPort
    );
  }

  /** The external address of a family, if the server has one. */
  externalAddress(family: Family): IpAddress | undefined {
    return this.#external[family];
  }

  /** The protocols that the gateway speaks. The server's host has a `SimulatedIgd` for UPnP. */
  get protocols(): readonly GatewayProtocol[] {
    return [...this.#settings.spoken];
  }

  /**
   * Switches protocols on and off, as the owner of a gateway does. UPnP can be switched on again only.
   *
   * @throws {RangeError} If there is no protocol of a name.
   */
  setProtocols(protocols: readonly GatewayProtocol[]): void {
    for (const protocol of protocols) checkProtocol(protocol);
    this.#settings.spoken = new Set(protocols);
  }

  /** How the gateway speaks UPnP, if it does. */
  get igdOptions(): IgdOptions {
    return this.#settings.igd;
  }

  /** Whether nothing listens on the server's port, so that it answers with ICMP port unreachable. */
  get refusesDatagrams(): boolean {
    const { spoken, closedPort } = this.#settings;
    return closedPort === "refused" && !spoken.has("pcp") && !spoken.has("nat-pmp");
  }

  /** Epoch time in seconds (RFC 6887 section 8.5). */
  epoch(now: number): number {
    this.#epochStart ??= now;
    return (this.#epochBase + Math.floor((now - this.#epochStart) / 1_000)) >>> 0;
  }

  /** When to call {@linkcode timeout} next, if ever. */
  get deadline(): number | undefined {
    return this.#scheduler.deadline;
  }

  /** Removes expired mappings and returns due copies of announcements and updates. Early calls do nothing. */
  timeout(now: number): Datagram[] {
    this.epoch(now);
    return this.#scheduler.run(now);
  }

  /** Processes a datagram and returns those to send. */
  receive(now: number, bytes: Uint8Array, source: Endpoint): Datagram[] {
    const datagrams = this.timeout(now);
    const request = this.#requestLog.record(now, bytes, source);
    if (this.silent) {
      tally(this.counters.dropped, "silent");
      return datagrams;
    }
    const reply = this.#responder.respond(now, bytes, request, source);
    if (reply === undefined) return datagrams;
    const replies = this.tamper === undefined ? [reply] : this.tamper(reply, bytes);
    return [...datagrams, ...replies.map((octets) => ({ bytes: octets, to: source }))];
  }

  /**
   * Refuses the next requests, however correct.
   *
   * @param result The result code; for NAT-PMP requests one of RFC 6886 section 3.5.
   * @returns Cancels the remaining refusals.
   */
  fail(result: number, options: FailOptions = {}): () => void {
    return this.#faultScript.fail(result, options);
  }

  /**
   * Drops the next `times` requests, of one opcode or of all, without response or effect.
   *
   * @returns Cancels the remaining drops.
   */
  swallow(times: number, opcode?: number): () => void {
    return this.#faultScript.swallow(times, opcode);
  }

  /** Restarts: mappings are lost, the epoch begins again and is announced 10 times (RFC 6887 section 14.1.3). */
  restart(now: number, options: RestartOptions = {}): Datagram[] {
    const { announce = true, keepMappings = false, epoch = 0 } = options;
    this.#notifications.clear();
    if (!keepMappings) this.#table.clear();
    this.#resetEpoch(now, epoch);
    return announce ? this.announce(now) : [];
  }

  /** Multicasts an announcement 10 times, or once with the quirk `announceOnce`. */
  announce(now: number): Datagram[] {
    const { spoken, prefix64, quirks } = this.#settings;
    return this.#notifications.announce(now, quirks.announceOnce === true, (at) => {
      if (this.silent) return [];
      const datagrams: Datagram[] = [];
      if (spoken.has("nat-pmp")) {
        tally(this.counters.sent, "natpmpAnnounce");
        const bytes = natPmpAddressResponse(this.#external.IPv4, this.epoch(at));
        datagrams.push(toGroup(bytes, "IPv4"));
      }
      if (spoken.has("pcp")) {
        tally(this.counters.sent, "announce");
        const header = { result: ResultCode.Success, lifetime: 0, epoch: this.epoch(at) };
        const bytes = encodeResponse({ type: "announce", ...header, options: prefix64 });
        datagrams.push(toGroup(bytes, "IPv4"), toGroup(bytes, "IPv6"));
      }
      return datagrams;
    });
  }

  /**
   * Changes the external address of its family. The epoch begins again (RFC 6887 section 8.5), the clients of the
   * mappings concerned get updates (section 14.2), and a NAT-PMP server announces it (RFC 6886 section 3.2.1).
   *
   * @throws {TypeError} If the address is invalid.
   */
  changeExternalAddress(now: number, address: string | IpAddress): Datagram[] {
    const given = typeof address === "string" ? IpAddress.parse(address) : address;
    const old = this.#external[given.family];
    this.#external[given.family] = given;
    this.#resetEpoch(now, 0);
    const datagrams = this.#settings.spoken.has("nat-pmp") ? this.announce(now) : [];
    for (const mapping of this.#table.byKey.values()) {
      if (old === undefined || !mapping.externalAddress.equals(old)) continue;
      this.#table.move(mapping, now, given, mapping.externalPort);
      datagrams.push(...this.#sendUpdates(now, mapping));
    }
    return datagrams;
  }

  /**
   * Changes mappings, or ends them with an error, and sends updates to their clients (RFC 6887 section 14.2).
   *
   * @param which A key of {@linkcode mappings}, or a predicate.
   * @throws {RangeError} If there is no such mapping.
   */
  update(
    now: number,
    which: string | ((mapping: ServerMapping) => boolean),
    changes: UpdateChanges = {},
  ): Datagram[] {
    const { result = ResultCode.Success, lifetime } = changes;
    const chosen = [...this.#table.byKey.values()].filter((mapping) =>
      typeof which === "string" ? mapping.key === which : which(mapping)
    );
    if (chosen.length === 0) {
      const wanted = typeof which === "string" ? which : "meant";
      throw new RangeError(`Cannot update a mapping: there is none that is "${wanted}"`);
    }
    return chosen.flatMap((mapping) => {
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
      return this.#sendUpdates(now, mapping, changes);
    });
  }

  /**
   * Adds a mapping without a request.
   *
   * @throws {TypeError} If an address is invalid.
   */
  insert(now: number, inserted: InsertedMapping): ServerMapping {
    const { kind, protocol, internalPort, externalPort, remoteAddress, remotePort = 0 } = inserted;
    const internalAddress = IpAddress.parse(inserted.internalAddress);
    const externalAddress = inserted.externalAddress === undefined
      ? this.#external[internalAddress.family] ?? internalAddress
      : IpAddress.parse(inserted.externalAddress);
    const lifetime = kind === "static" ? MAX_LIFETIME : inserted.lifetime ?? 7_440;
    const internal = { protocol, internalAddress, internalPort, family: externalAddress.family };
    const mapping = newMapping(now, kind, internal, {
      externalAddress,
      externalPort,
      remote: remoteAddress === undefined
        ? undefined
        : { address: IpAddress.parse(remoteAddress), port: remotePort },
      lifetime,
      expires: kind === "static" ? Number.POSITIVE_INFINITY : now + lifetime * 1_000,
    });
    this.#table.add(mapping);
    return mapping;
  }

  /** Returns the first copy of an update and schedules the others (RFC 6887 section 14.2). */
  #sendUpdates(now: number, mapping: ServerMapping, changes: UpdateChanges = {}): Datagram[] {
    const { client } = mapping;
    const { result = ResultCode.Success, copies = 3 } = changes;
    if (client === undefined) return [];
    return this.#notifications.update(now, mapping.key, copies, (at) => {
      if (this.silent) return [];
      tally(this.counters.sent, "update");
      const lifetime = result === ResultCode.Success
        ? remainingLife(mapping, at)
        : this.#responder.errorLifetime(result, changes.lifetime);
      const header = { result, lifetime, epoch: this.epoch(at) };
      return [{ bytes: updateReply(mapping, header), to: client }];
    });
  }

  #resetEpoch(now: number, epoch: number): void {
    this.#epochStart = now;
    this.#epochBase = epoch;
  }
}
