import type { Family, IpAddress } from "../../wire/address.ts";
import type { Option } from "../../wire/option_type.ts";
import { ResultCode } from "../../wire/result_code.ts";
import { type Counters, tally, type Violation } from "./counters.ts";
import type { Settings } from "./server_options.ts";
import type { MutableMapping } from "./mapping.ts";
import type { RequestedOptions } from "./option_rules.ts";
import type { MappingTable } from "./mapping_table.ts";
import type { Datagram } from "./replies.ts";

/** What the handlers of the opcodes share. */
export interface Context {
  readonly settings: Settings;
  readonly counters: Counters;
  readonly table: MappingTable<Datagram>;
  /** External addresses as they are now. */
  readonly external: { IPv4: IpAddress | undefined; IPv6: IpAddress | undefined };
  /** A mapping has been asked for again: nothing more needs to be told about it. */
  refreshed(mapping: MutableMapping): void;
}

/** What a handler decides; `lifetime` of a refusal is the usual one for its code unless told. */
export type Answer =
  | {
    readonly ok: true;
    readonly lifetime: number;
    readonly externalAddress: IpAddress;
    readonly externalPort: number;
    readonly options: readonly Option[];
  }
  | { readonly ok: false; readonly result: number; readonly lifetime?: number };

/** A refusal, with the usual lifetime for its code unless told. */
export function refuse(result: number, lifetime?: number): Answer & { readonly ok: false } {
  return lifetime === undefined ? { ok: false, result } : { ok: false, result, lifetime };
}

/** Counts a countViolation. */
export function countViolation(context: Context, violation: Violation): void {
  tally(context.counters.violations, violation);
}

/** The lifetime granted for one asked for. */
export function clampLifetime(settings: Settings, lifetime: number): number {
  return Math.min(settings.maxLifetime, Math.max(settings.minLifetime, lifetime));
}

/** An external address, or why there is none. */
export type External =
  | { readonly ok: true; readonly address: IpAddress; readonly translated: boolean }
  | { readonly ok: false; readonly result: number };

/** Finds the external address of the wanted family for an internal one (RFC 6887 section 10, figure 5). */
export function externalFor(context: Context, internal: IpAddress, family: Family): External {
  const { settings, external } = context;
  const sixToSix = internal.family === "IPv6" && family === "IPv6";
  if (sixToSix && settings.firewall6) {
    return { ok: true, address: internal.withScope(undefined), translated: false };
  }
  const address = external[family];
  if (family === "IPv4") {
    if (internal.family === "IPv6" && !settings.nat64) {
      return { ok: false, result: ResultCode.NotAuthorized };
    }
    // The server will have an address later (RFC 6887 section 7.4, NETWORK_FAILURE).
    if (address === undefined) return { ok: false, result: ResultCode.NetworkFailure };
  }
  if (address === undefined) return { ok: false, result: ResultCode.NotAuthorized };
  return { ok: true, address, translated: true };
}

/** Whether a suggested address can be granted: the same, or none of the same family (RFC 6887 section 11.1). */
export function suits(suggested: IpAddress, address: IpAddress): boolean {
  return suggested.isUnspecified || suggested.equals(address);
}

/** Whether one more mapping is too many: the result code, or success. */
export function validateRoom(context: Context, internal: IpAddress): number {
  const { settings, table } = context;
  if (table.byKey.size >= settings.capacity) return ResultCode.NoResources;
  if (table.countOf(internal) >= settings.quota) return ResultCode.UserExQuota;
  return ResultCode.Success;
}

/** The options of a success: those obeyed, as far as they were. */
export function answerOptions(
  context: Context,
  asked: RequestedOptions,
  mapping: MutableMapping | undefined,
): Option[] {
  const { settings } = context;
  const options: Option[] = [];
  for (const option of asked.processed) {
    switch (option.type) {
      case "description":
        options.push({ type: "description", text: mapping?.description ?? "" });
        break;
      case "portSet":
        // Absent, one port is mapped (RFC 7753 section 4.3).
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
  const told = asked.processed.some(({ type }) => type === "prefix64");
  if (settings.prefix64Unasked && !told) options.push(...settings.prefix64);
  return options;
}

/** A description as the server keeps it: cut at a character's end (RFC 7220 section 3). */
export function truncateText(text: string, octets: number): string {
  const encoder = new TextEncoder();
  let kept = "";
  let used = 0;
  for (const character of text) {
    used += encoder.encode(character).length;
    if (used > octets) break;
    kept += character;
  }
  return kept;
}
