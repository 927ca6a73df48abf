import type { Alert } from "../../mod.ts";
import { clockTime } from "./text.ts";
import type { TimelineEntry } from "./tracked_mapping.ts";

/** One thing that happened to a mapping, several times in a row. */
interface Event {
  readonly word: string;
  readonly at: Date;
  readonly count: number;
}

/**
 * What happened to a mapping last, in one line, as in `asked 12:00:01 > running 12:00:01 > renewed x3 13:30:05`. Older events
 * are left out where the line would be too long.
 *
 * @param arrow Between two events.
 */
export function eventsLine(
  timeline: readonly TimelineEntry[],
  now: Date,
  columns: number,
  arrow: string,
): string {
  const texts = eventsOf(timeline).map(({ word, at, count }) =>
    `${word}${count > 1 ? ` x${count}` : ""} ${clockTime(at, now)}`
  );
  const between = ` ${arrow} `;
  let line = texts.pop() ?? "";
  for (let text = texts.pop(); text !== undefined; text = texts.pop()) {
    if (text.length + between.length + line.length > columns) break;
    line = `${text}${between}${line}`;
  }
  return line;
}

function eventsOf(timeline: readonly TimelineEntry[]): Event[] {
  const events: Event[] = [];
  let hasRun = false;
  for (const { at, alert } of timeline) {
    const before = events.at(-1);
    const word = wordOf(alert, before?.word, hasRun);
    if (word === undefined) continue;
    hasRun ||= word === "running";
    if (before?.word === word) events[events.length - 1] = { word, at, count: before.count + 1 };
    else events.push({ word, at, count: 1 });
  }
  return events;
}

/**
 * @param before The word of the event before.
 * @param hasRun Whether the mapping ran before: it is renewed, or back.
 */
function wordOf(alert: Alert, before: string | undefined, hasRun: boolean): string | undefined {
  if (alert.type !== "stateChange") return undefined;
  const { state } = alert;
  switch (state.type) {
    case "starting":
      return state.attempt > 0 ? "waiting" : hasRun ? undefined : "asked";
    case "updating":
      return state.lifetime > 0 && state.attempt > 0 ? "waiting" : undefined;
    case "running":
      if (!hasRun) return "running";
      return before === "running" || before === "renewed" || before === "back" ? "renewed" : "back";
    case "error":
      return "refused";
    case "expired":
      return "lost";
    case "revoked":
    case "dropped":
      return "deleted";
    default:
      return undefined;
  }
}
