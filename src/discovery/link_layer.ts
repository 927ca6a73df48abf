/**
 * The types of interfaces that have link-layer addresses and reach many hosts, as iproute2 names them, with their numbers in
 * `/sys/class/net/NAME/type` (ARPHRD of linux/if_arp.h).
 */
const LINK_LAYERS: ReadonlyMap<string, number> = new Map([
  ["ether", 1],
  ["ieee802", 6],
  ["ieee1394", 24],
  ["infiniband", 32],
  ["loopback", 772],
  ["fddi", 774],
  ["ieee802.11", 801],
  ["ieee802.11/prism", 802],
  ["ieee802.11/radiotap", 803],
]);

const NUMBERS = new Set(LINK_LAYERS.values());

/** Whether interfaces of this type, a name or a number, have link-layer addresses. */
export function isLinkLayer(type: string | number): boolean {
  return typeof type === "string" ? LINK_LAYERS.has(type) : NUMBERS.has(type);
}
