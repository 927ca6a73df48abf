import type { Tally } from "../counters.ts";

/** Everything a `SimulatedIgd` has received and done. Tests can compare it whole. */
export interface IgdCounters {
  /** Searches by target. */
  readonly searches: Tally;
  /** Number of answers sent, each copy. */
  answers: number;
  /** Announcements sent by NTS: `ssdp:alive`, `ssdp:byebye`. */
  readonly announcements: Tally;
  /** Number of connections. */
  connections: number;
  /** The most connections that were open at once. */
  mostConnections: number;
  /** Number of connections to the neighbour, which no client may reach. */
  neighbourConnections: number;
  /** Requests by path for GET, by action for POST. */
  readonly requests: Tally;
  /** Faults sent by error code. */
  readonly faults: Tally;
  /** What a correct client never does, by name: see {@linkcode IgdViolation}. */
  readonly violations: Partial<Record<IgdViolation, number>>;
}

/** Violations of a client's duties. */
export type IgdViolation =
  | "searchForm" // order, spelling or values of a search's lines (UPnP Device Architecture section 1.3)
  | "searchAll" // a search for everything, which brings dozens of answers
  | "searchPort" // a search from port 1900, 5350 or 5351
  | "requestForm" // order, spelling or values of the request's lines; routers have been tried with one form most
  | "secondSegment" // a request in more than one piece
  | "bodyForm" // white space, prefixes, empty tags, order or number of arguments (section 3.2)
  | "path" // a path that no description names, such as that of a service's own description
  | "connections" // more than one connection at once
  | "serviceType" // an action at the control URL of another service
  | "action" // an action that acts on more than the client's own mappings, or that no client needs
  | "portZero" // port 0, which stands for all ports
  | "lease" // a lease out of the service's range
  | "remoteHost" // a mapping for one remote host
  | "disabled" // a mapping that is not enabled
  | "description" // characters that some gateways refuse, or over 60 of them, or none
  | "internalClient" // a mapping for another host
  | "foreignDelete"; // the deletion of another host's mapping

/** Empty counters. */
export function newIgdCounters(): IgdCounters {
  return {
    searches: {},
    answers: 0,
    announcements: {},
    connections: 0,
    mostConnections: 0,
    neighbourConnections: 0,
    requests: {},
    faults: {},
    violations: {},
  };
}
