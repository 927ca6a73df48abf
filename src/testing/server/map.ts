import { MAX_LIFETIME } from "../../wire/constants.ts";
import type { MapFields } from "../../wire/message_type.ts";
import type { FilterOption } from "../../wire/option_type.ts";
import { ProtocolNumber } from "../../wire/protocol_number.ts";
import { ResultCode } from "../../wire/result_code.ts";
import {
  chooseExternalAddress,
  countViolation,
  type Decision,
  type ExternalAddress,
  grant,
  type Refusal,
  refuse,
  responseOptions,
  satisfies,
  type ServerContext,
  succeed,
  validateCapacity,
  type ValidRequest,
} from "./decision.ts";
import {
  type InternalPort,
  mappingKey,
  type MutableMapping,
  newMapping,
  remainingLife,
} from "./mapping.ts";

type MapRequest = ValidRequest<MapFields>;

/** Decides on a MAP request: RFC 6887 sections 11.3 and 15.1. */
export function decideMap(valid: MapRequest): Decision {
  const { context: { table }, request, internal } = valid;
  const { protocol, internalPort } = internal;
  // Every protocol implies every port (RFC 6887 section 11.1).
  if (protocol === 0 && internalPort !== 0) return refuse(ResultCode.MalformedRequest);
  // A request for a port inside a set refreshes the set (RFC 7753 section 4.4.1).
  const mapping = table.byKey.get(mappingKey("map", internal)) ??
    (internalPort === 0 ? undefined : table.portSetOf(internal));
  if (request.lifetime === 0) return remove(valid, mapping);
  return mapping === undefined ? create(valid) : renew(valid, mapping);
}

function create(valid: MapRequest): Decision {
  const { context, now, request, internal, options } = valid;
  const external = chooseExternalAddress(valid);
  if (!external.ok) return external;
  const filters = mergeFilters(context, [], options.filters);
  if (filters === undefined) return refuse(ResultCode.ExcessiveRemotePeers);
  if (external.translated && !canTranslate(context, internal)) {
    return refuse(ResultCode.UnsuppProtocol);
  }
  if (external.translated && isBelow(context, internal.internalPort)) {
    return refuse(ResultCode.NotAuthorized);
  }
  const refusal = validateCapacity(context, internal.internalAddress);
  if (refusal !== undefined) return refusal;
  const assigned = assignPorts(valid, external);
  if (!assigned.ok) return assigned;
  const mapping = newMapping(now, "map", internal, {
    nonce: request.nonce,
    externalAddress: external.address,
    externalPort: assigned.port,
    ports: assigned.ports,
    filters,
    thirdParty: options.thirdParty !== undefined,
  });
  context.table.add(mapping);
  return grant(valid, mapping);
}

/** The external port or ports of a new mapping. */
function assignPorts(
  valid: MapRequest,
  { address, translated }: ExternalAddress,
): { ok: true; port: number; ports: number } | Refusal {
  const { context, now, request, internal, options } = valid;
  const { internalPort, externalPort } = request;
  const ports = unmappedPorts(valid);
  if (options.preferFailure && !satisfies(address, request.externalAddress)) {
    return refuse(ResultCode.CannotProvideExternal);
  }
  if (!translated) {
    if (!options.preferFailure || externalPort === internalPort) {
      return { ok: true, port: internalPort, ports };
    }
    return refuse(ResultCode.CannotProvideExternal);
  }
  const { ignoreSuggestions, quirks } = context.settings;
  if (quirks.sharesPorts && externalPort !== 0) return { ok: true, port: externalPort, ports: 1 };
  // SCTP keeps its port: its checksum and its multihoming forbid a translation (RFC 6887 section 16.3.3).
  const keepsPort = request.protocol === ProtocolNumber.Sctp && !options.preferFailure;
  const exact = keepsPort || (options.preferFailure && !quirks.replacesTakenPort);
  const isLow = isBelow(context, externalPort);
  if (isLow && options.preferFailure) return refuse(ResultCode.CannotProvideExternal);
  const ignored = (ignoreSuggestions && !exact) || isLow;
  const allocation = context.table.allocate(now, {
    internal,
    externalAddress: address,
    suggestedPort: keepsPort ? internalPort : ignored ? 0 : externalPort,
    exact,
    nonce: request.nonce,
    ports,
    parity: options.portSet?.parity ?? false,
  });
  if (allocation.ok) return allocation;
  if (!exact) return refuse(ResultCode.NoResources);
  const seconds = Math.ceil((allocation.until - now) / 1_000);
  return refuse(ResultCode.CannotProvideExternal, Math.min(MAX_LIFETIME, Math.max(1, seconds)));
}

