/** `map`, `peer`, `renew` and `revoke`: requests about mappings. */

import {
  GatewayError,
  type MapHandle,
  NotRunningError,
  ResultCodeError,
  type StoredMapping,
} from "../../../mod.ts";
import type { CommandNamed, ExitCode, MappingName } from "../command.ts";
import type { CommandContext } from "../command_context.ts";
import { canPass } from "../keep_alive.ts";
import { type Leftover, leftoverJson, leftoverText } from "../leftover.ts";
import { protocolText } from "../read_values.ts";
import { internalText, readyLines, stateText } from "../render.ts";
import type { ReplClient } from "../repl_client.ts";
import { duration } from "../text.ts";
import type { TrackedMapping } from "../tracked_mapping.ts";
import { checked, CommandError } from "../usage_error.ts";
import { sleep, unlessAborted } from "../wait.ts";
import { holdMappings } from "./hold.ts";
import { printReady } from "./ready.ts";

/**
 * `map` and `peer`: requests mappings, waits until they are ready, and prints them. On the command line those that are
 * renewed are held until Ctrl-C, and others stay open when the command ends.
 */
export async function requestMappings(
  { maps, requestType }: CommandNamed<"map" | "peer">,
  context: CommandContext,
): Promise<ExitCode> {
  const { parts: { mode }, options, signal } = context;
  const isHeld = requestType !== "once";
  const goesOn = isHeld && options.timeout === undefined;
  const client = await context.connect(isHeld);
  const all = maps.map((map) =>
    client.track(checked(() => client.handle.request(map, requestType)), options.exec)
  );
  if (mode === "once") client.printLeftovers(); // those that were not requested now
  try {
    if (goesOn && mode === "once") return await holdMappings(all, client, context);
    await waitUntilReady(all, client, context);
  } catch (error) {
    if (goesOn && maySucceedLater(all, error)) return goOn(all, error, client, context);
    // A command that failed leaves no mapping behind. The deletion is not waited for.
    for (const { mapping } of all) void mapping[Symbol.asyncDispose]();
    throw error;
  }
  for (const tracked of all) {
    tracked.drainAlerts();
    printReady(tracked.mapping, client, context);
  }
  if (mode !== "once") {
    for (const tracked of all) void client.printAlerts(tracked);
    return 0;
  }
  if (isHeld) return await holdMappings(all, client, context);
  const hooks = all.flatMap(({ hook, mapping }) => {
    hook?.update(mapping.toJSON());
    return hook ?? [];
  });
  await unlessAborted(Promise.all(hooks.map((hook) => hook.finished())), signal);
  if (hooks.length > 0 && signal.aborted) return 1; // as every command that was cancelled, it leaves no mapping behind
  context.state.keepsMappings = true;
  return hooks.some((hook) => hook.failed) ? 1 : 0;
}

async function waitUntilReady(
  all: readonly TrackedMapping[],
  client: ReplClient,
  context: CommandContext,
): Promise<void> {
  await context.waitForServer(
    client,
    (signal) => Promise.all(all.map(({ mapping }) => mapping.ready({ signal }))),
    () => waitingText(all.map(({ mapping }) => mapping), client),
  );
}

/** Whether requests that are repeated until they succeed are worth it after this error. */
function maySucceedLater(all: readonly TrackedMapping[], error: unknown): boolean {
  if (error instanceof GatewayError) return true;
  return error instanceof ResultCodeError &&
    all.every(({ mapping: { state } }) => state.type !== "error" || canPass(state));
}

/** At the prompt, mappings that are not there yet are requested in the background. */
function goOn(
  all: readonly TrackedMapping[],
  trouble: unknown,
  client: ReplClient,
  context: CommandContext,
): ExitCode {
  context.reportTrouble(trouble);
  for (const tracked of all) {
    const { mapping: { id, state } } = tracked;
    const again = state.type === "error" ? ` again in ${duration(state.retryIn ?? 0)}, and` : "";
    context.print(
      client.json(tracked.mapping),
      `Mapping ${id} is requested${again} until it is there: "show ${id}" for its state, "revoke ${id}" to stop`,
    );
    tracked.drainAlerts();
    void client.printAlerts(tracked);
  }
  return 0;
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
    throw ResultCodeError.of("Cannot renew the mapping", state);
  }
  if (state.type !== "running") throw new NotRunningError("Cannot renew the mapping", id, state);
  context.print(client.json(mapping), ...readyLines(mapping.toJSON(), date(), screen));
  return 0;
}

