import { readPortMappingEntry } from "../wire/igd/action.ts";
import { IgdErrorCode } from "../wire/igd/error_code.ts";
import type { Device } from "./device.ts";
import type { Entry } from "./entry.ts";
import { type Gone, problemOf } from "./refusal.ts";
import { call, type Task } from "./task.ts";
import type { Work } from "./work.ts";

/** What holds an external port at the gateway. */
export type Holder =
  /** The mapping, or one that this program or an earlier run made for it. */
  | { readonly type: "ours"; readonly left: number | undefined }
  /** What an earlier run made for it from another address of this host. */
  | { readonly type: "former" }
  /** Another host, or another program on this host. */
  | { readonly type: "other" }
  | { readonly type: "nothing" }
  /** The gateway cannot be asked that, or answers nonsense. */
  | { readonly type: "unknown" };

/** Looks what holds the external port of an entry, or another port. */
export function* look(
  { device, entry, client }: Pick<Work, "device" | "entry" | "client">,
  externalPort = entry.externalPort,
): Task<Holder | Gone> {
  if (device.traits.cannotLook) return { type: "unknown" };
  const outcome = yield* call(device.service, {
    action: "GetSpecificPortMappingEntry",
    externalPort,
    protocol: entry.protocol,
  });
  if (outcome.type !== "success") return absent(device, problemOf(outcome));
  const { internalPort, internalClient, lease } = readPortMappingEntry(outcome.values);
  if (internalPort === undefined || internalClient === undefined) return { type: "unknown" };
  const isRecorded = entry.mayExist && entry.externalPort === externalPort;
  const isPort = internalPort === entry.internalPort;
  if (internalClient.equals(client)) {
    return isPort || isRecorded ? { type: "ours", left: lease } : { type: "other" };
  }
  const isFormer = isRecorded && isPort && internalClient.equals(entry.client);
  return isFormer ? { type: "former" } : { type: "other" };
}

function absent(device: Device, problem: ReturnType<typeof problemOf>): Holder | Gone {
  if (problem.type === "gone") return problem;
  if (problem.type !== "fault") return { type: "unknown" };
  if (problem.meaning === IgdErrorCode.NoSuchEntryInArray) return { type: "nothing" };
  if (problem.meaning === IgdErrorCode.InvalidAction) device.traits.cannotLook = true;
  return { type: "unknown" };
}

/** The remaining lease of an entry of ours, if the gateway reports one that means something. */
export function leftOf(holder: Holder | Gone, entry: Entry): number | undefined {
  if (holder.type !== "ours" || holder.left === undefined || holder.left === 0) return undefined;
  return entry.lease === 0 ? undefined : holder.left;
}
