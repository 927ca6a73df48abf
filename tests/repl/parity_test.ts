/** Everything that the library can do, typed at the command line and driven once. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { ServerHost, SimulatedServer } from "../../src/testing/mod.ts";
import type { Option } from "../../src/wire/option.ts";
import { FakeMachine } from "../client/fake_machine.ts";
import { StateFolder, stateText, STORED } from "../client/state_folder.ts";
import { run } from "./command_line.ts";
import { type Harness, startHarness } from "./harness.ts";

/** The options of the last request that the server has read. */
function optionsSent({ server }: Harness): readonly Option[] {
  const { request } = server.log.at(-1) ?? {};
  return request !== undefined && "options" in request ? request.options : [];
}

const OPTIONS: [string, Partial<Option>][] = [
  ["--description web", { type: "description" }],
  ["--port-set 4,parity", { type: "portSet", size: 4, parity: true }],
  ["--filter 198.51.100.0/24:7000", { type: "filter", remotePort: 7000 }],
  ["--prefer-failure --external-port 6000", { type: "preferFailure" }],
  ["--third-party 192.168.1.77", { type: "thirdParty" }],
  [
    "--third-party 192.168.1.77 --third-party-id 0aff",
    { type: "thirdPartyId", id: new Uint8Array([0x0a, 0xff]) },
  ],
];

for (const [flags, expected] of OPTIONS) {
  Deno.test(`map ${flags} reaches the router`, async () => {
    await using harness = await startHarness({
      server: { thirdParty: true, thirdPartyIds: ["0aff"], maxPortSet: 8 },
    });
    await harness.run(`map 6000 ${flags}`);
    const sent = optionsSent(harness).filter(({ type }) => type === expected.type);
    assert(sent.length > 0, JSON.stringify(optionsSent(harness)));
    for (const [name, value] of Object.entries(expected)) {
      assertEquals(Object.entries(sent.at(-1) ?? {}).find(([key]) => key === name)?.[1], value);
    }
  });
}

Deno.test("map with several targets opens all, or none", async () => {
  await using harness = await startHarness({ mode: "once" });
  assertEquals(await harness.run("map 6000/tcp+udp 6001/udp --json"), 0);
  const all = harness.take().map((line) => JSON.parse(line));
  assertEquals(
    all.map(({ protocol, internalPort }) => [protocol, internalPort]),
    [["tcp", 6000], ["udp", 6000], ["udp", 6001]],
  );
  await using refusing = await startHarness({ mode: "once", server: { capacity: 1 } });
  assertEquals(await refusing.run("map 6000 7000"), 1);
  await refusing.end();
  assertEquals(refusing.server.mappings.size, 0);
});

Deno.test("revoke takes ports and protocols beside ids", async () => {
  await using harness = await startHarness();
  await harness.run("map 6000/tcp+udp 6001/udp -k");
  harness.take();
  assertEquals(await harness.run("revoke 6000/udp 3"), 0);
  assertEquals(harness.take(), ["Deleted mapping 2 (udp 6000)", "Deleted mapping 3 (udp 6001)"]);
  assertEquals(await harness.run("revoke 6000/udp"), 1);
});

Deno.test("prefix64 prints the prefixes of the network's NAT64", async () => {
  const prefix = {
    type: "prefix64",
    prefix: new Uint8Array([0x20, 0x01, 0x0d, 0xb8, 0x01, 0x22, 0x03, 0x00]),
    suffix: new Uint8Array(4),
    ipv4Prefixes: [],
  } as const;
  await using harness = await startHarness({ server: { prefix64: [prefix] } });
  assertEquals(await harness.run("prefix64"), 0);
  assertMatch(harness.take().join("\n"), /^2001:db8:122:300::\/64/);
  await harness.run("prefix64 --json");
  assertEquals(JSON.parse(harness.take().join())[0].prefix, "2001:db8:122:300::/64");
  await using none = await startHarness();
  await none.run("prefix64");
  assertEquals(none.take(), ["The router names no prefix of a NAT64"]);
});

