import type { Family, IpAddress } from "../../wire/address.ts";
import type { Nonce } from "../../wire/nonce.ts";
import type { Scheduler, TaskEntry } from "./scheduler.ts";
import type { MutableMapping } from "./mapping.ts";
import type { PortAssigner } from "./server_options.ts";

/** The external side that a new mapping asks for. */
export interface Wanted {
  readonly protocol: number;
  readonly internalAddress: IpAddress;
  readonly internalPort: number;
  readonly externalAddress: IpAddress;
  /** 0: none. */
  readonly suggestedPort: number;
  /** Whether only the suggested port will do. */
  readonly exact: boolean;
  readonly nonce: Nonce | undefined;
  readonly ports: number;
  /** Whether an even port needs an even one, an odd an odd (RFC 7753 section 4.1). */
  readonly parity: boolean;
}

/** Ports to use, or when the obstacle goes. */
export type Allocation =
  | { readonly ok: true; readonly port: number; readonly ports: number }
  | { readonly ok: false; readonly until: number };

/** Who has an external port, or had it and may have it back. */
interface Holder {
  readonly owner: string;
  nonce: string;
  live: number;
  /** With no live mapping: until when it is kept for the owner and its nonce. */
  until: number;
}

/** A port is kept for its last owner as long as stray packets may come: 2 minutes (RFC 6887 section 15). */
const RESERVATION = 120_000;
const FIRST_USER_PORT = 1_024;
const LAST_PORT = 0xffff;

/** The mappings of a server, who holds which external port, and when each goes. */
export class MappingTable<Output> {
  readonly byKey: Map<string, MutableMapping> = new Map();
  #agenda: Scheduler<Output>;
  #assign: PortAssigner;
  #expiries = new Map<MutableMapping, TaskEntry<Output>>();
  #byInside = new Map<string, Set<MutableMapping>>();
  #holders = new Map<string, Holder>();
  #previousPorts = new Map<string, number>();
  #perAddress = new Map<string, number>();
  #sets = new Set<MutableMapping>();

  constructor(agenda: Scheduler<Output>, assign: PortAssigner) {
    this.#agenda = agenda;
    this.#assign = assign;
  }

  /** How many mappings one internal address has. */
  countOf(address: IpAddress): number {
    return this.#perAddress.get(address.toString()) ?? 0;
  }

