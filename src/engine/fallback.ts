import type { MappingResponse } from "../wire/message_type.ts";
import type { Endpoint, IpAddress } from "../wire/address.ts";
import type { EngineConfig } from "./config.ts";
import type { IgnoreReason, Milliseconds } from "./events.ts";
import type { Mapping } from "./mapping.ts";
import type { MappingSpec } from "./mapping_spec.ts";
import type { Obstacle } from "./obstacle.ts";
import type { Protocol } from "./protocol.ts";
import type { UpnpInput, UpnpOutput, UpnpRecord } from "./upnp_io.ts";

/** A protocol other than PCP. */
export type FallbackProtocol = Exclude<Protocol, "pcp">;

/**
 * What is known of a gateway in one protocol. `unasked`: before the first request, datagrams of this protocol mean nothing.
 * `asked`: no answer yet. `usable`: it has answered. `silent`: it did not answer in the time of the protocol. `refused`:
 * nothing listens at its port. `unsupported`: it answered that it does not speak the protocol.
 */
export type FallbackState =
  | "unasked"
  | "asked"
  | "usable"
  | "silent"
  | "refused"
  | "unsupported";

/**
 * A protocol that mappings go over to when the gateway does not answer in PCP. It requests them, repeats, and answers in the
 * terms of PCP; the life of a mapping stays with the engine.
 */
export interface Fallback {
  readonly protocol: FallbackProtocol;
  readonly state: FallbackState;
  /** When {@linkcode Fallback.wake} is due; Infinity when nothing is under way. */
  readonly deadline: Milliseconds;
  /** Whether an answer is waited for. */
  readonly isBusy: boolean;
  /** What keeps the protocol from making the mapping; undefined if it can. */
  obstacle(spec: MappingSpec): Obstacle | undefined;
  /** Asks for the external address, which also shows whether the gateway speaks the protocol. */
  ask(now: Milliseconds): void;
  /** The mapping is requested, or deleted in the phase `deleting`. */
  add(mapping: Mapping, now: Milliseconds): void;
  /** The mapping's exchange is over, or begins anew. It must not answer for it any more. */
  remove(mapping: Mapping): void;
  /** The deadline may have come. */
  wake(now: Milliseconds): void;
  /** ICMP says that the gateway's port of PCP and NAT-PMP is closed. */
  unreachable(): void;
  /** Another address of the server is used: everything begins anew there, in PCP. */
  moved(): void;
  /** The network may have changed: what was given up for a while is tried at once. */
  refresh?(now: Milliseconds): void;
  /** Something happened that concerns this protocol only; returns why it changed nothing, if so. */
  take?(now: Milliseconds, event: UpnpInput): IgnoreReason | undefined;
}

/** What a {@linkcode Fallback} reports. */
export interface FallbackEvents {
  /** A response, in the terms of PCP. */
  readonly answer: (mapping: Mapping, response: Answer) => void;
  /** The gateway does not answer in this protocol: the mapping may be requested again after `hold`. */
  readonly giveUp: (mapping: Mapping, hold: Milliseconds) => void;
  /** A request left: one of the mapping, or the question for the address. */
  readonly asked: (mapping: Mapping | undefined) => void;
  /** The gateway answered. Called before what follows from the answer. */
  readonly heard: () => void;
  /** The question for the external address is answered. */
  readonly addressAnswered: (answer: AddressAnswer) => void;
  /** The gateway has lost its mappings. */
  readonly restarted: (epoch: number) => void;
  /** The gateway has another external address. */
  readonly readdressed: (address: IpAddress) => void;
  /** The gateway does not hold the mapping any more. */
  readonly lost: (mapping: Mapping) => void;
}

/** What a {@linkcode Fallback} with sockets of its own uses. */
export interface FallbackHost {
  readonly config: EngineConfig;
  readonly clientAddress: IpAddress;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** The addresses of the server; the first is the one in use. */
  readonly servers: () => readonly Endpoint[];
  /** Does something outside of the engine. */
  readonly act: (action: UpnpOutput) => void;
}

/** The answer to the question for the external address. */
export interface AddressAnswer {
  /** A result code of PCP (RFC 6887 section 7.4). */
  readonly result: number;
  /** Undefined if the result is not 0. */
  readonly address: IpAddress | undefined;
  /** Seconds since the gateway lost its state; undefined in a protocol that has none. */
  readonly epoch: number | undefined;
  readonly roundTrip: Milliseconds;
}

/** A response, and the protocol in which it came; PCP if that is left out. */
export type Answer = MappingResponse & {
  readonly by?: Protocol;
  /** The gateway's own number of an error. */
  readonly upnpCode?: number | undefined;
  /** What UPnP has to know of what it granted. */
  readonly upnp?: UpnpRecord | undefined;
};

/** Makes a fallback. */
export type FallbackFactory = (events: FallbackEvents, host: FallbackHost) => Fallback;

/** The protocol of a response. */
export function protocolOf({ by }: Answer): Protocol {
  return by ?? "pcp";
}
