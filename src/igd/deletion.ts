import { IgdErrorCode } from "../wire/igd/error_code.ts";
import { ResultCode } from "../wire/result_code.ts";
import { look } from "./holder.ts";
import { type Problem, problemOf, type Refusal } from "./refusal.ts";
import { call, type Task } from "./task.ts";
import type { DeletedOrNot, Work } from "./work.ts";

/** Deletes a port mapping, if it is still ours. */
export function* deletePortMapping(work: Work): Task<DeletedOrNot> {
  const { device, entry, now } = work;
  if (!entry.mayExist) return DELETED;
  if (entry.knownUntil <= now()) {
    const holder = yield* look(work);
    if (holder.type === "gone") return holder;
    if (holder.type === "nothing" || holder.type === "other") return deleted(work);
  }
  const { externalPort, protocol } = entry;
  const outcome = yield* call(device.service, {
    action: "DeletePortMapping",
    externalPort,
    protocol,
  });
  if (outcome.type === "success") return deleted(work);
  const problem = problemOf(outcome);
  if (problem.type === "gone") return problem;
  const meaning = problem.type === "fault" ? problem.meaning : undefined;
  if (meaning === IgdErrorCode.NoSuchEntryInArray) return deleted(work);
  const holder = yield* look(work);
  if (holder.type === "gone") return holder;
  if (holder.type === "nothing" || holder.type === "other") return deleted(work);
  return refusalOf(work, problem, meaning !== undefined && FINAL.has(meaning));
}

/** The gateway keeps what is ours: for good, or it is asked again. Permanent mappings have no end at which that stops. */
function refusalOf({ entry }: Work, problem: Problem, isFinal: boolean): Refusal {
  entry.deletions++;
  const upnpCode = problem.type === "fault" ? problem.code : undefined;
  const isEnough = entry.isPermanent && entry.deletions >= MOST_DELETIONS;
  const result = isFinal || isEnough ? ResultCode.NotAuthorized : ResultCode.NetworkFailure;
  return { type: "refused", result, upnpCode };
}

function deleted({ entry }: Work): DeletedOrNot {
  entry.mayExist = false;
  return DELETED;
}

const DELETED: DeletedOrNot = { type: "deleted" };

/** Errors by which the gateway says that it will not delete the mapping. */
const FINAL: ReadonlySet<number> = new Set([
  IgdErrorCode.NotAuthorized,
  IgdErrorCode.ConflictInMappingEntry,
  IgdErrorCode.NotAvailable,
]);

/** Our decision. */
const MOST_DELETIONS = 3;
