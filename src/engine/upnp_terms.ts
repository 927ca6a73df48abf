import type { IpAddress } from "../wire/address.ts";
import { ProtocolNumber } from "../wire/protocol_number.ts";
import type { MappingSpec } from "./mapping_spec.ts";
import type { Obstacle } from "./obstacle.ts";
import { optionRules } from "./option_rules.ts";

/**
 * What keeps UPnP from making the mapping: it makes those of one TCP or UDP port, for this host, from all peers. Unlike
 * NAT-PMP it can assign one port or nothing.
 */
export function upnpObstacle(spec: MappingSpec, clientAddress: IpAddress): Obstacle | undefined {
  const { opcode, protocol, internalPort, externalAddress, options } = spec;
  if (spec.pcpOnly) return "pcpOnly";
  if (opcode === "peer") return "outbound";
  if (externalAddress.family !== clientAddress.family) return "family";
  if (internalPort === 0) return "allPorts";
  if (protocol !== ProtocolNumber.Tcp && protocol !== ProtocolNumber.Udp) return "protocol";
  return options.filter(({ type }) => type !== "preferFailure")
    .map((option) => optionRules(option).obstacle)
    .find((each) => each !== undefined);
}
