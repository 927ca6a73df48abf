import type { Endpoint, IpAddress } from "../../wire/address.ts";
import { MAX_LIFETIME } from "../../wire/constants.ts";
import type { MapFields, RequestHeader } from "../../wire/message_type.ts";
import { ProtocolNumber } from "../../wire/protocol_number.ts";
import { ResultCode } from "../../wire/result_code.ts";
import type { FilterOption } from "../../wire/option_type.ts";
import {
  type Answer,
  answerOptions,
  clampLifetime,
  type Context,
  countViolation,
  externalFor,
  refuse,
  suits,
  truncateText,
  validateRoom,
} from "./decision.ts";
import { mappingKey, type MutableMapping, newMapping, remainingLife } from "./mapping.ts";
import type { RequestedOptions } from "./option_rules.ts";

/** A MAP request, whole. */
export type MapRequest = RequestHeader & MapFields;

/** Answers a MAP request whose options have been judged: RFC 6887 sections 11.3 and 15.1. */
export function answerMap(
  context: Context,
  now: number,
  request: MapRequest,
  source: Endpoint,
  asked: RequestedOptions,
): Answer {
  // All protocols have all ports (RFC 6887 section 11.1).
  if (request.protocol === 0 && request.internalPort !== 0) {
    return refuse(ResultCode.MalformedRequest);
  }
  const internal = asked.thirdParty ?? source.address;
  const mapping = existing(context, request, internal);
  if (request.lifetime === 0) return remove(context, now, request, internal, asked, mapping);
  if (mapping === undefined) return create(context, now, request, source, internal, asked);
  return renew(context, now, request, source, asked, mapping);
}

function create(
  context: Context,
  now: number,
  request: MapRequest,
  source: Endpoint,
  internal: IpAddress,
  asked: RequestedOptions,
): Answer {
  const { settings, table } = context;
  const { protocol, internalPort, nonce } = request;
  const family = request.externalAddress.family;
  const external = externalFor(context, internal, family);
  if (!external.ok) return refuse(external.result);
  const filters = validateFilters(context, [], asked.filters);
  if (filters === undefined) return refuse(ResultCode.ExcessiveRemotePeers);
  if (external.translated && !canTranslate(context, request, internal)) {
    return refuse(ResultCode.UnsuppProtocol);
  }
  const full = validateRoom(context, internal);
  if (full !== ResultCode.Success) return refuse(full);

  let externalPort = internalPort;
  let ports = portsWanted(context, request, internal, asked);
  // SCTP keeps its port: its checksum and its many addresses forbid a translation (RFC 6887 section 16.3.3).
  const fixed = asked.preferFailure || protocol === ProtocolNumber.Sctp;
  if (asked.preferFailure && !suits(request.externalAddress, external.address)) {
    return refuse(ResultCode.CannotProvideExternal);
  }
  if (external.translated) {
    const allocation = table.allocate(now, {
      protocol,
      internalAddress: internal,
      internalPort,
      externalAddress: external.address,
      suggestedPort: asked.preferFailure
        ? request.externalPort
        : fixed
        ? internalPort
        : settings.ignoreSuggestions
        ? 0
        : request.externalPort,
      exact: fixed,
      nonce,
      ports,
      parity: asked.portSet?.parity ?? false,
    });
    if (!allocation.ok) return refuseConflict(fixed, now, allocation.until);
    externalPort = allocation.port;
    ports = allocation.ports;
  } else if (asked.preferFailure && request.externalPort !== internalPort) {
    return refuse(ResultCode.CannotProvideExternal);
  }

  const mapping = newMapping(now, {
    key: mappingKey("map", protocol, internal, internalPort, family),
    kind: "map",
    nonce,
    protocol,
    internalAddress: internal,
    internalPort,
    externalAddress: external.address,
    externalPort,
    ports,
    thirdParty: asked.thirdParty !== undefined,
  });
  table.add(mapping);
  return grant(context, now, request, source, asked, mapping, filters);
}

