import type { KnownGateway } from "../engine/gateway_knowledge.ts";
import type { Protocol } from "../engine/protocol.ts";
import { NATPMP_VERSION, PCP_VERSION } from "../wire/constants.ts";

/**
 * What is known of a gateway in one sentence for people, without a period, and what to do about it.
 *
 * @param server Its address.
 * @param port Its UDP port.
 */
export function gatewaySentence(gateway: KnownGateway, server: string, port: number): string {
  const { state, protocol, refusedVersion } = gateway;
  switch (state) {
    case "unknown":
      return `The router at ${server} has not answered yet`;
    case "answers":
      return protocol === undefined
        ? `The router at ${server} answers`
        : `The router at ${server} answers in ${PROTOCOL_TITLES[protocol]}`;
    case "silent":
      return `Nothing at ${server} answers in ${triedIn(gateway)}: ${advice(gateway, server)}`;
    case "refuses":
      if (refusedVersion !== undefined) return versionSentence(server, refusedVersion);
      return `The router at ${server} does not listen on UDP port ${port}, for ${
        triedIn(gateway)
      }: ${SWITCH_ON}`;
  }
}

/** The names of the protocols for people. */
export const PROTOCOL_TITLES: Readonly<Record<Protocol, string>> = {
  "pcp": "PCP",
  "nat-pmp": "NAT-PMP",
  "upnp": "UPnP",
};

const SWITCH_ON = "switch on UPnP, NAT-PMP or PCP in its settings";

/** As in `PCP`, `PCP or NAT-PMP`, `PCP, NAT-PMP or UPnP`. */
function triedIn({ tried }: KnownGateway): string {
  const names = tried.map((protocol) => PROTOCOL_TITLES[protocol]);
  const last = names.pop() ?? "any protocol";
  return names.length === 0 ? last : `${names.join(", ")} or ${last}`;
}

function advice({ otherSources }: KnownGateway, server: string): string {
  if (otherSources.length === 0) {
    return `if that is the router, ${SWITCH_ON}; a firewall on this computer may also be in the way`;
  }
  const others = otherSources.join(" and ");
  return `answers came from ${others} instead, as from a pair of routers that share ${server}; ` +
    `give ${others} as the server's address`;
}

function versionSentence(server: string, version: number): string {
  const other = version === NATPMP_VERSION
    ? "NAT-PMP"
    : version === PCP_VERSION
    ? "PCP"
    : undefined;
  return other !== undefined
    ? `The router at ${server} speaks ${other} only, and that is not answered or not allowed here: ${SWITCH_ON}`
    : `The router at ${server} speaks version ${version} of the protocol, which this program does not: an update of the router may help`;
}
