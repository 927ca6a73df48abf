/** An engine with UPnP and a simulated gateway in virtual time, without sockets: what each side sends is handed over. */

import { Engine } from "../../src/engine/engine.ts";
import type { EngineConfig } from "../../src/engine/config.ts";
import type {
  Assignment,
  Input,
  KnownMapping,
  MappingState,
  Output,
} from "../../src/engine/events.ts";
import type { FallbackFactory } from "../../src/engine/fallback.ts";
import { lateUpnp } from "../../src/engine/late_fallback.ts";
import type { MappingSpec } from "../../src/engine/mapping_spec.ts";
import type { Protocol } from "../../src/engine/protocol.ts";
import type { UpnpExchange, UpnpOutput } from "../../src/engine/upnp_io.ts";
import { Igd } from "../../src/igd/igd.ts";
import { seededRandom } from "../../src/testing/random.ts";
import type { IgdOptions } from "../../src/testing/server/igd/options.ts";
import type { IgdOutput } from "../../src/testing/server/igd/output.ts";
import {
  type IgdRestartOptions,
  SimulatedIgd,
} from "../../src/testing/server/igd/simulated_igd.ts";
import { IpAddress } from "../../src/wire/address.ts";
import { mapSpec } from "./specs.ts";

export const GATEWAY = IpAddress.parse("192.168.1.1");
export const GATEWAY6 = IpAddress.parse("fe80::1%eth0");
export const GLOBAL6 = IpAddress.parse("2001:db8:77::1");
export const CLIENT = IpAddress.parse("192.168.1.23");
export const CLIENT6 = IpAddress.parse("2001:db8:77::2");

export interface WorldOptions {
  readonly igd?: IgdOptions;
  readonly protocols?: readonly Protocol[];
  readonly family?: "IPv4" | "IPv6";
  readonly config?: Partial<EngineConfig>;
  readonly external?: () => string;
  readonly seed?: number;
  readonly client?: IpAddress;
  /** The gateway, if another world has made it. */
  readonly gateway?: SimulatedIgd;
  readonly startsAt?: number;
  /** Takes requests in PCP and NAT-PMP; silence by default. */
  readonly onSend?: (world: IgdWorld, bytes: Uint8Array) => void;
}

/** What left the client: a search, a description, or an action, as a text; and the time. */
export interface Sent {
  readonly at: number;
  readonly text: string;
  readonly action: Exclude<UpnpOutput, { type: "load" }>;
}

/** What takes the place of an exchange. */
export type Interception = "refused" | "reset" | "timeout" | {
  readonly status: number;
  readonly body: string;
};

interface Connection {
  readonly exchange: UpnpExchange;
  octets: Uint8Array;
  readonly endsAt: number;
}

export class IgdWorld {
  now: number;
  readonly igd: SimulatedIgd;
  readonly engine: Engine;
  readonly outputs: { readonly at: number; readonly output: Output }[] = [];
  readonly sent: Sent[] = [];
  /** Loses what this returns true for. */
  loses: (bytes: Uint8Array, to: IpAddress) => boolean = () => false;
  /** Changes what the gateway sends. */
  tamper: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes;
  /** Answers an exchange in place of the gateway: with a failure, or with a status and a body. */
  intercept: (exchange: UpnpExchange, text: string) => Interception | undefined = () => undefined;
  readonly client: IpAddress;
  mostOpen = 0;
  readonly #options: WorldOptions;
  readonly #connections = new Map<number, Connection>();
  readonly #tasks: { readonly at: number; readonly run: () => void }[] = [];
  #factory: FallbackFactory | undefined;
  #lastId = -1;
  #httpPort = 5_000;
  #isListening = true;

