/** A protocol in which a gateway opens ports. */
export type Protocol = "pcp" | "nat-pmp" | "upnp";

/** All of them, in the order in which they are tried (RFC 6886 section 1.1 for the first two, section 9 for the last). */
export const PROTOCOLS: readonly Protocol[] = ["pcp", "nat-pmp", "upnp"];
