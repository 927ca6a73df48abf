import { assert, assertEquals } from "@std/assert";
import { CLIENT, GATEWAY, IgdWorld } from "../helpers/igd_world.ts";
import { IpAddress } from "../../src/wire/address.ts";

const GROUP = "239.255.255.250";

Deno.test("a round asks for both versions, the group and the gateway, in the same octets (U-2.1, U-2.3, U-2.4)", () => {
  const world = new IgdWorld();
  world.map();
  assertEquals(searches(world), []);
  world.pass(0);
  assertEquals(searches(world), [
    `0 IGD:1 ${GROUP}`,
    "0 IGD:1 192.168.1.1",
    `0 IGD:2 ${GROUP}`,
    "0 IGD:2 192.168.1.1",
  ]);
  const octets = world.sent.flatMap(({ action }) => action.type === "search" ? [action] : []);
  assertEquals(octets[0]?.bytes, octets[1]?.bytes);
  assertEquals(new TextDecoder().decode(octets[0]?.bytes).split("\r\n"), [
    "M-SEARCH * HTTP/1.1",
    "HOST: 239.255.255.250:1900",
    'MAN: "ssdp:discover"',
    "MX: 1",
    "ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1",
    "",
    "",
  ]);
  assertEquals(octets.map(({ to }) => to.port), [1900, 1900, 1900, 1900]);
});

Deno.test("three rounds; the last one asks for the services and every root device (U-2.2, U-2.5)", () => {
  const world = silent();
  world.map();
  world.pass(4_000);
  assertEquals(searches(world).map((text) => text.split(" ").slice(0, 2).join(" ")), [
    ...twice("0 IGD:1", "0 IGD:2", "1000 IGD:1", "1000 IGD:2", "2000 IGD:1", "2000 IGD:2"),
    ...twice("2000 WANIPConnection:1", "2000 WANPPPConnection:1", "2000 upnp:rootdevice"),
  ]);
  const mx = world.sent.flatMap(({ at, action }) =>
    action.type === "search" ? [`${at} ${/MX: \d/.exec(text(action.bytes))}`] : []
  );
  assertEquals([...new Set(mx)], ["0 MX: 1", "1000 MX: 1", "2000 MX: 2"]);
});

Deno.test("a gateway that loses two rounds is found (U-2.2, Q-03)", () => {
  const world = new IgdWorld({ igd: { quirks: { ignoredSearches: 8 } } });
  const id = world.map();
  world.pass(5_000);
  assertEquals(world.state(id)?.type, "running");
});

Deno.test("all searches leave from one address, that of the requests (U-2.6)", () => {
  const world = new IgdWorld();
  world.map();
  world.pass(1_000);
  const sources = world.sent.flatMap(({ action }) =>
    action.type === "exchange" ? [`${action.from}`] : []
  );
  assertEquals([...new Set(sources)], [`${CLIENT}`]);
});

for (const answers of ["multicast", "unicast"] as const) {
  Deno.test(`a gateway that answers ${answers} searches only is found (U-2.3, Q-01)`, () => {
    const world = new IgdWorld({ igd: { quirks: { answers } } });
    const id = world.map();
    world.pass(1_000);
    assertEquals(world.state(id)?.type, "running");
  });
}

Deno.test("copies from random ports are one device, read once (U-2.7, Q-02)", () => {
  const quirks = { answersForParts: true, answerCopies: 2, answersFromRandomPort: true };
  const world = new IgdWorld({ igd: { quirks } });
  const id = world.map();
  world.pass(1_000);
  assertEquals(world.state(id)?.type, "running");
  assertEquals(world.texts().filter((each) => each.startsWith("GET")), ["GET /rootDesc.xml"]);
});

Deno.test("the search ends 200 ms after the first answer whose description is usable (U-2.8)", () => {
  const world = new IgdWorld();
  world.map();
  world.pass(5_000);
  assertEquals(world.sent.find(({ text }) => text === "searched")?.at, 202);
});

