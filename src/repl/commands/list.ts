/** `list`, `show` and `watch`: the mappings as text. */

import type { MapHandle } from "../../../mod.ts";
import type { CommandNamed, ExitCode } from "../command.ts";
import type { CommandContext } from "../command_context.ts";
import { eventsLine } from "../event_words.ts";
import { leaseBar } from "../lease_bar.ts";
import { leftoverJson } from "../leftover.ts";
import { detailFields, fieldLines, tableLines } from "../render.ts";
import { timelineLines } from "../tracked_mapping.ts";
import { cut, pad, plain, printableJson } from "../text.ts";
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
  const now = date();
  const { columns, paint } = screen;
  const room = Math.max(1, Math.min(columns, MAX_COLUMNS) - FIELD_INDENT);
  const bar = leaseBar(mapping, now, Math.min(room, LONGEST_BAR), screen.bar);
  const events = eventsLine(timeline, now, room, screen.arrow);
  const fields: (readonly [string, string])[] = [
    ...detailFields(mapping, now, paint),
    ...(bar === undefined ? [] : [["lease", bar] as const]),
    ...(events === "" ? [] : [["events", events] as const]),
    ...(hook === undefined ? [] : [hook.field]),
  ];
  context.print(
    { ...state.client?.json(handle), timeline },
    ...fieldLines(fields, screen).map((line) => cut(line, columns, screen.widthOf)),
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
      screen.live([...watchLines(context), screen.paint.dim("Ctrl-C ends watching")]);
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

/** As many mappings as fit, those first that do not run; each with its bar and its last events where there is room. */
function watchLines({ parts: { screen, date }, state: { client } }: CommandContext): string[] {
  const now = date();
  const { rows, widthOf, paint, bar: style, arrow } = screen;
  const columns = screen.columns - 1; // a live line leaves the last column free
  const mappings = [...client?.handle.mappings ?? []];
  const isRunning = ({ state }: MapHandle): boolean => state.type === "running";
  const running = mappings.filter(isRunning);
  const sorted = [...mappings.filter((each) => !isRunning(each)), ...running];
  const most = Math.max(1, rows - RESERVED_ROWS);
  const shown = sorted.slice(0, most).map((each) => each.toJSON());
  const [heading = "", ...lines] = tableLines(shown, now, { paint, columns, widthOf });
  const width = Math.max(...lines.map((line) => widthOf(plain(line))));
  const hasSecondLine = shown.length * 2 <= most;
  const room = hasSecondLine ? columns / 3 : columns - width - 2;
  const barWidth = Math.min(Math.floor(room), LONGEST_BAR);
  const drawn = shown.flatMap((mapping, index) => {
    const line = lines[index] ?? "";
    const bar = barWidth < SHORTEST_BAR ? undefined : leaseBar(mapping, now, barWidth, style);
    if (!hasSecondLine) {
      return bar === undefined ? line : `${pad(line, width, widthOf)}  ${bar}`;
    }
    const { timeline = [] } = client?.tracked.get(mapping.mappingId) ?? {};
    const left = columns - 4 - (bar === undefined ? 0 : barWidth + 2);
    const parts = [bar, eventsLine(timeline, now, left, arrow)].filter((part) => part);
    return parts.length === 0 ? line : [line, paint.dim(`    ${parts.join("  ")}`)];
  });
  const more = mappings.length - shown.length;
  return [
    heading,
    ...drawn,
    ...(more > 0 ? [`and ${more} more; ${running.length} of ${mappings.length} run`] : []),
  ];
}

/** Rows of the terminal for the heading, the line about more mappings, the hint, and the cursor. */
const RESERVED_ROWS = 4;

/** Columns of names in `show`. */
const FIELD_INDENT = 13;

/** Columns of a bar. */
const LONGEST_BAR = 40;
const SHORTEST_BAR = 8;

/** Longer lines are hard to read. */
const MAX_COLUMNS = 100;

/** Milliseconds between two updates; times are shown in seconds. */
const WATCH_INTERVAL = 500;
