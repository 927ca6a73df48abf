import { readUniqueId } from "../wire/igd/action.ts";
import { IgdErrorCode } from "../wire/igd/error_code.ts";
import { ResultCode } from "../wire/result_code.ts";
import { wantedLease } from "./entry.ts";
import { CLOSED, NOT_SPOKEN, pinholeRefusal, problemOf } from "./refusal.ts";
import { askFirewall } from "./service_choice.ts";
import { call, type Outcome, type Task } from "./task.ts";
import type { DeletedOrNot, MadeOrNot, Work } from "./work.ts";

/** Makes a pinhole in the IPv6 firewall, or extends it: the same values again. */
export function* addPinhole(work: Work): Task<MadeOrNot> {
  const { device, entry } = work;
  const gone = device.firewall === undefined ? yield* askFirewall(device) : undefined;
  if (gone !== undefined) return gone;
  entry.externalPort = entry.internalPort;
  if (device.firewall?.isOff === true) return opened(work);
  if (device.firewall?.isClosed === true) {
    return { type: "refused", result: ResultCode.NotAuthorized };
  }
  if (work.isAbandoned()) return { type: "abandoned" };
  const outcome = yield* requestPinhole(work);
  if (outcome.type === "success") return opened(work);
  const problem = problemOf(outcome);
  switch (problem.type) {
    case "fault":
      if (problem.meaning !== IgdErrorCode.FirewallDisabled) return pinholeRefusal(problem.code);
      device.firewall = { isOff: true, isClosed: false };
      entry.mayExist = false;
      return opened(work);
    case "page":
      return NOT_SPOKEN;
    case "closed":
      return CLOSED;
    default:
      return problem;
  }
}

/** Deletes a pinhole. Its number may be another host's after a restart of the gateway, so that it is asked for then. */
export function* deletePinhole(work: Work): Task<DeletedOrNot> {
  const { device, entry } = work;
  if (!entry.mayExist) return DELETED;
  if (entry.pinhole?.generation !== device.generation) {
    const outcome = yield* requestPinhole(work);
    if (outcome.type === "gone") return outcome;
  }
  const uniqueId = entry.pinhole?.id;
  if (uniqueId === undefined) return DELETED; // nothing can be named
  const outcome = yield* call(device.service, { action: "DeletePinhole", uniqueId });
  const problem = outcome.type === "success" ? undefined : problemOf(outcome);
  if (problem?.type === "gone") return problem;
  const isDone = problem === undefined || (problem.type === "fault" && ABSENT.has(problem.meaning));
  if (isDone) {
    entry.mayExist = false;
    entry.pinhole = undefined;
    return DELETED;
  }
  const upnpCode = problem.type === "fault" ? problem.code : undefined;
  return { type: "refused", result: ResultCode.NetworkFailure, upnpCode };
}

function* requestPinhole(work: Work): Task<Outcome> {
  const { device, entry, client } = work;
  const { protocol, internalPort } = entry;
  entry.lease = wantedLease(entry);
  entry.sentAt = work.now();
  entry.mayExist = true;
  work.adding();
  const outcome = yield* call(device.service, {
    action: "AddPinhole",
    internalClient: client,
    internalPort,
    protocol,
    lease: entry.lease,
  });
  if (outcome.type === "fault") entry.mayExist = false;
  if (outcome.type !== "success") return outcome;
  const id = readUniqueId(outcome.values);
  entry.pinhole = id === undefined ? undefined : { id, generation: device.generation };
  return outcome;
}

function opened({ entry, now }: Work): MadeOrNot {
  entry.lookedAt = now();
  return { type: "made" };
}

const DELETED: DeletedOrNot = { type: "deleted" };

/** miniupnpd answers 402 or 501 for a number that it does not know. */
const ABSENT: ReadonlySet<number> = new Set([
  IgdErrorCode.NoSuchEntry,
  IgdErrorCode.InvalidArgs,
  IgdErrorCode.ActionFailed,
]);