Deno.test("map says by which protocol the port is open", async () => {
  for (const [protocol, name] of [["pcp", "PCP"], ["nat-pmp", "NAT-PMP"]]) {
    await using harness = await startHarness({ mode: "once" });
    await harness.run(`map 6000 --simulate=${protocol}`, 8);
    assertMatch(harness.out[1] ?? "", new RegExp(`^mapping 1: tcp 6000, .*, via ${name}$`));
  }
});

Deno.test("stats prints times with their units, and names in words", async () => {
  await using harness = await startHarness();
  await harness.run("external");
  harness.take();
  await harness.run("stats");
  assertEquals(harness.take(), [
    "sent             2",
    "received         2",
    "send errors      0",
    "retransmissions  0",
    "ignored          none",
    "mappings         none",
    "round trip       2.0 ms",
    "epoch            0 s",
  ]);
});

Deno.test("stats prints the counters", async () => {
  await using harness = await startHarness();
  await harness.run("map 6000 -k");
  harness.take();
  await harness.run("stats");
  assertMatch(harness.take().join("\n"), /^sent +1$[^]*^mappings +running 1$/m);
  await harness.run("stats --json");
  assertEquals(JSON.parse(harness.take().join()).received, 1);
});

Deno.test("--trace prints decoded datagrams on standard error of a one-shot", async () => {
  await using harness = await startHarness({ mode: "once" });
  assertEquals(await harness.run("map 6000 --trace"), 0);
  assertMatch(harness.errors.join("\n"), /^-> .*MAP.*\n<- .*MAP/i);
  assertEquals(harness.out[0], "203.0.113.5:6000");
});

Deno.test("several --server are tried in turn", async () => {
  await using harness = await startHarness({
    defaults: { server: ["192.168.1.9", "192.168.1.1"] },
  });
  assertEquals(await harness.run("map 6000", 60), 0);
  assertEquals(harness.out[0], "203.0.113.5:6000");
  assertMatch(
    harness.take().join("\n"),
    /^Nothing at 192\.168\.1\.9 answers.*^The next address is asked after four/ms,
  );
  assertEquals(harness.session.client?.handle.server, "192.168.1.1");
  await using silent = await startHarness({
    defaults: { server: ["192.168.1.9", "192.168.1.8"] },
  });
  assertEquals(await silent.run("external", 120), 1);
  assertEquals(silent.take().at(-1), "No answer from 192.168.1.9 or 192.168.1.8 within 85 s");
});

Deno.test("--all asks every gateway, on the command line only", async () => {
  await using harness = await startHarness({
    mode: "once",
    gateways: ["192.168.1.1", "192.168.1.2"],
  });
  const other = new SimulatedServer({ assignPort: "same", externalAddress: "203.0.113.77" });
  const { network, clock } = harness;
  const host = await ServerHost.start(network, clock, other, {
    hostname: "192.168.1.2",
    port: 5351,
  });
  assertEquals(await harness.run("external --all"), 0);
  assertEquals(harness.take().sort(), ["203.0.113.5", "203.0.113.77"]);
  const cancel = new AbortController();
  harness.clock.alarm(harness.clock.now() + 5_000, () => cancel.abort());
  assertEquals(await harness.run("map 6000 -k --all --json", 6, cancel.signal), 0);
  const servers = harness.out.map((line) => JSON.parse(line).server);
  assertEquals(servers.sort(), ["192.168.1.1", "192.168.1.2"]);
  assertEquals([harness.server.mappings.size, other.mappings.size], [1, 1]);
  assertEquals(await harness.end(), true);
  assertEquals([harness.server.mappings.size, other.mappings.size], [0, 0]);
  host.close();
  await using prompt = await startHarness({ mode: "prompt" });
  assertEquals(await prompt.run("external --all"), 2);
});

