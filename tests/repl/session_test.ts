// deno-lint-ignore-file no-control-regex -- what a terminal is sent

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ResultCode } from "../../mod.ts";
import { startHarness } from "./harness.ts";

Deno.test("map prints the external address and port first, then lifetime and renewal time", async () => {
  await using harness = await startHarness();
  assertEquals(await harness.run("map 6000/tcp --lifetime 600 --keep-alive"), 0);
  const [first = "", second = "", ...rest] = harness.take();
  assertEquals([first, rest], ["203.0.113.5:6000", []]);
  assertMatch(
    second,
    /^mapping 1: tcp 6000, granted for 10 min, until [-\d :]+, renewed from [-\d :]+ on, via PCP$/,
  );
});

Deno.test("peer prints the remote peer, and revoke that it only expires", async () => {
  await using harness = await startHarness();
  assertEquals(await harness.run("peer 6000/udp 198.51.100.7:7000"), 0);
  assertStringIncludes(harness.take().join("\n"), "udp 6000 to 198.51.100.7:7000, granted for 1 h");
  assertEquals(await harness.run("revoke 1"), 0);
  assertStringIncludes(harness.take().join("\n"), "not renewed any more, it expires by itself");
});

Deno.test("list, show, renew and revoke work on what map made", async () => {
  await using harness = await startHarness();
  await harness.run("map 6000/tcp -k");
  await harness.run("map 6001/udp");
  harness.take();
  assertEquals(await harness.run("list"), 0);
  const table = harness.take().map((line) => line.split(/ {2,}/).slice(0, 6));
  assertEquals(table, [
    ["ID", "KIND", "PROTOCOL", "INTERNAL", "EXTERNAL", "STATE"],
    ["1", "inbound", "tcp", "6000", "203.0.113.5:6000", "running"],
    ["2", "inbound", "udp", "6001", "203.0.113.5:6001", "running"],
  ]);
  assertEquals(await harness.run("renew 2 900", 6), 0);
  assertStringIncludes(harness.take().join("\n"), "granted for 15 min");
  assertEquals(await harness.run("show 2"), 0);
  const shown = harness.take().join("\n");
  for (
    const part of [
      "requested  one lifetime of 15 min",
      "history",
      "assigned 203.0.113.5:6001 for 1 h",
      "renewing",
    ]
  ) {
    assertStringIncludes(shown, part);
  }
  assertEquals(await harness.run("revoke all"), 0);
  assertEquals(harness.take(), ["Deleted mapping 1 (tcp 6000)", "Deleted mapping 2 (udp 6001)"]);
  assertEquals(harness.server.mappings.size, 0);
  assertEquals(await harness.run("revoke 1"), 1);
  assertStringIncludes(harness.take().join(), 'mapping "1" is in state "revoked"');
});

Deno.test("options reach the router, and show prints what it granted", async () => {
  await using harness = await startHarness({ server: { maxFilters: 0, maxPortSet: 8 } });
  await harness.run("map 6000/tcp --port-set 40 --description 'web server'");
  harness.take();
  await harness.run("show 1");
  const shown = harness.take().join("\n");
  assertStringIncludes(shown, "ports        6000-6007 at 6000-6007");
  assertStringIncludes(shown, "description  web server");
  assertEquals(await harness.run("map 7000 --filter 198.51.100.7"), 1);
  assertMatch(harness.take().join("\n"), /EXCESSIVE_REMOTE_PEERS[^]*fewer --filter/);
});

