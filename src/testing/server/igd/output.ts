import type { Endpoint, IpAddress } from "../../../wire/address.ts";

/** Something that a `SimulatedIgd` does; its host carries it out. */
export type IgdOutput =
  | {
    /** Send a datagram. */
    readonly type: "datagram";
    /** Its octets. */
    readonly bytes: Uint8Array;
    /** Its destination. */
    readonly to: Endpoint;
    /** Its source address. */
    readonly from: IpAddress;
    /** Whether it leaves from a random port instead of that of SSDP. */
    readonly isPortRandom: boolean;
  }
  | {
    /** Send octets on a connection. */
    readonly type: "send";
    /** The connection. */
    readonly connection: number;
    /** The octets. */
    readonly bytes: Uint8Array;
  }
  | {
    /** End a connection, orderly or with an error. */
    readonly type: "close" | "reset";
    /** The connection. */
    readonly connection: number;
  }
  | {
    /** Listen for connections at another port, or at none. */
    readonly type: "listen";
    /** TCP port; 0 is any free one. */
    readonly port: number | undefined;
  };

/** Schedules outputs of a later time. */
export type Defer = (at: number, task: (now: number) => IgdOutput[]) => void;
