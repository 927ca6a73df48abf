import { IpAddress } from "../../../wire/address.ts";
import { ProtocolNumber } from "../../../wire/protocol_number.ts";
import {
  countIgdViolation,
  type IgdActionRequest,
  type IgdActionResult,
  numberIn,
  refuseAction,
  succeed,
} from "./action.ts";
import { type IgdMapping, protocolName } from "./port_mapping_table.ts";

/** AddPortMapping: makes a mapping, or replaces that of the same client at the port (WANIPConnection:2 section 2.5). */
export function addPortMapping(request: IgdActionRequest): IgdActionResult {
  const wanted = readMapping(request);
  if ("type" in wanted) return wanted;
  const { context: { mappings, settings: { quirks } } } = request;
  const present = mappings.get(wanted.protocol, wanted.externalPort);
  if (present === undefined) return make(request, wanted);
  const isOwn = present.internalClient.equals(wanted.internalClient);
  if (!isOwn && !quirks.overwrites) return refuseAction(CONFLICT);
  if (isOwn && quirks.refusesRefresh) return refuseAction(CONFLICT);
  const isSame = present.internalPort === wanted.internalPort;
  if (isOwn && isSame && quirks.ignoresRefresh) return succeed();
  mappings.set({ ...wanted, expires: expiryOf(request, wanted) });
  return succeed();
}

/** AddAnyPortMapping: as AddPortMapping, or at another port if that one is not free. */
export function addAnyPortMapping(request: IgdActionRequest): IgdActionResult {
  const { context: { mappings, settings: { quirks } } } = request;
  if (quirks.addAny === "missing") return refuseAction(INVALID_ACTION);
  const wanted = readMapping(request);
  if ("type" in wanted) return wanted;
  const isFree = (port: number): boolean => {
    const present = mappings.get(wanted.protocol, port);
    return present === undefined || present.internalClient.equals(wanted.internalClient);
  };
  let externalPort = wanted.externalPort + (quirks.addAny === "other" ? 1 : 0);
  while (externalPort <= 65_535 && !isFree(externalPort)) externalPort++;
  if (externalPort > 65_535) return refuseAction(NO_PORT_MAPS);
  const result = make(request, { ...wanted, externalPort });
  if (result.type !== "success") return result;
  return succeed(["NewReservedPort", quirks.addAny === "zero" ? 0 : externalPort]);
}

/** DeletePortMapping. */
export function deletePortMapping(request: IgdActionRequest): IgdActionResult {
  const { context, client } = request;
  const found = find(request);
  if ("code" in found) return refuseAction(found.code);
  if (!found.internalClient.equals(client)) {
    countIgdViolation(context, "foreignDelete");
    return refuseForeign(request);
  }
  context.mappings.remove(found);
  return succeed();
}

/** GetSpecificPortMappingEntry. */
export function getSpecificPortMappingEntry(request: IgdActionRequest): IgdActionResult {
  const found = find(request);
  return "code" in found ? refuseAction(found.code) : succeed(...entryOf(request, found));
}

/** GetGenericPortMappingEntry. */
export function getGenericPortMappingEntry(request: IgdActionRequest): IgdActionResult {
  const { context, values } = request;
  const index = numberIn(values.get("NewPortMappingIndex"), 0, 65_535);
  if (index === undefined) return refuseAction(INVALID_ARGS);
  const mapping = [...context.mappings.byKey.values()][index];
  if (mapping === undefined) return refuseAction(NO_SUCH_INDEX);
  return succeed(
    ["NewRemoteHost", ""],
    ["NewExternalPort", mapping.externalPort],
    ["NewProtocol", protocolName(mapping.protocol)],
    ...entryOf(request, mapping),
  );
}

