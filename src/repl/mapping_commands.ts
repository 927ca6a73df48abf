import { type MapHandle, NotRunningError, ResultCodeError } from "../../mod.ts";
import { adviceOnSilence } from "./advice.ts";
import type { Command, CommonOptions } from "./command.ts";
import type { ReplClient } from "./repl_client.ts";
import type { TrackedMapping } from "./tracked_mapping.ts";
import { ignoredText, internalText, readyLines, stateText, tableLines } from "./render.ts";
import type { SessionParts } from "./session_parts.ts";
import { clockTime, printable } from "./text.ts";
import { checked, CommandError } from "./usage_error.ts";
import { abortable, TimeoutError, waitFor } from "./wait.ts";

/** What a command works with. */
export interface CommandContext {
  readonly parts: SessionParts;
  readonly connection: ReplClient;
  readonly options: CommonOptions;
  readonly signal: AbortSignal;
}

/** What became of a mapping that was asked for. */
export interface Outcome {
  readonly done: boolean;
  /** Whether it is to live on at the router when the command ends. */
  readonly stays: boolean;
}

/** `map` and `peer`: asks, waits, tells; on the command line also stays for a mapping that is kept alive. */
export async function openMapping(
  command: Command & { name: "map" | "peer" },
  circumstances: CommandContext,
): Promise<Outcome> {
  const { parts, connection, options, signal } = circumstances;
  const { screen, mode } = parts;
  const { wish, requestType } = command;
  const mapping = checked(() => connection.handle.request(wish, requestType));
  const followed = connection.track(mapping, options.exec);
  const isKept = mode === "once" && requestType !== "once";
  try {
    await waitReady(followed, circumstances, isKept && options.timeout === undefined);
  } catch (error) {
    // A command that failed leaves nothing behind. The deletion goes on by itself.
    void mapping[Symbol.asyncDispose]();
    throw error;
  }
  followed.catchUp();
  tellReady(followed, circumstances);
  if (mode !== "once") {
    void connection.tell(followed);
    return { done: true, stays: false };
  }
  if (isKept) {
    if (options.json !== true) screen.print(screen.paint.dim("Ctrl-C deletes it"));
    await untilOver(connection.tell(followed), signal);
    return { done: mapping.state.type !== "error", stays: false };
  }
  followed.hook?.assigned(mapping.toJSON());
  await followed.hook?.finished();
  return { done: followed.hook?.failed !== true, stays: true };
}

/** `renew`: waits until the server has answered. */
export async function renewMapping(
  { id, lifetime }: Command & { name: "renew" },
  circumstances: CommandContext,
): Promise<void> {
  const { parts, connection, options } = circumstances;
  const mapping = findMapping(id, connection);
  checked(() => mapping.renew(lifetime));
  await waitAnswer(
    mapping,
    (signal) =>
      abortable(untilState(mapping, parts, signal, ({ type }) => type !== "updating"), signal),
    circumstances,
  );
  const { state } = mapping;
  if (state.type === "error") {
    throw new ResultCodeError("Cannot renew the mapping", state.code, state.name, state.retryIn);
  }
  if (state.type !== "running") throw new NotRunningError("Cannot renew the mapping", id, state);
  if (options.json === true) return parts.screen.print(JSON.stringify(mapping));
  parts.screen.print(...readyLines(mapping.toJSON(), parts.date(), look(parts)));
}

/** `revoke`: waits until the server has confirmed. */
export async function revokeMappings(
  { id }: Command & { name: "revoke" },
  circumstances: CommandContext,
): Promise<void> {
  const { parts, connection, options } = circumstances;
  const mappings = id === "all" ? connection.handle.mappings : [findMapping(id, connection)];
  const left = id === "all" ? await connection.handle.deleteLeftovers() : 0;
  if (options.json !== true && left > 0) parts.screen.print(`Deleted ${left} from an earlier run`);
  if (options.json !== true && mappings.length + left === 0) {
    parts.screen.print("No mappings to delete");
  }
  const results = await Promise.allSettled(mappings.map(async (mapping) => {
    if (mapping.isOver) {
      throw new NotRunningError("Cannot delete the mapping", mapping.id, mapping.state);
    }
    await waitAnswer(mapping, (signal) => mapping.revoke({ signal }), circumstances);
    if (options.json === true) return parts.screen.print(JSON.stringify(mapping));
    parts.screen.print(
      mapping.kind === "outbound"
        ? `Mapping ${mapping.id} (${
          internalText(mapping.toJSON())
        }) is not renewed any more, it expires by itself`
        : `Deleted mapping ${mapping.id} (${internalText(mapping.toJSON())})`,
    );
  }));
  const failure = results.find((result) => result.status === "rejected");
  if (failure !== undefined) throw failure.reason;
}

/** `watch`: the table, kept current. Ends when no mapping is left, at the user's wish, or after the timeout. */
export async function watchMappings(circumstances: CommandContext): Promise<void> {
  const { parts, connection, options, signal } = circumstances;
  const { screen, clock } = parts;
  const table = (): string[] =>
    tableLines(connection.handle.mappings.map((each) => each.toJSON()), parts.date(), look(parts));
  const end = options.timeout === undefined ? Infinity : clock.now() + options.timeout * 1000;
  if (!screen.isLive && options.json !== true) screen.print(...table());
  while (!signal.aborted && connection.handle.mappings.length > 0 && clock.now() < end) {
    screen.live([...table(), screen.paint.dim("Ctrl-C ends watching")]);
    await sleep(Math.min(WATCH_TICK, end - clock.now()), parts, signal);
  }
  screen.live();
  if (options.json === true) {
    for (const mapping of connection.handle.mappings) screen.print(JSON.stringify(mapping));
  } else screen.print(...table());
}

