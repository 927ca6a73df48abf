import { assert, assertEquals } from "@std/assert";
import { IpAddress } from "../../../src/wire/address.ts";
import { ANSWER, IGD1, SEARCH, utf8 } from "../../helpers/igd_vectors.ts";
import {
  ADDRESS,
  ADDRESS6,
  CLIENT,
  CLIENT6,
  Gateway,
  GROUP,
  locationsOf,
  odd,
  OTHER,
  search,
  textsOf,
} from "./gateway.ts";

const IGD2 = IGD1.replace(":1", ":2");
const HOME = "http://192.168.1.1:5000/rootDesc.xml";

Deno.test("the simulated gateway answers the search of a client (V-1, V-2)", () => {
  const gateway = new Gateway();
  const source = { address: CLIENT, port: 50_000 };
  const [answer, ...more] = gateway.igd.datagram(0, utf8(SEARCH), source, GROUP);
  assert(answer?.type === "datagram" && more.length === 0);
  assertEquals(answer.to, source);
  assertEquals([answer.from, answer.isPortRandom], [ADDRESS, false]);
  const [text = ""] = textsOf([answer]);
  // The gateway writes CACHE-CONTROL in capitals, and the headers in another order.
  const sorted = (each: string) => each.toUpperCase().split("\r\n").sort();
  assertEquals(sorted(text), sorted(ANSWER));
  assertEquals(gateway.igd.counters.searches, { [IGD1]: 1 });
  assertEquals([gateway.igd.counters.answers, gateway.igd.counters.violations], [1, {}]);
});

Deno.test("the simulated gateway ignores searches in another form, and counts them", () => {
  const forms = [
    search(IGD1, { man: "ssdp:discover" }),
    search(IGD1, { mx: "0" }),
    search(IGD1, { mx: "6" }),
    search(IGD1, { host: "192.168.1.1:1900" }),
    SEARCH.toLowerCase(),
    SEARCH.replaceAll("\r\n", "\n"),
    SEARCH.slice(0, -2),
    SEARCH.replace("MX: 1\r\n", ""),
  ];
  for (const form of forms) {
    const gateway = new Gateway();
    const source = { address: CLIENT, port: 50_000 };
    const outputs = gateway.igd.datagram(0, utf8(form), source, GROUP);
    const isNone = !form.startsWith("M-SEARCH");
    assertEquals([form, outputs], [form, []]);
    assertEquals(gateway.igd.counters.violations, isNone ? {} : { searchForm: 1 });
  }
});

Deno.test("the simulated gateway counts searches for everything, and from ports of other protocols", () => {
  const gateway = new Gateway();
  assert(gateway.search("ssdp:all").length > 0);
  for (const port of [1900, 5350, 5351]) {
    gateway.igd.datagram(0, utf8(SEARCH), { address: CLIENT, port }, GROUP);
  }
  assertEquals(gateway.igd.counters.violations, { searchAll: 1, searchPort: 3 });
});

Deno.test("a device answers for older versions of its types, never for newer ones (Q-04)", () => {
  const [old, recent] = [new Gateway({ version: 1 }), new Gateway({ version: 2 })];
  assertEquals([old.search(IGD1).length, old.search(IGD2).length], [1, 0]);
  assertEquals([recent.search(IGD1).length, recent.search(IGD2).length], [1, 1]);
  assertEquals(recent.search(IGD1.replace(":1", ":0")).length, 0);
  const service = "urn:schemas-upnp-org:service:WANPPPConnection:1";
  assertEquals([recent.search(service).length, recent.search("upnp:rootdevice").length], [0, 1]);
  assertEquals(recent.search("urn:schemas-upnp-org:service:WANIPConnection:1").length, 1);
});

Deno.test("the simulated gateway answers over IPv6 and names the address of its HTTP server (Q-33)", () => {
  const gateway = new Gateway({ location6: "2001:db8:77::9" });
  const [link, site] = ["ff02::c", "ff05::c"].map((text) => IpAddress.parse(text));
  assert(link !== undefined && site !== undefined);
  const locations = (to: IpAddress, host: string) =>
    locationsOf(textsOf(gateway.igd.datagram(
      0,
      utf8(search(IGD1, { host })),
      { address: CLIENT6, port: 50_000 },
      to,
    )));
  const expected = ["http://[2001:db8:77::9]:5000/rootDesc.xml"];
  assertEquals(locations(link, "[FF02::C]:1900"), expected);
  assertEquals(locations(site, "[FF05::C]:1900"), expected);
  assertEquals(locations(ADDRESS6, "[FF02::C]:1900"), expected);
  assertEquals(locations(link, "239.255.255.250:1900"), []);
});

Deno.test("Q-01: only multicast, or only unicast searches are answered", () => {
  const count = (gateway: Gateway) => [
    gateway.search(IGD1, GROUP).length,
    gateway.search(IGD1, ADDRESS).length,
  ];
  assertEquals(count(odd({ answers: "multicast" })), [1, 0]);
  assertEquals(count(odd({ answers: "unicast" })), [0, 1]);
  assertEquals(count(odd({})), [1, 1]);
});