/** `revoke`: deletes mappings of this run and of an earlier one, and waits for the confirmations. */
export async function revokeMappings(
  { which }: CommandNamed<"revoke">,
  context: CommandContext,
): Promise<ExitCode> {
  // Without a client only a state file can name mappings, those of an earlier run.
  const client = context.state.client === undefined && context.options.state === undefined
    ? undefined
    : await context.connect();
  const chosen = which.map((name) => choose(name, client, context));
  const mappings = new Set(chosen.flatMap(({ mappings }) => mappings));
  const leftovers = new Map(chosen.flatMap(({ leftovers }) => leftovers).map((e) => [e.id, e]));
  if (client === undefined || mappings.size + leftovers.size === 0) {
    context.printText("No mappings to delete");
    return 0;
  }
  const results = await Promise.allSettled([
    ...[...mappings].map((each) => revokeMapping(each, client, context)),
    ...[...leftovers.values()].map((each) => deleteLeftover(each, client, context)),
  ]);
  const failure = results.find((result) => result.status === "rejected");
  if (failure !== undefined) throw failure.reason;
  return 0;
}

/** The mappings and leftovers of a name. */
function choose(
  name: MappingName,
  client: ReplClient | undefined,
  context: CommandContext,
): { mappings: readonly MapHandle[]; leftovers: readonly Leftover[] } {
  const { handle: { mappings } = { mappings: [] }, leftovers = [] } = client ?? {};
  if (name === "all") return { mappings, leftovers };
  if (typeof name === "number") return { mappings: [context.findMapping(name)], leftovers: [] };
  const isMeant = (mapping: MapHandle | StoredMapping): boolean =>
    typeof name === "object" && mapping.protocol === name.protocol &&
    mapping.internalPort === name.port;
  const found = {
    mappings: mappings.filter(isMeant),
    leftovers: leftovers.filter(({ id, mapping }) => id === name || isMeant(mapping)),
  };
  if (found.mappings.length + found.leftovers.length > 0) return found;
  const text = typeof name === "string" ? name : `${name.port}/${protocolText(name.protocol)}`;
  throw new CommandError(
    `There is no mapping ${text}`,
    'See "list" for the mappings that are there',
  );
}

/** @throws {CommandError} If the deletion was not confirmed. */
async function deleteLeftover(
  leftover: Leftover,
  client: ReplClient,
  context: CommandContext,
): Promise<void> {
  const count = await context.waitForServer(
    client,
    () => client.handle.deleteLeftovers(leftover.mapping),
  );
  const name = `${leftover.id} (${leftoverText(leftover)}) of an earlier run`;
  if (count === 0) throw new CommandError(`The router did not delete ${name}`);
  context.print({ ...leftoverJson(leftover), state: { type: "revoked" } }, `Deleted ${name}`);
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

function waitForMapping(
  mapping: MapHandle,
  work: (signal: AbortSignal) => Promise<unknown>,
  client: ReplClient,
  context: CommandContext,
): Promise<unknown> {
  return context.waitForServer(client, work, () => waitingText([mapping], client));
}

/** The state of the first mapping that is not ready, for all of them. */
function waitingText(mappings: readonly MapHandle[], client: ReplClient): string {
  const waiting = mappings.filter(({ state }) => state.type !== "running");
  const [first = mappings[0]] = waiting;
  const others = waiting.length > 1 ? ` (and ${waiting.length - 1} more)` : "";
  const state = first === undefined ? "" : `: ${stateText(first.state)}`;
  return `Waiting for ${client.gatewayText}${state}${others}`;
}

/** Milliseconds between two checks of a state. */
const POLL_INTERVAL = 20;
