/** A program, its arguments, and whether it needs Deno. */
export interface ServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly needsDeno: boolean;
}

/**
 * The command that starts the server: the setting `portcontrol.serverCommand`, or else Deno with the checkout, or else
 * Deno with the published package of this extension's own version. `--trace` prints every datagram to stderr.
 */
export function serverCommand(
  configured: readonly string[],
  deno: string,
  checkout: string | undefined,
  version: string,
): ServerCommand {
  const [program, ...args] = configured;
  if (program !== undefined) return { program, args, needsDeno: false };
  const entry = checkout ? `${checkout}/rpc/main.ts` : `jsr:@portcontrol/pcp@${version}/rpc/main`;
  return { program: deno, args: ["run", "-A", entry, "--stdio", "--trace"], needsDeno: true };
}