Deno.test("errors explain the result code and what to do", async () => {
  const cases: [number, string, RegExp, RegExp][] = [
    [ResultCode.NotAuthorized, "map 6000", /NOT_AUTHORIZED.*does not allow/, /router's settings/],
    [
      ResultCode.CannotProvideExternal,
      "map 6000 --external-port 80 --prefer-failure",
      /CANNOT_PROVIDE_EXTERNAL/,
      /without --prefer-failure/,
    ],
    [ResultCode.AddressMismatch, "map 6000", /ADDRESS_MISMATCH/, /second NAT.*container or WSL/],
    [ResultCode.UserExQuota, "map 6000", /USER_EX_QUOTA/, /revoke/],
  ];
  for (const [code, line, meaning, advice] of cases) {
    await using harness = await startHarness();
    harness.server.fail(code, { times: 1 });
    assertEquals(await harness.run(line), 1);
    const [first = "", second = ""] = harness.take();
    assertMatch(first, meaning);
    assertMatch(second, advice);
    assertEquals(await harness.run("list"), 0);
    assertMatch(harness.take().join(), /No mappings/); // a refused mapping is not requested again
  }
});

Deno.test("Ctrl-C cancels a command that waits and leaves nothing mapped", async () => {
  await using harness = await startHarness();
  harness.server.silent = true;
  const cancel = new AbortController();
  harness.clock.alarm(5_000, () => cancel.abort());
  assertEquals(await harness.run("map 6000 -k", 6, cancel.signal), 1);
  assertEquals(harness.take().at(-1), "Cancelled");
  harness.server.silent = false;
  await harness.clock.advance(60_000);
  assertEquals(harness.server.mappings.size, 0);
});

Deno.test("the spinner shows how often the request was sent", async () => {
  await using harness = await startHarness({ live: true, columns: 80 });
  harness.server.silent = true;
  harness.clock.alarm(12_000, () => harness.server.silent = false); // after the third request
  assertEquals(await harness.run("map 6000 --timeout 30", 29), 0);
  assertMatch(harness.raw, /192\.168\.1\.1: asking, 1 s\. Ctrl-C cancels/);
  assertMatch(harness.raw, /asking \(sent 3 times\), 12 s/);
  assertEquals(harness.raw.match(/\x1b\]9;4;3;0\x07/g)?.length, 1);
  assertEquals(harness.raw.match(/\x1b\]9;4;0;0\x07/g)?.length, 1);
});

Deno.test("--json prints the objects of JSON-RPC, one a line", async () => {
  await using harness = await startHarness({ defaults: { json: true } });
  await harness.run("map 6000/tcp -k");
  const [mapping, ...more] = harness.take().map((line) => JSON.parse(line));
  assertEquals(more, []);
  assertEquals([mapping.mappingId, mapping.state.type, mapping.assigned.externalPort], [
    1,
    "running",
    6000,
  ]);
  harness.host.changeExternalAddress("203.0.113.9");
  await harness.clock.advance(1_000);
  const alerts = harness.take().map((line) => JSON.parse(line));
  assertEquals(alerts.at(-1), {
    mappingId: 1,
    alert: {
      type: "assigned",
      externalAddress: "203.0.113.9",
      externalPort: 6000,
      lifetime: alerts.at(-1).alert.lifetime,
      protocol: "pcp",
    },
  });
  await harness.run("external");
  assertEquals(harness.take(), ['{"externalAddress":"203.0.113.9"}']);
  await harness.run("discover");
  assertEquals(JSON.parse(harness.take().join()).gateway, "192.168.1.1");
  await harness.run("announce");
  assertEquals(Object.keys(JSON.parse(harness.take().join())), ["epoch", "roundTrip"]);
  await harness.run("show 9");
  assertEquals(JSON.parse(harness.take().join()).error.name, "CommandError");
  await harness.run("show 1");
  assertEquals(JSON.parse(harness.take().join()).timeline[0].alert.state.type, "starting");
  await harness.run("js mappings.length");
  assertEquals(harness.take(), ["1"]);
});

Deno.test("alerts are printed for changes of the assignment and failures, not for renewals", async () => {
  await using harness = await startHarness();
  await harness.run("map 6000/tcp -k --lifetime 100");
  harness.take();
  await harness.clock.advance(300_000);
  assertEquals(harness.take(), []);
  harness.host.changeExternalAddress("203.0.113.9");
  await harness.clock.advance(1_000);
  assertEquals(
    harness.take().find((line) => line.startsWith("mapping")),
    "mapping 1 (tcp 6000) is reached at 203.0.113.9:6000, no longer 203.0.113.5:6000",
  );
  harness.server.silent = true;
  await harness.clock.advance(110_000);
  const failures = harness.take().filter((line) => line.startsWith("mapping"));
  assertMatch(
    failures[0] ?? "",
    /^mapping 1 \(tcp 6000\): no answer yet to its renewal, it holds until/,
  );
  assertEquals(failures.at(-1), "mapping 1 (tcp 6000) has expired, it is being requested again");
  harness.server.silent = false;
  await harness.clock.advance(60_000);
  assertMatch(harness.take().join("\n"), /mapping 1 \(tcp 6000\) is running, until/);
});

Deno.test("the end releases every mapping and prints a line about each", async () => {
  await using harness = await startHarness();
  await harness.run("map 6000/tcp -k");
  await harness.run("peer 6001/udp 198.51.100.7:7000");
  harness.take();
  assertEquals(await harness.end(), true);
  const [first = "", second = ""] = harness.take();
  assertEquals(first, "Released mapping 1 (tcp 6000 at 203.0.113.5:6000)");
  assertMatch(second, /^Released mapping 2 .*, it expires by itself at/);
});

