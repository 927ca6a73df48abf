/** An epoch of the server and when it arrived, both in whole seconds. */
export interface EpochSample {
  /** The server's epoch. */
  readonly server: number;
  /** When it arrived, on the client's clock. */
  readonly client: number;
}

/**
 * Whether the server kept its state between two responses (RFC 6887 section 8.5).
 *
 * The deltas are signed: an epoch one second back is not by itself a restart. The caller stores the current sample in either
 * case, else one restart would be found with every response.
 */
export function isEpochValid(previous: EpochSample | undefined, current: EpochSample): boolean {
  if (previous === undefined) return true;
  if (current.server < previous.server - 1) return false;
  const client = current.client - previous.client;
  const server = current.server - previous.server;
  if (client + 2 < server - Math.trunc(server / 16)) return false; // the server's clock ran ahead
  if (server + 2 < client - Math.trunc(client / 16)) return false; // it fell behind, or started again
  return true;
}