function renew(
  context: Context,
  now: number,
  request: MapRequest,
  source: Endpoint,
  asked: RequestedOptions,
  mapping: MutableMapping,
): Answer {
  if (mapping.kind === "static") return success(context, request, mapping, asked, MAX_LIFETIME); // RFC 6887 section 11.3
  if (!isOwner(context, mapping, request)) {
    return refuse(ResultCode.NotAuthorized, remainingLife(mapping, now));
  }
  if (asked.preferFailure) {
    const same = request.externalPort === mapping.externalPort &&
      suits(request.externalAddress, mapping.externalAddress);
    // The mapping there stands in the way of the wanted one (RFC 6887 section 13.2).
    if (!same) return refuse(ResultCode.CannotProvideExternal, remainingLife(mapping, now));
  }
  const filters = validateFilters(context, mapping.filters, asked.filters);
  if (filters === undefined) return refuse(ResultCode.ExcessiveRemotePeers);
  if (mapping.ports > 1 && asked.portSet === undefined) countViolation(context, "portSetMissing");
  if (asked.portSet !== undefined && mapping.internalPort !== request.internalPort) {
    countViolation(context, "portSetOverlap");
  }
  return grant(context, now, request, source, asked, mapping, filters);
}

/** Writes what a granted request changes in its mapping. */
function grant(
  context: Context,
  now: number,
  request: MapRequest,
  source: Endpoint,
  asked: RequestedOptions,
  mapping: MutableMapping,
  filters: readonly FilterOption[],
): Answer {
  const { settings, table } = context;
  mapping.nonce = request.nonce;
  mapping.client = source;
  mapping.filters = filters;
  mapping.preferFailure = asked.preferFailure;
  // A renewal without it clears the flag (RFC 7767).
  mapping.checkpoint = asked.checkpoint;
  if (asked.description !== undefined) {
    const text = truncateText(asked.description, settings.maxDescription);
    mapping.description = text === "" ? undefined : text;
  }
  mapping.lifetime = clampLifetime(settings, request.lifetime);
  mapping.expires = now + mapping.lifetime * 1_000;
  table.reschedule(mapping);
  context.refreshed(mapping);
  return success(context, request, mapping, asked, mapping.lifetime);
}

function remove(
  context: Context,
  now: number,
  request: MapRequest,
  internal: IpAddress,
  asked: RequestedOptions,
  mapping: MutableMapping | undefined,
): Answer {
  const { quirks } = context.settings;
  const { protocol, internalPort } = request;
  // Erratum 3621: port and address of a deletion are zeros, and come back as they went.
  if (request.externalPort !== 0 || !request.externalAddress.isUnspecified) {
    countViolation(context, "deleteSuggestion");
  }
  const family = request.externalAddress.family;
  if (mapping === undefined) {
    const other = family === "IPv4" ? "IPv6" : "IPv4";
    const elsewhere = context.table.byKey.get(
      mappingKey("map", protocol, internal, internalPort, other),
    );
    if (elsewhere !== undefined) countViolation(context, "deleteFamily");
    // Outbound mappings are not MAP's to delete (RFC 6887 section 15.1).
    const outbound = context.table.ofInside(protocol, internal, internalPort, family);
    if (outbound.some(({ kind }) => kind === "peer" || kind === "flow")) {
      return refuse(ResultCode.NotAuthorized);
    }
    if (quirks.missingDeleteFails && internal.family === "IPv4") {
      return refuse(ResultCode.NoResources);
    }
  } else {
    if (mapping.kind === "static") return refuse(ResultCode.NotAuthorized);
    if (mapping.nonce !== undefined && !mapping.nonce.equals(request.nonce)) {
      return refuse(ResultCode.NotAuthorized, remainingLife(mapping, now));
    }
    if (mapping.ports > 1 && asked.portSet === undefined) countViolation(context, "portSetMissing");
    context.refreshed(mapping);
    context.table.remove(mapping, now);
  }
  const address = quirks.addressInDelete ? context.external[family] : undefined;
  return {
    ok: true,
    lifetime: 0,
    externalPort: request.externalPort,
    externalAddress: address ?? request.externalAddress,
    options: answerOptions(context, asked, undefined),
  };
}

