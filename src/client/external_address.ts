import { ProtocolNumber } from "../wire/protocol_number.ts";
import { abortable } from "../abortable.ts";
import { InboundMap } from "./inbound_map.ts";
import type { MapHandle } from "./map_handle.ts";

/** Finds the external address with a short mapping of the discard port (RFC 6887 section 11.6). */
export async function findExternalAddress(
  request: (map: InboundMap) => MapHandle,
  options: { readonly signal?: AbortSignal },
): Promise<string> {
  const mapping = request(
    new InboundMap(DISCARD_PORT, DISCARD_LIFETIME).protocol(ProtocolNumber.Udp),
  );
  try {
    return (await mapping.ready(options)).externalAddress;
  } finally {
    // An abort ends the wait with the caller's own reason; the deletion continues.
    await abortable(mapping[Symbol.asyncDispose](), options.signal).catch(() => {});
  }
}

/** No program listens there, so that the mapping opens nothing (RFC 6887 section 11.6). */
const DISCARD_PORT = 9;

/** Seconds; common servers grant no less (RFC 6887 section 15 recommends 2 minutes). */
const DISCARD_LIFETIME = 120;
