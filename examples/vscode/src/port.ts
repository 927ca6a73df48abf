import type {
  Assigned,
  Client,
  Mapping,
  Protocol,
  ReachProblem,
  RouterProtocol,
  State,
} from "./api.ts";

/** A gateway in use, real or simulated. */
export interface Gateway {
  readonly kind: "router" | "simulated";
  /** Undefined while the server is not running. */
  client: Client | undefined;
  /** Only of a simulated gateway. */
  simulatorId: number | undefined;
  /** In which protocol it answers; undefined before its first answer. */
  protocol: RouterProtocol | undefined;
  /** Why it does not answer and what to do, in the server's words; undefined if it answers, or may still do so. */
  trouble: string | undefined;
}

/** A port to open. */
export interface Wish {
  readonly protocol: Protocol;
  readonly port: number;
  /** The suggested external port, if another one. */
  readonly externalPort?: number;
}

/** A requested port and the state of its mapping. */
export interface Port extends Wish {
  readonly gateway: Gateway;
  readonly lifetime: number;
  /** The latest snapshot; undefined before the first response. */
  mapping: Mapping | undefined;
  /** Whether the server has ended, so that the state of the mapping is unknown. */
  isUnknown: boolean;
  /** Its state changes, oldest first. */
  readonly timeline: { at: Date; text: string }[];
}

/** Adds a state change to the timeline, which keeps the last ones. */
export function note({ timeline }: Port, text: string): void {
  if (timeline.at(-1)?.text === text) return;
  timeline.push({ at: new Date(), text });
  if (timeline.length > TIMELINE_LENGTH) timeline.shift();
}

/** How many state changes a timeline keeps: those of a day with a renewal each half hour. */
const TIMELINE_LENGTH = 200;

/** The id of a port: `simulated tcp 6000`. */
export function portId(
  { gateway: { kind }, protocol, port }: Wish & Pick<Port, "gateway">,
): string {
  return `${kind} ${protocol} ${port}`;
}

/** The condition of a port, one icon each. */
export type Condition = "live" | "late" | "waiting" | "closing" | "lost" | "unknown";

/** The condition of a port. One whose renewal is not answered is late: it stays open until its lifetime ends. */
export function conditionOf({ mapping, isUnknown }: Port): Condition {
  if (isUnknown) return "unknown";
  const state = mapping?.state;
  switch (state?.type) {
    case "running":
      return "live";
    case "updating":
      return state.lifetime === 0 ? "closing" : state.attempt > 0 ? "late" : "live";
    case "starting":
      return mapping?.assigned && state.attempt > 0 ? "lost" : "waiting";
    case "error":
    case "expired":
      return "lost";
    case "revoked":
    case "dropped":
      return "closing";
    default:
      return "waiting";
  }
}

/** `tcp 6000 -> 203.0.113.5:6000`, or `tcp 6000` while nothing is assigned. */
export function portLabel({ protocol, port, mapping }: Port): string {
  const inside = `${protocol} ${port}`;
  return mapping?.assigned ? `${inside} -> ${endpoint(mapping.assigned)}` : inside;
}

/** The external address and port: `203.0.113.5:6000`, `[2001:db8::5]:6000`. */
export function endpoint({ externalAddress, externalPort }: Assigned): string {
  const isIpv6 = externalAddress.includes(":");
  return `${isIpv6 ? `[${externalAddress}]` : externalAddress}:${externalPort}`;
}

/** The grey text behind the label. */
export function portDescription(port: Port, now: number): string {
  const { mapping } = port;
  if (port.isUnknown) return "unknown: the server is gone";
  if (mapping === undefined) return "asking";
  const { expiresAt, assigned } = mapping;
  const condition = conditionOf(port);
  if (condition === "late" && expiresAt !== null) {
    return `waiting for the router, port open until ${clock(new Date(expiresAt)).slice(0, 5)}`;
  }
  if (condition !== "live" || expiresAt === null) return stateText(mapping.state);
  const left = timeLeft(Date.parse(expiresAt) - now);
  const problem = assigned?.reachProblem;
  return problem === undefined ? left : `${left}, ${NOT_REACHED[problem].label}`;
}

/** Why hosts of the internet do not reach the port, and what to do; undefined if they do, as far as is known. */
export function natWarning({ mapping }: Port): string | undefined {
  const assigned = mapping?.assigned;
  if (assigned?.reachProblem === undefined) return undefined;
  return `${assigned.externalAddress} ${NOT_REACHED[assigned.reachProblem].text}`;
}

const NOT_REACHED: Record<ReachProblem, { label: string; text: string }> = {
  doubleNat: {
    label: "behind a second NAT",
    text: "is a private address, the router is behind a second NAT (double NAT). " +
      "Put one of the two routers in bridge mode",
  },
  carrierNat: {
    label: "behind the provider's NAT",
    text:
      "is shared by customers of the provider (carrier NAT). Ask the provider for an IPv4 address",
  },
  uniqueLocal: {
    label: "local network only",
    text: "is an address of the local network only (ULA). Use a global IPv6 address, or IPv4",
  },
  oddAddress: {
    label: "not public",
    text: "is no address of the internet. See whether the router is online",
  },
};

