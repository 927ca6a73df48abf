import { type Alert, type Assigned, type MapHandle, resultSentence } from "../../mod.ts";
import type { Hook } from "./hook.ts";
import { internalText, stateText } from "./render.ts";
import { clockTime, duration, endpoint, type Paint, printable } from "./text.ts";

/** One piece of news of a mapping, and when it came. */
export interface TimelineEntry {
  readonly at: Date;
  readonly alert: Alert;
}

/** A mapping whose news are kept, told to the user, and passed on to a program. */
export class TrackedMapping {
  readonly mapping: MapHandle;
  readonly hook: Hook | undefined;
  /** The newest pieces of news, oldest first. */
  readonly timeline: TimelineEntry[] = [];
  readonly #date: () => Date;
  #told: Assigned | undefined;
  #inTrouble = false;

  constructor(mapping: MapHandle, hook: Hook | undefined, date: () => Date) {
    this.mapping = mapping;
    this.hook = hook;
    this.#date = date;
  }

  /** Keeps the news that came so far without telling them: the user sees them by other means. */
  catchUp(): void {
    for (
      let alert = this.mapping.pollAlert();
      alert !== undefined;
      alert = this.mapping.pollAlert()
    ) this.#keep(alert);
    this.#told = this.mapping.assigned;
  }

  /** Passes on what is assigned, and tells all further news, until the mapping is over. */
  async follow(tell: (alert: Alert) => void): Promise<void> {
    this.hook?.assigned(this.mapping.toJSON());
    for await (const alert of this.mapping) {
      this.#keep(alert);
      if (alert.type === "assigned") this.hook?.assigned(this.mapping.toJSON());
      tell(alert);
    }
  }

  /** A piece of news in words; undefined if it is not worth a line. To be asked once for each. */
  describe(alert: Alert, paint: Paint): string | undefined {
    const { mapping } = this;
    const name = `mapping ${mapping.id} (${internalText(mapping.toJSON())})`;
    if (alert.type === "assigned") return this.#describeAssigned(alert, name, paint);
    const { state } = alert;
    switch (state.type) {
      case "error":
        this.#inTrouble = true;
        return paint.red(
          `${name} was refused: ${state.name}${
            state.code > 0 ? `, ${resultSentence(state.code)}` : ""
          }${
            state.retryIn === undefined
              ? ""
              : ` It is asked for again in ${duration(state.retryIn)}`
          }`,
        );
      case "expired":
        this.#told = undefined;
        this.#inTrouble = true;
        return paint.red(
          `${name} has expired${mapping.isOver ? "" : ", it is being asked for again"}`,
        );
      case "updating":
        if (state.lifetime === 0 || state.attempt !== 1) return undefined;
        this.#inTrouble = true;
        return paint.yellow(
          `${name}: no answer yet to its renewal${this.#end(", it holds until ")}`,
        );
      case "running": {
        const wasInTrouble = this.#inTrouble;
        this.#inTrouble = false;
        return wasInTrouble ? paint.green(`${name} is running${this.#end(", until ")}`) : undefined;
      }
      default:
        return undefined;
    }
  }

  #describeAssigned(assigned: Assigned, name: string, paint: Paint): string {
    const before = this.#told;
    this.#told = assigned;
    const { externalAddress, externalPort, lifetime } = assigned;
    const external = endpoint(externalAddress, externalPort);
    if (before?.externalAddress === externalAddress && before.externalPort === externalPort) {
      return `${name}: granted for ${duration(lifetime)}${this.#end(", until ")}`;
    }
    const was = before === undefined
      ? ""
      : `, no longer ${endpoint(before.externalAddress, before.externalPort)}`;
    return paint.bold(paint.green(`${name} is reached at ${external}${was}`));
  }

  #end(words: string): string {
    const { expiresAt } = this.mapping;
    return expiresAt === undefined ? "" : `${words}${clockTime(expiresAt, this.#date())}`;
  }

  #keep(alert: Alert): void {
    this.timeline.push({ at: this.#date(), alert });
    if (this.timeline.length > TIMELINE_LIMIT) this.timeline.shift();
  }
}

/** The news of a mapping with their times, one a line. */
export function timelineLines(timeline: readonly TimelineEntry[], now: Date): string[] {
  return timeline.map(({ at, alert }) => {
    const text = alert.type === "stateChange"
      ? stateText(alert.state)
      : `assigned ${endpoint(alert.externalAddress, alert.externalPort)} for ${
        duration(alert.lifetime)
      }`;
    return `${clockTime(at, now)}  ${printable(text)}`;
  });
}

const TIMELINE_LIMIT = 200;
