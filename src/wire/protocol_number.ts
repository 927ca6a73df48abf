/** IANA numbers of transport protocols. Any other number from 0 to 255 can be mapped too. */
export const ProtocolNumber = {
  /** Every protocol; only with internal port 0 (RFC 6887 section 11.1). */
  All: 0,
  /** Internet Control Message Protocol (RFC 792). */
  Icmp: 1,
  /** Internet Group Management Protocol (RFC 1112). */
  Igmp: 2,
  /** IPv4 inside IP (RFC 2003). */
  Ipv4: 4,
  /** Transmission Control Protocol (RFC 9293). */
  Tcp: 6,
  /** User Datagram Protocol (RFC 768). */
  Udp: 17,
  /** Datagram Congestion Control Protocol (RFC 4340). */
  Dccp: 33,
  /** IPv6 inside IP (RFC 2473). */
  Ipv6: 41,
  /** Resource Reservation Protocol (RFC 2205). */
  Rsvp: 46,
  /** Generic Routing Encapsulation (RFC 2784). */
  Gre: 47,
  /** Encapsulating Security Payload (RFC 4303). */
  Esp: 50,
  /** Authentication Header (RFC 4302). */
  Ah: 51,
  /** ICMP for IPv6 (RFC 4443). */
  Icmpv6: 58,
  /** Open Shortest Path First (RFC 2328). */
  Ospf: 89,
  /** Protocol Independent Multicast (RFC 7761). */
  Pim: 103,
  /** Layer Two Tunneling Protocol (RFC 3931). */
  L2tp: 115,
  /** Stream Control Transmission Protocol (RFC 9260). */
  Sctp: 132,
  /** Lightweight UDP (RFC 3828). */
  UdpLite: 136,
} as const;

/** An IANA protocol number, 0 to 255: one of {@linkcode ProtocolNumber} or any other. */
export type ProtocolNumber = number;

/** The name of a protocol in lower case, `tcp`, or the number in digits for one without a name. */
export function protocolName(protocol: number): string {
  return NAMES.get(protocol) ?? String(protocol);
}

/**
 * The number of a protocol given as name, digits or number: `tcp`, `UDP-Lite`, `"50"`, 50. The inverse of
 * {@linkcode protocolName}.
 *
 * @throws {TypeError} If the text is neither a known name nor digits.
 * @throws {RangeError} If the number is not an integer from 0 to 255.
 */
export function parseProtocol(protocol: string | number): number {
  const number = typeof protocol === "number" ? protocol : readText(protocol);
  if (Number.isInteger(number) && number >= 0 && number <= 255) return number;
  throw new RangeError(
    `Cannot parse a protocol: its number must be an integer from 0 to 255, got "${protocol}"`,
  );
}

/** Whether the protocol has ports. Without ports the port fields of PCP are 0 (RFC 6887 section 11.2). */
export function hasPorts(protocol: number): boolean {
  return WITH_PORTS.has(protocol);
}

function readText(text: string): number {
  const key = String(text).toLowerCase();
  const number = numberOf(key) ?? (/^\d{1,9}$/.test(key) ? Number(key) : undefined);
  if (number === undefined) {
    throw new TypeError(
      `Cannot parse a protocol: expected a name as "tcp" or a number, got "${text}"`,
    );
  }
  return number;
}

/** Accepts names with and without their hyphen. */
function numberOf(text: string): number | undefined {
  for (const [number, name] of NAMES) {
    if (text === name || text === name.replace("-", "")) return number;
  }
  return undefined;
}

/** Names of the IANA registry in lower case, such as `udp-lite`, by number. */
const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(ProtocolNumber).map(([key, number]) => {
    return [number, number === ProtocolNumber.UdpLite ? "udp-lite" : key.toLowerCase()];
  }),
);

const WITH_PORTS: ReadonlySet<number> = new Set([
  ProtocolNumber.Tcp,
  ProtocolNumber.Udp,
  ProtocolNumber.Dccp,
  ProtocolNumber.Sctp,
  ProtocolNumber.UdpLite,
]);
