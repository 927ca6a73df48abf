import type { Endpoint, IpAddress } from "../../wire/address.ts";
import type { Request } from "../../wire/message.ts";
import { Opcode } from "../../wire/opcode.ts";
import { OptionCode, optionCode } from "../../wire/option.ts";
import type { FilterOption, Option, PortSetOption } from "../../wire/option_type.ts";
import { ResultCode } from "../../wire/result_code.ts";
import type { Violation } from "./counters.ts";
import type { Settings } from "./server_options.ts";

/** The options of a request that the server will obey. */
export interface RequestedOptions {
  /** In the order of the request: these, as the server sees fit to change them, stand in a success. */
  readonly processed: readonly Option[];
  readonly thirdParty: IpAddress | undefined;
  readonly preferFailure: boolean;
  readonly filters: readonly FilterOption[];
  readonly description: string | undefined;
  readonly portSet: PortSetOption | undefined;
  readonly checkpoint: boolean;
}

/** The options to obey, or the result code that says why not. */
export type OptionVerdict =
  | { readonly ok: true; readonly asked: RequestedOptions }
  | { readonly ok: false; readonly result: number };

/** Judges the options of a MAP, PEER or ANNOUNCE request: RFC 6887 sections 7.3 and 13, and the extensions. */
export function validateOptions(
  request: Request,
  source: Endpoint,
  settings: Settings,
  countViolation: (violation: Violation) => void,
): OptionVerdict {
  if (request.optionFault !== undefined) return refusal(ResultCode.MalformedOption);
  const processed: Option[] = [];
  const seen = new Set<number>();
  for (const option of request.options) {
    const code = optionCode(option);
    const mandatory = code < 128;
    if (!isSupported(code, settings)) {
      if (mandatory) return refusal(ResultCode.UnsuppOption);
      continue;
    }
    if (!(OPCODES.get(code) ?? []).includes(request.opcode)) {
      // The one case for which RFC 6887 section 12.3 names another code.
      if (code === OptionCode.PreferFailure && request.opcode === Opcode.Peer) {
        return refusal(ResultCode.MalformedRequest);
      }
      if (mandatory) return refusal(ResultCode.MalformedOption);
      countViolation("optionOpcode");
      continue;
    }
    if (option.type === "malformed") {
      // RFC 7753 section 4.2 refuses a broken PORT_SET, optional though it is.
      if (mandatory || code === OptionCode.PortSet) return refusal(ResultCode.MalformedOption);
      countViolation("optionMalformed");
      continue;
    }
    if (seen.has(code) && code !== OptionCode.Filter) return refusal(ResultCode.MalformedOption);
    seen.add(code);
    processed.push(option);
  }
  return validateMeaning(request, source, settings, {
    processed,
    thirdParty: pick(processed, "thirdParty")?.address,
    preferFailure: seen.has(OptionCode.PreferFailure),
    filters: processed.filter((option) => option.type === "filter"),
    description: pick(processed, "description")?.text,
    portSet: pick(processed, "portSet"),
    checkpoint: seen.has(OptionCode.CheckpointRequired),
  });
}

/** On which opcodes an option may stand; options absent here are unknown to the server. */
const OPCODES: ReadonlyMap<number, readonly number[]> = new Map([
  [OptionCode.ThirdParty, [Opcode.Map, Opcode.Peer]], // RFC 6887 section 13.1
  [OptionCode.PreferFailure, [Opcode.Map]], // RFC 6887 section 13.2
  [OptionCode.Filter, [Opcode.Map]], // RFC 6887 section 13.3
  [OptionCode.ThirdPartyId, [Opcode.Map, Opcode.Peer]], // RFC 7843 section 4
  [OptionCode.Description, [Opcode.Map, Opcode.Peer]], // RFC 7220 section 2
  [OptionCode.Prefix64, [Opcode.Map, Opcode.Announce]], // RFC 7225 section 4.1
  [OptionCode.PortSet, [Opcode.Map]], // RFC 7753 section 4
  [OptionCode.CheckpointRequired, [Opcode.Map, Opcode.Peer]], // RFC 7767
]);