function renew(valid: MapRequest, mapping: MutableMapping): Decision {
  const { context, now, request, options } = valid;
  // A static mapping is reported with the longest lifetime, and not changed (RFC 6887 section 11.3).
  if (mapping.kind === "static") return succeed(valid, mapping);
  const anyNonce = context.settings.quirks.anyNonceRenews === true &&
    mapping.internalAddress.family === "IPv4";
  if (!anyNonce && mapping.nonce?.equals(request.nonce) === false) {
    return refuse(ResultCode.NotAuthorized, remainingLife(mapping, now));
  }
  const { replacesTakenPort, suggestedPinholePort } = context.settings.quirks;
  if (options.preferFailure && !replacesTakenPort) {
    const isSame = request.externalPort === mapping.externalPort &&
      satisfies(mapping.externalAddress, request.externalAddress);
    // The error lasts as long as the mapping that prevents the requested one (RFC 6887 section 13.2).
    if (!isSame) return refuse(ResultCode.CannotProvideExternal, remainingLife(mapping, now));
  }
  const filters = mergeFilters(context, mapping.filters, options.filters);
  if (filters === undefined) return refuse(ResultCode.ExcessiveRemotePeers);
  if (mapping.ports > 1 && options.portSet === undefined) countViolation(context, "portSetMissing");
  if (options.portSet !== undefined && mapping.internalPort !== request.internalPort) {
    countViolation(context, "portSetOverlap");
  }
  mapping.filters = filters;
  const success = grant(valid, mapping);
  const isPinhole = mapping.externalAddress.equals(mapping.internalAddress);
  return suggestedPinholePort && isPinhole
    ? { ...success, externalPort: request.externalPort }
    : success;
}

function remove(valid: MapRequest, mapping: MutableMapping | undefined): Decision {
  const { context, now, request, internal, options } = valid;
  const { settings, table } = context;
  // Suggested port and address of a deletion are zeros, and copied to the response (erratum 3621).
  if (request.externalPort !== 0 || !request.externalAddress.isUnspecified) {
    countViolation(context, "deleteSuggestion");
  }
  if (mapping === undefined) {
    const family = internal.family === "IPv4" ? "IPv6" : "IPv4";
    if (table.byKey.has(mappingKey("map", { ...internal, family }))) {
      countViolation(context, "deleteFamily");
    }
    // MAP does not delete outbound mappings (RFC 6887 section 15.1).
    const others = table.ofInternalPort(internal);
    if (others.some(({ kind }) => kind === "peer" || kind === "flow")) {
      return refuse(ResultCode.NotAuthorized);
    }
    if (settings.quirks.missingDeleteFails && internal.internalAddress.family === "IPv4") {
      return refuse(ResultCode.NoResources);
    }
  } else {
    if (mapping.kind === "static") return refuse(ResultCode.NotAuthorized);
    if (mapping.nonce?.equals(request.nonce) === false) {
      return refuse(ResultCode.NotAuthorized, remainingLife(mapping, now));
    }
    if (mapping.ports > 1 && options.portSet === undefined) {
      countViolation(context, "portSetMissing");
    }
    context.onRefresh(mapping);
    table.remove(mapping, now);
  }
  const address = settings.quirks.addressInDelete ? context.external[internal.family] : undefined;
  return {
    ok: true,
    lifetime: 0,
    externalPort: request.externalPort,
    externalAddress: address ?? request.externalAddress,
    options: responseOptions(valid, undefined),
  };
}

/** Adds filters; one with prefix length 0 removes those before it. Undefined if the result has too many. */
function mergeFilters(
  context: ServerContext,
  old: readonly FilterOption[],
  added: readonly FilterOption[],
): readonly FilterOption[] | undefined {
  let filters = [...old];
  for (const filter of added) {
    if (filter.prefixLength === 0) filters = [];
    else if (!filters.some((other) => isSameFilter(other, filter))) filters.push(filter);
  }
  return filters.length > context.settings.maxFilters ? undefined : filters;
}

function isSameFilter(a: FilterOption, b: FilterOption): boolean {
  return a.prefixLength === b.prefixLength && a.remotePort === b.remotePort &&
    a.remoteAddress.equals(b.remoteAddress);
}

/** Whether the NAT can translate all that is requested (RFC 6887 section 11.3). */
function canTranslate({ settings, table }: ServerContext, internal: InternalPort): boolean {
  const { protocol, internalAddress, internalPort } = internal;
  if (protocol !== 0 && !settings.translated.includes(protocol)) return false;
  if (internalPort !== 0) return true;
  return settings.wildcards && !table.heldByOthers(protocol, internalAddress);
}

/** Whether the port is one that the server does not map. 0 is none. */
function isBelow({ settings }: ServerContext, port: number): boolean {
  return port !== 0 && port < settings.lowestPort;
}

/** The largest number of ports that a new mapping can have. */
function unmappedPorts({ context, internal, options: { portSet } }: MapRequest): number {
  if (portSet === undefined) return 1;
  const { maxPortSet } = context.settings;
  const requested = Math.min(portSet.size, maxPortSet, 0x1_0000 - internal.internalPort);
  const unmapped = context.table.unmappedFrom(internal, requested);
  // Port sets must not overlap (RFC 7753 section 4.4.1).
  if (unmapped < requested && portSet.size !== 0xffff) countViolation(context, "portSetOverlap");
  return unmapped;
}
