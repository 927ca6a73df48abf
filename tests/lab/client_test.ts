import { assert, assertEquals, assertMatch } from "@std/assert";
import { labPossible } from "./lab_possible.ts";
import { grantedFor, LONG_LIFETIMES, paced } from "./lifetimes.ts";
import { until } from "./process.ts";
import { type Assigned, RemoteClient } from "./remote_client.ts";
import { describe, type Router, startLab } from "./router.ts";
import { scenarios } from "./scenarios.ts";

// The client against a real PCP server and the kernel's NAT. Everything that the client reports is compared with the
// router's rules and with packets from outside.

scenarios("the client and a real router", await labPossible(), {
  // TCP and UDP have different ports here: of two mappings for one port, miniupnpd 2.3.1 always deletes the accept rule of
  // the newer one.
  "MAP opens TCP and UDP ports until they are revoked (C-15.1-1)": async () => {
    await using lab = await startLab();
    const client = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
    await lab.listenInside("tcp", 6000);
    await lab.listenInside("udp", 6001);
    const granted = { externalAddress: EXTERNAL_IPV4, lifetime: grantedFor(20) };
    assertEquals(await client.inboundReady("tcp 6000", 20), { ...granted, externalPort: 6000 });
    assertEquals(await client.inboundReady("udp 6001", 20), { ...granted, externalPort: 6001 });
    await lab.expectMappings([TCP_6000, UDP_6001]);
    await lab.expectOpen("tcp", 6000);
    await lab.expectOpen("udp", 6001);

    await client.revoke("tcp 6000");
    assertEquals(await descriptions(lab), [UDP_6001]);
    await expectClosed(lab, "tcp", 6000);
    await lab.expectOpen("udp", 6001);
    await client.revoke("udp 6001");
    assertEquals(await descriptions(lab), []);
    await expectClosed(lab, "udp", 6001);
  },

  "shutdown leaves nothing on the router, unless `keep` is set": async () => {
    await using lab = await startLab();
    const tidy = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
    const keeping = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
    await lab.listenInside("tcp", 6000);
    await lab.listenInside("tcp", 6002);
    await tidy.inboundReady("tcp 6000", 3600);
    await tidy.inboundReady("udp 6001", 3600);
    await keeping.inboundReady("tcp 6002", 3600);
    await lab.expectMappings([TCP_6000, UDP_6001, TCP_6002]);

    await tidy.shutdown();
    await keeping.shutdown({ keep: true });
    assertEquals(await descriptions(lab), [TCP_6002]);
    await expectClosed(lab, "tcp", 6000);
    await lab.expectOpen("tcp", 6002);
  },

  "announce() and externalAddress() leave no mapping": async () => {
    await using lab = await startLab();
    const client = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
    assertMatch(JSON.stringify(await client.command({ do: "announce" })), /"epoch":\d+/);
    assertMatch(JSON.stringify(await client.command({ do: "externalAddress" })), /20\.30\.40\.1/);
    await lab.expectMappings([]);
  },

  "start() without arguments finds the router and the address facing it": async () => {
    await using lab = await startLab();
    const client = await RemoteClient.start(lab);
    assertEquals(client.addresses, { client: INSIDE_IPV4, server: ROUTER_IPV4 });
    await lab.listenInside("tcp", 6000);
    await client.inboundReady("tcp 6000", 20);
    await lab.expectMappings([TCP_6000]);
    await lab.expectOpen("tcp", 6000);
  },

  "start() finds the address facing a router that is given by its link-local address": async () => {
    await using lab = await startLab();
    const server = `fe80::1%${lab.insideInterface}`;
    const client = await RemoteClient.start(lab, undefined, server);
    assertEquals(client.addresses, { client: INSIDE_IPV6, server });
    await lab.listenInside("tcp", 6000, INSIDE_IPV6);
    await client.inboundReady("tcp 6000", 20);
    await lab.expectMappings([PINHOLE_TCP_6000]);
    await lab.expectOpen("tcp", 6000, INSIDE_IPV6);
  },

  "PEER is granted and outlives the client, which cannot delete it (C-12.1-D)": async () => {
    await using lab = await startLab();
    const client = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
    await lab.listenOutside("udp", 7000);
    const granted = await client.outboundReady("udp 6100", {
      remoteAddress: OUTSIDE_IPV4,
      remotePort: 7000,
    }, 3600);
    assertEquals(granted, { externalAddress: EXTERNAL_IPV4, externalPort: 6100, lifetime: 3600 });
    const rule = "peer udp 6100 -> 192.168.77.2:6100 for 20.30.40.2:7000";
    await lab.expectMappings([rule]);
    assertEquals(await lab.callFromInside("udp", 6100, 7000), "knock from 20.30.40.1:6100");

    const requests = await lab.requests();
    await client.revoke("udp 6100");
    await client.shutdown();
    assertEquals(await lab.requests(), requests);
    await lab.expectMappings([rule]);
  },

  "MAP over IPv6 opens a pinhole until it is revoked": async () => {
    await using lab = await startLab();
    const client = await RemoteClient.start(lab, INSIDE_IPV6, ROUTER_IPV6);
    await lab.listenInside("tcp", 6000, INSIDE_IPV6);
    await lab.listenInside("udp", 6001, INSIDE_IPV6);
    assertEquals(await lab.outsideIpv6("tcp", 6000), undefined);
    const granted = { externalAddress: INSIDE_IPV6, lifetime: grantedFor(20) };
    assertEquals(await client.inboundReady("tcp 6000", 20), { ...granted, externalPort: 6000 });
    assertEquals(await client.inboundReady("udp 6001", 20), { ...granted, externalPort: 6001 });
    await lab.expectMappings([PINHOLE_TCP_6000, "pinhole udp 6001 -> [fd77::2]:6001"]);
    await lab.expectOpen("tcp", 6000, INSIDE_IPV6);
    await lab.expectOpen("udp", 6001, INSIDE_IPV6);

    await client.revoke("tcp 6000");
    await client.revoke("udp 6001");
    assertEquals(await descriptions(lab), []);
    assertEquals(await lab.outsideIpv6("tcp", 6000), undefined);
    assertEquals(await lab.outsideIpv6("udp", 6001), undefined);
  },

  "renewals keep a mapping alive beyond its lifetime, and end after the requested number (C-11.2.1-1)":
    async () => {
      await using lab = await startLab();
      const client = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
      for (const port of [6000, 6001, 6002]) await lab.listenInside("tcp", port);
      await client.inboundReady("tcp 6000", 10);
      await client.inboundReady("tcp 6001", 10, { repeat: 2 });
      await client.inboundReady("tcp 6002", 10, "once");
      await lab.expectMappings([TCP_6000, TCP_6001, TCP_6002]);

      await client.expectState("tcp 6002", "expired", paced(12_000));
      await lab.expectMappings([TCP_6000, TCP_6001]);
      await lab.expectOpen("tcp", 6000);
      await lab.expectOpen("tcp", 6001);
      await expectClosed(lab, "tcp", 6002);
      assertEquals([grants(lab, 6001), grants(lab, 6002)], [2, 1]);
      if (LONG_LIFETIMES) return;

      await client.expectState("tcp 6001", "expired", paced(12_000));
      await until(
        () => grants(lab, 6000) >= 4 ? undefined : "fewer than three renewals",
        paced(15_000),
        200,
      );
      await lab.expectMappings([TCP_6000]);
      await lab.expectOpen("tcp", 6000);
      await expectClosed(lab, "tcp", 6001);
      assertEquals(grants(lab, 6001), 2);
      assertEquals(grants(lab, 6002), 1);
      assert(!client.states("tcp 6000").includes("expired"));
    },

  "renewals keep a pinhole alive, and a refused deletion ends the mapping (C-15.1-6)": async () => {
    await using lab = await startLab();
    const client = await RemoteClient.start(lab, INSIDE_IPV6, ROUTER_IPV6);
    await lab.listenInside("tcp", 6000, INSIDE_IPV6);
    await client.inboundReady("tcp 6000", 10);
    await until(
      () => grants(lab, 6000) > RENEWALS ? undefined : `fewer than ${RENEWALS} renewals`,
      paced(16_000),
      200,
    );
    await lab.expectMappings([PINHOLE_TCP_6000]);
    await lab.expectOpen("tcp", 6000, INSIDE_IPV6);

    // miniupnpd 2.3.1 loses the nonce of a pinhole at a renewal, and refuses its deletion.
    const refusal = await client.revoke("tcp 6000").then(() => "", String);
    if (refusal !== "") assertMatch(refusal, /NOT_AUTHORIZED/);
    if (LONG_LIFETIMES) return;
    await lab.expectMappings([], paced(12_000));
    assertEquals(await lab.outsideIpv6("tcp", 6000), undefined);
  },

  "with three of ten requests lost, mappings are created and renewed (C-8.1.1-1)": async () => {
    await using lab = await startLab();
    const client = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
    const ports = [6000, 6001, 6002, 6003, 6004];
    for (const port of ports) await lab.listenInside("tcp", port);
    await lab.loss(30);
    for (const port of ports) await client.inbound(`tcp ${port}`, 20);
    for (const port of ports) await client.ready(`tcp ${port}`, 12_000); // of 0 to 4, 5 and 6, 7: 0, 3 and 6 are lost
    const rules = ports.map((port) => `map tcp ${port} -> 192.168.77.2:${port}`);
    await lab.expectMappings(rules);
    for (const port of ports) await lab.expectOpen("tcp", port);
    const lost = await lab.lost();
    assert(lost >= 3, `${lost} requests were lost`); // more if the machine is so busy that requests are repeated

    await until(
      () => {
        const missing = ports.filter((port) => grants(lab, port) <= RENEWALS);
        return missing.length === 0 ? undefined : `renewals are missing: ${missing.join(", ")}`;
      },
      paced(50_000),
      200,
    );
    await lab.loss(undefined);
    await lab.expectMappings(rules, 15_000);
    for (const port of ports) await lab.expectOpen("tcp", port);
  },

  "a lost response leads to a retransmission and one mapping (C-8.1.1-11)": async () => {
    await using lab = await startLab();
    const client = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
    await lab.listenInside("tcp", 6000);
    await lab.loss(10, "responses");
    assertEquals((await client.inboundReady("tcp 6000", 60)).externalPort, 6000);
    // After a second the client asks in NAT-PMP too, on a busy machine twice, and then once more in PCP.
    const requests = await lab.requests();
    assertEquals([await lab.lost(), requests >= 4 && requests <= 6], [1, true], `${requests}`);
    await lab.expectMappings([TCP_6000]);
    await lab.expectOpen("tcp", 6000);
  },

  "a lost response over IPv6 leads to a retransmission and one pinhole (C-8.1.1-11)": async () => {
    await using lab = await startLab();
    const client = await RemoteClient.start(lab, INSIDE_IPV6, ROUTER_IPV6);
    await lab.listenInside("tcp", 6000, INSIDE_IPV6);
    await lab.loss(30, "responses");
    // miniupnpd 2.3.1 responds to a retransmission with the suggested port, which may be 0.
    assertEquals((await client.inboundReady("tcp 6000", 60)).externalPort, 6000);
    assertEquals([await lab.lost(), await lab.requests()], [1, 2]);
    await lab.expectMappings([PINHOLE_TCP_6000]);
    await lab.expectOpen("tcp", 6000, INSIDE_IPV6);
  },

  "after an announced reboot every mapping is recovered within seconds (C-14.1.3-5)": async () => {
    await using lab = await startLab({ system_uptime: "yes" });
    const client = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
    await lab.listenInside("tcp", 6000);
    await client.inboundReady("tcp 6000", 3600);
    await client.inboundReady("udp 6001", 3600);
    await lab.restartWith({ system_uptime: "no" }, { announce: true });
    await lab.expectMappings([TCP_6000, UDP_6001], 7_000); // after a random delay of up to 5 s (RFC 6887 section 14.1.3)
    assertEquals(grants(lab, 6000), 2);
    await lab.expectOpen("tcp", 6000);
  },

  "an announcement over IPv6 from the router's link-local address is accepted (C-14.1.3-1)":
    async () => {
      await using lab = await startLab({ system_uptime: "yes" });
      const client = await RemoteClient.start(lab, INSIDE_IPV6, `fe80::1%${lab.insideInterface}`);
      await lab.listenInside("tcp", 6000, INSIDE_IPV6);
      await client.inboundReady("tcp 6000", 3600);
      await lab.expectMappings([PINHOLE_TCP_6000]);
      await lab.restartWith({ system_uptime: "no" }, { announce: true });
      await lab.expectMappings([PINHOLE_TCP_6000], 7_000);
      await lab.expectOpen("tcp", 6000, INSIDE_IPV6);
    },

  "the next renewal reveals an unannounced reboot, and all mappings are recovered (C-8.5-9)":
    async () => {
      await using lab = await startLab({ system_uptime: "yes" });
      const client = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
      await lab.listenInside("tcp", 6001);
      await client.inboundReady("tcp 6001", 3600);
      await client.inboundReady("tcp 6000", 10);
      await lab.restartWith({ system_uptime: "no" });
      await lab.expectMappings([]);
      await lab.expectMappings([TCP_6000, TCP_6001], paced(9_000)); // the renewal is due after 5 to 6.25 s
      await lab.expectOpen("tcp", 6001);
    },

  "after an outage longer than the lifetime the mapping is recovered": async () => {
    await outage("router");
  },

  "after an outage of the host's interface the mapping is recovered, although sending failed":
    async () => {
      await outage("inside");
    },

  "two clients of one host use different ports and both receive announcements (C-14.1.3-3)":
    async () => {
      await using lab = await startLab({ system_uptime: "yes" });
      const one = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
      const other = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
      await lab.listenInside("tcp", 6000);
      await lab.listenInside("tcp", 6001);
      await one.inboundReady("tcp 6000", 3600);
      await other.inboundReady("tcp 6001", 3600);
      assertEquals(lab.requestPorts().length, 2);
      await lab.expectMappings([TCP_6000, TCP_6001]);
      await lab.expectOpen("tcp", 6000);
      await lab.expectOpen("tcp", 6001);
      await lab.restartWith({ system_uptime: "no" }, { announce: true });
      await lab.expectMappings([TCP_6000, TCP_6001], 7_000);
      assertEquals([one.errors(), other.errors()], [RESTARTED, RESTARTED]);

      await one.shutdown();
      assertEquals(await descriptions(lab), [TCP_6001]);
      await lab.expectOpen("tcp", 6001);
    },

  "port 5350 is shared with another program": async () => {
    await using lab = await startLab({ system_uptime: "yes" });
    await lab.command("inside", {
      do: "join",
      group: GROUP,
      interface: INSIDE_IPV4,
      port: 5350,
      reuse: true,
    });
    const client = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
    await client.inboundReady("tcp 6000", 3600);
    await lab.restartWith({ system_uptime: "no" }, { announce: true });
    await lab.expectMappings([TCP_6000], 7_000);
    const heard = lab.host("inside").process;
    await heard.expectLine(
      (line) => line["event"] === "received",
      1_000,
      "the announcement at the other program",
    );
    assertEquals(client.errors(), RESTARTED);
  },

  "port 5350 in exclusive use by another program is reported, and the client works": async () => {
    await using lab = await startLab({ system_uptime: "yes" });
    await lab.command("inside", {
      do: "join",
      group: GROUP,
      interface: INSIDE_IPV4,
      port: 5350,
      reuse: false,
    });
    const client = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
    assertEquals((await client.expectError(3_000))["name"], "AnnouncementError");
    await lab.listenInside("tcp", 6000);
    await client.inboundReady("tcp 6000", 10);
    await lab.expectMappings([TCP_6000]);
    await lab.expectOpen("tcp", 6000);
    await lab.restartWith({ system_uptime: "no" }, { announce: true }); // the client does not receive it
    await lab.expectMappings([TCP_6000], paced(9_000));
    await lab.expectOpen("tcp", 6000);
  },
});

