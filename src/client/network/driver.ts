import type { Clock } from "../../clock.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Input, MappingId, Output } from "../../engine/events.ts";
import type { SocketAddress, Transport } from "../../transport/transport.ts";
import { type Endpoint, IpAddress } from "../../wire/address.ts";
import type { Tracer } from "../trace.ts";

/** What a driver needs. */
export interface DriverOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly counts: DriverCounts;
  /** The addresses of the server, in the order of the engine's list. */
  readonly servers: readonly SocketAddress[];
  readonly outlet: Outlet;
  readonly onSendError: (error: unknown, id: MappingId | undefined) => void;
  readonly trace: Tracer | undefined;
}

/** Takes what is not for the network. */
export interface Outlet {
  take: (output: Exclude<Output, { type: "send" }>) => void;
}

/** What passed through a driver. */
export interface DriverCounts {
  sent: number;
  received: number;
  sendErrors: number;
}

/** Joins an engine with a clock and a socket: carries out what the engine wants, with one alarm for all of it. */
export class Driver {
  readonly counts: DriverCounts;
  readonly #options: DriverOptions;
  readonly #engine: Engine;
  readonly #clock: Clock;
  #transport: Transport | undefined;
  /** What came up while other outputs were being carried out. */
  #later: Output[] = [];
  #carryingOut = false;
  #alarmAt = Infinity;
  #cancelAlarm: () => void = () => {};
  #closed = false;
  /** Whom the last datagram came from: nearly always the one before. */
  #from: SocketAddress = { hostname: "", port: 0 };
  #source: Endpoint | undefined;

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#engine = options.engine;
    this.#clock = options.clock;
    this.counts = options.counts;
  }

  /** Gives it the socket that requests leave by. */
  use(transport: Transport): void {
    this.#transport = transport;
  }

  /** Where requests go now. */
  get server(): SocketAddress {
    return this.#options.servers[this.#engine.serverIndex] as SocketAddress;
  }

  /** Lets the engine take a step and carries out what it wants. */
  step(input: Input): void {
    if (this.#closed) return;
    const outputs = this.#engine.step(this.#clock.now(), input);
    if (outputs.length > 0) this.#carryOut(outputs);
    this.#setAlarm();
  }

  /** A datagram came in. */
  receive(bytes: Uint8Array, from: SocketAddress, multicast: boolean): void {
    if (from.hostname !== this.#from.hostname || from.port !== this.#from.port) this.#meet(from);
    const source = this.#source;
    if (this.#closed || source === undefined) return;
    this.counts.received++;
    const outputs = this.#engine.step(this.#clock.now(), {
      type: "datagram",
      bytes,
      source,
      multicast,
    });
    if (this.#options.trace !== undefined) {
      const ignored = outputs.find((output) => output.type === "ignored")?.reason;
      this.#trace("received", from, bytes, ignored);
    }
    if (outputs.length > 0) this.#carryOut(outputs);
    this.#setAlarm();
  }

  /** The socket met trouble: of a server with several addresses the next one is asked (RFC 7488 section 3). */
  failed(error: unknown, index?: number): void {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (!HARD_ERRORS.has(code)) return;
    this.step({ type: "unreachable", ...(index === undefined ? {} : { index }) });
  }

  /** Stops for good; the socket is the caller's to close. */
  close(): void {
    this.#closed = true;
    this.#later = [];
    this.#cancelAlarm();
  }

  /** In order, also when a consequence makes the user call back in. */
  #carryOut(outputs: readonly Output[]): void {
    if (this.#carryingOut) {
      for (const output of outputs) this.#later.push(output);
      return;
    }
    this.#carryingOut = true;
    try {
      for (let all = outputs; all.length > 0; all = this.#later.splice(0)) {
        for (let index = 0; index < all.length; index++) {
          const output = all[index] as Output;
          if (output.type === "send") this.#send(output.bytes, output.id);
          else this.#options.outlet.take(output);
        }
      }
    } finally {
      this.#carryingOut = false;
    }
  }

  #send(bytes: Uint8Array, id: MappingId | undefined): void {
    const transport = this.#transport;
    if (transport === undefined) return;
    const index = this.#engine.serverIndex;
    const server = this.#options.servers[index] as SocketAddress;
    this.counts.sent++;
    if (this.#options.trace !== undefined) this.#trace("sent", server, bytes, undefined);
    transport.send(bytes, server).then(undefined, (error: unknown) => {
      if (this.#closed) return; // the socket was closed under the last sends
      this.counts.sendErrors++;
      this.#options.onSendError(error, id);
      this.step({ type: "sendFailed", id });
      this.failed(error, index); // others that failed there say nothing of where requests go by now
    });
  }

  #setAlarm(): void {
    const deadline = this.#closed ? undefined : this.#engine.deadline;
    // A later deadline needs no new alarm: waking up early changes nothing, and sets the right one.
    if (deadline === undefined || this.#alarmAt <= deadline) return;
    this.#cancelAlarm();
    this.#alarmAt = deadline;
    this.#cancelAlarm = this.#clock.alarm(deadline, () => {
      this.#alarmAt = Infinity;
      this.step({ type: "timeout" });
    });
  }

  #trace(
    direction: "sent" | "received",
    remote: SocketAddress,
    bytes: Uint8Array,
    ignored: string | undefined,
  ): void {
    this.#options.trace?.({ at: this.#clock.now(), direction, remote, bytes, ignored });
  }

  #meet({ hostname, port }: SocketAddress): void {
    const address = IpAddress.tryParse(hostname);
    this.#from = { hostname, port };
    this.#source = address === undefined ? undefined : { address, port };
  }
}

/** What ICMP's port, host and network unreachable become. */
const HARD_ERRORS: ReadonlySet<unknown> = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH"]);
