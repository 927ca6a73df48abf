import { DiscoveryError } from "../../discovery/discovery_error.ts";
import type { Gateway } from "../../discovery/gateway.ts";
import { type Addresses, behindGateway } from "./addresses.ts";

/** Clients of all gateways of this host. Each follows changes of the network, and no two have the same gateway. */
export class GatewayGroup {
  readonly #gateways: () => Promise<readonly Gateway[]>;
  readonly #members: GroupMember[] = [];

  /** @param gateways Finds the default gateways. */
  constructor(gateways: () => Promise<readonly Gateway[]>) {
    this.#gateways = gateways;
  }

  /** A member for a gateway that was found. */
  add(gateway: Gateway): GroupMember {
    const member: GroupMember = new GroupMember(gateway, this.#gateways, () => {
      return this.#members.filter((other) => other !== member && !other.isOver);
    });
    this.#members.push(member);
    return member;
  }
}

/** One client of a group. */
export class GroupMember {
  readonly #gateways: () => Promise<readonly Gateway[]>;
  readonly #others: () => readonly GroupMember[];
  #gateway: Gateway;
  #client: { readonly isShutDown: boolean } | undefined;

  /**
   * @param gateways Finds the default gateways.
   * @param others The other members whose client runs.
   */
  constructor(
    gateway: Gateway,
    gateways: () => Promise<readonly Gateway[]>,
    others: () => readonly GroupMember[],
  ) {
    this.#gateway = gateway;
    this.#gateways = gateways;
    this.#others = others;
  }

  /** The gateway that the client uses. */
  get gateway(): Gateway {
    return this.#gateway;
  }

  /** Whether another member may have the gateway, because this client was shut down. */
  get isOver(): boolean {
    return this.#client?.isShutDown ?? false;
  }

  /** The client has started, or could not be started. */
  startedAs(client: { readonly isShutDown: boolean }): void {
    this.#client = client;
  }

  /**
   * Finds the addresses of the client: those in use as long as their gateway exists, then those of the same interface, then
   * those of a gateway without a client.
   *
   * @throws {DiscoveryError} If there is no gateway for it.
   */
  async find(current?: Addresses): Promise<Addresses> {
    if (current === undefined) return behindGateway(this.#gateway, false);
    const { family, interface: device } = this.#gateway;
    const found = await this.#gateways();
    // From here to the choice nothing waits, so that two members never choose the same gateway.
    const taken = this.#others().map(({ gateway }) => gateway);
    const free = found.filter((each) =>
      each.family === family && !taken.some((other) => isSame(each, other))
    );
    const next = free.find((each) => isSame(each, this.#gateway)) ??
      free.find((each) => each.interface === device) ?? free[0];
    if (next === undefined) {
      const detail = `no default route for "${family}" was found`;
      throw new DiscoveryError("find the default gateway", "noDefaultRoute", detail);
    }
    this.#gateway = next;
    const addresses = behindGateway(next, false);
    return isEqual(addresses, current) ? current : addresses;
  }
}

function isSame(a: Gateway, b: Gateway): boolean {
  return a.gateway === b.gateway && a.client === b.client;
}

function isEqual(a: Addresses, b: Addresses): boolean {
  return `${a.clientAddress}` === `${b.clientAddress}` &&
    `${a.serverAddresses[0]}` === `${b.serverAddresses[0]}`;
}
