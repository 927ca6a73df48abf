import type { Endpoint, IpAddress } from "../../wire/address.ts";
import type { MapFields, PeerFields, RequestHeader } from "../../wire/message_type.ts";
import type { FilterOption, Option, PortSetOption } from "../../wire/option_type.ts";
import { ResultCode } from "../../wire/result_code.ts";
import { type Counters, tally, type Violation } from "./counters.ts";
import type { FaultScript } from "./fault_script.ts";
import { type InternalPort, type MutableMapping, remainingLife } from "./mapping.ts";
import type { MappingTable } from "./mapping_table.ts";
import type { Settings } from "./server_options.ts";

/** External addresses by family. */
export type ExternalAddresses = { IPv4: IpAddress | undefined; IPv6: IpAddress | undefined };

/** What the handlers of all opcodes share. */
export interface ServerContext {
  readonly settings: Settings;
  readonly counters: Counters;
  readonly table: MappingTable;
  /** The external addresses now. */
  readonly external: ExternalAddresses;
  /** Faults that a test has set for requests. */
  readonly faultScript: FaultScript;
  /** Epoch time in seconds. */
  epoch(now: number): number;
  /** Called when a client has refreshed or deleted a mapping: updates about it end (RFC 6887 section 14.2). */
  onRefresh(mapping: MutableMapping): void;
}

/** The valid options of a request that the server supports. */
export interface RequestedOptions {
  /** All of them in the order of the request; the success response has them with the values in force. */
  readonly processed: readonly Option[];
  readonly thirdParty: IpAddress | undefined;
  readonly preferFailure: boolean;
  readonly filters: readonly FilterOption[];
  readonly description: string | undefined;
  readonly portSet: PortSetOption | undefined;
  readonly checkpoint: boolean;
}

/** A MAP or PEER request with valid options, and the server that decides on it. */
export interface ValidRequest<Fields = MapFields | PeerFields> {
  readonly context: ServerContext;
  readonly now: number;
  readonly request: RequestHeader & Fields;
  /** Source address and port of the datagram. */
  readonly source: Endpoint;
  /** With the client's address, or that of THIRD_PARTY. */
  readonly internal: InternalPort;
  readonly options: RequestedOptions;
}

/** The fields of a success response that depend on the mapping. */
export interface Success {
  readonly ok: true;
  readonly lifetime: number;
  readonly externalAddress: IpAddress;
  readonly externalPort: number;
  readonly options: readonly Option[];
}

/** An error response. */
export interface Refusal {
  readonly ok: false;
  readonly result: number;
  /** Default: the settings' lifetime for the result code. */
  readonly lifetime?: number;
}

/** How a request is answered. */
export type Decision = Success | Refusal;

/** Refuses a request. Without `lifetime` the error has the settings' lifetime for the result code. */
export function refuse(result: number, lifetime?: number): Refusal {
  return lifetime === undefined ? { ok: false, result } : { ok: false, result, lifetime };
}

/** Counts a violation. */
export function countViolation(context: ServerContext, violation: Violation): void {
  tally(context.counters.violations, violation);
}

/** The lifetime to grant, within the settings' bounds. */
export function clampLifetime(settings: Settings, lifetime: number): number {
  return Math.min(settings.maxLifetime, Math.max(settings.minLifetime, lifetime));
}

/** An external address, and whether it is translated. */
export interface ExternalAddress {
  readonly ok: true;
  readonly address: IpAddress;
  readonly translated: boolean;
}