  constructor(options: WorldOptions = {}) {
    const { family = "IPv4", protocols = ["upnp"], external, seed = 1 } = options;
    this.#options = options;
    this.now = options.startsAt ?? 0;
    const address = family === "IPv4" ? GATEWAY : GATEWAY6;
    this.client = options.client ?? (family === "IPv4" ? CLIENT : CLIENT6);
    this.igd = options.gateway ?? new SimulatedIgd(
      { ...family === "IPv6" ? { location6: `${GLOBAL6}` } : {}, ...options.igd },
      external,
    );
    this.igd.listening({
      address: GATEWAY,
      address6: GATEWAY6,
      httpPort: this.#httpPort,
      ssdpPort: 1_900,
    });
    const random = seededRandom(seed);
    this.engine = new Engine({
      server: { address, port: 5_351 },
      clientAddress: this.client,
      random,
      randomWord: () => Math.floor(random() * 2 ** 32),
      protocols,
      fallbacks: [lateUpnp(() => this.#factory)],
      config: options.config ?? {},
    });
  }

  /** Requests a mapping and returns its id. */
  map(
    spec: Partial<MappingSpec> = {},
    { lifetimes = Infinity, known, release }: {
      readonly lifetimes?: number;
      readonly release?: "revoked" | "dropped";
      readonly known?: KnownMapping;
    } = {},
  ): number {
    const id = ++this.#lastId;
    const externalAddress = IpAddress.any(this.client.family);
    const whole = mapSpec({ internalPort: 6_000, lifetime: 3_600, externalAddress, ...spec });
    this.step({ type: "request", id, spec: whole, lifetimes, known, release });
    return id;
  }

  release(id: number, as: "revoked" | "dropped" = "revoked"): void {
    this.step({ type: "release", id, as });
  }

  step(input: Input): void {
    for (const output of this.engine.step(this.now, input)) {
      this.outputs.push({ at: this.now, output });
      this.#carryOut(output);
    }
  }

  /** Passes time. */
  pass(milliseconds: number): void {
    const end = this.now + milliseconds;
    for (let turns = 0;; turns++) {
      if (turns > 200_000) throw new Error(`The world stands still at ${this.now}`);
      const at = this.#nextAt;
      if (at > end) break;
      this.now = Math.max(this.now, at);
      this.#runDue();
    }
    this.now = end;
  }

  restart(options: IgdRestartOptions = {}): void {
    this.#run(this.igd.restart(this.now, options));
  }

  /** Sends a datagram to the client. */
  datagram(text: string, source = GATEWAY, multicast = true): void {
    const bytes = new TextEncoder().encode(text);
    const from = { address: source, port: 1_900 };
    this.step({ type: "upnp", event: { type: "datagram", bytes, source: from, multicast } });
  }

  /** The texts of what left since a time. */
  texts(since = 0): string[] {
    return this.sent.filter(({ at }) => at >= since).map(({ text }) => text);
  }

  /** The actions that left since a time, without searches and descriptions. */
  actions(since = 0): string[] {
    return this.texts(since).filter((text) =>
      !/^(search|GET|listen|unlisten|adding|found|elsewhere|cancel)/.test(text)
    );
  }

  /** The states of a mapping in order, as short texts. */
  states(id: number, since = 0): string[] {
    return this.#of(id, since).flatMap((output) => {
      return output.type === "state" ? [stateText(output.state)] : [];
    });
  }

  /** The last state of a mapping. */
  state(id: number): MappingState | undefined {
    const state = this.#of(id, 0).findLast(({ type }) => type === "state");
    return state?.type === "state" ? state.state : undefined;
  }

  /** What was granted last. */
  granted(id: number): Assignment | undefined {
    const output = this.#of(id, 0).findLast(({ type }) => type === "granted");
    return output?.type === "granted" ? output.assignment : undefined;
  }

  /** Outputs of one type since a time. */
  all<T extends Output["type"]>(type: T, since = 0): Extract<Output, { type: T }>[] {
    return this.outputs.filter(({ at }) => at >= since).map(({ output }) => output)
      .filter((output): output is Extract<Output, { type: T }> => output.type === type);
  }

