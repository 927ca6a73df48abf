/** What to do about a result code (RFC 6887 section 7.4; negative codes are the client's own). */
export function adviceForCode(code: number): string | undefined {
  return ADVICE.get(code);
}

const LATER = "Try again in a minute.";

const ADVICE: ReadonlyMap<number, string> = new Map([
  [1, "This router is too old or too new; an update of its firmware may help."],
  [
    2,
    "Many routers open ports from 1024 on only. Allow port mapping (UPnP, NAT-PMP, PCP) for this device in the router's settings. If another program holds this port, end it or open another port.",
  ],
  [4, "This router cannot open ports in this way."],
  [7, `See whether the router is online. ${LATER}`],
  [8, LATER],
  [9, "The router maps TCP and UDP only."],
  [10, "Close ports that are not needed any more."],
  [11, "The router cannot give this external port or address; open another port."],
  [
    12,
    "There is a second NAT on the way: switch a VPN off, or put one of the two routers in bridge mode.",
  ],
  [-1, "Is UPnP, NAT-PMP or PCP switched on in the router's settings?"],
  [-2, "The router seems to have no external address yet; see whether it is online."],
]);
