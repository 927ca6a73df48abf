import { type Endpoint, IpAddress } from "../../../wire/address.ts";
import { ProtocolNumber } from "../../../wire/protocol_number.ts";
import { TimeQueue } from "../time_queue.ts";
import { HttpFace, type IgdLogEntry } from "./http_face.ts";
import type { IgdContext } from "./action.ts";
import { type IgdCounters, newIgdCounters } from "./counters.ts";
import { type IgdOptions, type IgdQuirks, resolveIgdOptions } from "./options.ts";
import type { IgdOutput } from "./output.ts";
import { type IgdPinhole, PinholeTable } from "./pinhole_table.ts";
import { type IgdMapping, PortMappingTable } from "./port_mapping_table.ts";
import { SsdpFace } from "./ssdp_face.ts";

/** Where a {@linkcode SimulatedIgd} is reached. */
export interface IgdPlace {
  /** Its IPv4 address, if it has one. */
  readonly address?: IpAddress | undefined;
  /** Its IPv6 address, if it has one. */
  readonly address6?: IpAddress | undefined;
  /** TCP port of its HTTP server. */
  readonly httpPort: number;
  /** UDP port of SSDP. */
  readonly ssdpPort: number;
}

/** What {@linkcode SimulatedIgd.restart} keeps and sends. */
export interface IgdRestartOptions {
  /** Whether the end is announced, as in an orderly stop. Default true. */
  readonly byebye?: boolean;
  /** Whether the start is announced. Default true. */
  readonly alive?: boolean;
  /** TCP port afterwards; 0 is any free one. Default: the same. */
  readonly httpPort?: number;
  /** What becomes of mappings and pinholes: `permanent` keeps the mappings, without an end. Default `lost`. */
  readonly mappings?: "lost" | "kept" | "permanent";
  /** Time between stop and start in milliseconds. Default 0. */
  readonly downtime?: number;
}

/** A mapping that another client or program made, for {@linkcode SimulatedIgd.insert}. */
export interface InsertedIgdMapping {
  /** TCP (6) or UDP (17). Default TCP. */
  readonly protocol?: number;
  /** External port. */
  readonly externalPort: number;
  /** Internal port. Default: the external one. */
  readonly internalPort?: number;
  /** Internal address. */
  readonly internalClient: string;
  /** Description. Default `other`. */
  readonly description?: string;
  /** Lease in seconds; 0 is permanent. Default 0. */
  readonly lease?: number;
}

/**
 * An Internet Gateway Device of UPnP without a network: SSDP, descriptions, port mappings and pinholes. The caller passes
 * datagrams, the events of connections and the time, and carries out the outputs. The gateway is strict, and counts in
 * `counters.violations` what a correct client never does.
 *
 * Times are milliseconds of any clock that never goes back.
 *
 * @example
 * ```ts
 * import { SimulatedIgd } from "@portcontrol/pcp/testing";
 * import { IpAddress } from "@portcontrol/pcp/wire";
 *
 * const igd = new SimulatedIgd({ version: 1 });
 * const address = IpAddress.parse("192.168.1.1");
 * igd.listening({ address, httpPort: 5000, ssdpPort: 1900 });
 * const search = new TextEncoder().encode(
 *   'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 1\r\nST: upnp:rootdevice\r\n\r\n',
 * );
 * const source = { address: IpAddress.parse("192.168.1.10"), port: 50_000 };
 * const [answer] = igd.datagram(0, search, source, IpAddress.parse("239.255.255.250"));
 * if (answer?.type !== "datagram") throw new Error("A search must be answered");
 * ```
 */
export class SimulatedIgd {
  /** Whether the gateway ignores everything and sends nothing. */
  silent = false;
  /** Whether the line is up. */
  isConnected = true;

  readonly #context: IgdContext;
  readonly #tasks = new TimeQueue<(now: number) => IgdOutput[]>();
  readonly #ssdp: SsdpFace;
  readonly #http: HttpFace;
  #bootId: number;
  #place: IgdPlace = { httpPort: 5_000, ssdpPort: 1_900 };
  #isDown = false;
  /** Whether a start has to be announced when the gateway listens. */
  #isStarting = false;
  #deletions = false;

