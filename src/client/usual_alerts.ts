import type { MappingState } from "../engine/events.ts";
import type { Alert } from "./map_handle.ts";

// What nearly every mapping tells first: one object for all of them, or no more than a number.

/** The news of a state; that of states which mappings have in common is one object, for there may be many unread. */
export function changeOf(state: MappingState): Alert {
  if (state.type === "running") return RAN;
  if (state !== lastChange.state) lastChange = { type: "stateChange", state };
  return lastChange;
}

export const STARTED: Alert = { type: "stateChange", state: { type: "starting", attempt: 0 } };
export const RAN: Alert = { type: "stateChange", state: { type: "running" } };

let lastChange: Alert & { readonly type: "stateChange" } = {
  type: "stateChange",
  state: { type: "requested" },
};

export function isUsualState(alerts: number, state: MappingState): boolean {
  if (alerts === 0) return state.type === "starting" && state.attempt === 0;
  return alerts === STARTING && state.type === "running";
}

// How many of the usual first alerts there were; each is the number of the last one.
export const STARTING = 1;
export const RUNNING = 2;
export const ASSIGNED = 3;
