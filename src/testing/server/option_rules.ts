import type { Endpoint, IpAddress } from "../../wire/address.ts";
import type { Request } from "../../wire/message.ts";
import { toHex } from "../../wire/octets.ts";
import { Opcode } from "../../wire/opcode.ts";
import { OptionCode, optionCode } from "../../wire/option.ts";
import type { FilterOption, Option } from "../../wire/option_type.ts";
import { ResultCode } from "../../wire/result_code.ts";
import { type Counters, tally } from "./counters.ts";
import { type Refusal, refuse, type RequestedOptions } from "./decision.ts";
import type { Settings } from "./server_options.ts";

/** The valid options, or the error. */
export type OptionValidation = { readonly ok: true; readonly options: RequestedOptions } | Refusal;

/** Validates the options of a MAP, PEER or ANNOUNCE request: RFC 6887 sections 7.3 and 13, and the extensions. */
export function validateOptions(
  request: Request,
  source: Endpoint,
  settings: Settings,
  { violations }: Counters,
): OptionValidation {
  if (request.optionFault !== undefined) return refuse(ResultCode.MalformedOption);
  const processed: Option[] = [];
  const seen = new Set<number>();
  for (const option of request.options) {
    const code = optionCode(option);
    if (code === OptionCode.ThirdParty && settings.quirks.ignoresThirdParty) continue;
    const mandatory = code < 128;
    const opcodes = opcodesOf(code, settings);
    if (opcodes.length === 0) {
      if (mandatory) return refuse(ResultCode.UnsuppOption);
      continue;
    }
    if (!opcodes.includes(request.opcode)) {
      // The one option with another result code (RFC 6887 section 12.3).
      if (code === OptionCode.PreferFailure && request.opcode === Opcode.Peer) {
        return refuse(ResultCode.MalformedRequest);
      }
      if (mandatory) return refuse(ResultCode.MalformedOption);
      tally(violations, "optionOpcode");
      continue;
    }
    if (option.type === "malformed") {
      // PORT_SET is optional, and refused if malformed (RFC 7753 section 4.2).
      if (mandatory || code === OptionCode.PortSet) return refuse(ResultCode.MalformedOption);
      tally(violations, "optionMalformed");
      continue;
    }
    if (seen.has(code) && code !== OptionCode.Filter) return refuse(ResultCode.MalformedOption);
    seen.add(code);
    processed.push(option);
  }
  return validateValues(request, source, settings, {
    processed,
    thirdParty: pick(processed, "thirdParty")?.address,
    preferFailure: seen.has(OptionCode.PreferFailure),
    filters: processed.filter((option) => option.type === "filter"),
    description: pick(processed, "description")?.text,
    portSet: pick(processed, "portSet"),
    checkpoint: seen.has(OptionCode.CheckpointRequired),
  });
}

/**
 * The error of a server that takes the padding of an option for the next one, if it finds one. Reads the octets itself: the
 * codec knows padding.
 *
 * @param start Where the options begin.
 */
export function misreadPadding(bytes: Uint8Array, start: number): Refusal | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = start; at < bytes.length;) {
    const left = bytes.length - at;
    const length = left < 4 ? Infinity : 4 + view.getUint16(at + 2);
    if (length > left) return refuse(ResultCode.MalformedOption);
    const code = view.getUint8(at);
    if (code === 0 || (code > OptionCode.Filter && code < 128)) {
      return refuse(ResultCode.UnsuppOption);
    }
    at += length;
  }
  return undefined;
}