/** A state as text. */
export function stateText(state: State): string {
  switch (state.type) {
    case "requested":
      return "asking";
    case "starting":
      return state.attempt === 0 ? "asking" : "no answer yet";
    case "updating":
      if (state.lifetime === 0) return "closing";
      return state.attempt === 0 ? "renewing" : "no answer to the renewal yet";
    case "error":
      return `refused: ${state.name}`;
    case "revoked":
    case "dropped":
      return "closed";
    default:
      return state.type;
  }
}

/** `1 h 5 min left`; seconds below two minutes. */
export function timeLeft(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 120) return `${seconds} s left`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min left`;
  const hours = `${Math.floor(minutes / 60)} h`;
  return minutes % 60 === 0 ? `${hours} left` : `${hours} ${minutes % 60} min left`;
}

/** The text of the status bar, and whether it warns; undefined without ports. */
export function statusOf(ports: readonly Port[]): { text: string; warns: boolean } | undefined {
  if (ports.length === 0) return undefined;
  const live = ports.filter((port) => conditionOf(port) === "live");
  const unknown = ports.filter(({ isUnknown }) => isUnknown).length;
  const lost = ports.filter((port) => conditionOf(port) === "lost").length;
  if (unknown > 0) return { text: `$(question) ${count(unknown)} unknown`, warns: true };
  if (lost > 0) return { text: `$(warning) ${lost} of ${count(ports.length)} lost`, warns: true };
  const late = ports.filter((port) => conditionOf(port) === "late").length;
  if (late > 0) return { text: `$(clock) ${count(late)} waiting for the router`, warns: false };
  const newest = live.at(-1);
  const assigned = newest?.mapping?.assigned;
  if (!assigned) return { text: `$(sync~spin) ${count(ports.length)} waiting`, warns: false };
  const { protocol } = newest?.gateway ?? {};
  const way = protocol === undefined ? "" : ` · ${PROTOCOL_TITLES[protocol]}`;
  const open = `${count(live.length)} · ${endpoint(assigned)}${way}`;
  const problem = live.map((port) => port.mapping?.assigned?.reachProblem).find((each) => each);
  if (problem) return { text: `$(warning) ${open} · ${NOT_REACHED[problem].label}`, warns: true };
  return { text: `$(arrow-swap) ${open}`, warns: false };
}

/** The newest ports, one a line. */
export function tooltipOf(ports: readonly Port[]): string {
  const newest = ports.slice(-TOOLTIP_LENGTH).map(portLabel);
  const hidden = ports.length - newest.length;
  return [...hidden === 0 ? [] : [`and ${count(hidden)} before these`], ...newest].join("\n");
}

/** How many ports a tooltip names: more do not fit on a screen. */
const TOOLTIP_LENGTH = 20;

/** The names of the protocols for people. */
export const PROTOCOL_TITLES: Readonly<Record<RouterProtocol, string>> = {
  "pcp": "PCP",
  "nat-pmp": "NAT-PMP",
  "upnp": "UPnP",
};

/** The name of a gateway. */
export function gatewayLabel(kind: Gateway["kind"] | undefined): string {
  return kind === "simulated" ? "Simulated gateway" : "Router";
}

/** The page that *Show Details* opens. */
export function detailsOf(port: Port, isOpen: boolean, now: number): string {
  const { client, protocol } = port.gateway;
  const warning = natWarning(port);
  const ignored = port.mapping?.assigned?.ignoredOptions ?? [];
  return [
    portLabel(port),
    "",
    `State     ${isOpen ? portDescription(port, now) : "closed"}`,
    `Gateway   ${gatewayLabel(port.gateway.kind)}${
      client ? ` ${client.server} port ${client.port}` : ""
    }`,
    `Protocol  ${protocol === undefined ? "-" : PROTOCOL_TITLES[protocol]}`,
    `Computer  ${client?.client ?? "unknown"}`,
    `Expires   ${port.mapping?.expiresAt ? clock(new Date(port.mapping.expiresAt)) : "-"}`,
    ...ignored.length === 0 ? [] : [`Ignored   ${ignored.join(", ")}: the router refused it`],
    ...warning === undefined ? [] : ["", `${warning}.`],
    "",
    "Timeline",
    "",
    ...port.timeline.map(({ at, text }) => `${clock(at)}  ${text}`),
    "",
  ].join("\n");
}

function clock(at: Date): string {
  return at.toLocaleTimeString("en-GB");
}

function count(ports: number): string {
  return ports === 1 ? "1 port" : `${ports} ports`;
}
