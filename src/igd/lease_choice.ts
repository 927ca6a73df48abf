import type { Device, Traits } from "./device.ts";

/** Chooses the leases that are tried for a mapping: some routers know permanent ones only, some refuse those. */
export class LeaseChoice {
  readonly #device: Device;
  readonly #wanted: number;
  #kind: Traits["lease"];
  readonly #tried: Set<Traits["lease"]>;

  /** @param wanted In seconds. */
  constructor(device: Device, wanted: number) {
    this.#device = device;
    this.#wanted = wanted;
    this.#kind = device.traits.lease;
    this.#tried = new Set([this.#kind]);
  }

  /** In seconds; 0 is permanent in version 1, and the longest one in version 2. */
  get lease(): number {
    if (this.#kind === "permanent") return 0;
    return this.#kind === "long" ? Math.max(this.#wanted, LONG) : this.#wanted;
  }

  /** Goes to a permanent lease, if that was not tried. */
  tryPermanent(): boolean {
    return this.#try("permanent");
  }

  /** Goes to the next kind of lease: permanent, then an hour at the least. Returns whether there is one. */
  next(): boolean {
    return this.#try("permanent") || (this.#wanted < LONG && this.#try("long")) ||
      this.#try("wanted");
  }

  /** The gateway took the lease: the next mapping begins with it. */
  worked(): void {
    this.#device.traits.lease = this.#kind;
  }

  #try(kind: Traits["lease"]): boolean {
    if (this.#tried.has(kind)) return false;
    this.#tried.add(kind);
    this.#kind = kind;
    return true;
  }
}

/** Our decision: the lease that version 2 recommends, in seconds. */
const LONG = 3_600;