Deno.test("the end names the mappings whose deletion was not confirmed", async () => {
  await using harness = await startHarness();
  await harness.run("map 6000/tcp -k");
  harness.take();
  harness.server.silent = true;
  assertEquals(await harness.end(), false);
  assertMatch(harness.take()[0] ?? "", /^Not confirmed: mapping 1 .* ends by itself at/);
});

Deno.test("the end waits one second at most for a server that has never answered", async () => {
  await using harness = await startHarness();
  harness.server.silent = true;
  await harness.run("map 6000 -k --timeout 5", 6);
  const begin = harness.clock.now();
  let end = 0;
  const done = harness.session.end().then(() => end = harness.clock.now());
  await harness.clock.advance(10_000);
  await done;
  assertEquals(end - begin <= 1_000, true, `${end - begin} ms`);
});

Deno.test("map on the command line without --keep-alive leaves the mapping open and prints how to delete it", async () => {
  await using harness = await startHarness({ mode: "once" });
  assertEquals(await harness.run("map 6000/tcp"), 0);
  assertMatch(harness.take().at(-1) ?? "", /^It is left open until .* with --keep-alive/);
  assertEquals(await harness.end(), true);
  assertEquals(harness.server.mappings.size, 1);
});

Deno.test("map --keep-alive on the command line runs until Ctrl-C, then deletes", async () => {
  await using harness = await startHarness({ mode: "once" });
  const cancel = new AbortController();
  harness.clock.alarm(7_200_000, () => cancel.abort());
  assertEquals(await harness.run("map 6000/tcp -k --lifetime 600", 7_201, cancel.signal), 0);
  assertEquals(harness.server.mappings.size, 1);
  assertEquals(await harness.end(), true);
  assertEquals(harness.server.mappings.size, 0);
});

Deno.test("--repeat on the command line ends with the last lifetime", async () => {
  await using harness = await startHarness({ mode: "once" });
  assertEquals(await harness.run("map 6000/tcp --repeat 2 --lifetime 120", 400), 0);
  assertEquals(harness.take().at(-1), "mapping 1 (tcp 6000) has expired");
});

Deno.test("connect, disconnect and simulate change the server, one at a time", async () => {
  await using harness = await startHarness();
  await harness.run("external");
  harness.take();
  assertEquals(await harness.run("simulate"), 1);
  assertMatch(harness.take().join(), /Already connected to 192\.168\.1\.1: type disconnect first/);
  assertEquals(await harness.run("map 6000 --server 192.168.1.2"), 1);
  assertMatch(harness.take().join(), /type disconnect first, then the command again/);
  assertEquals(await harness.run("map 6000 --server 192.168.1.1"), 0);
  harness.take();
  assertEquals(await harness.run("disconnect"), 0);
  assertEquals(harness.take(), [
    "Released mapping 2 (tcp 6000 at 203.0.113.5:6000)",
    "Disconnected from 192.168.1.1",
  ]);
  assertEquals(await harness.run("simulate"), 0);
  assertMatch(
    harness.take().join(),
    /^Connected to the simulated gateway at 127\.0\.0\.1 port \d+/,
  );
  assertEquals(await harness.run("map 7000/udp"), 0);
  assertEquals(harness.server.mappings.size, 0);
  await harness.run("disconnect");
  assertEquals(await harness.run("simulate nat-pmp"), 0);
  assertEquals(await harness.run("map 7000/udp"), 0);
  assertEquals(harness.session.client?.handle.protocol, "nat-pmp");
  await harness.run("disconnect");
  assertEquals(await harness.run("disconnect"), 0);
  assertEquals(harness.take().at(-1), "Not connected");
  assertEquals(await harness.run("connect 192.168.1.20 192.168.1.1"), 0);
  assertEquals(harness.take(), ["Connected to 192.168.1.1 as 192.168.1.20"]);
});

Deno.test("invalid addresses are a usage error", async () => {
  await using harness = await startHarness();
  assertEquals(await harness.run("connect nowhere 192.168.1.1"), 2);
  assertMatch(harness.take().join(), /client address must be the IPv4 or IPv6 address/);
  assertEquals(await harness.run("peer 6000 [2001:db8::1]:7"), 2);
});

Deno.test("trace on prints every datagram decoded, with a reason where it was ignored", async () => {
  await using harness = await startHarness();
  let clientPort = 0;
  harness.network.onDatagram = ({ from }) => {
    if (from.hostname === "192.168.1.20") clientPort = from.port;
  };
  await harness.run("trace on");
  await harness.run("announce");
  const printed = harness.take();
  assertMatch(printed[1] ?? "", /^-> .*ANNOUNCE/i);
  assertMatch(printed[2] ?? "", /^<- .*ANNOUNCE/i);
  const to = { hostname: "192.168.1.20", port: clientPort };
  harness.host.sendRaw(new Uint8Array([1, 2, 3]), to);
  await harness.clock.advance(10);
  assertMatch(harness.take().join(), /ignored: tooShort/);
  await harness.run("trace off");
  harness.take();
  await harness.run("external");
  assertEquals(harness.take(), ["203.0.113.5"]);
});

