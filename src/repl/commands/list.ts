/** `list`, `show` and `watch`: the mappings as text. */

import type { CommandNamed, ExitCode } from "../command.ts";
import type { CommandContext } from "../command_context.ts";
import { leftoverJson } from "../leftover.ts";
import { detailFields, fieldLines, tableLines } from "../render.ts";
import { timelineLines } from "../tracked_mapping.ts";
import { printableJson } from "../text.ts";
import { UsageError } from "../usage_error.ts";
import { sleep } from "../wait.ts";

/** `list`: all mappings. Connects only for a state file, to list what an earlier run left too. */
export async function list(context: CommandContext): Promise<ExitCode> {
  if (context.options.state !== undefined) await context.connect();
  printMappings(context);
  return 0;
}

/** `leftovers`: what an earlier run with the same state file left. */
export async function leftovers(context: CommandContext): Promise<ExitCode> {
  const { parts: { screen, date }, options } = context;
  if (options.state === undefined && context.state.client === undefined) {
    throw new UsageError(
      '"leftovers" needs the state file of the earlier run, type leftovers --state FILE',
    );
  }
  const { leftovers: all } = await context.connect();
  if (options.json === true) screen.print(...all.map((each) => printableJson(leftoverJson(each))));
  else if (all.length === 0) screen.print("Nothing is left from an earlier run");
  else screen.print(...tableLines([], date(), screen, all));
  return 0;
}

/** `show`: one mapping, its options and its alerts. */
export function show({ id }: CommandNamed<"show">, context: CommandContext): ExitCode {
  const { parts: { screen, date }, state } = context;
  const handle = context.findMapping(id);
  const mapping = handle.toJSON();
  const { timeline = [], hook = undefined } = state.client?.tracked.get(id) ?? {};
  const fields = detailFields(mapping, date(), screen.paint);
  context.print(
    { ...state.client?.json(handle), timeline },
    ...fieldLines(hook === undefined ? fields : [...fields, hook.field], screen),
    ...(timeline.length === 0 ? [] : [screen.paint.dim("history")]),
    ...timelineLines(timeline, date()).map((line) => `  ${line}`),
  );
  return 0;
}

/** `watch`: the table, kept current until no mapping is left, Ctrl-C, or the timeout. */
export async function watch(context: CommandContext): Promise<ExitCode> {
  const { parts: { screen, clock }, state, options, signal } = context;
  if (state.client !== undefined) {
    const { handle } = await context.connect();
    const end = options.timeout === undefined ? Infinity : clock.now() + options.timeout * 1000;
    if (!screen.isLive) context.printText(...table(context));
    while (!signal.aborted && handle.mappings.length > 0 && clock.now() < end) {
      screen.live([...table(context), screen.paint.dim("Ctrl-C ends watching")]);
      await sleep(Math.min(WATCH_INTERVAL, end - clock.now()), clock, signal);
    }
    screen.live();
  }
  printMappings(context);
  return 0;
}

function printMappings(context: CommandContext): void {
  const { parts: { screen }, state: { client }, options } = context;
  if (options.json !== true) return screen.print(...table(context));
  for (const mapping of client?.handle.mappings ?? []) {
    screen.print(printableJson(client?.json(mapping)));
  }
  for (const each of client?.leftovers ?? []) screen.print(printableJson(leftoverJson(each)));
}

function table({ parts: { screen, date }, state: { client } }: CommandContext): string[] {
  const mappings = client?.handle.mappings ?? [];
  const snapshots = mappings.map((each) => each.toJSON());
  return tableLines(snapshots, date(), screen, client?.leftovers);
}

/** Milliseconds between two updates; times are shown in seconds. */
const WATCH_INTERVAL = 500;