Deno.test("without an answer it ends 2.5 s after the last round (U-2.8)", () => {
  const world = silent();
  world.map();
  world.pass(6_000);
  assertEquals(world.sent.find(({ text }) => text === "searched")?.at, 4_500);
});

Deno.test("of a hundred descriptions at most 10 are read, one by one, gateways first (U-2.8, U-15.2)", () => {
  const locations = Array.from({ length: 100 }, (_, n) => `http://192.168.1.1:5000/${n}.xml`);
  const world = new IgdWorld({ igd: { quirks: { locations } } });
  world.map();
  world.pass(6_000);
  const read = world.texts().filter((each) => each.startsWith("GET"));
  assertEquals(read.length, 10);
  assertEquals(world.mostOpen, 1);
});

Deno.test("after a search in vain the next one waits for 5 s, then twice as long, up to 10 minutes (U-2.9)", () => {
  const world = silent();
  world.map();
  world.pass(7_200_000);
  const begins = world.sent.filter(({ text }) => text === `search IGD:1 ${GROUP}`)
    .map(({ at }) => at).filter((at, index, all) =>
      index === 0 || at - (all[index - 1] ?? 0) > 2_000
    );
  const gaps = begins.slice(1).map((at, index) => at - (begins[index] ?? 0) - 4_500);
  assertEquals(gaps.slice(0, 8), [5, 10, 20, 40, 80, 160, 320, 600].map((s) => s * 1000));
});

Deno.test("a refresh searches at once (U-2.9)", () => {
  const world = silent();
  world.map();
  world.pass(60_000);
  world.igd.silent = false;
  const since = world.now;
  world.step({ type: "refresh" });
  world.pass(31_000);
  assert(world.texts(since).some((each) => each.startsWith("search")));
});

Deno.test("announcements are received while a mapping lives (U-2.10)", () => {
  const world = new IgdWorld();
  const id = world.map();
  world.pass(1_000);
  assertEquals(world.texts().filter((each) => each === "listen"), ["listen"]);
  world.release(id);
  world.pass(1_000);
  assertEquals(world.texts().at(-1), "unlisten");
});

Deno.test("an answer of another host is ignored, and nothing is fetched there (U-3.1, S-2, Q-06)", () => {
  const world = new IgdWorld({ igd: { quirks: { neighbour: "192.168.1.66" } } });
  const id = world.map();
  world.pass(1_000);
  assertEquals(world.state(id)?.type, "running");
  assertEquals(world.igd.counters.neighbourConnections, 0);
  assert(world.all("ignored").some(({ reason }) => reason === "source"));
  assert(world.texts().includes("elsewhere"));
});

for (
  const location of [
    "http://10.0.0.9:5000/rootDesc.xml",
    "http://router.lan:5000/rootDesc.xml",
    "http://[::1]:5000/rootDesc.xml",
  ]
) {
  Deno.test(`${location} is read at the gateway (U-3.2, S-1, Q-05)`, () => {
    const world = new IgdWorld({ igd: { quirks: { locations: [location] } } });
    const id = world.map();
    world.pass(1_000);
    assertEquals(world.state(id)?.type, "running");
    assertEquals(targets(world), ["192.168.1.1:5000"]);
  });
}

Deno.test("after a dead port the next answer counts (U-3.2, Q-05)", () => {
  const locations = [
    "http://192.168.1.1:81/rootDesc.xml",
    "http://192.168.1.1:5000/rootDesc.xml",
  ];
  const world = new IgdWorld({ igd: { quirks: { locations } } });
  const id = world.map();
  world.pass(5_000);
  assertEquals(world.state(id)?.type, "running");
});

