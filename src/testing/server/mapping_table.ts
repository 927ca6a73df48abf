import type { IpAddress } from "../../wire/address.ts";
import type { Nonce } from "../../wire/nonce.ts";
import type { InternalPort, MutableMapping } from "./mapping.ts";
import type { Scheduler, TaskEntry } from "./scheduler.ts";
import type { PortAssigner } from "./server_options.ts";

/** The external ports that a new mapping requests. */
export interface AllocationRequest {
  readonly internal: InternalPort;
  readonly externalAddress: IpAddress;
  /** Suggested external port; 0 is none. */
  readonly suggestedPort: number;
  /** Whether only the suggested port is acceptable. Default false. */
  readonly exact?: boolean;
  readonly nonce?: Nonce;
  /** Number of ports. Default 1. */
  readonly ports?: number;
  /** Whether internal and external port must be both even or both odd (RFC 7753 section 4.1). Default false. */
  readonly parity?: boolean;
}

/** The first external port and their number, or when the conflicting mapping or reservation ends. */
export type Allocation =
  | { readonly ok: true; readonly port: number; readonly ports: number }
  | { readonly ok: false; readonly until: number };

/** The internal port that an external port belongs to, or is reserved for. */
interface PortHolder {
  readonly owner: string;
  nonce: string;
  mappings: number;
  /** Without mappings: end of the reservation for the owner and its nonce. */
  reservedUntil: number;
}

/** Milliseconds for which stray packets may arrive and a port stays reserved (RFC 6887 section 15: 2 minutes). */
const RESERVATION = 120_000;
const FIRST_USER_PORT = 1_024;
const LAST_PORT = 0xffff;

/** The mappings of a server, the external ports they hold, and their expiry. */
export class MappingTable {
  readonly byKey: Map<string, MutableMapping> = new Map();
  #scheduler: Scheduler;
  #assignPort: PortAssigner;
  #expiries = new Map<MutableMapping, TaskEntry>();
  #byInternalPort = new Map<string, Set<MutableMapping>>();
  #holders = new Map<string, PortHolder>();
  #previousPorts = new Map<string, number>();
  #portSets = new Set<MutableMapping>();

  constructor(scheduler: Scheduler, assignPort: PortAssigner) {
    this.#scheduler = scheduler;
    this.#assignPort = assignPort;
  }

  /** Number of mappings of an internal address. */
  countOf(address: IpAddress): number {
    const mappings = [...this.byKey.values()];
    return mappings.filter(({ internalAddress }) => internalAddress.equals(address)).length;
  }

  /** Mappings of an internal port, of every kind. */
  ofInternalPort(internal: InternalPort): readonly MutableMapping[] {
    return [...this.#byInternalPort.get(internalKey(internal)) ?? []];
  }

  /** The port set that contains an internal port (RFC 7753). */
  portSetOf(internal: InternalPort): MutableMapping | undefined {
    return [...this.#portSets].find((set) => {
      const offset = internal.internalPort - set.internalPort;
      return offset >= 0 && offset < set.ports && set.protocol === internal.protocol &&
        set.externalAddress.family === internal.family &&
        set.internalAddress.equals(internal.internalAddress);
    });
  }

  /** Number of internal ports, from this one on and at most `ports`, before one that MAP has mapped already. */
  unmappedFrom(internal: InternalPort, ports: number): number {
    for (let run = 1; run < ports; run++) {
      const next = { ...internal, internalPort: internal.internalPort + run };
      const isMapped = this.ofInternalPort(next).some(({ kind }) =>
        kind === "map" || kind === "static"
      );
      if (isMapped || this.portSetOf(next) !== undefined) return run;
    }
    return ports;
  }

  /** Whether another address than `address` has a mapping of the protocol; 0 stands for every protocol. */
  heldByOthers(protocol: number, address: IpAddress): boolean {
    return [...this.byKey.values()].some((mapping) => {
      const overlaps = protocol === 0 || mapping.protocol === 0 || mapping.protocol === protocol;
      return overlaps && !mapping.internalAddress.equals(address);
    });
  }

