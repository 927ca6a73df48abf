/** `map --keep-alive` on the command line: holds mappings until Ctrl-C, through every trouble that can pass. */

import type { ExitCode } from "../command.ts";
import type { CommandContext } from "../command_context.ts";
import { canPass, keepAliveText } from "../keep_alive.ts";
import type { ReplClient } from "../repl_client.ts";
import { duration } from "../text.ts";
import type { TrackedMapping } from "../tracked_mapping.ts";
import { CancelledError } from "../usage_error.ts";
import { FIRST_WORD, unlessAborted } from "../wait.ts";
import { printReady } from "./ready.ts";

/**
 * Requests go on until each mapping is there, and it is renewed from then on. One line says what is waited for.
 *
 * @returns 1 if a mapping has ended with an error.
 * @throws {ResultCodeError} If a request is refused in a way that does not pass.
 * @throws {CancelledError} If it was cancelled before anything was open.
 */
export async function holdMappings(
  all: readonly TrackedMapping[],
  client: ReplClient,
  context: CommandContext,
): Promise<ExitCode> {
  const { parts: { screen, service, date }, signal } = context;
  const stop = showLine(all, client, context);
  let isOpen = false;
  const onReady = (tracked: TrackedMapping): void => {
    printReady(tracked.mapping, client, context);
    if (!isOpen && !screen.isLive) context.printText(screen.paint.dim("Ctrl-C deletes it"));
    isOpen = true;
    if (all.every(({ mapping }) => mapping.assigned !== undefined)) service?.ready();
    service?.status(keepAliveText(tracked, client, date()));
  };
  try {
    await unlessAborted(
      Promise.all(all.map((tracked) => hold(tracked, client, context, onReady))),
      signal,
    );
  } finally {
    stop();
  }
  if (signal.aborted && !isOpen) throw new CancelledError();
  return all.some(({ mapping }) => mapping.state.type === "error") ? 1 : 0;
}

/** Resolves when the mapping is over. */
async function hold(
  tracked: TrackedMapping,
  client: ReplClient,
  context: CommandContext,
  onReady: (tracked: TrackedMapping) => void,
): Promise<void> {
  const { mapping } = tracked;
  let isOpen = false;
  for await (const alert of tracked.alerts()) {
    const { service, date } = context.parts;
    service?.status(keepAliveText(tracked, client, date()));
    if (isOpen) {
      client.printAlert(tracked, alert);
    } else if (mapping.assigned !== undefined) {
      isOpen = true;
      tracked.drainAlerts();
      onReady(tracked);
    } else if (alert.type === "stateChange" && alert.state.type === "error") {
      await reportRefusal(tracked, context);
    }
  }
}

/** Says what was refused and when it is requested again; a refusal that does not pass is thrown. */
async function reportRefusal({ mapping }: TrackedMapping, context: CommandContext): Promise<void> {
  const { state } = mapping;
  if (state.type !== "error") return;
  try {
    await mapping.ready();
  } catch (error) {
    if (!canPass(state)) throw error;
    context.reportTrouble(error);
    context.notice(`It is requested again in ${duration(state.retryIn ?? 0)}`);
  }
}

/** Keeps the line current; without a terminal that can, it is printed once, after the first seconds of silence. */
function showLine(
  all: readonly TrackedMapping[],
  client: ReplClient,
  context: CommandContext,
): () => void {
  const { screen, clock, date } = context.parts;
  const isWaiting = ({ mapping }: TrackedMapping): boolean => mapping.state.type !== "running";
  const line = (): string => {
    const [first] = [...all.filter(isWaiting), ...all];
    const others = all.length > 1 ? ` (1 of ${all.length})` : "";
    return first === undefined ? "" : `${keepAliveText(first, client, date())}${others}`;
  };
  let cancel = (): void => {};
  const update = (): void => {
    screen.live([screen.paint.dim(`${line()}. Ctrl-C deletes it`)], all.some(isWaiting));
    cancel = clock.alarm(clock.now() + LINE_INTERVAL, update);
  };
  if (screen.isLive) update();
  else {
    cancel = clock.alarm(clock.now() + FIRST_WORD, () => {
      if (all.some(({ mapping: { state } }) => state.type === "starting")) context.notice(line());
    });
  }
  return () => {
    cancel();
    screen.live();
  };
}

/** Milliseconds between two updates; times are shown in seconds. */
const LINE_INTERVAL = 500;
