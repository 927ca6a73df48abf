/** What decides which server is run. */
export interface CommandChoice {
  /** The setting `portcontrol.serverCommand`. */
  readonly configured: readonly string[];
  /** The setting `portcontrol.denoPath`. */
  readonly deno: string;
  /** A checkout of the library that may be run; undefined if there is none. */
  readonly checkout: string | undefined;
}

/** A program, its arguments, and whether it needs Deno. */
export interface ServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly needsDeno: boolean;
}

/** The command that starts the server. `--trace` brings every datagram to stderr. */
export function serverCommand({ configured, deno, checkout }: CommandChoice): ServerCommand {
  const [program, ...args] = configured;
  if (program !== undefined) return { program, args, needsDeno: false };
  const entry = checkout === undefined ? PUBLISHED : `${checkout}/rpc/main.ts`;
  return { program: deno, args: ["run", "-A", entry, "--stdio", "--trace"], needsDeno: true };
}

const PUBLISHED = "jsr:@portcontrol/pcp/rpc/main";