  /** Chooses the external ports of a new mapping; {@linkcode add} takes them. */
  allocate(now: number, request: AllocationRequest): Allocation {
    const { internal, externalAddress, suggestedPort, ports = 1 } = request;
    const owner = internalKey(internal);
    for (const sibling of this.#byInternalPort.get(owner) ?? []) {
      if (!sibling.externalAddress.equals(externalAddress)) continue;
      // One internal port has one external port in all its mappings (RFC 4787 REQ-1).
      if (request.exact && sibling.externalPort !== suggestedPort) {
        return { ok: false, until: sibling.expires };
      }
      return { ok: true, port: sibling.externalPort, ports: 1 };
    }
    if (internal.internalPort === 0) return { ok: true, port: 0, ports: 1 };
    const nonce = String(request.nonce ?? "");
    const freeFrom = (port: number) => this.#freeFrom(now, request, owner, nonce, port);
    if (request.exact) {
      if (freeFrom(suggestedPort) > 0) return { ok: true, port: suggestedPort, ports: 1 };
      return { ok: false, until: this.#heldUntil(request, owner) };
    }
    for (const port of [suggestedPort, this.#previousPorts.get(`${owner} ${nonce}`) ?? 0]) {
      if (port !== 0 && freeFrom(port) === ports) return { ok: true, port, ports };
    }
    return this.#scan(request, freeFrom);
  }

  /** Adds a mapping and takes its external ports. */
  add(mapping: MutableMapping): void {
    this.byKey.set(mapping.key, mapping);
    const owner = ownerOf(mapping);
    const siblings = this.#byInternalPort.get(owner);
    if (siblings === undefined) this.#byInternalPort.set(owner, new Set([mapping]));
    else siblings.add(mapping);
    if (mapping.ports > 1) this.#portSets.add(mapping);
    this.#takePorts(mapping);
    this.reschedule(mapping);
  }

  /** Schedules the removal of a mapping after its `expires` has changed. */
  reschedule(mapping: MutableMapping): void {
    this.#cancelExpiry(mapping);
    if (mapping.expires === Number.POSITIVE_INFINITY) return;
    const expire = (now: number) => {
      this.remove(mapping, now);
      return [];
    };
    this.#expiries.set(mapping, this.#scheduler.at(mapping.expires, expire));
  }

  /** Removes a mapping; its external ports stay reserved for its internal port and nonce for 2 minutes. */
  remove(mapping: MutableMapping, now: number): void {
    if (this.byKey.get(mapping.key) !== mapping) return;
    this.byKey.delete(mapping.key);
    const owner = ownerOf(mapping);
    const siblings = this.#byInternalPort.get(owner);
    siblings?.delete(mapping);
    if (siblings?.size === 0) this.#byInternalPort.delete(owner);
    this.#portSets.delete(mapping);
    this.#cancelExpiry(mapping);
    this.#releasePorts(mapping, now + RESERVATION);
  }

  /** Assigns another external address and port to a mapping, without a reservation of the old port. */
  move(
    mapping: MutableMapping,
    now: number,
    externalAddress: IpAddress,
    externalPort: number,
  ): void {
    this.#releasePorts(mapping, now);
    mapping.externalAddress = externalAddress;
    mapping.externalPort = externalPort;
    this.#takePorts(mapping);
  }

  /** Removes all mappings and reservations. */
  clear(): void {
    for (const mapping of this.byKey.values()) this.#cancelExpiry(mapping);
    this.byKey.clear();
    this.#byInternalPort.clear();
    this.#holders.clear();
    this.#previousPorts.clear();
    this.#portSets.clear();
  }

  #cancelExpiry(mapping: MutableMapping): void {
    this.#scheduler.cancel(this.#expiries.get(mapping));
    this.#expiries.delete(mapping);
  }

  #takePorts(mapping: MutableMapping): void {
    const owner = ownerOf(mapping);
    const nonce = String(mapping.nonce ?? "");
    const keys = externalPortKeys(mapping);
    for (const key of keys) {
      const holder = this.#holders.get(key);
      if (holder?.owner === owner) {
        holder.mappings++;
        holder.nonce = nonce;
      } else {
        this.#holders.set(key, { owner, nonce, mappings: 1, reservedUntil: 0 });
      }
    }
    if (keys.length > 0) this.#previousPorts.set(`${owner} ${nonce}`, mapping.externalPort);
  }

