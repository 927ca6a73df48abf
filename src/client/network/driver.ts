import type { Clock, Milliseconds } from "../../clock.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Input, MappingId, Output } from "../../engine/events.ts";
import type { SocketAddress, Transport } from "../../transport/transport.ts";
import { IpAddress } from "../../wire/address.ts";
import type { Tracer } from "../trace.ts";

/** What a {@linkcode Driver} is made of. */
export interface DriverOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly counts: DriverCounts;
  /** The addresses of the server, in the order of the engine's list. */
  readonly servers: readonly SocketAddress[];
  readonly onOutput: (output: ClientOutput) => void;
  readonly onSendError: (error: unknown) => void;
  /** The socket is to be replaced before the next datagram is sent. */
  readonly onNewSocket: () => void;
  readonly trace: Tracer | undefined;
}

/** An output of the engine that the driver does not carry out itself. */
export type ClientOutput = Exclude<Output, { type: "send" | "newSocket" }>;

/** Where a datagram was received, if not on the socket that requests leave from. */
export type ReceivedOn = Partial<
  Pick<Input & { type: "datagram" }, "multicast" | "isOnOldSocket">
>;

/** The datagrams that passed through a driver. */
export interface DriverCounts {
  sent: number;
  received: number;
  sendErrors: number;
}

/** Connects an engine to a clock and a socket: steps the engine, carries out its outputs, and keeps one alarm for its deadline. */
export class Driver {
  readonly counts: DriverCounts;
  readonly #options: DriverOptions;
  readonly #engine: Engine;
  readonly #clock: Clock;
  #socket: Pick<Transport, "send"> | undefined;
  /** Outputs of steps that began while other outputs were being carried out. */
  readonly #pending: Output[] = [];
  #carryingOut = false;
  #alarmAt: Milliseconds = Infinity;
  #cancelAlarm: () => void = () => {};
  #closed = false;

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#engine = options.engine;
    this.#clock = options.clock;
    this.counts = options.counts;
  }

  /** Sets the socket that requests are sent from. */
  use(socket: Pick<Transport, "send">): void {
    this.#socket = socket;
  }

  /** The address that requests are sent to now. */
  get server(): SocketAddress {
    return this.#options.servers[this.#engine.serverIndex] as SocketAddress;
  }

  /** Steps the engine and carries out its outputs. */
  step(input: Input): void {
    if (this.#closed) return;
    this.#carryOut(this.#engine.step(this.#clock.now(), input));
  }

  /** Steps the engine with a received datagram. */
  receive(bytes: Uint8Array, from: SocketAddress, on: ReceivedOn = {}): void {
    const address = IpAddress.tryParse(from.hostname);
    if (this.#closed || address === undefined) return;
    this.counts.received++;
    const source = { address, port: from.port };
    const now = this.#clock.now();
    const input: Input = { type: "datagram", bytes, source, multicast: false, ...on };
    const outputs = this.#engine.step(now, input);
    const ignored = outputs.find((output) => output.type === "ignored")?.reason;
    this.#options.trace?.({ at: now, direction: "received", remote: from, bytes, ignored });
    this.#carryOut(outputs);
  }

  /** A socket error occurred. After an ICMP error the server's next address is used (RFC 7488 section 3). */
  failed(error: unknown, index?: number): void {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const what = UNREACHABLE_ERRORS.get(code);
    if (what === undefined) return;
    this.step({ type: "unreachable", what, ...(index === undefined ? {} : { index }) });
  }

  /** Stops for good. The sockets stay open. */
  close(): void {
    this.#closed = true;
    this.#pending.length = 0;
    this.#cancelAlarm();
  }

  /** Carries outputs out in order, also when a callback makes the engine step again. */
  #carryOut(outputs: readonly Output[]): void {
    this.#pending.push(...outputs);
    if (!this.#carryingOut) {
      this.#carryingOut = true;
      try {
        for (let all = this.#pending.splice(0); all.length > 0; all = this.#pending.splice(0)) {
          for (const output of all) {
            if (output.type === "send") this.#send(output.bytes, output.id);
            else if (output.type === "newSocket") this.#options.onNewSocket();
            else this.#options.onOutput(output);
          }
        }
      } finally {
        this.#carryingOut = false;
      }
    }
    this.#setAlarm();
  }

  #send(bytes: Uint8Array, id: MappingId | undefined): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    const { trace, onSendError } = this.#options;
    const index = this.#engine.serverIndex;
    const remote = this.server;
    this.counts.sent++;
    trace?.({ at: this.#clock.now(), direction: "sent", remote, bytes, ignored: undefined });
    socket.send(bytes, remote).then(undefined, (error: unknown) => {
      if (this.#closed) return; // closing the socket fails the last sends
      this.counts.sendErrors++;
      onSendError(error);
      this.step({ type: "sendFailed", id });
      this.failed(error, index); // the engine may use another address by now
    });
  }

  #setAlarm(): void {
    const deadline = this.#closed ? undefined : this.#engine.deadline;
    // An earlier alarm stays: a timeout before the deadline changes nothing, and sets the next alarm.
    if (deadline === undefined || this.#alarmAt <= deadline) return;
    this.#cancelAlarm();
    this.#alarmAt = deadline;
    this.#cancelAlarm = this.#clock.alarm(deadline, () => {
      this.#alarmAt = Infinity;
      this.step({ type: "timeout" });
    });
  }
}

/** The system's codes for ICMP port, host and network unreachable. */
const UNREACHABLE_ERRORS: ReadonlyMap<unknown, "port" | "host"> = new Map([
  ["ECONNREFUSED", "port"],
  ["EHOSTUNREACH", "host"],
  ["ENETUNREACH", "host"],
]);