/** The opcodes that allow an option; none if the server does not support it. */
function opcodesOf(code: number, settings: Settings): readonly number[] {
  if (settings.unsupportedOptions.includes(code)) return [];
  const { Announce, Map, Peer } = Opcode;
  switch (code) {
    case OptionCode.ThirdParty: // RFC 6887 section 13.1
      return settings.thirdParty ? [Map, Peer] : [];
    case OptionCode.PreferFailure: // RFC 6887 section 13.2
    case OptionCode.Filter: // RFC 6887 section 13.3
      return [Map];
    case OptionCode.Description: // RFC 7220 section 2
      return settings.maxDescription > 0 ? [Map, Peer] : [];
    case OptionCode.Prefix64: // RFC 7225 section 4.1
      return settings.prefix64.length > 0 ? [Map, Announce] : [];
    case OptionCode.PortSet: // RFC 7753 section 4
      return settings.maxPortSet > 0 ? [Map] : [];
    case OptionCode.CheckpointRequired: // RFC 7767
      return settings.checkpoint ? [Map, Peer] : [];
    case OptionCode.ThirdPartyId: // RFC 7843 section 4
      return settings.thirdPartyIds === undefined ? [] : [Map, Peer];
    default:
      return [];
  }
}

/** The rules for the values of the options, some in relation to other fields of the request. */
function validateValues(
  request: Request,
  source: Endpoint,
  settings: Settings,
  options: RequestedOptions,
): OptionValidation {
  // The client is not a third party (RFC 6887 section 13.1).
  if (options.thirdParty?.equals(source.address)) return refuse(ResultCode.MalformedRequest);
  const idResult = validateThirdPartyId(options, settings);
  if (idResult !== ResultCode.Success) return refuse(idResult);
  if (request.type !== "map") return { ok: true, options };
  const { preferFailure, filters, portSet } = options;
  const isDeletion = request.lifetime === 0;
  // A deletion has neither (RFC 6887 section 11.3).
  if (isDeletion && (preferFailure || filters.length > 0)) {
    return refuse(ResultCode.MalformedOption);
  }
  // PREFER_FAILURE requires a suggested port (RFC 6887 section 13.2).
  if (preferFailure && request.externalPort === 0) return refuse(ResultCode.MalformedOption);
  if (portSet !== undefined) {
    // RFC 7753 section 4.1.
    const misplaced = request.internalPort === 0 ||
      portSet.firstInternalPort !== request.internalPort;
    if (preferFailure || misplaced) return refuse(ResultCode.MalformedOption);
  }
  if (settings.quirks.ignoreFilters) return { ok: true, options: { ...options, filters: [] } };
  const internal = options.thirdParty ?? source.address;
  if (!filters.every((filter) => isValidFilter(filter, internal))) {
    return refuse(ResultCode.MalformedOption);
  }
  return { ok: true, options };
}

/** RFC 6887 section 13.3 with erratum 3891: prefix length 0 removes all filters, with port and address 0. */
function isValidFilter(filter: FilterOption, internal: IpAddress): boolean {
  const { prefixLength, remoteAddress, remotePort } = filter;
  if (prefixLength === 0) return remotePort === 0 && remoteAddress.isUnspecified;
  const shortest = internal.family === "IPv4" ? 97 : 1;
  return remoteAddress.family === internal.family && prefixLength >= shortest &&
    prefixLength <= 128;
}

/** RFC 7843 section 5.2. */
function validateThirdPartyId(options: RequestedOptions, settings: Settings): number {
  const known = settings.thirdPartyIds;
  const given = pick(options.processed, "thirdPartyId");
  if (known === undefined || (given === undefined && options.thirdParty === undefined)) {
    return ResultCode.Success;
  }
  if (given === undefined || options.thirdParty === undefined) {
    return ResultCode.ThirdPartyMissingOption;
  }
  if (!known.some((id) => id.length === 2 * given.id.length)) {
    return ResultCode.UnsuppThirdPartyIdLength;
  }
  return known.includes(toHex(given.id)) ? ResultCode.Success : ResultCode.ThirdPartyIdUnknown;
}

function pick<Type extends Option["type"]>(
  options: readonly Option[],
  type: Type,
): Extract<Option, { readonly type: Type }> | undefined {
  return options.find((option): option is Extract<Option, { readonly type: Type }> =>
    option.type === type
  );
}
