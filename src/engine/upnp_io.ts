import type { Endpoint, IpAddress } from "../wire/address.ts";
import type { Milliseconds } from "../milliseconds.ts";
import type { MappingId } from "./mapping_id.ts";

// What passes between the protocol machine of UPnP and the program that has its sockets.

/** What UPnP reacts to. */
export type UpnpInput =
  /** The module is loaded, as `load` asked for, or cannot be. */
  | { readonly type: "loaded" | "loadFailed" }
  /** A datagram of SSDP arrived, on the socket of searches or on that of announcements (`multicast`). */
  | {
    readonly type: "datagram";
    readonly bytes: Uint8Array;
    readonly source: Endpoint;
    readonly multicast: boolean;
  }
  /** An exchange is over; `octets` is everything that was read. */
  | { readonly type: "exchanged"; readonly id: number; readonly octets: Uint8Array }
  /** An exchange failed; `octets` is what had been read. */
  | {
    readonly type: "exchangeFailed";
    readonly id: number;
    readonly reason: ExchangeFailure;
    readonly octets: Uint8Array;
  };

/**
 * Why an exchange failed: nothing listens, there is no way to the address, it took too long, the other side broke it off,
 * or it sent more than allowed.
 */
export type ExchangeFailure = "refused" | "unreachable" | "timeout" | "reset" | "tooLong";

/** What UPnP does. The caller carries it out in order. */
export type UpnpOutput =
  /** Load the module, and step with `loaded` or `loadFailed`. */
  | { readonly type: "load" }
  /** Send a datagram of SSDP from the client's address and a random port, with one socket until `searched`. */
  | { readonly type: "search"; readonly bytes: Uint8Array; readonly to: Endpoint }
  /** The search is over; its socket is not needed any more. */
  | { readonly type: "searched" }
  /** Receive the announcements to the groups of SSDP, if that is possible, or stop that. */
  | { readonly type: "listen" | "unlisten" }
  /** Carry out one exchange over TCP, and step with its outcome. */
  | UpnpExchange
  /** Break off an exchange. No input follows. */
  | { readonly type: "cancel"; readonly id: number }
  /** The next exchange makes a mapping, which outlives this program if it crashes: record it first. */
  | {
    readonly type: "adding";
    readonly id: MappingId;
    readonly externalPort: number;
    readonly record: UpnpRecord;
  }
  /** A search found a device with services that are used. All texts are free of control characters. */
  | ({ readonly type: "found" } & FoundDevice)
  /** A device answered from an address that is not the gateway's. It is not used. */
  | { readonly type: "elsewhere"; readonly source: Endpoint };

/** One exchange over TCP: a connection, one request, the response. */
export interface UpnpExchange {
  /** Discriminant. */
  readonly type: "exchange";
  /** Comes back with the outcome. */
  readonly id: number;
  /** The address to connect to. */
  readonly address: IpAddress;
  /** The TCP port to connect to. */
  readonly port: number;
  /** The local address of the connection. */
  readonly from: IpAddress;
  /** The request, to be sent in one piece. */
  readonly bytes: Uint8Array;
  /** The most octets to read. */
  readonly maximum: number;
  /** The longest time until the connection is open. */
  readonly connectTimeout: Milliseconds;
  /** The longest time for everything together. */
  readonly timeout: Milliseconds;
  /** Called with everything read so far, after each arrival; returns whether the response is complete. */
  readonly isComplete: (octets: Uint8Array) => boolean;
}

/** A device that was found. */
export interface FoundDevice {
  /** The name that its owner may have given it. */
  readonly friendlyName: string;
  /** Its maker. */
  readonly manufacturer: string;
  /** Its model. */
  readonly modelName: string;
  /** Its software. */
  readonly server: string;
  /** The types of its services that are used. */
  readonly services: readonly string[];
}

/** What is needed of a mapping made over UPnP to keep or delete it in a later run. Plain JSON. */
export interface UpnpRecord {
  /** The type of the service that made it. */
  readonly service: string;
  /** The description that was sent. */
  readonly description: string;
  /** The gateway does not end it. */
  readonly permanent?: true;
  /** The number of the pinhole. */
  readonly uniqueId?: number;
  /** The number of the gateway's start in which it was made. */
  readonly bootId?: number;
}
