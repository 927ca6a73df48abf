import type {
  Assigned,
  Diagnosis,
  MappingSnapshot,
  MappingState,
  PortSet,
  ReachProblem,
  Stats,
} from "../../mod.ts";
import { type Leftover, leftoverCells, viaText } from "./leftover.ts";
import { protocolText } from "./read_values.ts";
import {
  clockTime,
  cut,
  duration,
  endpoint,
  pad,
  type Paint,
  plain,
  printable,
  wrap,
} from "./text.ts";

/** What rendering depends on besides the values; a `Screen` has it. */
export interface RenderOptions {
  readonly paint: Paint;
  /** Columns of the terminal; Infinity where the output is no terminal. */
  readonly columns: number;
  readonly widthOf: (text: string) => number;
}

/** `tcp 6000`, `all ports of udp`. */
export function internalText({ protocol, internalPort }: MappingSnapshot): string {
  const name = protocolText(protocol);
  return internalPort === 0 ? `all ports of ${name}` : `${name} ${internalPort}`;
}

/** The external address and port, or a dash. */
function externalText({ assigned }: MappingSnapshot): string {
  return assigned === null ? "-" : endpoint(assigned.externalAddress, assigned.externalPort);
}

/** A mapping that is ready: the external address and port, then its lifetime and the protocol of the gateway. */
export function readyLines(
  snapshot: MappingSnapshot,
  now: Date,
  { paint }: Pick<RenderOptions, "paint">,
): string[] {
  const { assigned } = snapshot;
  if (assigned === null) return [stateText(snapshot.state)];
  return [
    paint.bold(paint.green(externalText(snapshot))),
    `mapping ${snapshot.mappingId}: ${internalText(snapshot)}${remoteText(snapshot)}, granted for ${
      duration(assigned.lifetime)
    }, ${lifetimeText(snapshot, now)}, via ${viaText(assigned.protocol)}`,
  ];
}

/** When a mapping expires, and when it is renewed. */
function lifetimeText(snapshot: MappingSnapshot, now: Date): string {
  const { expiresAt, assigned, requestType } = snapshot;
  if (expiresAt === null || assigned === null) return "nothing is assigned";
  if (assigned.permanent) return "until it is deleted";
  const expiry = new Date(expiresAt);
  const until = `until ${clockTime(expiry, now)}`;
  if (requestType === "once") return `${until}, not renewed`;
  // RFC 6887 section 11.2.1: the first renewal is sent at 1/2 to 5/8 of the lifetime.
  const renewal = new Date(expiry.getTime() - assigned.lifetime * 500);
  const count = typeof requestType === "object" ? `, ${requestType.repeat} lifetimes in all` : "";
  return renewal > now
    ? `${until}, renewed from ${clockTime(renewal, now)} on${count}`
    : `${until}, being renewed${count}`;
}

/** A state as text, with the number of transmissions. */
export function stateText(state: MappingState): string {
  switch (state.type) {
    case "starting":
      return `asking${times(state.attempt)}`;
    case "updating":
      return `${state.lifetime === 0 ? "deleting" : "renewing"}${times(state.attempt)}`;
    case "error":
      return `${state.name}${state.upnpCode === undefined ? "" : ` (UPnP ${state.upnpCode})`}${
        state.retryIn === undefined ? "" : `, again in ${duration(state.retryIn)}`
      }`;
    default:
      return state.type;
  }
}

/** A state in colour: green runs, red has failed, yellow is in between. */
function paintedState(state: MappingState, paint: Paint): string {
  const text = stateText(state);
  if (state.type === "running") return paint.green(text);
  if (state.type === "error" || state.type === "expired") return paint.red(text);
  return paint.yellow(text);
}

/**
 * The mappings as a table that fits the terminal.
 *
 * @param leftovers What an earlier run left, below the others.
 */
export function tableLines(
  mappings: readonly MappingSnapshot[],
  now: Date,
  options: RenderOptions,
  leftovers: readonly Leftover[] = [],
): string[] {
  if (mappings.length + leftovers.length === 0) {
    return ['No mappings. Type "map 6000/tcp" to make one'];
  }
  const rows = mappings.map((each) => [
    String(each.mappingId),
    each.kind,
    protocolText(each.protocol),
    each.internalPort === 0 ? "all" : String(each.internalPort),
    `${externalText(each)}${reachLabel(each.assigned)}`,
    paintedState(each.state, options.paint),
    each.expiresAt === null ? "-" : duration((Date.parse(each.expiresAt) - now.getTime()) / 1000),
    each.assigned === null ? "-" : viaText(each.assigned.protocol),
  ]);
  const old = leftovers.map((each) => leftoverCells(each, now));
  return align([HEADINGS.map(options.paint.bold), ...rows, ...old], options);
}

