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

/** The reason if Deno could not download the published server, with what to do; undefined if that is not why it ended. */
export function downloadFailure(
  { args }: Pick<ServerCommand, "args">,
  lastLine: string,
): string | undefined {
  const entry = args.find((each) => each.startsWith("jsr:"));
  const isDownload = /\bjsr\b|npmjs|error sending request/i.test(lastLine);
  if (entry === undefined || !isDownload) return undefined;
  return `Deno cannot download the server, ${entry}. Is this computer online? ` +
    "Without a download the setting portcontrol.serverCommand names a server";
}