Deno.test("watch updates the table in place, and ends at Ctrl-C or without mappings", async () => {
  await using harness = await startHarness({ live: true, columns: 80 });
  await harness.run("map 6000/tcp -k");
  harness.raw = "";
  const cancel = new AbortController();
  harness.clock.alarm(harness.clock.now() + 3_100, () => cancel.abort());
  assertEquals(await harness.run("watch", 4, cancel.signal), 0);
  assertEquals(harness.raw.includes("\x1b[?1049h"), false);
  assertEquals((harness.raw.match(/\x1b\[4A\r\x1b\[J/g) ?? []).length >= 6, true);
  await harness.run("revoke 1");
  assertEquals(await harness.run("watch", 1), 0);
});

Deno.test("watch without a terminal prints the table before and after", async () => {
  await using harness = await startHarness();
  await harness.run("map 6000/tcp");
  harness.take();
  assertEquals(await harness.run("watch --timeout 5", 6), 0);
  assertEquals(harness.take().filter((line) => line.startsWith("ID")).length, 2);
});

Deno.test("js awaits, keeps variables, runs statements and can use the library", async () => {
  await using harness = await startHarness();
  assertEquals(await harness.run("js x = await Promise.resolve(41)"), 0);
  assertEquals(await harness.run("js const y = x + 1; return y"), 0);
  assertEquals(await harness.run("js new InboundMap(6000, 60).lifetime"), 0);
  assertEquals(
    await harness.run("js (await handle.request(new InboundMap(6000, 60)).ready()).externalPort"),
    0,
  );
  assertEquals(await harness.run("js mappings.length + ResultCode.Success"), 0);
  assertEquals(harness.take(), ["41", "42", "60", "6000", "1"]);
  assertEquals(await harness.run("js throw new Error('boom\\x1b[2J')"), 1);
  assertEquals(harness.take(), ["Error: boom\\x1b[2J"]);
  assertEquals(await harness.run("js ((("), 1);
  assertMatch(harness.take().join(), /^SyntaxError: /);
  assertEquals(await harness.run("js null.x"), 1);
  assertMatch(harness.take().join(), /^TypeError: /);
  assertEquals(await harness.run("list"), 0);
  assertEquals(harness.take().length, 2);
});

Deno.test("a client that js has shut down counts as disconnected", async () => {
  await using harness = await startHarness();
  await harness.run("js handle.shutdown()");
  harness.take();
  assertEquals(await harness.run("external"), 0);
  assertEquals(harness.take(), ["203.0.113.5"]);
});

Deno.test("discover prints gateways and why each stands where it stands, without control characters (H-2)", async () => {
  await using harness = await startHarness();
  assertEquals(await harness.run("discover"), 0);
  assertEquals(harness.take(), [
    "IPv4  gateway 192.168.1.1  interface eth0\\x1b[31m  this host 192.168.1.20",
    "      first: metric 100 precedes metric 600\\x1b[2J",
  ]);
  assertEquals(await harness.run("discover --json"), 0);
  assertEquals(JSON.parse(harness.take().join()), {
    family: "IPv4",
    gateway: "192.168.1.1",
    interface: "eth0\x1b[31m",
    client: "192.168.1.20",
    reason: "first: metric 100 precedes metric 600\x1b[2J",
  });
});

Deno.test("list without mappings prints how to make one, and an unknown id is answered with the known ones", async () => {
  await using harness = await startHarness();
  await harness.run("list");
  assertEquals(harness.take(), ['No mappings. Type "map 6000/tcp" to make one']);
  assertEquals(await harness.run("show 1"), 1);
  assertMatch(harness.take().join(), /There is no mapping 1: there are none/);
  await harness.run("map 6000");
  harness.take();
  assertEquals(await harness.run("renew 7 60"), 1);
  assertEquals(harness.take(), ["There is no mapping 7: type one of 1"]);
});

Deno.test("a server that was typed by its name is the same server when it is typed again (H-6)", async () => {
  await using harness = await startHarness({
    defaults: { client: "127.0.0.1", server: ["localhost"] },
  });
  assertEquals(await harness.run("connect 127.0.0.1 localhost"), 0);
  assertEquals(harness.take(), ["Connected to 127.0.0.1 as 127.0.0.1"]);
  assertEquals(await harness.run("list --server localhost"), 0);
  assertMatch(harness.take().join(), /No mappings/);
});
