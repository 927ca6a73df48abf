import * as z from "zod";

const ADDRESS_KINDS = [
  "global",
  "private",
  "shared",
  "documentation",
  "linkLocal",
  "loopback",
  "multicast",
  "reserved",
] as const;

const FINDING_CODES = [
  "pcp",
  "natPmp",
  "noServer",
  "otherVersion",
  "cannotSend",
  "refused",
  "addressMismatch",
  "upSince",
  "public",
  "doubleNat",
  "carrierNat",
  "noInternet",
  "simulated",
  "oddAddress",
  "addressUnknown",
  "hears",
  "deaf",
] as const;

const finding = z.object({
  code: z.enum(FINDING_CODES),
  level: z.enum(["good", "notice", "problem"]),
  text: z.string().describe("A sentence or two for people"),
}).describe("One thing that a diagnosis found");

/** Result of `client/diagnose`; `schemas.ts` holds it against the library's type. */
export const diagnosis = z.object({
  ok: z.boolean().describe(
    "Whether a mapping would be reached from the Internet, as far as can be told from here",
  ),
  client: z.string().describe("Address of this host that requests are sent from"),
  server: z.string().describe("Address that was asked"),
  port: z.int().describe("Its UDP port"),
  protocol: z.enum(["PCP", "NAT-PMP"]).nullable()
    .describe("What it speaks; null if it answers nothing that is understood"),
  roundTrip: z.number().nullable().describe("Milliseconds until it answered"),
  epoch: z.int().nullable().describe("Seconds since it began or lost its state"),
  upSince: z.string().nullable().describe("The same as a time, ISO 8601"),
  externalAddress: z.string().nullable().describe("The address on its other side"),
  addressKind: z.enum(ADDRESS_KINDS).nullable().describe("What that address is for"),
  refusal: z.object({
    code: z.int().describe("Result code"),
    name: z.string().describe("Its name in the RFC"),
  }).nullable().describe("Why it opens no ports; null if it does not refuse"),
  announcements: z.object({
    listening: z.boolean().describe("Whether they are listened for"),
    heard: z.int().describe("How many datagrams came there so far"),
  }).describe("Whether restarts of the server are heard"),
  findings: z.array(finding).readonly().describe("The same in sentences"),
}).describe("What is there, and what stands in the way of being reached from the Internet");
