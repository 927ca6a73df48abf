import type { Milliseconds } from "../milliseconds.ts";
import { IgdErrorCode } from "../wire/igd/error_code.ts";
import { wantedLease } from "./entry.ts";
import { leftOf, look } from "./holder.ts";
import { LeaseChoice } from "./lease_choice.ts";
import { addPortMapping, noteLease, noteSeen, requestMapping } from "./port_mapping.ts";
import { mappingRefusal, NOT_SPOKEN, problemOf } from "./refusal.ts";
import { call, type Outcome, type Task } from "./task.ts";
import type { MadeOrNot, Work } from "./work.ts";

/** Renews a port mapping: the same request again, or a deletion first where that does not extend the lease. */
export function* renewPortMapping(work: Work): Task<MadeOrNot> {
  const { device, entry } = work;
  if (device.traits.recreates) return yield* recreate(work);
  entry.lease = new LeaseChoice(device, wantedLease(entry)).lease;
  const isChecked = !entry.isRenewalChecked && entry.lease > 0 && !device.traits.cannotLook;
  const left = isChecked ? leftOf(yield* look(work), entry) : undefined;
  const outcome = yield* requestMapping(work);
  if (outcome.type !== "success") return yield* react(work, outcome);
  noteLease(work);
  noteSeen(work);
  entry.isRenewalChecked ||= isChecked;
  entry.check = left === undefined ? undefined : { at: work.now() + CHECK_AFTER, left };
  return { type: "made" };
}

/**
 * Checks whether the first renewal has extended the lease; if not, each renewal deletes the mapping and makes it anew, this
 * one as well. When only half of a lease is left, an extended one looks like the old one.
 */
export function* checkRenewal(work: Work): Task<MadeOrNot> {
  const { device, entry } = work;
  const { check } = entry;
  entry.check = undefined;
  if (check === undefined) return { type: "made" };
  const holder = yield* look(work);
  if (holder.type === "gone") return holder;
  const left = leftOf(holder, entry);
  if (left === undefined || left >= check.left + entry.lease / 4) return { type: "made" };
  device.traits.recreates = true;
  return yield* recreate(work);
}

/** Deletes the mapping and makes it anew, at once. */
function* recreate(work: Work): Task<MadeOrNot> {
  const { device, entry } = work;
  const { externalPort, protocol } = entry;
  entry.lease = new LeaseChoice(device, wantedLease(entry)).lease;
  yield* call(device.service, { action: "DeletePortMapping", externalPort, protocol });
  const outcome = yield* requestMapping(work);
  if (outcome.type !== "success") return yield* react(work, outcome);
  noteLease(work);
  noteSeen(work);
  return { type: "made" };
}

function* react(work: Work, outcome: Exclude<Outcome, { type: "success" }>): Task<MadeOrNot> {
  const { device, entry } = work;
  const problem = problemOf(outcome);
  switch (problem.type) {
    case "gone":
    case "refused":
      return problem;
    case "closed":
      return { type: "gone" };
    case "page":
      return NOT_SPOKEN;
  }
  if (problem.meaning !== IgdErrorCode.ConflictInMappingEntry) {
    return mappingRefusal(device, problem.code);
  }
  const holder = yield* look(work);
  if (holder.type === "gone") return holder;
  if (holder.type === "ours" && !device.traits.recreates) {
    device.traits.recreates = true;
    return yield* recreate(work);
  }
  // Another one has the port by now.
  if (holder.type === "other") entry.mayExist = false;
  return holder.type === "ours"
    ? mappingRefusal(device, problem.code)
    : yield* addPortMapping(work);
}

/** Our decision: some routers carry a request out after their answer. */
const CHECK_AFTER: Milliseconds = 1_000;