for (
  const location of [
    "https://192.168.1.1/d.xml",
    "ftp://192.168.1.1/d.xml",
    "http://user:pw@192.168.1.1/d.xml",
    "http://192.168.1.1:0/d.xml",
    "http://192.168.1.1:99999/d.xml",
    "http://192.168.1.1/a b",
    `http://192.168.1.1/${"a".repeat(513)}`,
  ]
) {
  Deno.test(`${location.slice(0, 40)} is not fetched (U-3.3, S-1)`, () => {
    const world = new IgdWorld({ igd: { quirks: { locations: [location] } } });
    world.map();
    world.pass(6_000);
    assertEquals(targets(world), []);
  });
}

Deno.test("a redirection is not followed (U-3.5, Q-29)", () => {
  const world = new IgdWorld({ igd: { quirks: { redirect: "http://192.168.1.66/" } } });
  world.map();
  world.pass(20_000);
  assertEquals(targets(world), ["192.168.1.1:5000"]);
});

Deno.test("a control URL of another host is asked at the gateway (U-3.2, Q-29)", () => {
  const world = new IgdWorld({ igd: { quirks: { controlUrls: "elsewhere" } } });
  world.map();
  world.pass(20_000);
  assert(targets(world).every((target) => target.startsWith("192.168.1.1:")));
});

Deno.test("the machine has no way to listen on TCP (U-3.6, S-11)", () => {
  const world = new IgdWorld();
  world.map();
  world.pass(600_000);
  const kinds = new Set(world.sent.map(({ action }) => action.type));
  assertEquals([...kinds].sort(), ["adding", "exchange", "found", "listen", "search", "searched"]);
});

Deno.test("a gateway that answers searches for root devices only is found in the third round (Q-04)", () => {
  const quirks = { answeredTargets: ["upnp:rootdevice"] };
  const world = new IgdWorld({ igd: { quirks } });
  const id = world.map();
  world.pass(3_000);
  assertEquals(world.state(id)?.type, "running");
  assert(!world.texts().some((each) => each.includes("ssdp:all")));
});

Deno.test("a datagram that is too long, or has too many headers, changes nothing (U-15.1)", () => {
  const world = silent();
  world.map();
  world.pass(100);
  const head = "HTTP/1.1 200 OK\r\nLOCATION: http://192.168.1.1:5000/rootDesc.xml\r\n";
  world.datagram(`${head}X: ${"a".repeat(2_048)}\r\n\r\n`, GATEWAY, false);
  world.datagram(`${head}${"X: 1\r\n".repeat(32)}\r\n`, GATEWAY, false);
  world.pass(100);
  assertEquals(targets(world), []);
  assertEquals(world.all("ignored").length, 2);
});

Deno.test("after 100 answers the rest of a search is ignored (U-15.2)", () => {
  const world = silent();
  world.map();
  world.pass(100);
  for (let n = 0; n < 200; n++) {
    const location = `http://192.168.1.1:81/${n}.xml`;
    world.datagram(`HTTP/1.1 200 OK\r\nLOCATION: ${location}\r\n\r\n`, GATEWAY, false);
  }
  assertEquals(world.all("ignored").length, 100);
});

Deno.test("an answer from an IPv6 address counts for no IPv4 gateway (S-2)", () => {
  const world = silent();
  world.map();
  world.pass(100);
  const answer = "HTTP/1.1 200 OK\r\nLOCATION: http://192.168.1.1:5000/rootDesc.xml\r\n\r\n";
  world.datagram(answer, IpAddress.parse("2001:db8::1"), false);
  world.pass(100);
  assertEquals(targets(world), []);
});

function silent(): IgdWorld {
  const world = new IgdWorld();
  world.igd.silent = true;
  return world;
}

/** As `0 IGD:1 239.255.255.250`. */
function searches(world: IgdWorld): string[] {
  return world.sent.filter(({ action }) => action.type === "search")
    .map(({ at, text }) => `${at}${text.slice("search".length)}`);
}

function targets(world: IgdWorld): string[] {
  const all = world.sent.flatMap(({ action }) =>
    action.type === "exchange" ? [`${action.address}:${action.port}`] : []
  );
  return [...new Set(all)];
}

function twice(...texts: readonly string[]): string[] {
  return texts.flatMap((each) => [each, each]);
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
