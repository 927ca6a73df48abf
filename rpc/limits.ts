/** The limits of the server: no peer makes it grow without bound. README.md and the OpenRPC document state them. */
export const LIMITS: Readonly<Record<Limit, number>> = {
  /** Octets of one message; `--max-message` sets another limit. */
  message: 4 * 1024 * 1024,
  /** JSON values of one message, those in arrays and objects included: four million would fit in it. */
  values: 65_536,
  /** Octets of the answers that were not read yet: more requests are read when they have been. */
  unread: 4 * 1024 * 1024,
  /** Requests without an answer. */
  waiting: 1_024,
  /** Running clients. */
  clients: 256,
  /** Running simulators. */
  simulators: 256,
  /** Mappings of all clients: every port of TCP or UDP once. */
  mappings: 65_536,
};

/** The name of a limit. */
export type Limit =
  | "message"
  | "values"
  | "unread"
  | "waiting"
  | "clients"
  | "simulators"
  | "mappings";

/** Data of the error 10. */
export interface LimitData {
  /** Which limit. */
  limit: Limit;
  /** Its value. */
  most: number;
}