/** The external address of the requested family for an internal address (RFC 6887 section 10, figure 5). */
export function chooseExternalAddress(valid: ValidRequest): ExternalAddress | Refusal {
  const { settings, external } = valid.context;
  const { internalAddress, family } = valid.internal;
  if (settings.firewall6 && internalAddress.family === "IPv6" && family === "IPv6") {
    return { ok: true, address: internalAddress.withScope(undefined), translated: false };
  }
  const isSupported = family === "IPv6" || internalAddress.family === "IPv4" || settings.nat64;
  if (!isSupported) return refuse(ResultCode.NotAuthorized);
  const address = external[family];
  if (address !== undefined) return { ok: true, address, translated: true };
  if (family !== internalAddress.family) countViolation(valid.context, "suggestedFamily");
  // A NAT without an IPv4 address expects to get one (RFC 6887 section 7.4, NETWORK_FAILURE).
  return refuse(family === "IPv4" ? ResultCode.NetworkFailure : ResultCode.NotAuthorized);
}

/** Whether an address satisfies the suggested one: it is equal, or none is suggested (RFC 6887 section 11.1). */
export function satisfies(address: IpAddress, suggested: IpAddress): boolean {
  return suggested.isUnspecified || suggested.equals(address);
}

/** Refuses another mapping of an internal address when the capacity or its quota is exhausted. */
export function validateCapacity(
  { settings, table }: ServerContext,
  internal: IpAddress,
): Refusal | undefined {
  if (table.byKey.size >= settings.capacity) return refuse(ResultCode.NoResources);
  // Counting takes time with many mappings, so it is left out where no quota is set.
  if (settings.quota === Infinity || table.countOf(internal) < settings.quota) return undefined;
  return refuse(ResultCode.UserExQuota);
}

/** Grants a request: sets the lifetime and what the options change in the mapping. */
export function grant(valid: ValidRequest, mapping: MutableMapping): Success {
  const { context, now, request, source, options } = valid;
  mapping.nonce = request.nonce;
  mapping.client = source;
  mapping.preferFailure = options.preferFailure;
  // A renewal without the option clears the flag (RFC 7767).
  mapping.checkpoint = options.checkpoint;
  if (options.description !== undefined) {
    const text = truncateText(options.description, context.settings.maxDescription);
    mapping.description = text === "" ? undefined : text;
  }
  const expires = now + clampLifetime(context.settings, request.lifetime) * 1_000;
  // PEER never shortens a lifetime (RFC 6887 section 12.1).
  mapping.expires = mapping.kind === "peer" ? Math.max(mapping.expires, expires) : expires;
  mapping.lifetime = remainingLife(mapping, now);
  context.table.reschedule(mapping);
  context.onRefresh(mapping);
  return succeed(valid, mapping);
}

/** The response that describes a mapping as it is. */
export function succeed(valid: ValidRequest, mapping: MutableMapping): Success {
  const { request, options } = valid;
  // A request without PORT_SET for a port inside a set gets the external port of that one.
  const offset = options.portSet === undefined ? request.internalPort - mapping.internalPort : 0;
  return {
    ok: true,
    lifetime: mapping.lifetime,
    externalPort: mapping.externalPort + offset,
    externalAddress: mapping.externalAddress,
    options: responseOptions(valid, mapping),
  };
}

/** The options of a success response: those processed, with the values in force. */
export function responseOptions(
  valid: ValidRequest,
  mapping: MutableMapping | undefined,
): Option[] {
  const { context: { settings }, options: { processed } } = valid;
  const options: Option[] = [];
  for (const option of processed) {
    switch (option.type) {
      case "description":
        options.push({ type: "description", text: mapping?.description ?? "" });
        break;
      case "portSet":
        // Without the option in the response, one port is mapped (RFC 7753 section 4.3).
        if (mapping === undefined) options.push(option);
        else if (mapping.ports > 1) {
          options.push({ ...option, size: mapping.ports, firstInternalPort: mapping.internalPort });
        }
        break;
      case "prefix64":
        options.push(...settings.prefix64);
        break;
      default:
        options.push(option);
    }
  }
  const isRequested = processed.some(({ type }) => type === "prefix64");
  if (settings.prefix64Unasked && !isRequested) options.push(...settings.prefix64);
  return options;
}

/** Cuts a description to a number of octets, at the end of a character (RFC 7220 section 3). */
function truncateText(text: string, octets: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(octets));
  return text.slice(0, read);
}
