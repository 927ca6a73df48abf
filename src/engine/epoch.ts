/** What is remembered of a server's clock: its last epoch and when it came, both in whole seconds. */
export interface EpochSample {
  /** The server's epoch. */
  readonly server: number;
  /** When it came, on the client's clock. */
  readonly client: number;
}

/**
 * Whether the server kept its state between two responses, by the rule of RFC 6887 section 8.5.
 *
 * The deltas are signed: an epoch one second back is not by itself a restart. The caller stores the current sample
 * whatever the answer, else one restart would look like many.
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
