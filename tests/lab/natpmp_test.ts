import { assert, assertEquals, assertMatch } from "@std/assert";
import { labPossible } from "./lab_possible.ts";
import { grantedFor, paced } from "./lifetimes.ts";
import { until } from "./process.ts";
import { RemoteClient } from "./remote_client.ts";
import { describe, type Router, startLab } from "./router.ts";
import { scenarios } from "./scenarios.ts";
import { EXTERNAL_IPV4, INSIDE_IPV4, ROUTER_IPV4 } from "./topology.ts";

// miniupnpd always speaks PCP. The router redirects datagrams of version 2 to a program that refuses them as a NAT-PMP
// gateway does, so that the mappings come from the daemon's NAT-PMP.

scenarios("the client and a real NAT-PMP router", await labPossible(), {
  "the external address is the one that natpmpc reads (D-3.2-1)": async () => {
    await using lab = await startLab();
    await lab.disablePcp();
    const client = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
    const response = JSON.stringify(await client.command({ do: "externalAddress" }));
    assertMatch(response, /20\.30\.40\.1/);
    const natpmpc = lab.inside(["natpmpc", "-g", ROUTER_IPV4]);
    const line = await natpmpc.expectLine(
      ({ text }) => String(text).startsWith("Public IP address"),
      5_000,
    );
    assertMatch(String(line["text"]), new RegExp(EXTERNAL_IPV4));
    await lab.expectMappings([]);
  },

  "mappings are created, let packets in, are renewed and deleted (C-9-5, D-1.1-1, D-3.3-3, D-3.4-1)":
    async () => {
      await using lab = await startLab();
      await lab.disablePcp();
      const client = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
      await lab.listenInside("tcp", 6000);
      await lab.listenInside("udp", 6001);
      const granted = { externalAddress: EXTERNAL_IPV4, lifetime: grantedFor(10) };
      assertEquals(await client.inboundReady("tcp 6000", grantedFor(10)), {
        ...granted,
        externalPort: 6000,
      });
      assertEquals(await client.inboundReady("udp 6001", grantedFor(10)), {
        ...granted,
        externalPort: 6001,
      });
      await lab.expectMappings([TCP_6000, UDP_6001]);
      await lab.expectOpen("tcp", 6000);
      await lab.expectOpen("udp", 6001);
      await until(
        () => grants(lab) >= 6 ? undefined : `${grants(lab)} NAT-PMP requests`,
        paced(20_000),
        200,
      );
      await lab.expectOpen("tcp", 6000);
      assert(!client.states("tcp 6000").includes("expired"));

      await client.revoke("tcp 6000");
      await lab.expectMappings([UDP_6001]);
      assertEquals(await lab.outside("tcp", 6000), undefined);
      await client.shutdown();
      await lab.expectMappings([]);
    },

  "the epoch of the next renewal reveals a reboot, and all mappings are recovered (D-3.6-1, D-3.7-1)":
    async () => {
      await using lab = await startLab();
      await lab.disablePcp();
      const client = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
      await lab.listenInside("tcp", 6002);
      const lifetime = grantedFor(24);
      await client.inboundReady("tcp 6002", 3600);
      await client.inboundReady("tcp 6000", lifetime);
      // The epoch may lag by an eighth and 2 s (RFC 6886 section 3.6); an earlier restart looks like a slow clock.
      const begin = performance.now();
      await until(
        () => performance.now() - begin > lifetime * 300 ? undefined : "too early",
        lifetime * 350,
        200,
      );
      await lab.reboot({ announce: false });
      await lab.expectMappings([]);
      await lab.expectMappings([TCP_6000, "map tcp 6002 -> 192.168.77.2:6002"], lifetime * 625);
      await lab.expectOpen("tcp", 6002);
      assertEquals(client.errors(), ["ServerRestartedError"]);
    },

  "requests beyond NAT-PMP are refused (C-9-13)": async () => {
    await using lab = await startLab();
    await lab.disablePcp();
    const client = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
    const remote = { remoteAddress: "20.30.40.2", remotePort: 7000 };
    const refusal = await client.outboundReady("udp 6100", remote, 600).then(() => "", String);
    assertMatch(refusal, /UNSUPP_VERSION/);
    assertEquals((await lab.mappings()).map(describe), []);
  },
});

const TCP_6000 = "map tcp 6000 -> 192.168.77.2:6000";
const UDP_6001 = "map udp 6001 -> 192.168.77.2:6001";

/** The NAT-PMP mapping requests in the log of miniupnpd. */
function grants(lab: Router): number {
  return lab.log.match(/NAT-PMP port mapping request/g)?.length ?? 0;
}
