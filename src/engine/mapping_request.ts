import { IpAddress } from "../wire/address.ts";
import { encodeRequest } from "../wire/message.ts";
import type { Mapping } from "./mapping.ts";
import { deletionOptions } from "./mapping_spec.ts";

/** The request that the mapping sends in its phase (RFC 6887 sections 11.1, 12.1; deletion: section 15.1). */
export function encodeMappingRequest(mapping: Mapping, clientAddress: IpAddress): Uint8Array {
  const { spec, nonce, suggestedAddress } = mapping;
  const isDeletion = mapping.phase === "deleting" || mapping.phase === "ended";
  return encodeRequest({
    type: spec.opcode,
    lifetime: isDeletion ? 0 : mapping.lifetime,
    clientAddress,
    nonce,
    protocol: spec.protocol,
    internalPort: spec.internalPort,
    // A deletion suggests nothing, in the family of the mapping (RFC 6887 section 15.1, erratum 3621).
    externalPort: isDeletion ? 0 : mapping.suggestedPort,
    externalAddress: isDeletion ? IpAddress.any(suggestedAddress.family) : suggestedAddress,
    options: isDeletion ? deletionOptions(mapping.options) : mapping.options,
    remotePort: spec.remotePort ?? 0,
    remoteAddress: spec.remoteAddress ?? IpAddress.ANY_IPV6,
  });
}