/** Takes the link down until the mapping has expired at the router and at the client, and then up. */
async function outage(end: "router" | "inside"): Promise<void> {
  await using lab = await startLab({ system_uptime: "yes" });
  const client = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
  await lab.listenInside("tcp", 6000);
  await client.inboundReady("tcp 6000", 10);
  await client.expectState("tcp 6000", "running", 1_000);
  await lab.linkDown(end);
  if (end === "inside") {
    assertEquals((await client.expectError(paced(8_000)))["name"], "SocketError");
  }
  await client.expectState("tcp 6000", "expired", paced(13_000));
  await lab.expectMappings([]);
  await lab.linkUp(end);
  await client.expectState("tcp 6000", "running", 12_000);
  await lab.expectMappings([TCP_6000]);
  await lab.expectOpen("tcp", 6000);

  // Announcements arrive again too; the next renewal, which would reveal the restart as well, is half an hour away.
  await client.command({ do: "renew", name: "tcp 6000", lifetime: 3600 });
  await until(async () => {
    const { lifetime } = await client.command({ do: "assigned", name: "tcp 6000" }) as Assigned;
    return lifetime === 3600 ? undefined : `the lifetime is "${lifetime}"`;
  }, 2_000);
  await lab.restartWith({ system_uptime: "no" }, { announce: true });
  await client.process.expectLine(
    (line) => line["name"] === "ServerRestartedError",
    2_000,
    "the announcement",
  );
}

