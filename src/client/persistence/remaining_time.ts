import type { Milliseconds } from "../../clock.ts";
import type { MappingRecord } from "./mapping_record.ts";

/** Whether the gateway may hold the mapping. */
export function mayExist(record: MappingRecord): boolean {
  return timeLeft(record) > 0;
}

/**
 * How long the gateway may hold the mapping: a renewal whose response was not recorded adds one lifetime, and over UPnP it may
 * never end. The end of one that is over is known.
 */
export function timeLeft({ expiresAt, lifetime, upnp, isOver }: MappingRecord): Milliseconds {
  if (isOver) return expiresAt - Date.now();
  return upnp?.permanent === true ? PERMANENT : expiresAt + lifetime * 1000 - Date.now();
}

/** Longer than every lease: those of UPnP last a week at most (WANIPConnection:2 section 2.3). */
const PERMANENT: Milliseconds = 30 * 86_400_000;
