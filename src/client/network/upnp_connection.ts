import type { Clock } from "../../clock.ts";
import { defaultConfig, type EngineConfig } from "../../engine/config.ts";
import type { FallbackFactory } from "../../engine/fallback.ts";
import type { FoundDevice, UpnpInput, UpnpOutput } from "../../engine/upnp_io.ts";
import type { PcpError } from "../../pcp_error.ts";
import type { Network } from "../../transport/transport.ts";
import type { IpAddress } from "../../wire/address.ts";
import { SocketError } from "../errors.ts";
import type { Tracer } from "../trace.ts";
import type { DriverCounts } from "./driver.ts";
import { loadUpnp } from "./load_upnp.ts";
import type { UpnpDriver } from "./upnp_driver.ts";

/** What a client has seen of UPnP. */
export interface UpnpSightings {
  /** The gateway's device. */
  readonly found: FoundDevice | undefined;
  /** Addresses of other devices that answered a search. */
  readonly elsewhere: readonly string[];
  /** Whether the gateway answered the last search, and nothing of its device could be used. */
  readonly isUnreadable: boolean;
}

/** What an {@linkcode UpnpConnection} is made of. */
export interface UpnpConnectionOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly counts: DriverCounts;
  readonly trace: Tracer | undefined;
  /** Whether to listen for announcements; undefined: yes, except on loopback. */
  readonly multicast: boolean | undefined;
  readonly localAddresses: (() => Promise<readonly string[] | undefined>) | undefined;
  readonly onAdding: (adding: UpnpOutput & { type: "adding" }) => Promise<void> | undefined;
  readonly onError: (error: PcpError) => void;
  readonly clientAddress: IpAddress;
  readonly serverAddresses: readonly IpAddress[];
  readonly config: Partial<EngineConfig>;
  readonly step: (event: UpnpInput) => void;
}

/** The part of a connection that speaks UPnP. It loads the code for that when the engine needs it. */
export class UpnpConnection implements UpnpSightings {
  found: FoundDevice | undefined = undefined;
  elsewhere: readonly string[] = [];
  isUnreadable = false;
  /** Makes the machine of UPnP, once its code is loaded. */
  create: FallbackFactory | undefined = undefined;
  /** Whether the gateway has answered the search that is under way. */
  #isAnswered = false;
  readonly #options: UpnpConnectionOptions;
  #driver: UpnpDriver | undefined;
  #closed = false;

  constructor(options: UpnpConnectionOptions) {
    this.#options = options;
  }

  /** Carries out an output of the engine. */
  take(action: UpnpOutput): void {
    switch (action.type) {
      case "load":
        return void this.#load();
      case "adding":
        return this.#driver?.waitFor(this.#options.onAdding(action));
      case "found":
        this.found = action;
        this.#isAnswered = false;
        return;
      case "elsewhere":
        return this.#noteOther(action.source.address.toString());
      case "searched":
        this.isUnreadable = this.#isAnswered;
        this.#isAnswered = false;
        return this.#driver?.take(action);
      default:
        this.#driver?.take(action);
    }
  }

  close(): void {
    this.#closed = true;
    this.#driver?.close();
  }

  async #load(): Promise<void> {
    const { clientAddress, multicast, config, step, onError } = this.#options;
    try {
      const { UpnpDriver, Igd } = await loadUpnp();
      if (this.#closed) return;
      this.#driver = new UpnpDriver({
        ...this.#options,
        ssdpPort: config.ssdpPort ?? defaultConfig.ssdpPort,
        step: (event) => this.#step(event),
        listens: multicast ?? !clientAddress.isLoopback,
      });
      this.create = (events, host) => new Igd(events, host);
      step({ type: "loaded" });
    } catch (error) {
      onError(new SocketError("open", "Cannot load the code that speaks UPnP", error));
      step({ type: "loadFailed" });
    }
  }

  #step(event: UpnpInput): void {
    const { serverAddresses, step } = this.#options;
    if (event.type === "datagram" && !event.multicast && !this.#isAnswered) {
      const { source: { address }, bytes } = event;
      this.#isAnswered = serverAddresses.some((server) => server.equals(address)) &&
        ANSWER.test(new TextDecoder().decode(bytes));
    }
    step(event);
  }

  #noteOther(address: string): void {
    if (this.elsewhere.length >= MOST_OTHERS || this.elsewhere.includes(address)) return;
    this.elsewhere = [...this.elsewhere, address];
  }
}

/** The answer of a gateway's device or connection service, as against that of a media server. */
const ANSWER = /^HTTP[^]*urn:[^\n]*:(InternetGatewayDevice|WAN(IP|PPP)Connection):/i;

/** Addresses are kept for a message to people; anyone can answer from more. */
const MOST_OTHERS = 4;