Deno.test("--anycast asks the anycast address where the gateway is silent, and only then", async () => {
  await using harness = await startHarness({ mode: "once", gateways: ["192.168.1.9"] });
  const server = new SimulatedServer({ externalAddress: "203.0.113.99" });
  const { network, clock } = harness;
  const host = await ServerHost.start(network, clock, server, {
    hostname: "192.0.0.9",
    port: 5351,
  });
  assertEquals(await harness.run("external", 60), 1);
  await harness.end();
  harness.take();
  assertEquals(await harness.run("external --anycast", 60), 0);
  assertEquals(harness.out, ["203.0.113.99"]);
  host.close();
});

Deno.test("--wait-for-network waits until this host has one", async () => {
  await using harness = await startHarness({ mode: "once" });
  harness.isOffline = true;
  assertEquals(await harness.run("external"), 1);
  harness.take();
  harness.clock.alarm(harness.clock.now() + 90_000, () => harness.isOffline = false);
  assertEquals(await harness.run("external --wait-for-network", 100), 0);
  assertMatch(harness.errors.join(), /^Waiting for a network/);
  assertEquals(harness.out, ["203.0.113.5"]);
});

Deno.test("--watch checks the network at its interval, and --watch off never does", async () => {
  for (const [flag, after, follows] of [["60", 70, true], ["60", 50, false], ["off", 200, false]]) {
    const machine = new FakeMachine();
    machine.network = { client: "192.168.1.20", server: "192.168.1.1" };
    await using harness = await startHarness({ machine });
    const server = new SimulatedServer({ assignPort: "same", externalAddress: "203.0.113.77" });
    const { network, clock } = harness;
    machine.clock = clock;
    const host = await ServerHost.start(network, clock, server, {
      hostname: "192.168.7.1",
      port: 5351,
    });
    await harness.run(`map 6000 -k --watch ${flag}`);
    machine.network = { client: "192.168.7.20", server: "192.168.7.1" };
    await clock.advance(Number(after) * 1_000);
    assertEquals(server.mappings.size, follows ? 1 : 0, `${flag} after ${after} s`);
    await harness.end();
    host.close();
  }
});

Deno.test("what a mapping is by is shown: protocol in use, ignored options, not reached from outside", async () => {
  await using harness = await startHarness({
    server: { protocols: ["nat-pmp"], externalAddress: "10.0.0.9" },
  });
  assertEquals(await harness.run("map 6000 --description web", 5), 0);
  const printed = harness.take().join("\n");
  assertMatch(printed, /Not reached from the Internet: 10\.0\.0\.9 is a private address/);
  assertMatch(printed, /The router ignored description/);
  await harness.run("list");
  assertMatch(harness.take()[1] ?? "", /10\.0\.0\.9:6000 \(double NAT\) .*NAT-PMP$/);
  await harness.run("show 1");
  assertMatch(harness.take().join("\n"), /^via +NAT-PMP$/m);
});

Deno.test("revoke all deletes stored mappings for third parties too", async () => {
  await using folder = await StateFolder.create();
  const path = folder.file("state.json");
  const words = ["--simulate", "--port", "53512", "--state", path];
  const made = await run(["map", "6000", "--third-party", "127.0.0.9", ...words]);
  assertEquals([made.code, made.out.split("\n")[0]], [0, "203.0.113.5:6000"], made.err);
  await Deno.remove(path);
  const options = "01000010" + "00000000000000000000ffff7f000009"; // THIRD_PARTY of 127.0.0.9
  const here = { server: "127.0.0.1", client: "127.0.0.1", port: 53512 };
  await Deno.writeTextFile(path, stateText([{ ...STORED, ...here, options }]));
  const { code, out, err } = await run(["revoke", "all", ...words]);
  assertEquals([code, err.includes("third party")], [0, false], err);
  assertMatch(out, /^Deleted L1/m);
});
