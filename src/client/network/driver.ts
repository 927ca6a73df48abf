import type { Clock, Milliseconds } from "../../clock.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Input, MappingId, Output } from "../../engine/events.ts";
import type { UpnpOutput } from "../../engine/upnp_io.ts";
import type { SocketAddress, Transport } from "../../transport/transport.ts";
import { type Endpoint, IpAddress } from "../../wire/address.ts";
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
  /** A request left for this address of the server. */
  readonly onSent: (index: number) => void;
  /** The server answered. */
  readonly onAnswer: () => void;
  readonly onUpnp: (action: UpnpOutput) => void;
  readonly trace: Tracer | undefined;
}

/** An output of the engine that the driver does not carry out itself. */
export type ClientOutput = Exclude<Output, { type: "send" | "newSocket" | "upnp" }>;

/** Where a datagram was received, if not on the socket that requests leave from. */
export type ReceivedOn = Partial<
  Pick<Input & { type: "datagram" }, "multicast" | "isOnOldSocket">
>;

/** The datagrams that passed through a driver, and in UPnP the messages over TCP. */
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
  /** The outputs that are being carried out, and after them those of steps that began meanwhile. */
  #outputs: Output[] | undefined;
  #alarmAt: Milliseconds = Infinity;
  #cancelAlarm: () => void = () => {};
  #closed = false;
  /** A request left since the last answer. */
  #awaitsAnswer = false;
  #lastHostname = "";
  #lastSource: Endpoint | undefined;

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
    const source = this.#endpointOf(from);
    if (this.#closed || source === undefined) return;
    this.counts.received++;
    const now = this.#clock.now();
    const { multicast = false, isOnOldSocket = false } = on;
    const input: Input = { type: "datagram", bytes, source, multicast, isOnOldSocket };
    const outputs = this.#engine.step(now, input);
    const { trace, onAnswer } = this.#options;
    if (trace !== undefined || this.#awaitsAnswer) {
      const ignored = outputs.find((output) => output.type === "ignored")?.reason;
      if (ignored === undefined) {
        this.#awaitsAnswer = false;
        onAnswer();
      }
      trace?.({ at: now, direction: "received", remote: from, bytes, ignored });
    }
    this.#carryOut(outputs);
  }

  /**
   * A socket error occurred. After an ICMP error the server's next address is used (RFC 7488 section 3).
   *
   * @returns Whether the gateway refused a datagram.
   */
  failed(error: unknown, index?: number): boolean {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const what = UNREACHABLE_ERRORS.get(code);
    if (what === undefined) return false;
    this.step({ type: "unreachable", what, ...(index === undefined ? {} : { index }) });
    return what === "port";
  }

  /** Stops for good. The sockets stay open. */
  close(): void {
    this.#closed = true;
    this.#outputs?.splice(0);
    this.#cancelAlarm();
  }

  /** Carries outputs out in order, also when a callback makes the engine step again. */
  #carryOut(outputs: Output[]): void {
    if (this.#outputs !== undefined) this.#outputs.push(...outputs);
    else {
      this.#outputs = outputs;
      try {
        for (let index = 0; index < outputs.length; index++) { // the array may grow meanwhile
          const output = outputs[index] as Output;
          if (output.type === "send") this.#send(output.bytes, output.id);
          else if (output.type === "newSocket") this.#options.onNewSocket();
          else if (output.type === "upnp") this.#options.onUpnp(output.action);
          else this.#options.onOutput(output);
        }
      } finally {
        this.#outputs = undefined;
      }
    }
    this.#setAlarm();
  }

  /** The source of a datagram; undefined if its text is no address. Nearly all datagrams have the same source. */
  #endpointOf({ hostname, port }: SocketAddress): Endpoint | undefined {
    if (hostname !== this.#lastHostname || port !== this.#lastSource?.port) {
      const address = IpAddress.tryParse(hostname);
      this.#lastHostname = hostname;
      this.#lastSource = address && { address, port };
    }
    return this.#lastSource;
  }

  #send(bytes: Uint8Array, id: MappingId | undefined): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    const { trace, servers, onSent, onSendError } = this.#options;
    const index = this.#engine.serverIndex;
    const remote = servers[index] as SocketAddress;
    this.counts.sent++;
    trace?.({ at: this.#clock.now(), direction: "sent", remote, bytes, ignored: undefined });
    this.#awaitsAnswer = true;
    onSent(index);
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
