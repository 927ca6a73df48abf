import type { Clock, Milliseconds } from "../../clock.ts";
import type { Network, Sink, SocketAddress } from "../../transport/transport.ts";
import type { DriverCounts } from "../network/driver.ts";
import type { Tracer } from "../trace.ts";
import { IpAddress } from "../../wire/address.ts";
import { decodeResponse, encodeRequest } from "../../wire/message.ts";
import { decodeNatPmpResponse, encodeNatPmpRequest } from "../../wire/natpmp.ts";
import { NATPMP_VERSION } from "../../wire/constants.ts";
import { ResultCode } from "../../wire/result_code.ts";

/** What is asked, and how. */
export interface ProbeOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly client: IpAddress;
  readonly server: SocketAddress;
  readonly counts: DriverCounts;
  readonly trace: Tracer | undefined;
  readonly signal: AbortSignal | undefined;
}

/** What a server made of two simple questions. */
export interface ProbeResult {
  /** What it speaks; null for nothing that this client knows. */
  readonly protocol: "PCP" | "NAT-PMP" | null;
  /** The result code of its answer, in its protocol's numbers; null without an answer. */
  readonly result: number | null;
  /** Seconds since it lost its state; null without an answer. */
  readonly epoch: number | null;
  /** Milliseconds until the answer; null without one. */
  readonly roundTrip: Milliseconds | null;
  /** Its external address, if it told that. */
  readonly externalAddress: IpAddress | undefined;
  /** The only version that it speaks, if that is none of ours. */
  readonly otherVersion: number | undefined;
  /** What this host said when nothing could be sent. */
  readonly sendError: string | undefined;
}

/**
 * Asks what a server speaks, without asking for a mapping: an ANNOUNCE request (RFC 6887 section 14.1), and the external
 * address in NAT-PMP (RFC 6886 section 3.2) if that stays unanswered or is refused for its version. From a socket of its
 * own, so that nothing under way is disturbed. Ends after 4 s of silence.
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
  #send: (bytes: Uint8Array) => void = () => {};
  #close: () => void = () => {};
  #result: ProbeResult = NOTHING;

  constructor(options: ProbeOptions) {
    this.#options = options;
  }

  async run(): Promise<ProbeResult> {
    const { network, client, server, signal, counts } = this.#options;
    const sink: Sink = {
      datagram: (bytes, source) => this.#receive(bytes, source),
      error: (error) => this.#failed(error),
    };
    try {
      const transport = await network.open({ hostname: client.toString(), port: 0 }, sink);
      this.#send = (bytes) => {
        counts.sent++;
        this.#trace("sent", server, bytes);
        transport.send(bytes, server).catch((error: unknown) => {
          counts.sendErrors++;
          this.#failed(error);
        });
      };
      this.#close = () => transport.close();
    } catch (error) {
      this.#failed(error);
      return this.#result;
    }
    const abort = (): void => this.#done.reject(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    const { clock } = this.#options;
    const begun = clock.now();
    const at = (after: Milliseconds, act: () => void): void => {
      this.#alarms.push(clock.alarm(begun + after, act));
    };
    for (const after of PCP_AFTER) at(after, () => this.#askPcp());
    if (client.family === "IPv4") {
      for (const after of NATPMP_AFTER) at(after, () => this.#askNatPmp());
    }
    at(PROBE_TIMEOUT, () => this.#done.resolve());
    try {
      await this.#done.promise;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
    return this.#result;
  }

  close(): void {
    for (const cancel of this.#alarms) cancel();
    this.#close();
  }

  #askPcp(): void {
    const { client, clock } = this.#options;
    this.#sentAt.pcp = clock.now();
    const clientAddress = client.withScope(undefined);
    this.#send(encodeRequest({ type: "announce", lifetime: 0, clientAddress }));
  }

  #askNatPmp(): void {
    this.#sentAt.natPmp = this.#options.clock.now();
    this.#send(encodeNatPmpRequest({ type: "externalAddress" }));
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
      return this.#natPmp(natPmp.value);
    }
    const pcp = decodeResponse(bytes);
    if (!pcp.ok) return;
    const { result, epoch, version, type } = pcp.value;
    if (result === ResultCode.UnsuppVersion) return this.#otherVersion(version);
    if (type !== "announce") return;
    this.#result = {
      ...NOTHING,
      protocol: "PCP",
      result,
      epoch,
      roundTrip: this.#options.clock.now() - this.#sentAt.pcp,
    };
    this.#done.resolve();
  }

  #natPmp(answer: { result: number; epoch: number; address: IpAddress }): void {
    const { result, epoch, address } = answer;
    const isRefusal = this.#result.otherVersion !== undefined;
    this.#result = {
      ...NOTHING,
      protocol: "NAT-PMP",
      result,
      epoch,
      roundTrip: this.#options.clock.now() - this.#sentAt.natPmp,
      externalAddress: result === 0 && !address.isUnspecified ? address : undefined,
    };
    // Without a refusal the question in PCP may have been lost: it is asked once more.
    if (isRefusal) this.#done.resolve();
  }

  #otherVersion(version: number): void {
    this.#result = { ...this.#result, otherVersion: version };
    if (this.#result.protocol === "NAT-PMP") this.#done.resolve();
    else if (version === NATPMP_VERSION && this.#options.client.family === "IPv4") {
      this.#askNatPmp();
    }
  }

  /** Goes on: another attempt may get through. */
  #failed(error: unknown): void {
    const innermost = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const sendError = innermost instanceof Error ? innermost.message : String(innermost);
    this.#result = { ...this.#result, sendError };
  }
}

const NOTHING: ProbeResult = {
  protocol: null,
  result: null,
  epoch: null,
  roundTrip: null,
  externalAddress: undefined,
  otherVersion: undefined,
  sendError: undefined,
};

/** RFC 6887 section 8.1.1: again after 3 s. */
const PCP_AFTER: readonly Milliseconds[] = [0, 3_000];

/** RFC 6886 section 3.1: again after 250 ms, doubling; not before PCP had its chance (section 1.1). */
const NATPMP_AFTER: readonly Milliseconds[] = [1_000, 1_250, 1_750, 2_750];

/** Nobody waits longer to hear that there is nothing. */
export const PROBE_TIMEOUT: Milliseconds = 4_000;
