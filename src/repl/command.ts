import type { InboundMap, OutboundMap, RequestType } from "../../mod.ts";

/** A command that was understood: everything in it is in range. */
export type Command =
  | {
    readonly name: "map" | "peer";
    readonly wish: InboundMap | OutboundMap;
    readonly requestType: RequestType;
  }
  | { readonly name: "connect"; readonly client?: string; readonly server?: string }
  | { readonly name: "show"; readonly id: number }
  | { readonly name: "renew"; readonly id: number; readonly lifetime: number }
  | { readonly name: "revoke"; readonly id: number | "all" }
  | { readonly name: "trace"; readonly on: boolean }
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
      | "list"
      | "simulate"
      | "version"
      | "watch";
  };

/** The name of every command that can be typed; the version is told by an option. */
export type CommandName = Exclude<Command["name"], "version">;

/** What every command can be told. */
export interface CommonOptions {
  readonly server?: string;
  readonly client?: string;
  /** The server's UDP port. */
  readonly port?: number;
  /** Against a simulated gateway on loopback. */
  readonly simulate?: boolean;
  /** One JSON object a line. */
  readonly json?: boolean;
  /** Program and arguments to run when an external address or port changes. */
  readonly exec?: readonly string[];
  /** The file that keeps the mappings across runs. */
  readonly state?: string;
  /** Seconds to wait for an answer. */
  readonly timeout?: number;
}

/** A command and its options. */
export interface Invocation {
  readonly command: Command;
  readonly options: CommonOptions;
}