function existing(
  context: Context,
  request: MapRequest,
  internal: IpAddress,
): MutableMapping | undefined {
  const { protocol, internalPort } = request;
  const family = request.externalAddress.family;
  const key = mappingKey("map", protocol, internal, internalPort, family);
  // A request that starts inside a set refreshes that set (RFC 7753 section 4.4.1).
  return context.table.byKey.get(key) ??
    (internalPort === 0
      ? undefined
      : context.table.setAround(protocol, internal, internalPort, family));
}

function success(
  context: Context,
  request: MapRequest,
  mapping: MutableMapping,
  asked: RequestedOptions,
  lifetime: number,
): Answer {
  // Who asks for one port in the middle of a set is told of that port.
  const step = asked.portSet === undefined ? request.internalPort - mapping.internalPort : 0;
  return {
    ok: true,
    lifetime,
    externalPort: mapping.externalPort + step,
    externalAddress: mapping.externalAddress,
    options: answerOptions(context, asked, mapping),
  };
}

/** Filters add up, a prefix length of 0 clears what came before; `undefined` if they are too many in the end. */
function validateFilters(
  context: Context,
  old: readonly FilterOption[],
  added: readonly FilterOption[],
): readonly FilterOption[] | undefined {
  let filters = [...old];
  for (const filter of added) {
    if (filter.prefixLength === 0) filters = [];
    else if (!filters.some((one) => isSameFilter(one, filter))) filters.push(filter);
  }
  return filters.length > context.settings.maxFilters ? undefined : filters;
}

function isSameFilter(a: FilterOption, b: FilterOption): boolean {
  return a.prefixLength === b.prefixLength && a.remotePort === b.remotePort &&
    a.remoteAddress.equals(b.remoteAddress);
}

/** Whether a NAT can do what is asked, completely (RFC 6887 section 11.3). */
function canTranslate(context: Context, request: MapRequest, internal: IpAddress): boolean {
  const { settings, table } = context;
  const { protocol, internalPort } = request;
  if (protocol !== 0 && !settings.protocols.includes(protocol)) return false;
  if (internalPort !== 0) return true;
  return settings.wildcards && !table.heldByOthers(protocol, internal);
}

function isOwner(context: Context, mapping: MutableMapping, request: MapRequest): boolean {
  if (mapping.nonce === undefined || mapping.nonce.equals(request.nonce)) return true;
  return context.settings.quirks.anyNonceRenews === true &&
    mapping.internalAddress.family === "IPv4";
}

/** How many ports a new mapping gets at most. */
function portsWanted(
  context: Context,
  request: MapRequest,
  internal: IpAddress,
  asked: RequestedOptions,
): number {
  if (asked.portSet === undefined) return 1;
  const { protocol, internalPort } = request;
  const bounds = [asked.portSet.size, context.settings.maxPortSet, 0x1_0000 - internalPort];
  const wanted = Math.min(...bounds);
  const { family } = request.externalAddress;
  const clear = context.table.clearRun(protocol, internal, internalPort, wanted, family);
  // Sets do not overlap (RFC 7753 section 4.4.1).
  if (clear < wanted && asked.portSet.size !== 0xffff) countViolation(context, "portSetOverlap");
  return clear;
}

function refuseConflict(fixed: boolean, now: number, until: number): Answer {
  if (!fixed) return refuse(ResultCode.NoResources);
  const seconds = Math.ceil((until - now) / 1_000);
  return refuse(ResultCode.CannotProvideExternal, Math.min(MAX_LIFETIME, Math.max(1, seconds)));
}
