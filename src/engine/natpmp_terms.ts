import type { IpAddress } from "../wire/address.ts";
import { NatPmpResultCode } from "../wire/natpmp.ts";
import { ProtocolNumber } from "../wire/protocol_number.ts";
import { ResultCode } from "../wire/result_code.ts";
import type { MappingSpec } from "./mapping_spec.ts";
import { optionRules } from "./option_rules.ts";

// NAT-PMP (RFC 6886) in the terms of PCP (RFC 6887).

/**
 * PCP's name for a result code of NAT-PMP; from 3 on the numbers differ (RFC 6886 section 3.5). A code that RFC 6886 does
 * not define becomes MALFORMED_REQUEST.
 */
export function pcpResult(natPmpResult: number): number {
  return PCP_RESULTS[natPmpResult] ?? ResultCode.MalformedRequest;
}

/**
 * Whether NAT-PMP can make the mapping: TCP or UDP, IPv4, one port, and no option that it would have to disregard. It
 * serves hosts behind a NAT, which have a private address (RFC 6886 section 3).
 */
export function isNatPmpPossible(spec: MappingSpec, clientAddress: IpAddress): boolean {
  if (!clientAddress.isPrivate && !clientAddress.isLoopback) return false;
  const { opcode, protocol, internalPort, externalAddress, options } = spec;
  return opcode === "map" && (protocol === ProtocolNumber.Tcp || protocol === ProtocolNumber.Udp) &&
    internalPort !== 0 && externalAddress.family === "IPv4" &&
    !options.some((option) => optionRules(option).pcpOnly);
}

const PCP_RESULTS: Readonly<Record<number, number>> = {
  [NatPmpResultCode.Success]: ResultCode.Success,
  [NatPmpResultCode.UnsupportedVersion]: ResultCode.UnsuppVersion,
  [NatPmpResultCode.NotAuthorized]: ResultCode.NotAuthorized,
  [NatPmpResultCode.NetworkFailure]: ResultCode.NetworkFailure,
  [NatPmpResultCode.OutOfResources]: ResultCode.NoResources,
  [NatPmpResultCode.UnsupportedOpcode]: ResultCode.UnsuppOpcode,
};
