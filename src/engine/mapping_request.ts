import { IpAddress } from "../wire/address.ts";
import { encodeRequest } from "../wire/message.ts";
import type { Mapping } from "./mapping.ts";
import { deletionOptions } from "./mapping_spec.ts";

/** The request that the mapping sends in its phase: RFC 6887 sections 11.1, 12.1, and 15.1 for deletions. */
export function encodeMappingRequest(m: Mapping): Uint8Array {
  const { spec } = m;
  const deleting = m.phase === "deleting" || m.phase === "ended";
  const lifetime = deleting ? 0 : m.lifetime;
  const { clientAddress } = m.world;
  const { nonce } = m;
  const { protocol, internalPort } = spec;
  // A deletion suggests nothing, in the family of the mapping (section 15.1, erratum 3621).
  const externalPort = deleting ? 0 : m.suggestedPort;
  const externalAddress = deleting ? IpAddress.any(m.suggestedAddress.family) : m.suggestedAddress;
  const options = deleting ? deletionOptions(spec) : spec.options;
  if (spec.opcode === "map") {
    return encodeRequest({
      type: "map",
      lifetime,
      clientAddress,
      nonce,
      protocol,
      internalPort,
      externalPort,
      externalAddress,
      options,
    });
  }
  return encodeRequest({
    type: "peer",
    lifetime,
    clientAddress,
    nonce,
    protocol,
    internalPort,
    externalPort,
    externalAddress,
    options,
    remotePort: spec.remotePort ?? 0,
    remoteAddress: spec.remoteAddress ?? IpAddress.ANY_IPV6,
  });
}
