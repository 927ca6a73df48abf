/**
 * Cases from the field, with the ids that test names contain: what gateways (G), hosts (H) and JSON-RPC clients (R) do that no
 * RFC foresees, and what a diagnosis needs (D). tests/repo/conformance_test.ts compares the list with the names of all tests.
 */

import type { Row } from "./rows.ts";

const TABLE = `
G-4 | optional options that a server refuses are left out once, and named
G-5 | an IPv6 pinhole has the internal port, whatever port the answer has
G-6 | PREFER_FAILURE answered twice with another port fails, and that mapping is deleted
G-7 | an echoed option is no proof: no prefix, one port, no confirmed filter
G-8 | UNSUPP_OPCODE without the request in it answers the only PEER under way
G-9 | THIRD_PARTY that the server ignores is refused, and the mapping that it made is deleted
G-12 | a nonce is kept as long as the server may hold the mapping
G-14 | a success with lifetime 0 or external port 0 is unusable, and the reason is said
G-15 | a restart voids what the server refused before
G-16 | lifetimes of 1 to 4 s for ever cause bounded work, and are reported
G-17 | a request may have 1,100 octets
G-19 | one external port for two internal ports: the older mapping is lost
G-20 | other clients suggest the address \`::\` for IPv4, and common servers grant that
`;

/** The cases in the order of their ids. */
export const FIELD_ROWS: readonly Row[] = TABLE.trim().split("\n").map((line) => {
  const [id = "", text = ""] = line.split(" | ");
  return { id, section: "field", level: "REC", text, reason: undefined };
});
