import type { Clock, Milliseconds } from "../../clock.ts";
import type { Network, SocketAddress, Transport } from "../../transport/transport.ts";
import { IpAddress } from "../../wire/address.ts";
import { NATPMP_VERSION } from "../../wire/constants.ts";
import { decodeResponse, encodeRequest } from "../../wire/message.ts";
import {
  decodeNatPmpResponse,
  encodeNatPmpRequest,
  type NatPmpResponse,
} from "../../wire/natpmp.ts";
import { ResultCode } from "../../wire/result_code.ts";
import { abortable } from "../../abortable.ts";
import { reasonOf } from "../errors.ts";
import type { DriverCounts } from "../network/driver.ts";
import type { Tracer } from "../trace.ts";

/** What a probe is made from. */
export interface ProbeOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly client: IpAddress;
  readonly server: SocketAddress;
  readonly counts: DriverCounts;
  readonly trace: Tracer | undefined;
  readonly signal: AbortSignal | undefined;
}

/** What is known of the server after a probe; fields that depend on a response are absent without one. */
export interface ProbeResult {
  /** The protocol of the response. */
  readonly protocol?: "PCP" | "NAT-PMP";
  /** The result code, a number of that protocol. */
  readonly result?: number;
  /** Seconds since the server began or lost its state. */
  readonly epoch?: number;
  /** From request to response. */
  readonly roundTrip?: Milliseconds;
  /** The external address in a NAT-PMP response. */
  readonly externalAddress?: IpAddress;
  /** The version in an UNSUPP_VERSION response. */
  readonly otherVersion?: number;
  /** The system's message when a send failed on this host. */
  readonly sendError?: string;
}

/**
 * Finds out which protocol a server speaks, without requesting a mapping: it sends an ANNOUNCE request (RFC 6887 section 14.1),
 * and a NAT-PMP request for the external address (RFC 6886 section 3.2) if there is no response or the version is refused. It
 * uses its own socket, so that exchanges under way are not disturbed. Ends after 4 s without a response.
 */
export async function probeServer(options: ProbeOptions): Promise<ProbeResult> {
  options.signal?.throwIfAborted();
  const probe = new ServerProbe(options);
  try {
    return await probe.run();
  } finally {
    probe.close();
  }
}

class ServerProbe {
  readonly #options: ProbeOptions;
  readonly #done = Promise.withResolvers<void>();
  readonly #alarms: (() => void)[] = [];
  readonly #sentAt = { pcp: 0, natPmp: 0 };
  #transport: Transport | undefined;
  #result: ProbeResult = {};

  constructor(options: ProbeOptions) {
    this.#options = options;
  }

  async run(): Promise<ProbeResult> {
    const { network, clock, client, signal } = this.#options;
    try {
      this.#transport = await network.open({ hostname: client.toString(), port: 0 }, {
        datagram: (bytes, source) => this.#receive(bytes, source),
        error: (error) => this.#sendFailed(error),
      });
    } catch (error) {
      this.#sendFailed(error);
      return this.#result;
    }
    const begin = clock.now();
    const at = (after: Milliseconds, act: () => void): void => {
      this.#alarms.push(clock.alarm(begin + after, act));
    };
    for (const after of PCP_AFTER) at(after, () => this.#sendPcp());
    if (client.family === "IPv4") {
      for (const after of NATPMP_AFTER) at(after, () => this.#sendNatPmp());
    }
    at(PROBE_TIMEOUT, () => this.#done.resolve());
    await abortable(this.#done.promise, signal);
    return this.#result;
  }

  close(): void {
    for (const cancel of this.#alarms) cancel();
    this.#transport?.close();
  }

  #sendPcp(): void {
    const { client, clock } = this.#options;
    this.#sentAt.pcp = clock.now();
    const clientAddress = client.withScope(undefined);
    this.#send(encodeRequest({ type: "announce", lifetime: 0, clientAddress }));
  }

  #sendNatPmp(): void {
    this.#sentAt.natPmp = this.#options.clock.now();
    this.#send(encodeNatPmpRequest({ type: "externalAddress" }));
  }

  #send(bytes: Uint8Array): void {
    const { server, counts } = this.#options;
    counts.sent++;
    this.#trace("sent", server, bytes);
    this.#transport?.send(bytes, server).catch((error: unknown) => {
      counts.sendErrors++;
      this.#sendFailed(error);
    });
  }

  #trace(direction: "sent" | "received", remote: SocketAddress, bytes: Uint8Array): void {
    const { trace, clock } = this.#options;
    trace?.({ at: clock.now(), direction, remote, bytes, ignored: undefined });
  }

  #receive(bytes: Uint8Array, { hostname, port }: SocketAddress): void {
    const { server, counts } = this.#options;
    counts.received++;
    this.#trace("received", { hostname, port }, bytes);
    const isServer = port === server.port &&
      IpAddress.tryParse(hostname)?.equals(IpAddress.parse(server.hostname)) === true;
    if (!isServer) return;
    const natPmp = decodeNatPmpResponse(bytes);
    if (natPmp.ok && natPmp.value.type === "externalAddress") {
      return this.#receiveNatPmp(natPmp.value);
    }
    const pcp = decodeResponse(bytes);
    if (!pcp.ok) return;
    const { result, epoch, version, type } = pcp.value;
    if (result === ResultCode.UnsuppVersion) return this.#versionRefused(version);
    if (type !== "announce") return;
    this.#result = {
      protocol: "PCP",
      result,
      epoch,
      roundTrip: this.#options.clock.now() - this.#sentAt.pcp,
    };
    this.#done.resolve();
  }

  #receiveNatPmp({ result, epoch, address }: NatPmpResponse & { type: "externalAddress" }): void {
    const isVersionRefused = this.#result.otherVersion !== undefined;
    this.#result = {
      protocol: "NAT-PMP",
      result,
      epoch,
      roundTrip: this.#options.clock.now() - this.#sentAt.natPmp,
      ...(result === 0 && !address.isUnspecified ? { externalAddress: address } : {}),
    };
    // Otherwise the PCP request or its response may have been lost, so the second transmission follows.
    if (isVersionRefused) this.#done.resolve();
  }

  #versionRefused(version: number): void {
    this.#result = { ...this.#result, otherVersion: version };
    if (this.#result.protocol === "NAT-PMP") this.#done.resolve();
    else if (version === NATPMP_VERSION && this.#options.client.family === "IPv4") {
      this.#sendNatPmp();
    }
  }

  /** The probe continues: a later transmission may succeed. */
  #sendFailed(error: unknown): void {
    this.#result = { ...this.#result, sendError: reasonOf(error) };
  }
}

/** The second transmission follows after 3 s (RFC 6887 section 8.1.1). */
const PCP_AFTER: readonly Milliseconds[] = [0, 3_000];

/** Retransmissions follow after 250 ms, doubling (RFC 6886 section 3.1). PCP is tried before NAT-PMP (section 1.1). */
const NATPMP_AFTER: readonly Milliseconds[] = [1_000, 1_250, 1_750, 2_750];

/** Without a response by then there is probably no server; a person waits for the result. */
export const PROBE_TIMEOUT: Milliseconds = 4_000;
