import type { Assignment } from "../engine/events.ts";
import { type MappingSpec, thirdPartyOf } from "../engine/mapping_spec.ts";

/** A mapping of this client. */
interface Holder {
  readonly spec: MappingSpec;
  readonly assignment: Assignment | undefined;
}

/** Which mapping has which external port, to notice when a server assigns one to two internal ports. */
export class ExternalPorts<T extends Holder> {
  /** By protocol and port. The external address is nearly always the same one. */
  readonly #holders = new Map<number, T>();
  /** Which port a mapping has lost to another. */
  #lost = new WeakMap<T, number>();

  /** The mapping has its port. Returns the mapping that does not have it any more by that. */
  assigned(mapping: T): T | undefined {
    const key = keyOf(mapping);
    if (key === undefined) return undefined;
    const holder = this.#holders.get(key);
    if (holder === mapping) return undefined;
    const isTaken = holder !== undefined && conflict(holder, mapping);
    // It was assigned the port again that it lost: the other one stays.
    const loser = isTaken && this.#lost.get(mapping) === key ? mapping : holder;
    if (loser !== mapping) this.#holders.set(key, mapping);
    if (!isTaken || loser === undefined) return undefined;
    this.#lost.set(loser, key);
    return loser;
  }

  /** The server has lost its state: what was lost before says nothing of what it assigns now. */
  restarted(): void {
    this.#lost = new WeakMap();
  }

  /** The assignment of the mapping is about to end, or to be replaced. */
  left(mapping: T): void {
    const key = keyOf(mapping);
    if (key !== undefined && this.#holders.get(key) === mapping) this.#holders.delete(key);
  }
}

/** Undefined without an assignment, and for a mapping of all ports. */
function keyOf({ spec, assignment }: Holder): number | undefined {
  const { externalPort = 0 } = assignment ?? {};
  return externalPort === 0 ? undefined : spec.protocol << 16 | externalPort;
}

/** Whether both have one external port, and lead to different internal ones. */
function conflict(one: Holder, other: Holder): boolean {
  if (one.assignment === undefined || other.assignment === undefined) return false;
  return one.assignment.externalPort === other.assignment.externalPort &&
    one.assignment.externalAddress.equals(other.assignment.externalAddress) &&
    (one.spec.internalPort !== other.spec.internalPort || !isSameHost(one.spec, other.spec));
}

function isSameHost(one: MappingSpec, other: MappingSpec): boolean {
  const [first, second] = [thirdPartyOf(one.options), thirdPartyOf(other.options)];
  return first === undefined ? second === undefined : second !== undefined && first.equals(second);
}