/** The mapping of that id. */
export function findMapping(id: number, connection: ReplClient | undefined): MapHandle {
  const mapping = connection?.find(id);
  if (mapping !== undefined) return mapping;
  const ids = connection?.handle.mappings.map((each) => each.id) ?? [];
  throw new CommandError(
    ids.length === 0
      ? `There is no mapping ${id}: there are none, type "map 6000/tcp" to make one`
      : `There is no mapping ${id}: type one of ${ids.join(", ")}`,
  );
}

/** How things are to look now. */
export function look({ screen }: SessionParts): {
  paint: SessionParts["screen"]["paint"];
  columns: number;
  widthOf: (text: string) => number;
} {
  const { paint, columns, widthOf } = screen;
  return { paint, columns, widthOf };
}

/** Seconds that a command waits for an answer unless told: four transmissions (RFC 6887 section 8.1.1: at 0, 3, 9, 21 s). */
export const DEFAULT_TIMEOUT = 30;

/** How a server that does not answer is told of. */
export function silence(connection: ReplClient, seconds: number): CommandError {
  const { server, port } = connection.handle;
  return new CommandError(
    `No answer from ${connection.place} within ${seconds} s`,
    adviceOnSilence(server, port),
  );
}

async function waitReady(
  followed: TrackedMapping,
  circumstances: CommandContext,
  forever: boolean,
): Promise<void> {
  const { mapping } = followed;
  await waitAnswer(mapping, (signal) => mapping.ready({ signal }), circumstances, forever);
}

async function waitAnswer(
  mapping: MapHandle,
  work: (signal: AbortSignal) => Promise<unknown>,
  { parts, connection, options, signal }: CommandContext,
  forever = false,
): Promise<void> {
  const timeout = forever ? undefined : options.timeout ?? DEFAULT_TIMEOUT;
  let warned = false;
  try {
    await waitFor(work, {
      screen: parts.screen,
      clock: parts.clock,
      signal,
      timeout,
      text: () => `${connection.place}: ${stateText(mapping.state)}`,
      onTick: () => {
        const { state } = mapping;
        if (warned || !forever || state.type !== "starting" || state.attempt < 2) return;
        warned = true;
        const { server, port } = connection.handle;
        const text = `No answer yet from ${connection.place}, going on asking`;
        parts.screen.error(parts.screen.paint.yellow(text), adviceOnSilence(server, port));
      },
    });
  } catch (error) {
    throw error instanceof TimeoutError ? silence(connection, timeout ?? 0) : error;
  }
}

function tellReady(
  { mapping }: TrackedMapping,
  { parts, options, connection }: CommandContext,
): void {
  const { screen, mode } = parts;
  const snapshot = mapping.toJSON();
  if (options.json === true) return screen.print(JSON.stringify(snapshot));
  screen.print(...readyLines(snapshot, parts.date(), look(parts)));
  const ignored = ignoredText(snapshot);
  if (ignored !== undefined) screen.print(screen.paint.yellow(ignored));
  if (mode !== "once" || mapping.requestType !== "once") return;
  const until = mapping.expiresAt === undefined
    ? "then"
    : clockTime(mapping.expiresAt, parts.date());
  screen.print(screen.paint.dim(
    connection.gateway === undefined
      ? `It is left open until ${until}${howToDelete(options.state)}`
      : "It ends now, with the simulated gateway",
  ));
}

/** Only a state file remembers the secret that a deletion needs. */
function howToDelete(state: string | undefined): string {
  if (state !== undefined) return `; "revoke all --state ${printable(state)}" deletes it`;
  return " and cannot be deleted before: with --keep-alive, Ctrl-C deletes it";
}

/** Until nothing more will come of the mapping, or the user wants to end it. */
async function untilOver(following: Promise<void>, signal: AbortSignal): Promise<void> {
  await abortable(following, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

/** Until the state is as wanted. Looks at it now and then, because its news are somebody else's to read. */
async function untilState(
  mapping: MapHandle,
  parts: SessionParts,
  signal: AbortSignal,
  isWanted: (state: MapHandle["state"]) => boolean,
): Promise<void> {
  while (!isWanted(mapping.state) && !signal.aborted) await sleep(STATE_TICK, parts, signal);
}

/** Until the time is over, or the signal says so. */
async function sleep(
  milliseconds: number,
  { clock }: SessionParts,
  signal: AbortSignal,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.alarm(clock.now() + milliseconds, resolve);
  const wake = (): void => resolve();
  signal.addEventListener("abort", wake, { once: true });
  await promise;
  cancel();
  signal.removeEventListener("abort", wake);
}

/** Milliseconds between two pictures of `watch`; times are shown in seconds. */
const WATCH_TICK = 500;

/** Milliseconds between two looks at a state. */
const STATE_TICK = 20;
