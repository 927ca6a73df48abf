import type { IpAddress } from "../../wire/address.ts";

/** How {@linkcode SimulatedServer.fail} answers. */
export interface FailOptions {
  /** Lifetime of the error in seconds; the usual one for its code unless told. */
  readonly lifetime?: number;
  /** How many requests fail; 1 unless told, `Infinity` for all. */
  readonly times?: number;
  /** Only requests of this opcode fail; all unless told. */
  readonly opcode?: number;
}

/** How {@linkcode SimulatedServer.restart} goes. */
export interface RestartOptions {
  /** Whether the restart is multicast; true unless told. */
  readonly announce?: boolean;
  /** Whether the mappings survive, as those in permanent memory do. */
  readonly keepMappings?: boolean;
  /** Epoch time after the restart in seconds; 0 unless told. */
  readonly epoch?: number;
}

/** What {@linkcode SimulatedServer.update} changes in a mapping. */
export interface UpdateChanges {
  /** Address on the outside; as it is unless told. */
  readonly externalAddress?: string;
  /** Port on the outside; as it is unless told. */
  readonly externalPort?: number;
  /** Lifetime from now in seconds; of an error, how long it lasts. What is left unless told. */
  readonly lifetime?: number;
  /** A result code other than 0 ends the mapping. */
  readonly result?: number;
  /** How many times the client is told; 3 unless told (RFC 6887 section 14.2). */
  readonly copies?: number;
}

/** An entry that no request made, for {@linkcode SimulatedServer.insert}. */
export interface InsertedMapping {
  /** `static`: by the administrator, for ever. `flow`: by a client's outgoing traffic. */
  readonly kind: "static" | "flow";
  /** IANA protocol number. */
  readonly protocol: number;
  /** Address on the inside. */
  readonly internalAddress: string;
  /** Port on the inside. */
  readonly internalPort: number;
  /** Port on the outside. */
  readonly externalPort: number;
  /** The server's own unless told. */
  readonly externalAddress?: string;
  /** The other end of a flow. */
  readonly remoteAddress?: string;
  /** The other end of a flow. */
  readonly remotePort?: number;
  /** Seconds that a flow lasts; 7,440 unless told, what an established TCP connection is given (RFC 5382 REQ-5). */
  readonly lifetime?: number;
}

/** External addresses by family. */
export type ExternalAddresses = { IPv4: IpAddress | undefined; IPv6: IpAddress | undefined };

interface Order {
  readonly opcode: number | undefined;
  times: number;
}

interface Failure extends Order {
  readonly result: number;
  readonly lifetime: number | undefined;
}

/** What a test has ordered for requests to come, first ordered first done. */
export class FaultScript {
  #failures: Failure[] = [];
  #swallows: Order[] = [];

  /** Orders failures; the function returned calls them off. */
  fail(result: number, options: FailOptions): () => void {
    const { lifetime, times = 1, opcode } = options;
    const failure: Failure = { result, lifetime, times, opcode };
    this.#failures.push(failure);
    return () => failure.times = 0;
  }

  /** Orders requests to be swallowed; the function returned calls it off. */
  swallow(times: number, opcode: number | undefined): () => void {
    const order: Order = { times, opcode };
    this.#swallows.push(order);
    return () => order.times = 0;
  }

  /** Whether the request is to be swallowed. */
  swallows(opcode: number): boolean {
    return take(this.#swallows, opcode) !== undefined;
  }

  /** The failure ordered for the request, if any. */
  failure(opcode: number): Failure | undefined {
    return take(this.#failures, opcode);
  }
}

function take<T extends Order>(orders: T[], opcode: number): T | undefined {
  while (orders.length > 0 && orders[0]?.times === 0) orders.shift();
  const order = orders.find(({ opcode: only, times }) =>
    times > 0 && (only === undefined || only === opcode)
  );
  if (order !== undefined) order.times--;
  return order;
}