  #of(id: number, since: number): Output[] {
    return this.outputs.filter(({ at }) => at >= since).map(({ output }) => output)
      .filter((output) => "id" in output && output.id === id);
  }

  get #nextAt(): number {
    const ends = [...this.#connections.values()].map(({ endsAt }) => endsAt);
    return Math.min(
      this.engine.deadline ?? Infinity,
      this.igd.deadline ?? Infinity,
      ...ends,
      ...this.#tasks.map(({ at }) => at),
    );
  }

  #runDue(): void {
    const index = this.#tasks.findIndex(({ at }) => at <= this.now);
    if (index >= 0) {
      const [task] = this.#tasks.splice(index, 1);
      return task?.run();
    }
    if ((this.igd.deadline ?? Infinity) <= this.now) this.#run(this.igd.timeout(this.now));
    for (const [id, { endsAt }] of [...this.#connections]) {
      if (endsAt <= this.now) this.#fail(id, "timeout");
    }
    if ((this.engine.deadline ?? Infinity) <= this.now) this.step({ type: "timeout" });
  }

  #carryOut(output: Output): void {
    if (output.type === "send") return this.#options.onSend?.(this, output.bytes);
    if (output.type !== "upnp") return;
    const { action } = output;
    if (action.type === "load") {
      this.#factory = (events, host) => new Igd(events, host);
      this.later(() => this.step({ type: "upnp", event: { type: "loaded" } }));
      return;
    }
    this.sent.push({ at: this.now, text: textOf(action), action });
    if (action.type === "search") this.#search(action);
    if (action.type === "exchange") this.#exchange(action);
    if (action.type === "cancel") {
      this.#connections.delete(action.id);
      this.#run(this.igd.disconnected(this.now, action.id));
    }
  }

  /** After what is under way, in the same millisecond. */
  later(run: () => void, wait = 0): void {
    this.#tasks.push({ at: this.now + wait, run });
  }

  #search({ bytes, to }: Extract<UpnpOutput, { type: "search" }>): void {
    if (this.loses(bytes, to.address) || !(to.address.isMulticast || isGateway(to.address))) return;
    this.later(() => {
      const source = { address: this.client, port: 50_000 };
      this.#run(this.igd.datagram(this.now, bytes, source, to.address));
    }, 1);
  }

  #exchange(exchange: UpnpExchange): void {
    const { id, address, port, from, bytes } = exchange;
    const endsAt = this.now + exchange.timeout;
    this.#connections.set(id, { exchange, octets: new Uint8Array(), endsAt });
    this.mostOpen = Math.max(this.mostOpen, this.#connections.size);
    const failure = this.intercept(exchange, textOf(exchange));
    if (failure === "timeout") return;
    if (typeof failure === "object") {
      const { status, body } = failure;
      const text = `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      return this.later(() => this.#receive(id, new TextEncoder().encode(text)), 1);
    }
    if (failure !== undefined) return this.later(() => this.#fail(id, failure), 1);
    if (!isGateway(address) || !this.#isListening || port !== this.#httpPort) {
      return this.later(() => this.#fail(id, "refused"), 1);
    }
    this.later(() => {
      if (!this.#connections.has(id)) return;
      const remote = { address: from, port: 40_000 + id };
      this.#run(this.igd.connect(this.now, id, remote, { address, port }));
      this.#run(this.igd.octets(this.now, id, bytes));
    }, 1);
  }

  #run(outputs: readonly IgdOutput[]): void {
    for (const output of outputs) {
      switch (output.type) {
        case "datagram": {
          const multicast = output.to.address.isMulticast;
          const isOurs = output.to.address.family === this.client.family;
          const source = { address: output.from, port: output.isPortRandom ? 49_152 : 1_900 };
          const bytes = this.tamper(output.bytes);
          if (isOurs && !this.loses(bytes, output.to.address)) {
            const event = { type: "datagram", bytes, source, multicast } as const;
            this.later(() => this.step({ type: "upnp", event }), 1);
          }
          break;
        }
        case "listen":
          this.#isListening = output.port !== undefined;
          if (output.port !== undefined) {
            this.#httpPort = output.port === 0 ? this.#httpPort + 1 : output.port;
            this.#run(this.igd.listening({ ...this.igd.place, httpPort: this.#httpPort }));
          }
          break;
        case "send":
          this.#receive(output.connection, this.tamper(output.bytes));
          break;
        case "close":
          this.later(() => this.#end(output.connection));
          break;
        case "reset":
          this.later(() => this.#fail(output.connection, "reset"));
      }
    }
  }

  #receive(id: number, bytes: Uint8Array): void {
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    const { exchange, octets } = connection;
    const all = new Uint8Array(octets.length + bytes.length);
    all.set(octets);
    all.set(bytes, octets.length);
    connection.octets = all.subarray(0, exchange.maximum);
    if (exchange.isComplete(connection.octets)) this.later(() => this.#end(id));
    else if (all.length > exchange.maximum) this.later(() => this.#fail(id, "tooLong"));
  }

  #end(id: number): void {
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    this.#connections.delete(id);
    this.#run(this.igd.disconnected(this.now, id));
    this.step({ type: "upnp", event: { type: "exchanged", id, octets: connection.octets } });
  }

  #fail(id: number, reason: "refused" | "reset" | "timeout" | "tooLong"): void {
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    this.#connections.delete(id);
    this.#run(this.igd.disconnected(this.now, id));
    const { octets } = connection;
    this.step({ type: "upnp", event: { type: "exchangeFailed", id, reason, octets } });
  }
}

function isGateway(address: IpAddress): boolean {
  return [GATEWAY, GATEWAY6, GLOBAL6].some((each) => each.equals(address));
}

/** As `search IGD:1 239.255.255.250`, `GET /rootDesc.xml`, `AddPortMapping 6000 6000 3600`. */
function textOf(action: Exclude<UpnpOutput, { type: "load" }>): string {
  if (action.type === "search") {
    const target = /\nST: (.*)\r\n/.exec(new TextDecoder().decode(action.bytes))?.[1] ?? "";
    const short = target.replace("urn:schemas-upnp-org:device:InternetGatewayDevice", "IGD")
      .replace("urn:schemas-upnp-org:service:", "");
    return `search ${short} ${action.to.address}`;
  }
  if (action.type !== "exchange") return action.type;
  const text = new TextDecoder().decode(action.bytes);
  const [line = ""] = text.split("\r\n");
  if (line.startsWith("GET")) return line.replace(" HTTP/1.1", "");
  const name = /#(\w+)"/.exec(text)?.[1] ?? "";
  const values = ["NewExternalPort", "InternalPort", "NewLeaseDuration", "LeaseTime", "UniqueID"]
    .flatMap((each) => new RegExp(`<(?:New)?${each}>(\\d+)<`).exec(text)?.[1] ?? []);
  return [name, ...values].join(" ");
}

function stateText(state: MappingState): string {
  switch (state.type) {
    case "starting":
      return `starting ${state.attempt}`;
    case "updating":
      return `updating ${state.lifetime}`;
    case "error":
      return [
        state.name,
        ...state.retryIn === undefined ? [] : [`retry ${state.retryIn}`],
        ...state.upnpCode === undefined ? [] : [`upnp ${state.upnpCode}`],
      ].join(" ");
    default:
      return state.type;
  }
}
