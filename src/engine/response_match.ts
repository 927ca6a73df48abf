import type { MapFields, MappingResponse } from "../wire/message_type.ts";
import { type MappingSpec, thirdPartyOf } from "./mapping_spec.ts";
import { optionRules } from "./option_rules.ts";

/** Whether a response is about the mapping by all that RFC 6887 sections 11.4 and 12.4 name besides the nonce. */
export function matchesSpec(spec: MappingSpec, response: MappingResponse): boolean {
  if (
    response.type !== spec.opcode || response.protocol !== spec.protocol ||
    response.internalPort !== spec.internalPort
  ) {
    return false;
  }
  if (response.type === "peer") {
    if (response.remotePort !== spec.remotePort) return false;
    if (spec.remoteAddress === undefined || !response.remoteAddress.equals(spec.remoteAddress)) {
      return false;
    }
  }
  const requested = thirdPartyOf(spec.options);
  const echoed = thirdPartyOf(response.options);
  return requested === undefined
    ? echoed === undefined
    : echoed !== undefined && echoed.equals(requested);
}

/** Whether the effect of an option of the request depends on data in the response (RFC 6887 section 7.3). */
export function needsOptionData({ options }: MappingSpec): boolean {
  return options.some((option) => optionRules(option).hasResponseData);
}

/** Whether a success grants what was requested: with PREFER_FAILURE only the suggestion does (RFC 6887 section 13.2). */
export function isSuggested(spec: MappingSpec, response: MapFields): boolean {
  if (!spec.options.some(({ type }) => type === "preferFailure")) return true;
  if (response.externalPort !== spec.externalPort) return false;
  if (response.externalAddress.equals(spec.externalAddress)) return true;
  return spec.externalAddress.isUnspecified &&
    response.externalAddress.family === spec.externalAddress.family;
}