/** The mapping that the arguments describe, or why it is refused. */
function readMapping(request: IgdActionRequest): IgdMapping | IgdActionResult {
  const { context, client, now, service, values } = request;
  const { quirks } = context.settings;
  const key = readKey(request);
  if ("code" in key) return refuseAction(key.code);
  const internalPort = numberIn(values.get("NewInternalPort"), 0, 65_535);
  const internalClient = IpAddress.tryParse(values.get("NewInternalClient") ?? "");
  const lease = numberIn(values.get("NewLeaseDuration"), 0, 0xffff_ffff);
  const description = values.get("NewPortMappingDescription") ?? "";
  if (internalPort === undefined || internalClient?.family !== "IPv4" || lease === undefined) {
    return refuseAction(INVALID_ARGS);
  }
  if (!/^[A-Za-z0-9 _.-]{1,60}$/.test(description)) countIgdViolation(context, "description");
  if (quirks.plainDescriptions && !/^[A-Za-z0-9 _.-]{0,64}$/.test(description)) {
    return refuseAction(INVALID_ARGS);
  }
  if (internalPort === 0) {
    countIgdViolation(context, "portZero");
    return refuseAction(INTERNAL_WILDCARD);
  }
  if (values.get("NewEnabled") !== "1") countIgdViolation(context, "disabled");
  if (!internalClient.equals(client)) {
    countIgdViolation(context, "internalClient");
    return refuseForeign(request);
  }
  const { refusesPorts, refusesFiniteLeases, refusesPermanentLeases, samePorts } = quirks;
  if (refusesPorts !== undefined && key.externalPort < refusesPorts.below) {
    return refusesPorts.with === "close" ? { type: "close" } : refuseAction(refusesPorts.with);
  }
  if (samePorts && key.externalPort !== internalPort) return refuseAction(SAME_PORTS);
  if (lease > LONGEST_LEASE) {
    countIgdViolation(context, "lease");
    return refuseAction(INVALID_ARGS);
  }
  if (lease > 0 && refusesFiniteLeases !== undefined) return refuseAction(refusesFiniteLeases);
  if (lease === 0 && refusesPermanentLeases !== undefined) {
    return refuseAction(refusesPermanentLeases);
  }
  // In version 2 a lease of 0 counts as the longest one; in version 1 it is permanent.
  const seconds = lease === 0 ? (service.version === 1 ? Infinity : LONGEST_LEASE) : lease;
  const expires = now + seconds * 1_000;
  return { ...key, internalPort, internalClient, description, madeAt: now, expires };
}

/** Adds a mapping to the table, if there is room. */
function make(request: IgdActionRequest, wanted: IgdMapping): IgdActionResult {
  const { context: { mappings, settings }, service } = request;
  const { quirks, capacity } = settings;
  if (quirks.keepsNothing) return succeed();
  const isNew = mappings.get(wanted.protocol, wanted.externalPort) === undefined;
  if (isNew && mappings.byKey.size >= capacity) {
    if (quirks.fullSilently) return succeed();
    return refuseAction(service.version === 1 ? ACTION_FAILED : NO_PORT_MAPS);
  }
  mappings.set({ ...wanted, expires: expiryOf(request, wanted) });
  return succeed();
}

/** The end of a mapping: that of its lease, or an earlier one. */
function expiryOf({ context, now }: IgdActionRequest, { expires }: IgdMapping): number {
  const { dropsAfter = Infinity } = context.settings.quirks;
  return Math.min(expires, now + dropsAfter);
}

type Refusal = { readonly code: number };

function find(request: IgdActionRequest): IgdMapping | Refusal {
  const key = readKey(request);
  if ("code" in key) return key;
  return request.context.mappings.get(key.protocol, key.externalPort) ?? { code: NO_SUCH_ENTRY };
}

/** Remote host, external port and protocol. */
function readKey(
  { context, values, service }: IgdActionRequest,
): Pick<IgdMapping, "protocol" | "externalPort"> | Refusal {
  const externalPort = numberIn(values.get("NewExternalPort"), 0, 65_535);
  const protocol = PROTOCOLS.get(values.get("NewProtocol") ?? "");
  if (externalPort === undefined || protocol === undefined) return { code: INVALID_ARGS };
  if (values.get("NewRemoteHost") !== "") {
    countIgdViolation(context, "remoteHost");
    return { code: service.version === 1 ? ANY_REMOTE_HOST : INVALID_ARGS };
  }
  if (externalPort === 0) {
    countIgdViolation(context, "portZero");
    return { code: EXTERNAL_WILDCARD };
  }
  return { protocol, externalPort };
}

/** The results that both ways to read an entry have in common. */
function entryOf(
  { context, now }: IgdActionRequest,
  mapping: IgdMapping,
): (readonly [string, string | number])[] {
  const { expires } = mapping;
  const remaining = expires === Infinity ? 0 : Math.max(0, Math.ceil((expires - now) / 1_000));
  return [
    ["NewInternalPort", mapping.internalPort],
    ["NewInternalClient", mapping.internalClient.toString()],
    ["NewEnabled", 1],
    ["NewPortMappingDescription", mapping.description],
    ["NewLeaseDuration", context.settings.quirks.reportedLease ?? remaining],
  ];
}

/** Version 1 has no code of its own for a request about another host. */
function refuseForeign({ service }: IgdActionRequest): IgdActionResult {
  return refuseAction(service.version === 1 ? CONFLICT : NOT_AUTHORIZED);
}

const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ["TCP", ProtocolNumber.Tcp],
  ["UDP", ProtocolNumber.Udp],
]);

/** The longest lease of WANIPConnection:2, a week in seconds. */
const LONGEST_LEASE = 604_800;

const INVALID_ACTION = 401;
const INVALID_ARGS = 402;
const ACTION_FAILED = 501;
const NOT_AUTHORIZED = 606;
const NO_SUCH_INDEX = 713;
const NO_SUCH_ENTRY = 714;
const EXTERNAL_WILDCARD = 716;
const CONFLICT = 718;
const SAME_PORTS = 724;
const ANY_REMOTE_HOST = 726;
const NO_PORT_MAPS = 728;
const INTERNAL_WILDCARD = 732;
