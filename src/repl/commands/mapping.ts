/** `map`, `peer`, `renew` and `revoke`: requests about mappings. */

import { type MapHandle, NotRunningError, ResultCodeError } from "../../../mod.ts";
import { adviceForNoAnswer } from "../advice.ts";
import type { CommandNamed, ExitCode } from "../command.ts";
import type { CommandContext } from "../command_context.ts";
import { ignoredText, internalText, readyLines, stateText } from "../render.ts";
import type { ReplClient } from "../repl_client.ts";
import { clockTime, printable } from "../text.ts";
import { checked } from "../usage_error.ts";
import { sleep, unlessAborted } from "../wait.ts";

/**
 * `map` and `peer`: requests a mapping, waits until it is ready, and prints it. On the command line a mapping that is
 * renewed is held until Ctrl-C, and one that is not stays open when the command ends.
 */
export async function requestMapping(
  { map, requestType }: CommandNamed<"map" | "peer">,
  context: CommandContext,
): Promise<ExitCode> {
  const { parts: { screen, mode }, state, options, signal } = context;
  const client = await context.connect();
  const mapping = checked(() => client.handle.request(map, requestType));
  const tracked = client.track(mapping, options.exec);
  const isHeld = mode === "once" && requestType !== "once";
  try {
    const forever = isHeld && options.timeout === undefined;
    await waitForMapping(mapping, (signal) => mapping.ready({ signal }), client, context, forever);
  } catch (error) {
    // A command that failed leaves no mapping behind. The deletion is not waited for.
    void mapping[Symbol.asyncDispose]();
    throw error;
  }
  tracked.drainAlerts();
  printReady(mapping, client, context);
  if (mode !== "once") {
    void client.printAlerts(tracked);
    return 0;
  }
  if (isHeld) {
    context.printText(screen.paint.dim("Ctrl-C deletes it"));
    await unlessAborted(client.printAlerts(tracked), signal);
    return mapping.state.type === "error" ? 1 : 0;
  }
  const { hook } = tracked;
  if (hook !== undefined) {
    hook.update(mapping.toJSON());
    await unlessAborted(hook.finished(), signal);
    if (signal.aborted) return 1; // as every command that was cancelled, it leaves no mapping behind
  }
  state.keepsMappings = true;
  return hook?.failed === true ? 1 : 0;
}

/** `renew`: requests another lifetime and waits for the response. */
export async function renewMapping(
  { id, lifetime }: CommandNamed<"renew">,
  context: CommandContext,
): Promise<ExitCode> {
  const { parts: { screen, date, clock } } = context;
  const mapping = context.findMapping(id);
  const client = await context.connect();
  checked(() => mapping.renew(lifetime));
  await waitForMapping(
    mapping,
    async (signal) => {
      // Polled, because the mapping's alerts are read by its tracker.
      while (mapping.state.type === "updating" && !signal.aborted) {
        await sleep(POLL_INTERVAL, clock, signal);
      }
    },
    client,
    context,
  );
  const { state } = mapping;
  if (state.type === "error") {
    throw new ResultCodeError("Cannot renew the mapping", state.code, state.name, state.retryIn);
  }
  if (state.type !== "running") throw new NotRunningError("Cannot renew the mapping", id, state);
  context.print(mapping, ...readyLines(mapping.toJSON(), date(), screen));
  return 0;
}

/** `revoke`: deletes one mapping or all, and waits for the confirmations. */
export async function revokeMappings(
  { id }: CommandNamed<"revoke">,
  context: CommandContext,
): Promise<ExitCode> {
  const mapping = id === "all" ? undefined : context.findMapping(id);
  // Without a client only a state file can name mappings, those of an earlier run.
  const client = context.state.client === undefined && context.options.state === undefined
    ? undefined
    : await context.connect();
  const mappings = mapping === undefined ? client?.handle.mappings ?? [] : [mapping];
  const leftovers = mapping === undefined ? await client?.handle.deleteLeftovers() ?? 0 : 0;
  if (leftovers > 0) context.printText(`Deleted ${leftovers} from an earlier run`);
  if (client === undefined || mappings.length + leftovers === 0) {
    context.printText("No mappings to delete");
    return 0;
  }
  const results = await Promise.allSettled(
    mappings.map((each) => revokeMapping(each, client, context)),
  );
  const failure = results.find((result) => result.status === "rejected");
  if (failure !== undefined) throw failure.reason;
  return 0;
}

async function revokeMapping(
  mapping: MapHandle,
  client: ReplClient,
  context: CommandContext,
): Promise<void> {
  if (mapping.isOver) {
    throw new NotRunningError("Cannot delete the mapping", mapping.id, mapping.state);
  }
  await waitForMapping(mapping, (signal) => mapping.revoke({ signal }), client, context);
  const internal = internalText(mapping.toJSON());
  context.print(
    mapping,
    mapping.kind === "outbound"
      ? `Mapping ${mapping.id} (${internal}) is not renewed any more, it expires by itself`
      : `Deleted mapping ${mapping.id} (${internal})`,
  );
}

async function waitForMapping(
  mapping: MapHandle,
  work: (signal: AbortSignal) => Promise<unknown>,
  client: ReplClient,
  context: CommandContext,
  forever = false,
): Promise<void> {
  const { screen } = context.parts;
  const text = (): string => `${client.serverText}: ${stateText(mapping.state)}`;
  if (!forever) {
    await context.waitForServer(client, work, text);
    return;
  }
  let warned = false;
  const onTick = (): void => {
    const { state } = mapping;
    if (warned || state.type !== "starting" || state.attempt < 2) return;
    warned = true;
    const { server, port } = client.handle;
    const warning = `No answer yet from ${client.serverText}, retrying`;
    screen.error(screen.paint.yellow(warning), adviceForNoAnswer(server, port));
  };
  await context.wait(work, { timeout: undefined, text, onTick });
}

function printReady(mapping: MapHandle, client: ReplClient, context: CommandContext): void {
  const { parts: { screen, date, mode }, options } = context;
  const snapshot = mapping.toJSON();
  context.print(snapshot, ...readyLines(snapshot, date(), screen));
  const ignored = ignoredText(snapshot);
  if (ignored !== undefined) context.printText(screen.paint.yellow(ignored));
  if (mode !== "once" || mapping.requestType !== "once") return;
  const { expiresAt } = mapping;
  const until = expiresAt === undefined ? "then" : clockTime(expiresAt, date());
  context.printText(screen.paint.dim(
    client.gateway === undefined
      ? `It is left open until ${until}${howToDelete(options.state)}`
      : "It ends now, with the simulated gateway",
  ));
}

/** A deletion needs the mapping nonce (RFC 6887 section 11.3), which only a state file keeps. */
function howToDelete(state: string | undefined): string {
  if (state !== undefined) return `; "revoke all --state ${printable(state)}" deletes it`;
  return " and cannot be deleted before: with --keep-alive, Ctrl-C deletes it";
}

/** Milliseconds between two checks of a state. */
const POLL_INTERVAL = 20;
