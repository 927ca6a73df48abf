/** What `map` and `peer` print when a mapping is there. */

import type { MapHandle } from "../../../mod.ts";
import type { CommonOptions } from "../command.ts";
import type { CommandContext } from "../command_context.ts";
import { readyLines, remarksOn } from "../render.ts";
import type { ReplClient } from "../repl_client.ts";
import { clockTime, printable } from "../text.ts";

/** Prints the external address first, then what is worth knowing about it. */
export function printReady(mapping: MapHandle, client: ReplClient, context: CommandContext): void {
  const { parts: { screen, date, mode }, options } = context;
  const snapshot = mapping.toJSON();
  context.print(client.json(mapping), ...readyLines(snapshot, date(), screen));
  context.printText(...remarksOn(snapshot).map((remark) => screen.paint.yellow(remark)));
  if (mapping.requestType !== "once") return;
  const { expiresAt, assigned } = mapping;
  const until = assigned?.permanent
    ? "it is deleted"
    : expiresAt === undefined
    ? "then"
    : clockTime(expiresAt, date());
  context.printText(screen.paint.dim(
    mode !== "once"
      ? `It is open until ${until}; with --keep-alive it stays open until "revoke ${mapping.id}"`
      : client.gateway === undefined
      ? `It is left open until ${until}${howToDelete(options, assigned?.permanent)}`
      : "It ends now, with the simulated gateway",
  ));
}

/**
 * A deletion needs the mapping nonce (RFC 6887 section 11.3), which only a state file keeps, and the addresses of the request: the
 * command has those that were given.
 */
function howToDelete(
  { state, server = [], client, port }: CommonOptions,
  isPermanent = false,
): string {
  const longer = "with --keep-alive it stays open until Ctrl-C, which deletes it";
  if (state === undefined && isPermanent) return ` in the settings of the router; ${longer}`;
  if (state === undefined) return ` and cannot be deleted before; ${longer}`;
  const words = [
    ...server.flatMap((each) => ["--server", each]),
    ...(client === undefined ? [] : ["--client", client]),
    ...(port === undefined ? [] : ["--port", String(port)]),
    "--state",
    state,
  ];
  return `; "revoke all ${printable(words.join(" "))}" deletes it; ${longer}`;
}
