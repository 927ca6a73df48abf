import {
  type Alert,
  type Assigned,
  defectText,
  type MapHandle,
  type MappingState,
  resultSentence,
} from "../../mod.ts";
import type { Hook } from "./hook.ts";
import { internalText, stateText } from "./render.ts";
import { clockTime, duration, endpoint, type Paint, printable } from "./text.ts";

/** One alert and the time at which it was read. */
export interface TimelineEntry {
  readonly at: Date;
  readonly alert: Alert;
}

/** A mapping with the alerts read from it and the program that `--exec` runs for it. */
export class TrackedMapping {
  readonly mapping: MapHandle;
  readonly hook: Hook | undefined;
  /** The latest alerts, oldest first. */
  readonly timeline: TimelineEntry[] = [];
  /** When a refused request is sent again. */
  retryAt: Date | undefined;
  readonly #date: () => Date;
  #lastAssigned: Assigned | undefined;
  /** Whether a failure was printed since the mapping last ran: its recovery is then worth a line. */
  #isFailing = false;

  constructor(mapping: MapHandle, hook: Hook | undefined, date: () => Date) {
    this.mapping = mapping;
    this.hook = hook;
    this.#date = date;
  }

  /** Reads the alerts that are there without printing them: the command has printed the result itself. */
  drainAlerts(): void {
    for (
      let alert = this.mapping.pollAlert();
      alert !== undefined;
      alert = this.mapping.pollAlert()
    ) this.#record(alert);
    this.#lastAssigned = this.mapping.assigned;
    this.#isFailing = false;
  }

  /** Yields every alert, and then passes every change to the hook, until the mapping is over. */
  async *alerts(): AsyncGenerator<Alert> {
    this.hook?.update(this.mapping.toJSON());
    for await (const alert of this.mapping) {
      this.#record(alert);
      yield alert;
      this.hook?.update(this.mapping.toJSON());
      if (alert.type === "stateChange" && alert.state.type === "running") this.hook?.renewed();
    }
  }

  /** An alert as a line; undefined if it is not worth one. To be called once for each alert, in order. */
  describe(alert: Alert, paint: Paint): string | undefined {
    const { mapping } = this;
    const name = `mapping ${mapping.id} (${internalText(mapping.toJSON())})`;
    if (alert.type === "assigned") return this.#describeAssigned(alert, name, paint);
    const { state } = alert;
    switch (state.type) {
      case "error": {
        this.#isFailing = true;
        const meaning = meaningOf(state);
        const retry = state.retryIn === undefined
          ? ""
          : ` It is requested again in ${duration(state.retryIn)}`;
        return paint.red(`${name} was refused: ${state.name}${meaning}${retry}`);
      }
      case "expired":
        this.#lastAssigned = undefined;
        this.#isFailing = true;
        return paint.red(
          `${name} has expired${mapping.isOver ? "" : ", it is being requested again"}`,
        );
      case "updating":
        if (state.lifetime === 0 || state.attempt !== 1) return undefined;
        this.#isFailing = true;
        return paint.yellow(
          `${name}: no answer yet to its renewal${this.#expiry(", it holds until ")}`,
        );
      case "running": {
        const wasFailing = this.#isFailing;
        this.#isFailing = false;
        return wasFailing
          ? paint.green(`${name} is running${this.#expiry(", until ")}`)
          : undefined;
      }
      default:
        return undefined;
    }
  }

  #describeAssigned(assigned: Assigned, name: string, paint: Paint): string {
    const before = this.#lastAssigned;
    this.#lastAssigned = assigned;
    const { externalAddress, externalPort, lifetime } = assigned;
    if (before?.externalAddress === externalAddress && before.externalPort === externalPort) {
      return `${name}: granted for ${duration(lifetime)}${this.#expiry(", until ")}`;
    }
    const old = before === undefined
      ? ""
      : `, no longer ${endpoint(before.externalAddress, before.externalPort)}`;
    const external = endpoint(externalAddress, externalPort);
    return paint.bold(paint.green(`${name} is reached at ${external}${old}`));
  }

  #expiry(prefix: string): string {
    const { expiresAt } = this.mapping;
    return expiresAt === undefined ? "" : `${prefix}${clockTime(expiresAt, this.#date())}`;
  }

  #record(alert: Alert): void {
    const at = this.#date();
    this.timeline.push({ at, alert });
    if (alert.type === "stateChange") {
      const retryIn = alert.state.type === "error" ? alert.state.retryIn : undefined;
      this.retryAt = retryIn === undefined ? undefined : new Date(at.getTime() + retryIn * 1000);
    }
    if (this.timeline.length > TIMELINE_LIMIT) this.timeline.shift();
  }
}

/** The alerts of a mapping with their times, one a line. */
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

/** What an error means, as a sentence after a comma; empty if nothing is known of it. */
function meaningOf({ code, reason }: MappingState & { readonly type: "error" }): string {
  if (reason !== undefined) return `, ${defectText(reason)}.`;
  return code > 0 ? `, ${resultSentence(code)}` : "";
}
