import type { MappingState } from "../engine/events.ts";
import { RUNNING, starting, updating } from "../engine/states.ts";
import type { Alert } from "./map_handle.ts";

// Nearly every mapping goes through the same: it is asked for, runs, is assigned, and is renewed again and again. Of that a
// number tells all: how many of the alerts there were. There may be many mappings whose alerts nobody reads.

/** That number when it runs for the first time, and when that was told. */
export const RAN_FIRST = 2;
export const ASSIGNED_FIRST = 3;

/** The state after so many of the usual alerts; `lifetime` is the wanted one. */
export function usualState(count: number, lifetime: number): MappingState {
  if (count === 0) return REQUESTED;
  if (count === 1) return starting(0);
  // From the fourth on an update and its end take turns.
  return count > ASSIGNED_FIRST && count % 2 === 0 ? updating(0, lifetime) : RUNNING;
}

/** Whether the state comes next after so many. */
export function isUsualNext(count: number, state: MappingState, lifetime: number): boolean {
  switch (state.type) {
    case "starting":
      return count === 0 && state.attempt === 0;
    case "running":
      return count === 1 || (count > ASSIGNED_FIRST && count % 2 === 0);
    case "updating":
      return count >= ASSIGNED_FIRST && count % 2 === 1 && state.attempt === 0 &&
        state.lifetime === lifetime;
    default:
      return false;
  }
}

/** So many of the usual alerts, one by one; `assigned` is the one of what is assigned. */
export function* usualAlerts(
  count: number,
  lifetime: number,
  assigned: () => Alert | undefined,
): Iterable<Alert> {
  for (let number = 1; number <= count; number++) {
    const alert = number === ASSIGNED_FIRST ? assigned() : changeOf(usualState(number, lifetime));
    if (alert !== undefined) yield alert;
  }
}

/** The news of a state; that of states which mappings have in common is one object, for there may be many unread. */
export function changeOf(state: MappingState): Alert {
  if (state.type === "running") return RAN;
  if (state !== lastChange.state) lastChange = { type: "stateChange", state };
  return lastChange;
}

const REQUESTED: MappingState = { type: "requested" };
const RAN: Alert = { type: "stateChange", state: RUNNING };

let lastChange: Alert & { readonly type: "stateChange" } = {
  type: "stateChange",
  state: REQUESTED,
};
