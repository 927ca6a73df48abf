import type { StoredMapping } from "../../mod.ts";
import { protocolText } from "./read_values.ts";
import { duration, endpoint, printable } from "./text.ts";

/** A mapping that an earlier run with the same state file left at the gateway. */
export interface Leftover {
  readonly id: `L${number}`;
  readonly mapping: StoredMapping;
}

/** A leftover as `--json` prints it, with the members of a mapping. Its nonce is a secret (RFC 6887 section 18). */
export function leftoverJson({ id, mapping }: Leftover): object {
  const { kind, protocol, internalPort, lifetime, expiresAt, externalAddress, externalPort } =
    mapping;
  const { remoteAddress, remotePort } = mapping;
  return {
    mappingId: id,
    kind,
    protocol: protocol === 6 ? "tcp" : protocol === 17 ? "udp" : protocol,
    internalPort,
    lifetime,
    state: { type: "leftover" },
    assigned: { externalAddress, externalPort, lifetime },
    expiresAt,
    ...(remoteAddress === undefined ? {} : { remoteAddress, remotePort }),
  };
}

/** `tcp 6000`. */
export function leftoverText({ mapping: { protocol, internalPort } }: Leftover): string {
  return `${protocolText(protocol)} ${internalPort === 0 ? "all ports" : internalPort}`;
}

/** The cells of a leftover in the table of mappings. */
export function leftoverCells({ id, mapping }: Leftover, now: Date): string[] {
  const { kind, protocol, internalPort, externalAddress, externalPort, expiresAt, grantedBy } =
    mapping;
  return [
    id,
    kind,
    protocolText(protocol),
    internalPort === 0 ? "all" : String(internalPort),
    printable(endpoint(externalAddress, externalPort)),
    "leftover",
    duration((Date.parse(expiresAt) - now.getTime()) / 1000),
    viaText(grantedBy),
  ];
}

/** The protocol of the gateway, as people write it. */
export function viaText(protocol: StoredMapping["grantedBy"]): string {
  return protocol === undefined ? "-" : VIA[protocol];
}

const VIA = { "pcp": "PCP", "nat-pmp": "NAT-PMP", "upnp": "UPnP" } as const;