async function expectClosed(lab: Router, protocol: "tcp" | "udp", port: number): Promise<void> {
  assertEquals(await lab.outside(protocol, port, { timeout: 500 }), undefined);
}

async function descriptions(lab: Router): Promise<string[]> {
  return (await lab.mappings()).map(describe);
}

/** How often the server has granted a port, by its log. */
function grants(lab: Router, port: number): number {
  return lab.log.split(`PCP MAP: added mapping TCP ${port}->`).length - 1;
}

/** The renewals that a test waits for. */
const RENEWALS = LONG_LIFETIMES ? 1 : 2;
const INSIDE_IPV4 = "192.168.77.2";
const INSIDE_IPV6 = "fd77::2";
const ROUTER_IPV4 = "192.168.77.1";
const ROUTER_IPV6 = "fd77::1";
const EXTERNAL_IPV4 = "20.30.40.1";
const OUTSIDE_IPV4 = "20.30.40.2";
const RESTARTED = ["ServerRestartedError"];
const GROUP = "224.0.0.1";
const TCP_6000 = "map tcp 6000 -> 192.168.77.2:6000";
const TCP_6001 = "map tcp 6001 -> 192.168.77.2:6001";
const TCP_6002 = "map tcp 6002 -> 192.168.77.2:6002";
const UDP_6001 = "map udp 6001 -> 192.168.77.2:6001";
const PINHOLE_TCP_6000 = "pinhole tcp 6000 -> [fd77::2]:6000";