  #releasePorts(mapping: MutableMapping, reservedUntil: number): void {
    for (const key of externalPortKeys(mapping)) {
      const holder = this.#holders.get(key);
      if (holder === undefined) continue;
      holder.mappings--;
      holder.reservedUntil = reservedUntil;
    }
  }

  /** The first run of free ports that is long enough, or else the longest. */
  #scan(request: AllocationRequest, freeFrom: (port: number) => number): Allocation {
    const { internal, ports = 1, parity = false } = request;
    let best = { port: 0, ports: 0 };
    let port = this.#assignPort(internal.internalPort, internal.protocol);
    for (let tried = 0; tried <= LAST_PORT - FIRST_USER_PORT; tried++, port++) {
      if (port > LAST_PORT || port < 1) port = FIRST_USER_PORT;
      if (parity && (port & 1) !== (internal.internalPort & 1)) continue;
      const free = freeFrom(port);
      if (free > best.ports) best = { port, ports: free };
      if (free === ports) break;
      // Every run that begins within this one is shorter.
      tried += free;
      port += free;
    }
    return best.ports > 0 ? { ok: true, ...best } : { ok: false, until: Number.POSITIVE_INFINITY };
  }

  #freeFrom(
    now: number,
    { internal, externalAddress, ports = 1 }: AllocationRequest,
    owner: string,
    nonce: string,
    port: number,
  ): number {
    let free = 0;
    while (free < ports && port + free <= LAST_PORT) {
      const holder = this.#holders.get(portKey(internal.protocol, externalAddress, port + free));
      const isTaken = holder !== undefined &&
        (holder.mappings > 0
          ? holder.owner !== owner
          : holder.reservedUntil > now && !(holder.owner === owner && holder.nonce === nonce));
      if (isTaken) break;
      free++;
    }
    return free;
  }

  #heldUntil(
    { internal, externalAddress, suggestedPort }: AllocationRequest,
    owner: string,
  ): number {
    const holder = this.#holders.get(portKey(internal.protocol, externalAddress, suggestedPort));
    if (holder === undefined) return 0;
    if (holder.mappings === 0) return holder.reservedUntil;
    const mappings = [...this.#byInternalPort.get(holder.owner) ?? []];
    const until = Math.max(0, ...mappings.map(({ expires }) => expires));
    // After the mapping the port is reserved, except for its owner (RFC 6887 section 13.2).
    return holder.owner === owner ? until : until + RESERVATION;
  }
}

function ownerOf(
  { protocol, internalAddress, internalPort, externalAddress }: MutableMapping,
): string {
  return internalKey({ protocol, internalAddress, internalPort, family: externalAddress.family });
}

function internalKey(internal: InternalPort): string {
  const { protocol, internalAddress, internalPort, family } = internal;
  return `${portKey(protocol, internalAddress, internalPort)} ${family}`;
}

/** Keys of the external ports of a mapping; none if its address is not translated or it maps every port. */
function externalPortKeys({ protocol, ports, ...mapping }: MutableMapping): string[] {
  const { internalAddress, externalAddress, externalPort } = mapping;
  if (externalPort === 0 || externalAddress.equals(internalAddress)) return [];
  return Array.from({ length: ports }, (_, i) => {
    return portKey(protocol, externalAddress, externalPort + i);
  });
}

function portKey(protocol: number, address: IpAddress, port: number): string {
  return `${protocol} ${address.w0} ${address.w1} ${address.w2} ${address.w3} ${port}`;
}
