import type { IpAddress } from "../../../wire/address.ts";
import { tally } from "../counters.ts";
import type { IgdCounters, IgdViolation } from "./counters.ts";
import type { IgdSettings } from "./options.ts";
import type { PinholeTable } from "./pinhole_table.ts";
import type { PortMappingTable } from "./port_mapping_table.ts";

/** What the actions of all services share. */
export interface IgdContext {
  readonly settings: IgdSettings;
  readonly counters: IgdCounters;
  readonly mappings: PortMappingTable;
  readonly pinholes: PinholeTable;
  /** The text of the external address now; empty if there is none. */
  readonly externalAddress: () => string;
  /** Whether the line is up. */
  readonly isConnected: () => boolean;
}

/** A service at its control URL. */
export interface IgdService {
  /** `WANIPConnection`, `WANPPPConnection` or `WANIPv6FirewallControl`. */
  readonly name: string;
  readonly version: number;
  /** Path of the control URL. */
  readonly path: string;
  /** Whether the connection of the service is the one that is down. */
  readonly isDown: boolean;
}

/** An action that a client asks for. */
export interface IgdActionRequest {
  readonly context: IgdContext;
  readonly now: number;
  /** Source address of the connection. */
  readonly client: IpAddress;
  readonly service: IgdService;
  readonly action: string;
  /** The arguments by name. */
  readonly values: ReadonlyMap<string, string>;
}

/** How an action is answered: results by name, an error code, or no answer at all. */
export type IgdActionResult =
  | { readonly type: "success"; readonly results: readonly (readonly [string, string | number])[] }
  | { readonly type: "fault"; readonly code: number }
  | { readonly type: "close" };

/** An action without results, or with these. */
export function succeed(
  ...results: readonly (readonly [string, string | number])[]
): IgdActionResult {
  return { type: "success", results };
}

/** Refuses an action. */
export function refuseAction(code: number): IgdActionResult {
  return { type: "fault", code };
}

/** Counts a violation. */
export function countIgdViolation({ counters }: IgdContext, violation: IgdViolation): void {
  tally(counters.violations, violation);
}

/** A number of decimal digits within a range, without sign or padding; undefined for others. */
export function numberIn(text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined || !/^(0|[1-9]\d{0,9})$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}
