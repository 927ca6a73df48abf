import type { Assigned, MappingSnapshot, MappingState, PortSet } from "../../mod.ts";
import { protocolText } from "./read_values.ts";
import { clockTime, cut, duration, endpoint, pad, type Paint, plain, printable } from "./text.ts";

/** What rendering depends on besides the values. */
export interface Look {
  readonly paint: Paint;
  /** How many columns fit; Infinity where output is no terminal. */
  readonly columns: number;
  readonly widthOf: (text: string) => number;
}

/** `tcp 6000`, `all ports of udp`. */
export function internalText({ protocol, internalPort }: MappingSnapshot): string {
  const name = protocolText(protocol);
  return internalPort === 0 ? `all ports of ${name}` : `${name} ${internalPort}`;
}

/** The external side, or a dash. */
export function externalText({ assigned }: MappingSnapshot): string {
  return assigned === null ? "-" : endpoint(assigned.externalAddress, assigned.externalPort);
}

/** What a mapping is told with when it is ready: the external side first. */
export function readyLines(snapshot: MappingSnapshot, now: Date, { paint }: Look): string[] {
  const { assigned } = snapshot;
  if (assigned === null) return [stateText(snapshot.state)];
  return [
    paint.bold(paint.green(externalText(snapshot))),
    `mapping ${snapshot.mappingId}: ${internalText(snapshot)}${remoteText(snapshot)}, granted for ${
      duration(assigned.lifetime)
    }, ${lifeText(snapshot, now)}`,
  ];
}

/** Until when it lives, and when it is renewed. */
export function lifeText(snapshot: MappingSnapshot, now: Date): string {
  const { expiresAt, assigned, requestType } = snapshot;
  if (expiresAt === null || assigned === null) return "nothing is assigned";
  const end = new Date(expiresAt);
  const until = `until ${clockTime(end, now)}`;
  if (requestType === "once") return `${until}, not renewed`;
  // RFC 6887 section 11.2.1: the first renewal is sent at 1/2 to 5/8 of the lifetime.
  const renewal = new Date(end.getTime() - assigned.lifetime * 500);
  const count = typeof requestType === "object" ? `, ${requestType.repeat} lifetimes in all` : "";
  return renewal > now
    ? `${until}, renewed from ${clockTime(renewal, now)} on${count}`
    : `${until}, being renewed${count}`;
}

/** The state in words. */
export function stateText(state: MappingState): string {
  switch (state.type) {
    case "starting":
      return `asking${times(state.attempt)}`;
    case "updating":
      return `${state.lifetime === 0 ? "deleting" : "renewing"}${times(state.attempt)}`;
    case "error":
      return `${state.name}${
        state.retryIn === undefined ? "" : `, again in ${duration(state.retryIn)}`
      }`;
    default:
      return state.type;
  }
}

/** The state in the colour that says whether to worry. */
export function paintedState(state: MappingState, paint: Paint): string {
  const text = stateText(state);
  if (state.type === "running") return paint.green(text);
  if (state.type === "error" || state.type === "expired") return paint.red(text);
  return paint.yellow(text);
}

/** The mappings as a table that fits the terminal. */
export function tableLines(
  mappings: readonly MappingSnapshot[],
  now: Date,
  look: Look,
): string[] {
  if (mappings.length === 0) return ['No mappings. Type "map 6000/tcp" to make one'];
  const rows = mappings.map((each) => [
    String(each.mappingId),
    each.kind,
    protocolText(each.protocol),
    each.internalPort === 0 ? "all" : String(each.internalPort),
    externalText(each),
    paintedState(each.state, look.paint),
    each.expiresAt === null ? "-" : duration((Date.parse(each.expiresAt) - now.getTime()) / 1000),
  ]);
  return align([HEADINGS.map(look.paint.bold), ...rows], look);
}

/** Columns under each other, each as wide as needed; the widest give way until the terminal holds a row. */
export function align(rows: readonly (readonly string[])[], look: Look): string[] {
  const { widthOf, columns } = look;
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => widthOf(plain(row[column] ?? ""))))
  );
  const gaps = (widths.length - 1) * GAP.length;
  for (let excess = sum(widths) + gaps - columns; excess > 0; excess--) {
    const widest = widths.indexOf(Math.max(...widths));
    if ((widths[widest] ?? 0) <= NARROWEST) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return rows.map((row) => {
    const cells = row.map((cell, index) => {
      const width = widths[index] ?? 0;
      return pad(cut(cell, width, widthOf), width, widthOf);
    });
    return cut(cells.join(GAP).trimEnd(), columns, widthOf);
  });
}

/** `name  value` lines. */
export function fieldLines(fields: readonly (readonly [string, string])[], look: Look): string[] {
  const width = Math.max(...fields.map(([name]) => name.length));
  return fields.map(([name, value]) => `${look.paint.dim(name.padEnd(width))}  ${value}`);
}

/** What a mapping is known by, for `show`. */
export function detailFields(
  snapshot: MappingSnapshot,
  now: Date,
  paint: Paint,
): [string, string][] {
  const { kind, requestType, lifetime, assigned, mappingId } = snapshot;
  const wanted = typeof requestType === "object"
    ? `${requestType.repeat} lifetimes`
    : requestType === "once"
    ? "one lifetime"
    : "kept alive";
  return [
    ["id", String(mappingId)],
    ["kind", kind],
    ["internal", internalText(snapshot)],
    ...remoteFields(snapshot),
    ["external", paint.bold(externalText(snapshot))],
    ["state", paintedState(snapshot.state, paint)],
    ["wanted", `${wanted} of ${duration(lifetime)}`],
    ["granted", assigned === null ? "-" : duration(assigned.lifetime)],
    ["life", lifeText(snapshot, now)],
    ...optionFields(assigned),
  ];
}

/** What the server did not do although it was asked; undefined if it did all. */
export function ignoredText({ assigned }: MappingSnapshot): string | undefined {
  const ignored = assigned?.ignoredOptions ?? [];
  return ignored.length === 0 ? undefined : `The router took no notice of ${ignored.join(", ")}`;
}

function optionFields(assigned: Assigned | null): [string, string][] {
  const { portSet, description, ignoredOptions = [] } = assigned ?? {};
  return [
    ...(portSet === undefined ? [] : [["ports", rangeText(portSet)] as [string, string]]),
    ...(description === undefined
      ? []
      : [["description", printable(description)] as [string, string]]),
    ...(ignoredOptions.length === 0
      ? []
      : [["ignored", ignoredOptions.join(", ")] as [string, string]]),
  ];
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

const HEADINGS = ["ID", "KIND", "PROTOCOL", "INTERNAL", "EXTERNAL", "STATE", "TIME LEFT"];

const GAP = "  ";

/** A column is not made narrower than this; the rest of the row is cut instead. */
const NARROWEST = 4;
