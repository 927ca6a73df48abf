import type { MappingState } from "./events.ts";

// What thousands of mappings go through at the same time is one object for all of them.

/** Alive. */
export const RUNNING: MappingState = Object.freeze({ type: "running" });

/** Asked for, for the first time or again. */
export function starting(attempt: number): MappingState {
  return attempt === 0 ? STARTING : { type: "starting", attempt };
}

/** Asked for although it is alive; `lifetime` in seconds. */
export function updating(attempt: number, lifetime: number): MappingState {
  if (attempt !== 0) return { type: "updating", attempt, lifetime };
  if (lastUpdating.lifetime !== lifetime) {
    lastUpdating = Object.freeze({ type: "updating", attempt, lifetime });
  }
  return lastUpdating;
}

const STARTING: MappingState = Object.freeze({ type: "starting", attempt: 0 });

let lastUpdating: MappingState & { readonly type: "updating" } = Object.freeze({
  type: "updating",
  attempt: 0,
  lifetime: 0,
});
