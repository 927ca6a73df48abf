import { viewOf } from "../wire/octets.ts";
import type { Mapping } from "./mapping.ts";

/**
 * A NAT-PMP response with its numbers in network order. Some servers send them in the order of their processor; a number
 * that makes sense only in that order is read in it. Addresses are in network order always.
 *
 * @param requested The mapping whose request is under way.
 */
export function inNetworkOrder(datagram: Uint8Array, requested: Mapping | undefined): Uint8Array {
  if (datagram.length < RESULT_END) return datagram;
  const bytes = datagram.slice();
  const view = viewOf(bytes);
  const result = view.getUint16(AT.result, true);
  if (view.getUint16(AT.result) > LAST_RESULT && result <= LAST_RESULT) {
    view.setUint16(AT.result, result);
  }
  if (bytes.length < EPOCH_END) return bytes;
  const epoch = view.getUint32(AT.epoch, true);
  if (view.getUint32(AT.epoch) >= LONGEST_EPOCH && epoch < LONGEST_EPOCH) {
    view.setUint32(AT.epoch, epoch);
  }
  if (bytes.length < MAP_LENGTH || requested === undefined) return bytes;
  const lifetime = view.getUint32(AT.lifetime, true);
  const { internalPort } = requested.spec;
  const makesSense = view.getUint16(AT.internalPort) === internalPort &&
    (view.getUint32(AT.lifetime) <= requested.lifetime || lifetime > requested.lifetime);
  if (makesSense || view.getUint16(AT.internalPort, true) !== internalPort) return bytes;
  view.setUint16(AT.internalPort, internalPort);
  view.setUint16(AT.externalPort, view.getUint16(AT.externalPort, true));
  view.setUint32(AT.lifetime, lifetime);
  return bytes;
}

/** Offsets of the fields (RFC 6886 sections 3.2, 3.3). */
const AT = { result: 2, epoch: 4, internalPort: 8, externalPort: 10, lifetime: 12 } as const;
const RESULT_END = 4;
const EPOCH_END = 8;
const MAP_LENGTH = 16;

/** RFC 6886 section 3.5. */
const LAST_RESULT = 5;

/** Seconds: no router has run for 17 years. */
const LONGEST_EPOCH = 2 ** 29;