/** Aligns the cells of a table; the widest columns are cut until a row fits the terminal, the external address last. */
function align(
  rows: readonly (readonly string[])[],
  { widthOf, columns }: RenderOptions,
): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => widthOf(plain(row[column] ?? ""))))
  );
  let excess = sum(widths) + (widths.length - 1) * GAP.length - columns;
  const hidden = new Set<number>();
  for (const least of [MIN_WIDTH, 0]) {
    while (excess > 0) {
      const others = widths.map((width, index) => index === EXTERNAL ? 0 : width);
      const widest = others.lastIndexOf(Math.max(...others));
      const width = widths[widest] ?? 0;
      if (width <= least) break;
      // A column that cannot be read is left out, with its gap.
      const saved = least === 0 ? width + GAP.length : 1;
      widths[widest] = least === 0 ? 0 : width - 1;
      if (least === 0) hidden.add(widest);
      excess -= saved;
    }
  }
  return rows.map((row) => {
    const cells = row.flatMap((cell, index) => {
      const width = widths[index] ?? 0;
      return hidden.has(index) ? [] : [pad(cut(cell, width, widthOf), width, widthOf)];
    });
    return cut(cells.join(GAP).trimEnd(), columns, widthOf);
  });
}

/** Names and values as two columns. */
export function fieldLines(
  fields: readonly (readonly [string, string])[],
  { paint }: Pick<RenderOptions, "paint">,
): string[] {
  const width = Math.max(...fields.map(([name]) => name.length));
  return fields.map(([name, value]) => `${paint.dim(name.padEnd(width))}  ${value}`);
}

/** The fields of `stats`: names in words, times with their units. */
export function statsFields(
  { roundTrip, epoch, ignored, mappings, ...counts }: Stats,
): [string, string][] {
  const list = (counted: Readonly<Record<string, number>>): string =>
    Object.entries(counted).map(([name, count]) => `${inWords(name)} ${count}`).join(", ") ||
    "none";
  return [
    ...Object.entries(counts).map(([name, count]): [string, string] => [
      inWords(name),
      String(count),
    ]),
    ["ignored", list(ignored)],
    ["mappings", list(mappings)],
    ["round trip", roundTrip === null ? "-" : `${roundTrip.toFixed(1)} ms`],
    ["epoch", epoch === null ? "-" : duration(epoch)],
  ];
}

