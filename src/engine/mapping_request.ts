import { IpAddress } from "../wire/address.ts";
import { PCP_VERSION } from "../wire/constants.ts";
import { encodeRequest } from "../wire/message.ts";
import { Opcode } from "../wire/opcode.ts";
import type { Mapping } from "./mapping.ts";
import { deletionOptions } from "./spec.ts";

/** The request that the mapping sends in its phase: RFC 6887 sections 11.1, 12.1, and 15.1 for deletions. */
export function encodeMappingRequest(m: Mapping): Uint8Array {
  const { spec } = m;
  const deleting = m.phase === "deleting" || m.phase === "ended";
  const fields = {
    version: PCP_VERSION,
    lifetime: deleting ? 0 : m.lifetime,
    clientAddress: m.world.clientAddress,
    nonce: m.nonce,
    protocol: spec.protocol,
    internalPort: spec.internalPort,
    // A deletion suggests nothing, in the family of the mapping (section 15.1, erratum 3621).
    externalPort: deleting ? 0 : m.suggestedPort,
    externalAddress: deleting ? IpAddress.any(m.suggestedAddress.family) : m.suggestedAddress,
    options: deleting ? deletionOptions(spec) : spec.options,
  };
  if (spec.opcode === "map") return encodeRequest({ ...fields, type: "map", opcode: Opcode.Map });
  return encodeRequest({
    ...fields,
    type: "peer",
    opcode: Opcode.Peer,
    remotePort: spec.remotePort ?? 0,
    remoteAddress: spec.remoteAddress ?? IpAddress.ANY_IPV6,
  });
}
