import type { InboundMap, OutboundMap, Protocol, RequestType } from "../../mod.ts";
import type { ShellName, Target } from "./read_values.ts";

/** A parsed command; every value in it is in range. */
export type Command =
  | {
    readonly name: "map" | "peer";
    readonly maps: readonly (InboundMap | OutboundMap)[];
    readonly requestType: RequestType;
    /** The options of the request that were given, without their hyphens. */
    readonly flags: readonly string[];
  }
  | { readonly name: "connect"; readonly client?: string; readonly server?: string }
  | { readonly name: "simulate"; readonly protocols?: readonly Protocol[] }
  | { readonly name: "show"; readonly id: number }
  | { readonly name: "renew"; readonly id: number; readonly lifetime: number }
  | { readonly name: "revoke"; readonly which: readonly MappingName[] }
  | { readonly name: "trace"; readonly on: boolean }
  | { readonly name: "completions"; readonly shell: ShellName; readonly program: string }
  | { readonly name: "js"; readonly code: string }
  | { readonly name: "help"; readonly topic?: string }
  | {
    readonly name:
      | "announce"
      | "diagnose"
      | "disconnect"
      | "discover"
      | "exit"
      | "external"
      | "leftovers"
      | "list"
      | "prefix64"
      | "stats"
      | "version"
      | "watch";
  };

/** Mappings as "revoke" names them: an id, the id of a leftover such as `L1`, a port and protocol, or all. */
export type MappingName = number | `L${number}` | Target | "all";

/** The commands of the given names. */
export type CommandNamed<Name extends Command["name"]> = Extract<Command, { readonly name: Name }>;

/** The commands that can be typed; the version is printed by an option. */
export type CommandName = Exclude<Command["name"], "version">;

/** Options of every command. */
export interface CommonOptions {
  /** The server; of several the next is used when one does not answer (RFC 7488). */
  readonly server?: readonly string[];
  readonly client?: string;
  /** The server's UDP port. */
  readonly port?: number;
  /** Use a simulated gateway on loopback that speaks these protocols. */
  readonly simulate?: readonly Protocol[];
  /** The protocols that may be used; all if undefined. */
  readonly protocols?: readonly Protocol[];
  /** A client of every gateway of this host. */
  readonly all?: boolean;
  /** Use the anycast address where the gateway does not answer (RFC 7723). */
  readonly anycast?: boolean;
  /** Seconds between two looks for changes of the network. */
  readonly watch?: number | "off";
  /** Wait until this host has a network. */
  readonly waitForNetwork?: boolean;
  /** Print every datagram and exchange. */
  readonly trace?: boolean;
  /** Print one JSON object a line. */
  readonly json?: boolean;
  /** Program and arguments to run when an external address or port changes. */
  readonly exec?: readonly string[];
  /** The file that keeps the mappings across runs. */
  readonly state?: string;
  /** Seconds to wait for a response. */
  readonly timeout?: number;
}

/** A command and its options. */
export interface Invocation {
  readonly command: Command;
  readonly options: CommonOptions;
}

/** Exit code of the process: 0 done, 1 failed, 2 usage error. */
export type ExitCode = 0 | 1 | 2;