Deno.test("Q-02: answers come twice, from a random port, and one for each part", () => {
  const gateway = odd({ answerCopies: 2, answersFromRandomPort: true });
  const outputs = gateway.igd.datagram(0, utf8(SEARCH), { address: CLIENT, port: 50_000 }, GROUP);
  assertEquals(outputs.map((output) => output.type === "datagram" && output.isPortRandom), [
    true,
    true,
  ]);
  assertEquals(new Set(textsOf(outputs)).size, 1);
  const answers = odd({ answersForParts: true }).search(IGD1);
  const targets = answers.map((answer) => /ST: (.*)\r\n/.exec(answer)?.[1]);
  assertEquals(targets[0], "urn:schemas-upnp-org:service:WANIPv6FirewallControl:1");
  assertEquals([targets.length, targets.at(-1)], [10, IGD1]);
  assertEquals(new Set(locationsOf(answers)), new Set([HOME]));
});

Deno.test("Q-03: answers come late, or not to the first searches", () => {
  const late = odd({ answerDelay: 1_900 });
  assertEquals(late.search(IGD1), []);
  assertEquals(late.pass(1_899), []);
  assertEquals(textsOf(late.pass(1)).length, 1);
  const deaf = odd({ ignoredSearches: 2 });
  assertEquals([1, 2, 3].map(() => deaf.search(IGD1).length), [0, 0, 1]);
});

Deno.test("Q-04: only some targets are answered", () => {
  const gateway = odd({ answeredTargets: ["upnp:rootdevice"] });
  assertEquals([gateway.search(IGD1).length, gateway.search("upnp:rootdevice").length], [0, 1]);
});

Deno.test("Q-05: LOCATION names what the option says", () => {
  const locations = ["http://10.0.0.9:81/x", "http://[::1]:1900/d", HOME];
  assertEquals(locationsOf(odd({ locations }).search(IGD1)), locations);
});

Deno.test("Q-06: another host answers first", () => {
  const gateway = odd({ neighbour: "192.168.1.66" });
  const outputs = gateway.igd.datagram(0, utf8(SEARCH), { address: CLIENT, port: 50_000 }, GROUP);
  assertEquals(outputs.map((output) => output.type === "datagram" && output.from), [
    OTHER,
    ADDRESS,
  ]);
  const [theirs, own] = locationsOf(textsOf(outputs));
  assertEquals([theirs, own], ["http://192.168.1.66:5000/rootDesc.xml", HOME]);
  assertEquals(gateway.search(IGD1, OTHER), []);
});

Deno.test("Q-08: two descriptions are announced, of version 1 and 2", () => {
  assertEquals(locationsOf(odd({ twoDescriptions: true }).search(IGD1)), [
    "http://192.168.1.1:5000/igddesc.xml",
    "http://192.168.1.1:5000/igd2desc.xml",
  ]);
});

Deno.test("Q-09: other devices of the same host answer first", () => {
  assertEquals(locationsOf(odd({ otherDevicesFirst: true }).search(IGD1)), [
    "http://192.168.1.1:5000/media.xml",
    "http://192.168.1.1:5000/wps.xml",
    HOME,
  ]);
});

Deno.test("Q-21: an orderly restart says byebye and alive, with a greater BOOTID", () => {
  const gateway = new Gateway();
  const goodbye = textsOf(gateway.igd.restart(0));
  const hello = textsOf(gateway.igd.listening(gateway.igd.place));
  // Root device, three UDNs, three devices, two services; to one group over IPv4, to two over IPv6.
  assertEquals([goodbye.length, hello.length], [27, 27]);
  assert(
    goodbye.every((text) => text.includes("NTS: ssdp:byebye") && text.includes("UPNP.ORG: 41")),
  );
  assert(hello.every((text) => text.includes("NTS: ssdp:alive") && text.includes("UPNP.ORG: 42")));
  assert(hello[0]?.includes(`LOCATION: ${HOME}`));
  assert(hello[20]?.includes("HOST: [FF05::C]:1900"));
  assertEquals(gateway.igd.counters.announcements, { "ssdp:byebye": 27, "ssdp:alive": 27 });
  assertEquals(textsOf(gateway.igd.listening(gateway.igd.place)), []);
});

Deno.test("Q-21: a power cut says nothing; the gateway is silent until it is back, at another port", () => {
  const gateway = new Gateway();
  const options = { byebye: false, alive: false, httpPort: 6000, downtime: 3_000 };
  assertEquals(gateway.igd.restart(0, options), [{ type: "listen", port: undefined }]);
  assertEquals(gateway.search(IGD1), []);
  assertEquals(gateway.pass(3_000), [{ type: "listen", port: 6000 }]);
  assertEquals(gateway.igd.listening({ ...gateway.igd.place, httpPort: 6000 }), []);
  assertEquals(locationsOf(gateway.search(IGD1)), ["http://192.168.1.1:6000/rootDesc.xml"]);
});

Deno.test("BOOTID -1 stays as it is (U-9.4)", () => {
  const gateway = new Gateway({ bootId: -1 });
  gateway.igd.restart(0);
  assert(gateway.search(IGD1)[0]?.includes("BOOTID.UPNP.ORG: -1\r\n"));
});

Deno.test("a silent gateway sends nothing", () => {
  const gateway = new Gateway();
  gateway.igd.silent = true;
  assertEquals(gateway.search(IGD1), []);
  assertEquals(textsOf(gateway.igd.restart(0)), []);
  assertEquals(textsOf(gateway.igd.listening(gateway.igd.place)), []);
});
