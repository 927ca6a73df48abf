import { isSuggestionBinding } from "../engine/mapping_spec.ts";
import type { Milliseconds } from "../milliseconds.ts";
import { ResultCode } from "../wire/result_code.ts";
import { askExternal, type InnerAddresses } from "./external_address.ts";
import { addPinhole } from "./pinhole.ts";
import { addPortMapping } from "./port_mapping.ts";
import type { Gone, Refusal } from "./refusal.ts";
import { renewPortMapping } from "./renewal.ts";
import { chooseConnection } from "./service_choice.ts";
import type { Task } from "./task.ts";
import type { MadeOrNot, Work } from "./work.ts";

/** Makes or renews what the mapping wants, of either family. */
export function* make(work: Work, inner: InnerAddresses): Task<MadeOrNot> {
  const { spec, lease, phase } = work.entry.mapping;
  const isBinding = isSuggestionBinding(spec);
  if (work.client.family === "IPv6") {
    const isOther = spec.externalPort !== 0 && spec.externalPort !== spec.internalPort;
    return isBinding && isOther ? CANNOT_PROVIDE : yield* addPinhole(work);
  }
  const isRenewal = lease?.protocol === "upnp" && phase !== "recovering";
  if (isRenewal && work.entry.mayExist) return yield* renewPortMapping(work);
  const failure = yield* checkLine(work, inner);
  if (failure !== undefined) return failure;
  const external = work.device.external?.address;
  const isOther = !spec.externalAddress.isUnspecified && external !== undefined &&
    !spec.externalAddress.equals(external);
  if (isBinding && isOther) return CANNOT_PROVIDE;
  if (work.isAbandoned()) return { type: "abandoned" };
  // The answer has no usable address then, which the engine reports.
  if (work.device.external?.isNonsense === true) return { type: "made" };
  return yield* addPortMapping(work);
}

/** Nothing is made while the line is down: some routers accept mappings that never work. */
function* checkLine(work: Work, inner: InnerAddresses): Task<Gone | Refusal | undefined> {
  const { device, now } = work;
  if (!device.isConnected) {
    const gone = yield* chooseConnection(device, inner, now);
    if (gone !== undefined) return gone;
  } else if (device.external?.address === undefined || isOld(device.external.at, now())) {
    const external = yield* askExternal(device.service, inner, now);
    if ("type" in external) return external;
    device.external = external;
  }
  const { external } = device;
  const isUnknown = external?.address === undefined && external?.isNonsense !== true;
  return device.isConnected && !isUnknown ? undefined : LINE_DOWN;
}

function isOld(at: Milliseconds, now: Milliseconds): boolean {
  return now - at > LONGEST_BELIEF;
}

const LINE_DOWN: Refusal = { type: "refused", result: ResultCode.NetworkFailure };
const CANNOT_PROVIDE: Refusal = { type: "refused", result: ResultCode.CannotProvideExternal };

/** Our decision: as often as a mapping is looked at. */
const LONGEST_BELIEF: Milliseconds = 300_000;
