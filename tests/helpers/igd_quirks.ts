/** What real gateways do, by the number that tests name; each in every variant. */

import type { IgdOptions } from "../../src/testing/server/igd/options.ts";

/** The options of one kind of gateway. */
export interface OddGateway {
  /** Such as `Q-13`. */
  readonly id: string;
  readonly options: IgdOptions;
}

/**
 * Gateways with one quirk each. Those that depend on time or on another protocol are acts of a test instead: restarts
 * are `restartIgd()`, PCP that comes back and lost datagrams (Q-34) `setProtocols()` and `swallow()`.
 */
export const ODD_GATEWAYS: readonly OddGateway[] = [
  odd("Q-01", { answers: "multicast" }, { answers: "unicast" }),
  odd(
    "Q-02",
    { answersFromRandomPort: true },
    { answerCopies: 2 },
    { answersForParts: true, answerCopies: 2, answersFromRandomPort: true },
  ),
  odd("Q-03", { answerDelay: 1_900 }, { ignoredSearches: 2 }),
  odd("Q-04", { answeredTargets: ["upnp:rootdevice"] }),
  odd(
    "Q-05",
    { locations: ["http://10.0.0.9:5000/rootDesc.xml"] },
    { locations: ["http://router.lan:5000/rootDesc.xml"] },
    { locations: ["http://[::1]:5000/rootDesc.xml"] },
    { locations: ["http://192.168.1.1:81/rootDesc.xml", "http://192.168.1.1:5000/rootDesc.xml"] },
  ),
  odd("Q-06", { neighbour: "192.168.1.66" }),
  odd("Q-07", { disconnectedFirst: true }),
  odd("Q-08", { twoDescriptions: true }),
  odd("Q-09", { otherDevicesFirst: true }),
  odd(
    "Q-10",
    { controlUrls: "relative", urlBase: "http://0.0.0.0/" },
    { controlUrls: "relative", urlBase: "" },
    { controlUrls: "lineBreak" },
  ),
  odd(
    "Q-11",
    { http: { oldVersion: true, framing: "close" } },
    { http: { framing: "chunked" } },
    { http: { shortStatus: true } },
    { http: { lineFeed: true, noSpace: true } },
    { http: { keepOpen: true } },
    { http: { continues: true } },
    { refusesSecondSegment: true },
  ),
  odd("Q-12", { exactSoapAction: true }),
  odd("Q-13", { refusesFiniteLeases: 725 }),
  odd(
    "Q-14",
    { refusesFiniteLeases: 402 },
    { refusesPermanentLeases: 402 },
    { refusesFiniteLeases: -911 },
  ),
  odd("Q-15", { samePorts: true }),
  odd("Q-16", { keepsNothing: true }),
  { id: "Q-16", options: { capacity: 0, quirks: { fullSilently: true } } },
  odd("Q-17", { reportedLease: 0 }, { reportedLease: 120 }, { reportedLease: 86_400 }),
  odd("Q-18", { refusesRefresh: true }),
  odd("Q-19", { ignoresRefresh: true }),
  odd("Q-20", { overwrites: true }),
  odd("Q-22", { dropsAfter: 60_000 }),
  odd(
    "Q-23",
    { externalAddressText: "" },
    { externalAddressText: "0.0.0.0" },
    { externalAddressText: "192.168.178.2" },
    { externalAddressText: "100.64.0.9" },
    { externalAddressText: "169.254.1.1" },
    { externalAddressText: "not an address" },
  ),
  odd(
    "Q-24",
    { refusesPorts: { below: 1_024, with: 606 } },
    { refusesPorts: { below: 1_024, with: 403 } },
    { refusesPorts: { below: 1_024, with: "close" } },
    { refusesPorts: { below: 65_536, with: 606 } },
    { refusesPorts: { below: 65_536, with: "close" } },
  ),
  odd("Q-25", { failuresFirst: 4 }),
  odd("Q-26", { actionDelay: 4_000 }, { stalls: "accept" }, { stalls: "response" }),
  odd(
    "Q-27",
    { spelling: "prefixes" },
    { spelling: "case" },
    { spelling: "attributes" },
    { spelling: "damaged" },
    { spelling: "page" },
    { faultStatus: 200 },
  ),
  odd(
    "Q-28",
    { hostile: "description" },
    { hostile: "endless" },
    { hostile: "headers" },
    { hostile: "nesting" },
  ),
  odd("Q-29", { redirect: "http://192.168.1.66/" }, { controlUrls: "elsewhere" }),
  odd("Q-30", { oneAtATime: true }),
  odd("Q-31", { addAny: "missing" }, { addAny: "zero" }, { addAny: "other" }),
  odd("Q-32", { plainDescriptions: true }),
  odd("Q-33", { firewall: "off" }, { firewall: "noPinholes" }, { unknownPinhole: 501 }),
  odd("Q-35", { deletedEvery: 60_000 }),
].flat();

function odd(id: string, ...variants: readonly IgdOptions["quirks"][]): OddGateway[] {
  return variants.map((quirks = {}) => ({ id, options: { quirks } }));
}
