import type { MappingSpec } from "../engine/mapping_spec.ts";

/** Whether the mapping is of a run of ports (PORT_SET, RFC 7753). */
export function isSet(spec: MappingSpec): boolean {
  return spec.options.length > 0 && spec.options.some(({ type }) => type === "portSet");
}

/**
 * Whether two inbound mappings of one client have internal ports in common and one of them is a port set: the server would
 * take the second request for a renewal of the first (RFC 7753 section 4.4.1).
 */
export function overlap(one: MappingSpec, other: MappingSpec): boolean {
  const differ = one.opcode !== "map" || other.opcode !== "map" ||
    one.protocol !== other.protocol || internalHost(one) !== internalHost(other) ||
    one.externalAddress.family !== other.externalAddress.family;
  if (differ || !(isSet(one) || isSet(other))) return false;
  return one.internalPort <= lastPort(other) && other.internalPort <= lastPort(one);
}

function lastPort({ internalPort, options }: MappingSpec): number {
  const set = options.find((option) => option.type === "portSet");
  return Math.min(65535, internalPort + (set?.size ?? 1) - 1);
}

/** The host of a THIRD_PARTY option; empty for this host. */
function internalHost({ options }: MappingSpec): string {
  return options.find((option) => option.type === "thirdParty")?.address.toString() ?? "";
}
