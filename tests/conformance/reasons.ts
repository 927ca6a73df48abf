/** Rules without test in this repository, and why. docs/rfc-coverage.md has the same table. */
export const REASONS: Readonly<Record<string, string>> = {
  "C-11-1": "the program binds its port, not the library; InboundMap says so",
  "C-11.5-2": "a permission; a client has one address, and keeps to it (C-11.5-1)",
  "C-13.1-4": "only the program knows whether the other host is still there",
  "C-13.3-7": "an explanation; InboundMap says so",
  "C-18-4": "a permission; anycast addresses are off unless asked for",
  "C-18.3-2": "an explanation; recovery has its own rules (C-14.1.3)",
  "C-7488-1": "a client has one source address, so the caller's order stands",
  "C-7488-12": "a client's socket is bound to the address that faces its server (C-16.4-1)",
  "C-9-2": "there is no version after 2 to know",
  "C-9-3": "there is no version after 2 to step down from",
  "D-3.4-3": "a permission; it would delete what other programs of this host made",
  "E-7291-1": "no DHCP client here; the decoders are for programs that have the option",
  "E-7291-4": "as E-7291-1; the caller passes client and server address together",
  "E-7291-5": "as E-7291-1; one client for each family",
  "E-7723-5": "a permission; anycast addresses are off unless asked for",
  "E-7843-4": "authentication (RFC 7652) is left out; THIRD_PARTY needs the user's consent",
};
