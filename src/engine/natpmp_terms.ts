import { encodeNatPmpRequest, type NatPmpProtocol, NatPmpResultCode } from "../wire/natpmp.ts";
import { ProtocolNumber } from "../wire/protocol_number.ts";
import { ResultCode } from "../wire/result_code.ts";
import type { Mapping } from "./mapping.ts";
import type { MappingContext } from "./mapping_context.ts";
import type { MappingSpec } from "./mapping_spec.ts";
import type { Obstacle } from "./obstacle.ts";
import { optionRules } from "./option_rules.ts";

// NAT-PMP (RFC 6886) in the terms of PCP (RFC 6887).

/**
 * PCP's name for a result code of NAT-PMP; from 3 on the numbers differ (RFC 6886 section 3.5). A code that RFC 6886 does
 * not define becomes MALFORMED_REQUEST.
 */
export function pcpResult(natPmpResult: number): number {
  return PCP_RESULTS[natPmpResult] ?? ResultCode.MalformedRequest;
}

/** What keeps NAT-PMP from making the mapping: it makes those of one TCP or UDP port, and has no options. */
export function natPmpObstacle(spec: MappingSpec): Obstacle | undefined {
  const { opcode, protocol, internalPort, externalAddress, options } = spec;
  if (spec.pcpOnly) return "pcpOnly";
  if (opcode === "peer") return "outbound";
  if (externalAddress.family !== "IPv4") return "family";
  if (internalPort === 0) return "allPorts";
  if (protocol !== ProtocolNumber.Tcp && protocol !== ProtocolNumber.Udp) return "protocol";
  return options.map((option) => optionRules(option).obstacle).find((each) => each !== undefined);
}

/**
 * Whether this host asks in NAT-PMP. It serves hosts behind a NAT, which have a private address (RFC 6886 section 3); without
 * PCP the caller wants it in any case.
 */
export function hasNatPmpAddress({ clientAddress, allowsPcp }: MappingContext): boolean {
  if (clientAddress.family !== "IPv4") return false;
  return clientAddress.isPrivate || clientAddress.isLoopback || !allowsPcp;
}

/** The request for the mapping, or for its deletion (RFC 6886 sections 3.3, 3.4). */
export function encodeNatPmpMapRequest(mapping: Mapping): Uint8Array {
  const { spec } = mapping;
  const isDeletion = mapping.phase === "deleting";
  return encodeNatPmpRequest({
    type: "map",
    protocol: spec.protocol as NatPmpProtocol,
    internalPort: spec.internalPort,
    externalPort: isDeletion ? 0 : mapping.suggestedPort,
    lifetime: isDeletion ? 0 : mapping.lifetime,
  });
}

/** The opcode of that request (RFC 6886 section 3.3). */
export function natPmpOpcode({ protocol }: MappingSpec): number {
  return protocol === ProtocolNumber.Udp ? 1 : 2;
}

const PCP_RESULTS: Readonly<Record<number, number>> = {
  [NatPmpResultCode.Success]: ResultCode.Success,
  [NatPmpResultCode.UnsupportedVersion]: ResultCode.UnsuppVersion,
  [NatPmpResultCode.NotAuthorized]: ResultCode.NotAuthorized,
  [NatPmpResultCode.NetworkFailure]: ResultCode.NetworkFailure,
  [NatPmpResultCode.OutOfResources]: ResultCode.NoResources,
  [NatPmpResultCode.UnsupportedOpcode]: ResultCode.UnsuppOpcode,
};
