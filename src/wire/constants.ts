/** Version octet of PCP as RFC 6887 defines it (section 7.1). */
export const PCP_VERSION = 2;

/** Version octet of NAT-PMP, the predecessor (RFC 6886 section 3.2; RFC 6887 appendix A). */
export const NATPMP_VERSION = 0;

/** UDP port of the server: destination of requests, source of responses and announcements (RFC 6887 section 19.1). */
export const SERVER_PORT = 5351;

/** UDP port of clients, destination of multicast announcements (RFC 6887 section 14.1). */
export const ANNOUNCE_PORT = 5350;

/** IPv4 multicast group of the announcements, all hosts (RFC 6887 section 14.1.1). */
export const ANNOUNCE_GROUP_IPV4 = "224.0.0.1";

/** IPv6 multicast group of the announcements, all nodes of the link (RFC 6887 section 14.1.1). */
export const ANNOUNCE_GROUP_IPV6 = "ff02::1";

/** IPv4 anycast address of a PCP server (RFC 7723 section 4.1). */
export const ANYCAST_IPV4 = "192.0.0.9";

/** IPv6 anycast address of a PCP server (RFC 7723 section 4.2). */
export const ANYCAST_IPV6 = "2001:1::1";

/** Top bit of the second octet, set in responses of PCP and NAT-PMP (RFC 6887 section 7.1; RFC 6886 section 3.2). */
export const R_BIT = 0x80;

/** Maximum length of a request or response in octets (RFC 6887 section 7). */
export const MAX_LENGTH = 1100;

/** Octets of the header of a request or response (RFC 6887 sections 7.1, 7.2). */
export const HEADER_LENGTH = 24;

/** Octets of a MAP message without options (RFC 6887 section 11.1). */
export const MAP_LENGTH = 60;

/** Octets of a PEER message without options (RFC 6887 section 12.1). */
export const PEER_LENGTH = 80;

/** Octets of an AUTHENTICATION message without options (RFC 7652 section 5.1). */
export const AUTHENTICATION_LENGTH = 32;

/** Octets of the header of an option: code, reserved, length (RFC 6887 section 7.3). */
export const OPTION_HEADER_LENGTH = 4;

/** Maximum length of DESCRIPTION (RFC 7220 section 2) and THIRD_PARTY_ID (RFC 7843 section 4), in octets. */
export const MAX_OPTION_TEXT = 1016;

/** Maximum lifetime in seconds, about 136 years (RFC 6887 section 7.1). */
export const MAX_LIFETIME = 0xffff_ffff;
