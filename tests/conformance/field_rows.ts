/**
 * Cases from the field, with the ids that test names contain: what gateways (G), hosts (H) and JSON-RPC clients (R) do that no
 * RFC foresees, and what a diagnosis needs (D). tests/repo/conformance_test.ts compares the list with the names of all tests.
 */

import type { Row } from "./rows.ts";

const TABLE = `
G-4 | optional options that a server refuses are left out once, and named
G-17 | a request may have 1,100 octets
G-20 | other clients suggest the address \`::\` for IPv4, and common servers grant that
`;

/** The cases in the order of their ids. */
export const FIELD_ROWS: readonly Row[] = TABLE.trim().split("\n").map((line) => {
  const [id = "", text = ""] = line.split(" | ");
  return { id, section: "field", level: "REC", text, reason: undefined };
});
