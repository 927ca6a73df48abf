import type { Obstacle, Unsupported } from "../engine/obstacle.ts";
import { PROTOCOL_TITLES } from "./gateway_words.ts";

/** Which part of a request the gateway's protocol cannot express, and what to leave out: the end of a message. */
export function unsupportedText({ protocol, part }: Unsupported): string {
  const [what, instead] = PARTS[part];
  return `the router speaks ${PROTOCOL_TITLES[protocol]}, which cannot express ${what}: ${instead}`;
}

const PARTS: Readonly<Record<Obstacle, readonly [what: string, instead: string]>> = {
  outbound: ["an outbound mapping (PEER)", "request an inbound one"],
  protocol: ["another protocol than TCP and UDP", "request TCP or UDP"],
  allPorts: ["a mapping of all ports", "request one port at a time"],
  family: ["an external IPv6 address", "leave the external address out"],
  preferFailure: [
    "that the external port must be the suggested one (PREFER_FAILURE)",
    "leave that out, and the port is only suggested",
  ],
  filter: ["which remote peers may connect (FILTER)", "leave the filters out"],
  thirdParty: ["a mapping for another host (THIRD_PARTY)", "request it on that host"],
  pcpOnly: ["this request", "ask in another way"],
};