  /**
   * A gateway without mappings.
   *
   * @param externalAddress Returns the external address as text, empty if there is none. Default `203.0.113.5`.
   * @throws {TypeError} If an address is invalid.
   */
  constructor(options: IgdOptions = {}, externalAddress: () => string = () => "203.0.113.5") {
    const settings = resolveIgdOptions(options);
    this.#bootId = options.bootId ?? 41;
    this.#context = {
      settings,
      counters: newIgdCounters(),
      mappings: new PortMappingTable(),
      pinholes: new PinholeTable(),
      externalAddress: () =>
        settings.quirks.externalAddressText ?? (this.isConnected ? externalAddress() : ""),
      isConnected: () => this.isConnected,
    };
    this.#ssdp = new SsdpFace(this.#context);
    this.#http = new HttpFace(this.#context, (at, task) => this.#tasks.push(at, task));
  }

  /** Counts of everything received and done. */
  get counters(): IgdCounters {
    return this.#context.counters;
  }

  /** The last 1,000 requests, oldest first. */
  get log(): readonly IgdLogEntry[] {
    return this.#http.log;
  }

  /** The port mappings by `TCP 6000` or `UDP 6000`. */
  get mappings(): ReadonlyMap<string, IgdMapping> {
    return this.#context.mappings.byKey;
  }

  /** The pinholes by their numbers. */
  get pinholes(): ReadonlyMap<number, IgdPinhole> {
    return this.#context.pinholes.byId;
  }

  /** The departures from the specifications; may be replaced at any time. */
  get quirks(): IgdQuirks {
    return this.#context.settings.quirks;
  }

  set quirks(quirks: IgdQuirks) {
    this.#context.settings.quirks = quirks;
  }

  /** Where the gateway is reached. */
  get place(): IgdPlace {
    return this.#place;
  }

  /** Sets the addresses and ports at which the gateway is reached from now on, and announces a start. */
  listening(place: IgdPlace): IgdOutput[] {
    this.#place = place;
    const outputs = this.#isStarting ? this.#announce("ssdp:alive") : [];
    this.#isStarting = false;
    return outputs;
  }

  /** When to call {@linkcode timeout} next, if ever. */
  get deadline(): number | undefined {
    const { mappings, pinholes } = this.#context;
    const times = [this.#tasks.peek()?.at, mappings.deadline, pinholes.deadline];
    const first = Math.min(...times.map((time) => time ?? Infinity));
    return first === Infinity ? undefined : first;
  }

  /** Ends what has expired, and returns what is due. Early calls do nothing. */
  timeout(now: number): IgdOutput[] {
    const outputs: IgdOutput[] = [];
    for (let due = this.#tasks.pop(now); due !== undefined; due = this.#tasks.pop(now)) {
      outputs.push(...due.value(now));
    }
    this.#context.mappings.expire(now);
    this.#context.pinholes.expire(now);
    return outputs;
  }

  /**
   * Processes a datagram that arrived at the port of SSDP.
   *
   * @param to The address or group to which it was sent.
   */
  datagram(now: number, bytes: Uint8Array, source: Endpoint, to: IpAddress): IgdOutput[] {
    const outputs = this.timeout(now);
    const local = to.isMulticast ? this.#addressOf(to) : to;
    if (this.silent || this.#isDown || local === undefined) return outputs;
    const { answerCopies = 1, answerDelay = 0, answersFromRandomPort } = this.quirks;
    const search = { bytes, source, local, isMulticast: to.isMulticast };
    const isPortRandom = answersFromRandomPort === true;
    const answers: IgdOutput[] = [];
    const found = this.#ssdp.answer(search, this.#place.httpPort, this.#bootId);
    for (const { bytes, from = local } of found) {
      for (let copy = 0; copy < answerCopies; copy++) {
        answers.push({ type: "datagram", bytes, to: source, from, isPortRandom });
      }
    }
    this.counters.answers += answers.length;
    if (answerDelay === 0) return [...outputs, ...answers];
    if (answers.length > 0) this.#tasks.push(now + answerDelay, () => answers);
    return outputs;
  }

  /**
   * A client opened a connection.
   *
   * @param id Any number that no other open connection has.
   */
  connect(now: number, id: number, remote: Endpoint, local: Endpoint): IgdOutput[] {
    this.#beginDeletions(now);
    return [...this.timeout(now), ...this.#http.connect(id, remote, local)];
  }

  /** Octets arrived on a connection. */
  octets(now: number, id: number, bytes: Uint8Array): IgdOutput[] {
    const outputs = this.timeout(now);
    return this.silent ? outputs : [...outputs, ...this.#http.octets(now, id, bytes)];
  }

  /** The client ended a connection. */
  disconnected(now: number, id: number): IgdOutput[] {
    this.#http.disconnected(id);
    return this.timeout(now);
  }

  /** Restarts, or stops for a time before. A start is announced when {@linkcode listening} is called. */
  restart(now: number, options: IgdRestartOptions = {}): IgdOutput[] {
    const { byebye = true, mappings = "lost", downtime = 0 } = options;
    const outputs = [...this.timeout(now), ...(byebye ? this.#announce("ssdp:byebye") : [])];
    outputs.push(...this.#http.resetAll());
    const table = this.#context.mappings;
    for (const mapping of [...table.byKey.values()]) {
      if (mappings === "lost") table.remove(mapping);
      if (mappings === "permanent") table.set({ ...mapping, expires: Infinity });
    }
    if (mappings !== "kept") this.#context.pinholes.clear();
    if (downtime === 0) return [...outputs, ...this.#start(options)];
    this.#isDown = true;
    this.#tasks.push(now + downtime, () => this.#start(options));
    return [...outputs, { type: "listen", port: undefined }];
  }

  /** Adds a mapping without a request, in place of that of its port. */
  insert(now: number, inserted: InsertedIgdMapping): IgdMapping {
    const { externalPort, lease = 0 } = inserted;
    const mapping: IgdMapping = {
      protocol: inserted.protocol ?? ProtocolNumber.Tcp,
      externalPort,
      internalPort: inserted.internalPort ?? externalPort,
      internalClient: IpAddress.parse(inserted.internalClient),
      description: inserted.description ?? "other",
      madeAt: now,
      expires: lease === 0 ? Infinity : now + lease * 1_000,
    };
    this.#context.mappings.set(mapping);
    return mapping;
  }

  /** Removes mappings behind the back of their clients: all, or those that a predicate chooses. */
  drop(which: (mapping: IgdMapping) => boolean = () => true): void {
    const { mappings } = this.#context;
    for (const mapping of [...mappings.byKey.values()]) {
      if (which(mapping)) mappings.remove(mapping);
    }
  }

  #start({ alive = true, httpPort = this.#place.httpPort }: IgdRestartOptions): IgdOutput[] {
    this.#isDown = false;
    if (this.#bootId > 0) this.#bootId++;
    this.#isStarting = alive;
    return [{ type: "listen", port: httpPort }];
  }

  /** Announcements to the groups of each family. */
  #announce(nts: "ssdp:alive" | "ssdp:byebye"): IgdOutput[] {
    if (this.silent) return [];
    const { httpPort, ssdpPort } = this.#place;
    return GROUPS.flatMap((text) => {
      const address = IpAddress.parse(text);
      const local = this.#addressOf(address);
      if (local === undefined) return [];
      const to = { address, port: ssdpPort };
      return this.#ssdp.announcements(nts, address, local, httpPort, this.#bootId).map(
        (bytes) => ({ type: "datagram", bytes, to, from: local, isPortRandom: false } as const),
      );
    });
  }

  #addressOf({ family }: IpAddress): IpAddress | undefined {
    return family === "IPv4" ? this.#place.address : this.#place.address6;
  }

  /** Another host deletes every mapping again and again. */
  #beginDeletions(now: number): void {
    const { deletedEvery } = this.quirks;
    if (deletedEvery === undefined || this.#deletions) return;
    this.#deletions = true;
    this.#tasks.push(now + deletedEvery, (at) => {
      this.drop();
      this.#deletions = false;
      this.#beginDeletions(at);
      return [];
    });
  }
}

/** The groups of SSDP (UPnP Device Architecture section 1). */
const GROUPS = ["239.255.255.250", "ff02::c", "ff05::c"];
