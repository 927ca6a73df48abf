import type { Client, Clock, discover } from "../../mod.ts";
import type { ServerHost } from "../testing/mod.ts";
import type { CommonOptions } from "./command.ts";
import type { RunProgram } from "./hook.ts";
import type { Screen } from "./screen.ts";

/** What a session gets from outside: the terminal, time, sockets and programs. */
export interface SessionParts {
  readonly screen: Screen;
  /** `once` for one command of the command line. */
  readonly mode: "once" | "prompt" | "script";
  /** What holds for every command that does not say otherwise. */
  readonly defaults: CommonOptions;
  readonly clock: Clock;
  readonly date: () => Date;
  readonly startClient: typeof Client.start;
  /** Starts a simulated gateway on loopback. */
  readonly startGateway: (port: number | undefined) => Promise<ServerHost>;
  readonly discover: typeof discover;
  readonly runProgram: RunProgram;
  /** A value as text, in colour if wanted. */
  readonly inspect: (value: unknown) => string;
  /** The library's names, in reach of `js`. */
  readonly library: Readonly<Record<string, unknown>>;
}