function isSupported(code: number, settings: Settings): boolean {
  if (settings.unsupportedOptions.includes(code)) return false;
  switch (code) {
    case OptionCode.ThirdParty:
      return settings.thirdParty;
    case OptionCode.ThirdPartyId:
      return settings.thirdPartyIds !== undefined;
    case OptionCode.Description:
      return settings.maxDescription > 0;
    case OptionCode.Prefix64:
      return settings.prefix64.length > 0;
    case OptionCode.PortSet:
      return settings.maxPortSet > 0;
    case OptionCode.CheckpointRequired:
      return settings.checkpoint;
    default:
      return OPCODES.has(code);
  }
}

/** Rules that look at the whole request. */
function validateMeaning(
  request: Request,
  source: Endpoint,
  settings: Settings,
  asked: RequestedOptions,
): OptionVerdict {
  // RFC 6887 section 13.1: nobody is a third party to himself.
  if (asked.thirdParty?.equals(source.address)) return refusal(ResultCode.MalformedRequest);
  const identity = validateThirdPartyId(asked, settings);
  if (identity !== ResultCode.Success) return refusal(identity);
  if (request.type !== "map") return { ok: true, asked };
  const { preferFailure, filters, portSet } = asked;
  const deletes = request.lifetime === 0;
  // RFC 6887 section 11.3: neither makes sense in a deletion.
  if (deletes && (preferFailure || filters.length > 0)) return refusal(ResultCode.MalformedOption);
  // RFC 6887 section 13.2: what should not be exchanged for another must be named.
  if (preferFailure && request.externalPort === 0) return refusal(ResultCode.MalformedOption);
  if (portSet !== undefined) {
    // RFC 7753 section 4.1.
    const misplaced = request.internalPort === 0 ||
      portSet.firstInternalPort !== request.internalPort;
    if (preferFailure || misplaced) return refusal(ResultCode.MalformedOption);
  }
  if (settings.quirks.ignoreFilters) return { ok: true, asked: { ...asked, filters: [] } };
  const internal = asked.thirdParty ?? source.address;
  if (!filters.every((filter) => isSound(filter, internal))) {
    return refusal(ResultCode.MalformedOption);
  }
  return { ok: true, asked };
}

/** RFC 6887 section 13.3 with erratum 3891: prefix length 0 removes all, and then says nothing else. */
function isSound(filter: FilterOption, internal: IpAddress): boolean {
  const { prefixLength, remoteAddress, remotePort } = filter;
  if (prefixLength === 0) return remotePort === 0 && remoteAddress.isUnspecified;
  const shortest = internal.family === "IPv4" ? 97 : 1;
  return remoteAddress.family === internal.family && prefixLength >= shortest &&
    prefixLength <= 128;
}

/** RFC 7843 section 5.2. */
function validateThirdPartyId(asked: RequestedOptions, settings: Settings): number {
  const known = settings.thirdPartyIds;
  const given = pick(asked.processed, "thirdPartyId");
  if (known === undefined || (given === undefined && asked.thirdParty === undefined)) {
    return ResultCode.Success;
  }
  if (given === undefined || asked.thirdParty === undefined) {
    return ResultCode.ThirdPartyMissingOption;
  }
  if (!known.some((id) => id.length === 2 * given.id.length)) {
    return ResultCode.UnsuppThirdPartyIdLength;
  }
  const digits = Array.from(given.id, (octet) => octet.toString(16).padStart(2, "0")).join("");
  return known.includes(digits) ? ResultCode.Success : ResultCode.ThirdPartyIdUnknown;
}

function pick<Type extends Option["type"]>(
  options: readonly Option[],
  type: Type,
): Extract<Option, { readonly type: Type }> | undefined {
  return options.find((option): option is Extract<Option, { readonly type: Type }> =>
    option.type === type
  );
}

function refusal(result: number): OptionVerdict {
  return { ok: false, result };
}
