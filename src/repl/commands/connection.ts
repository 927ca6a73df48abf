/** `connect`, `simulate`, `disconnect` and `trace`: which server the session talks to. */

import type { CommandNamed, CommonOptions, ExitCode } from "../command.ts";
import type { CommandContext } from "../command_context.ts";
import { CommandError } from "../usage_error.ts";
import { unlessAborted } from "../wait.ts";

/** `connect` and `simulate`: starts a client. On the command line `simulate` runs until Ctrl-C. */
export async function connect(
  command: CommandNamed<"connect" | "simulate">,
  context: CommandContext,
): Promise<ExitCode> {
  const { parts: { screen, mode }, state, signal } = context;
  if (state.client !== undefined) {
    throw new CommandError(
      `Already connected to ${state.client.serverText}: type disconnect first`,
    );
  }
  const opened = await context.open(withAddresses(command, context.options), true);
  const { client, server, port } = opened.handle;
  context.print({ client, server, port }, `Connected to ${opened.serverText} as ${client}`);
  if (mode === "once" && command.name === "simulate") {
    context.printText(screen.paint.dim("Ctrl-C ends it"));
    await unlessAborted(new Promise<never>(() => {}), signal);
  }
  return 0;
}

/** `disconnect`: deletes every mapping and shuts the client down. */
export async function disconnect(context: CommandContext): Promise<ExitCode> {
  const { client } = context.state;
  if (client === undefined) {
    context.printText("Not connected");
    return 0;
  }
  context.state.client = undefined;
  const isConfirmed = await client.close();
  context.printText(`Disconnected from ${client.serverText}`);
  return isConfirmed ? 0 : 1;
}

/** `trace`: turns the printing of datagrams on or off. */
export function trace({ on }: CommandNamed<"trace">, context: CommandContext): ExitCode {
  context.state.output.trace = on;
  context.printText(`Datagrams are ${on ? "" : "not "}printed from now on`);
  return 0;
}

/** The options with the addresses that the command itself gives. */
function withAddresses(
  command: CommandNamed<"connect" | "simulate">,
  options: CommonOptions,
): CommonOptions {
  const { server: _server, client: _client, simulate = ["pcp"], ...rest } = options;
  if (command.name === "simulate") return { ...rest, simulate: command.protocols ?? simulate };
  const { client, server } = command;
  if (server === undefined) return options;
  return { ...rest, server: [server], ...(client === undefined ? {} : { client }) };
}