  /** Mappings of one internal port with an external address of one family, of every kind. */
  ofInside(
    protocol: number,
    address: IpAddress,
    port: number,
    family: Family,
  ): readonly MutableMapping[] {
    return [...this.#byInside.get(inside(protocol, address, port, family)) ?? []];
  }

  /** The set of ports that a port is part of. */
  setAround(
    protocol: number,
    address: IpAddress,
    port: number,
    family: Family,
  ): MutableMapping | undefined {
    for (const set of this.#sets) {
      const within = set.internalPort <= port && port < set.internalPort + set.ports;
      const same = set.protocol === protocol && set.externalAddress.family === family;
      if (within && same && set.internalAddress.equals(address)) return set;
    }
    return undefined;
  }

  /** How many ports from `port` on, at most `ports`, no other MAP mapping has than that of `port`. */
  clearRun(
    protocol: number,
    address: IpAddress,
    port: number,
    ports: number,
    family: Family,
  ): number {
    for (let run = 1; run < ports; run++) {
      const single = this.ofInside(protocol, address, port + run, family);
      const taken = single.some(({ kind }) => kind === "map" || kind === "static");
      if (taken || this.setAround(protocol, address, port + run, family) !== undefined) return run;
    }
    return ports;
  }

  /** Whether somebody else than `address` holds an external port of the protocol (0: of any). */
  heldByOthers(protocol: number, address: IpAddress): boolean {
    for (const mapping of this.byKey.values()) {
      const meets = protocol === 0 || mapping.protocol === 0 || mapping.protocol === protocol;
      if (meets && !mapping.internalAddress.equals(address)) return true;
    }
    return false;
  }

  /** Finds the external port or ports of a new mapping, without taking them. */
  allocate(now: number, want: Wanted): Allocation {
    const owner = ownerOf(want);
    for (const sibling of this.#byInside.get(owner) ?? []) {
      if (!sibling.externalAddress.equals(want.externalAddress)) continue;
      // One internal port has one external port, whatever asked for it (RFC 4787 REQ-1).
      if (want.exact && sibling.externalPort !== want.suggestedPort) {
        return { ok: false, until: sibling.expires };
      }
      return { ok: true, port: sibling.externalPort, ports: 1 };
    }
    if (want.internalPort === 0) return { ok: true, port: 0, ports: 1 };
    const nonce = want.nonce?.toString() ?? "";
    const freeFrom = (port: number) => this.#freeFrom(now, want, owner, nonce, port);
    if (want.exact) {
      if (freeFrom(want.suggestedPort) > 0) return { ok: true, port: want.suggestedPort, ports: 1 };
      return { ok: false, until: this.#heldUntil(owner, want, want.suggestedPort) };
    }
    const previous = this.#previousPorts.get(`${owner} ${nonce}`) ?? 0;
    for (const port of [want.suggestedPort, previous]) {
      if (port !== 0 && freeFrom(port) === want.ports) return { ok: true, port, ports: want.ports };
    }
    return this.#scan(want, freeFrom);
  }

  /** Enters a mapping and takes its external ports. */
  add(mapping: MutableMapping): void {
    this.byKey.set(mapping.key, mapping);
    const owner = ownerOf(mapping);
    const siblings = this.#byInside.get(owner);
    if (siblings === undefined) this.#byInside.set(owner, new Set([mapping]));
    else siblings.add(mapping);
    const address = mapping.internalAddress.toString();
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1);
    if (mapping.ports > 1) this.#sets.add(mapping);
    this.#hold(mapping, owner);
    this.reschedule(mapping);
  }

  /** Has a mapping go when its `expires` says. */
  reschedule(mapping: MutableMapping): void {
    this.#agenda.cancel(this.#expiries.get(mapping));
    this.#expiries.delete(mapping);
    if (mapping.expires === Number.POSITIVE_INFINITY) return;
    this.#expiries.set(
      mapping,
      this.#agenda.at(mapping.expires, (now) => {
        this.remove(mapping, now);
        return [];
      }),
    );
  }

  /** Takes a mapping out; its external ports stay reserved for its owner for a while. */
  remove(mapping: MutableMapping, now: number): void {
    if (this.byKey.get(mapping.key) !== mapping) return;
    this.byKey.delete(mapping.key);
    const owner = ownerOf(mapping);
    const siblings = this.#byInside.get(owner);
    siblings?.delete(mapping);
    if (siblings?.size === 0) this.#byInside.delete(owner);
    const address = mapping.internalAddress.toString();
    const left = (this.#perAddress.get(address) ?? 0) - 1;
    if (left > 0) this.#perAddress.set(address, left);
    else this.#perAddress.delete(address);
    this.#sets.delete(mapping);
    this.#agenda.cancel(this.#expiries.get(mapping));
    this.#expiries.delete(mapping);
    this.#release(mapping, now);
  }

  /** Gives a mapping another external side. */
  move(
    mapping: MutableMapping,
    now: number,
    externalAddress: IpAddress,
    externalPort: number,
  ): void {
    this.#release(mapping, now - RESERVATION);
    mapping.externalAddress = externalAddress;
    mapping.externalPort = externalPort;
    this.#hold(mapping, ownerOf(mapping));
  }

  /** Forgets everything, reservations too. */
  clear(): void {
    for (const entry of this.#expiries.values()) this.#agenda.cancel(entry);
    for (
      const part of [
        this.byKey,
        this.#expiries,
        this.#byInside,
        this.#holders,
        this.#previousPorts,
        this.#perAddress,
      ]
    ) {
      part.clear();
    }
    this.#sets.clear();
  }

  #hold(mapping: MutableMapping, owner: string): void {
    if (!isTranslated(mapping)) return;
    const nonce = mapping.nonce?.toString() ?? "";
    for (let i = 0; i < mapping.ports; i++) {
      const key = outside(mapping.externalAddress, mapping.protocol, mapping.externalPort + i);
      const holder = this.#holders.get(key);
      if (holder?.owner === owner) {
        holder.live++;
        holder.nonce = nonce;
      } else {
        this.#holders.set(key, { owner, nonce, live: 1, until: 0 });
      }
    }
    this.#previousPorts.set(`${owner} ${nonce}`, mapping.externalPort);
  }

  #release(mapping: MutableMapping, now: number): void {
    for (let i = 0; i < mapping.ports; i++) {
      const holder = this.#holders.get(
        outside(mapping.externalAddress, mapping.protocol, mapping.externalPort + i),
      );
      if (holder === undefined || !isTranslated(mapping)) continue;
      holder.live--;
      holder.until = now + RESERVATION;
    }
  }

  #scan(want: Wanted, freeFrom: (port: number) => number): Allocation {
    let best = { port: 0, ports: 0 };
    let port = this.#assign(want.internalPort, want.protocol);
    for (let tried = 0; tried <= LAST_PORT - FIRST_USER_PORT; tried++, port++) {
      if (port > LAST_PORT || port < 1) port = FIRST_USER_PORT;
      if (want.parity && (port & 1) !== (want.internalPort & 1)) continue;
      const ports = freeFrom(port);
      if (ports > best.ports) best = { port, ports };
      if (ports === want.ports) break;
      // What starts within this run is shorter still.
      tried += ports;
      port += ports;
    }
    return best.ports > 0 ? { ok: true, ...best } : { ok: false, until: Number.POSITIVE_INFINITY };
  }

  #freeFrom(now: number, want: Wanted, owner: string, nonce: string, port: number): number {
    let free = 0;
    while (free < want.ports && port + free <= LAST_PORT) {
      const holder = this.#holders.get(outside(want.externalAddress, want.protocol, port + free));
      const taken = holder !== undefined &&
        (holder.live > 0
          ? holder.owner !== owner
          : holder.until > now && !(holder.owner === owner && holder.nonce === nonce));
      if (taken) break;
      free++;
    }
    return free;
  }

  #heldUntil(owner: string, want: Wanted, port: number): number {
    const holder = this.#holders.get(outside(want.externalAddress, want.protocol, port));
    if (holder === undefined) return 0;
    if (holder.live === 0) return holder.until;
    let until = 0;
    for (const mapping of this.#byInside.get(holder.owner) ?? []) {
      until = Math.max(until, mapping.expires);
    }
    // The port rests after its mapping, except for its owner (RFC 6887 section 13.2).
    return holder.owner === owner ? until : until + RESERVATION;
  }
}

function isTranslated(mapping: MutableMapping): boolean {
  return mapping.externalPort !== 0 && !mapping.externalAddress.equals(mapping.internalAddress);
}

function ownerOf(side: Wanted | MutableMapping): string {
  return inside(
    side.protocol,
    side.internalAddress,
    side.internalPort,
    side.externalAddress.family,
  );
}

function inside(protocol: number, address: IpAddress, port: number, family: Family): string {
  return `${protocol} ${address.w0} ${address.w1} ${address.w2} ${address.w3} ${port} ${family}`;
}

function outside(address: IpAddress, protocol: number, port: number): string {
  return `${protocol} ${address.w0} ${address.w1} ${address.w2} ${address.w3} ${port}`;
}