/** `send errors` of `sendErrors`. */
function inWords(name: string): string {
  return name.replace(/[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`);
}

/** The fields of `show`. */
export function detailFields(
  snapshot: MappingSnapshot,
  now: Date,
  paint: Paint,
): [string, string][] {
  const { kind, requestType, lifetime, assigned, mappingId } = snapshot;
  const reach = reachText(assigned);
  const requested = typeof requestType === "object"
    ? `${requestType.repeat} lifetimes`
    : requestType === "once"
    ? "one lifetime"
    : "until revoked, lifetimes";
  return [
    ["id", String(mappingId)],
    ["kind", kind],
    ["internal", internalText(snapshot)],
    ...remoteFields(snapshot),
    ["external", paint.bold(externalText(snapshot))],
    ...(reach === undefined ? [] : [["reach", paint.yellow(reach)] as [string, string]]),
    ["state", paintedState(snapshot.state, paint)],
    ["requested", `${requested} of ${duration(lifetime)}`],
    ["via", assigned === null ? "-" : viaText(assigned.protocol)],
    ["granted", grantedText(assigned)],
    ["life", lifetimeText(snapshot, now)],
    ...optionFields(assigned),
  ];
}

/** Over UPnP some routers know no lifetimes. */
function grantedText(assigned: Assigned | null): string {
  if (assigned === null) return "-";
  const { lifetime, permanent } = assigned;
  return permanent ? `until deleted; wanted for ${duration(lifetime)}` : duration(lifetime);
}

/** What is worth knowing about an assignment besides its address: it is not reached from the Internet, options were ignored. */
export function remarksOn({ assigned }: MappingSnapshot): string[] {
  const ignored = assigned?.ignoredOptions ?? [];
  const reach = reachText(assigned);
  return [
    ...(reach === undefined ? [] : [`Not reached from the Internet: ${reach}; see "diagnose"`]),
    ...(ignored.length === 0 ? [] : [`The router ignored ${ignored.join(", ")}`]),
    ...(assigned?.filterConfirmed === false
      ? ["The router may not filter, although it says so: let the program check who connects"]
      : []),
    ...(assigned?.permanent ? [PERMANENT] : []),
  ];
}

/** Why the external address is not reached from the Internet; undefined if it is. */
function reachText(assigned: Assigned | null): string | undefined {
  if (assigned?.reachProblem === undefined) return undefined;
  return `${assigned.externalAddress} ${NOT_REACHED[assigned.reachProblem].text}`;
}

/** The same in two words, for beside the address. */
function reachLabel(assigned: Assigned | null): string {
  if (assigned?.reachProblem === undefined) return "";
  return ` (${NOT_REACHED[assigned.reachProblem].label})`;
}

/** The findings of a diagnosis, wrapped to the width of the terminal. */
export function diagnosisLines({ findings }: Diagnosis, options: RenderOptions): string[] {
  const { columns, widthOf, paint } = options;
  const room = Math.max(20, Math.min(columns, MAX_COLUMNS) - INDENT.length);
  return findings.flatMap(({ level, text }) => {
    const label = level.padEnd(INDENT.length);
    const colour = level === "problem" ? "red" : level === "good" ? "green" : "yellow";
    return wrap(printable(text).split(" "), " ", room, widthOf).map((line, index) =>
      `${index === 0 ? paint[colour](label) : INDENT}${line}`
    );
  });
}

function optionFields(assigned: Assigned | null): [string, string][] {
  const { portSet, description, ignoredOptions = [] } = assigned ?? {};
  const fields: [string, string][] = [];
  if (portSet !== undefined) fields.push(["ports", rangeText(portSet)]);
  if (description !== undefined) fields.push(["description", printable(description)]);
  if (ignoredOptions.length > 0) fields.push(["ignored", ignoredOptions.join(", ")]);
  return fields;
}

/** `6000-6003 at 40000-40003`. */
function rangeText({ size, firstInternalPort, firstExternalPort }: PortSet): string {
  const range = (first: number): string =>
    size === 1 ? String(first) : `${first}-${first + size - 1}`;
  return `${range(firstInternalPort)} at ${range(firstExternalPort)}`;
}

function remoteFields({ remoteAddress, remotePort }: MappingSnapshot): [string, string][] {
  return remoteAddress === undefined ? [] : [["peer", endpoint(remoteAddress, remotePort ?? 0)]];
}

function remoteText({ remoteAddress, remotePort }: MappingSnapshot): string {
  return remoteAddress === undefined ? "" : ` to ${endpoint(remoteAddress, remotePort ?? 0)}`;
}

function times(attempt: number): string {
  return attempt === 0 ? "" : ` (sent ${attempt + 1} times)`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

const HEADINGS = ["ID", "KIND", "PROTOCOL", "INTERNAL", "EXTERNAL", "STATE", "TIME LEFT", "VIA"];

/** The column that people look for. */
const EXTERNAL = HEADINGS.indexOf("EXTERNAL");

const PERMANENT =
  "The router knows no lifetimes: it keeps the port open until it is deleted, also without this program";

const GAP = "  ";

/** Why hosts of the Internet do not reach an external address: in two words, and in a clause after the address. */
const NOT_REACHED: Readonly<Record<ReachProblem, { label: string; text: string }>> = {
  doubleNat: {
    label: "double NAT",
    text: "is a private address, the router is behind a second NAT (double NAT)",
  },
  carrierNat: {
    label: "carrier NAT",
    text: "is shared by customers of the provider (carrier NAT)",
  },
  uniqueLocal: {
    label: "local only",
    text: "is an address of the local network only (ULA)",
  },
  oddAddress: { label: "not public", text: "is no address of the Internet" },
};

/** Columns are not cut below this width; they are left out instead. */
const MIN_WIDTH = 4;

const INDENT = " ".repeat("problem ".length);

/** Longer lines of prose are hard to read. */
const MAX_COLUMNS = 100;
