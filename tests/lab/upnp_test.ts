import { assert, assertEquals } from "@std/assert";
import type { Diagnosis } from "../../mod.ts";
import { labPossible } from "./lab_possible.ts";
import { type LabProcess, until } from "./process.ts";
import { RemoteClient } from "./remote_client.ts";
import { type Router, startLab } from "./router.ts";
import { scenarios } from "./scenarios.ts";
import { INSIDE_IPV4, INSIDE_IPV6, ROUTER_IPV4 } from "./topology.ts";

// miniupnpd with UPnP alone, both versions. Any_router_test.ts has the life of a port with a restart.

/** One of the mappings is looked at in this time, in milliseconds. */
const LOOKING = { protocol: { upnpLookInterval: 1_000 } };

scenarios("the client and a real UPnP router", await labPossible(), {
  "TCP and UDP let packets in, are renewed, and end with revoke() and shutdown() (U-10.1, U-11.1)":
    async () => {
      for (const version of [1, 2] as const) {
        await using lab = await startLab({}, { upnp: version });
        const client = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
        await lab.listenInside("tcp", 6000);
        await lab.listenInside("udp", 6001);
        const assigned = { externalAddress: "20.30.40.1", lifetime: 10 };
        assertEquals(await client.inboundReady("tcp 6000", 10), {
          ...assigned,
          externalPort: 6000,
        });
        assertEquals(await client.inboundReady("udp 6001", 10), {
          ...assigned,
          externalPort: 6001,
        });
        await lab.expectMappings([TCP_6000, UDP_6001]);
        await new Promise((resolve) => setTimeout(resolve, 11_000)); // longer than the lease
        await lab.expectMappings([TCP_6000, UDP_6001]);
        await lab.expectOpen("tcp", 6000);
        await lab.expectOpen("udp", 6001);
        assert(!client.states("tcp 6000").includes("expired"));
        await client.revoke("tcp 6000");
        await lab.expectMappings([UDP_6001]);
        assertEquals(await lab.outside("tcp", 6000), undefined);
        await client.shutdown();
        await lab.expectMappings([]);
        assertEquals(client.errors(), []);
      }
    },

  "pinholes over IPv6 let packets in until revoke(), and after a restart (U-13.1, U-13.6, U-13.7)":
    async () => {
      await using lab = await startLab({}, { upnp: 2 });
      const router = `fe80::1%${lab.insideInterface}`;
      const client = await RemoteClient.start(lab, INSIDE_IPV6, router);
      await lab.listenInside("tcp", 6000, INSIDE_IPV6);
      assertEquals(await lab.outsideIpv6("tcp", 6000), undefined);
      await client.inbound("tcp 6000", 600);
      assertEquals(await client.ready("tcp 6000", 15_000), {
        externalAddress: INSIDE_IPV6,
        externalPort: 6000,
        lifetime: 600,
      });
      const pinhole = "pinhole tcp 6000 -> [fd77::2]:6000";
      await lab.expectMappings([pinhole]);
      await lab.expectOpen("tcp", 6000, INSIDE_IPV6);
      await lab.reboot({ announce: true });
      await lab.expectMappings([pinhole], 20_000);
      await client.revoke("tcp 6000");
      await lab.expectMappings([]);
      assertEquals(await lab.outsideIpv6("tcp", 6000), undefined);
    },

  "a mapping that another host deletes is made again (U-9.2, S-10, Q-35)": async () => {
    await using lab = await startLab({ secure_mode: "no" }, { upnp: 2, thirdHost: true });
    const client = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4, LOOKING);
    await client.inboundReady("tcp 6000", 600);
    await lab.expectMappings([TCP_6000]);
    await ended(lab.third(["upnpc", "-m", "{vt}", "-d", "6000", "tcp"]));
    const { name } = await client.expectError(10_000);
    assertEquals(name, "MappingLostError");
    await lab.expectMappings([TCP_6000], 5_000);
    await client.shutdown();
    await lab.expectMappings([]);
  },

  "the port of another host is left alone, and another one is assigned (U-8.4, S-5)": async () => {
    await using lab = await startLab({}, { upnp: 1, thirdHost: true });
    await ended(
      lab.third(["upnpc", "-m", "{vt}", "-a", "192.168.77.9", "6000", "6000", "tcp", "600"]),
    );
    const theirs = "map tcp 6000 -> 192.168.77.9:6000";
    await lab.expectMappings([theirs]);
    const client = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
    const { externalPort } = await client.inboundReady("tcp 6000", 600);
    assert(externalPort >= 10_000, String(externalPort));
    await lab.expectMappings([theirs, `map tcp ${externalPort} -> 192.168.77.2:6000`]);
    await client.shutdown();
    await lab.expectMappings([theirs]);
  },

  "a mapping that became permanent has a lease again, and is deleted at the end (7.2, U-11.5, Q-21)":
    async () => {
      await using lab = await startLab({}, { upnp: 1 });
      const client = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
      await client.inboundReady("tcp 6000", 600);
      // miniupnpd takes the rule over from the kernel, which knows no lease.
      await lab.reboot({ announce: false, keep: true });
      assertEquals(await leaseOf(lab), 0);
      await client.command({ do: "renew", name: "tcp 6000", lifetime: 300 });
      await until(async () => await leaseOf(lab) > 0 ? undefined : "no lease", 10_000, 500);
      await client.shutdown();
      await lab.expectMappings([]);
    },

  "a killed program leaves nothing behind its next run, and nothing is doubled (U-14.2, U-14.3)":
    async () => {
      await using lab = await startLab({}, { upnp: 2 });
      const folder = await Deno.makeTempDir({ prefix: "pcp-upnp-" });
      const words = ["map", "6000/tcp", "-k", "--external-port", "7000"];
      const where = ["--state", `${folder}/state.json`, "--json"];
      try {
        const first = lab.insideDeno("repl.ts", [...words, ...where]);
        await first.expectLine((line) => "mappingId" in line, 20_000);
        await first.kill("SIGKILL");
        await lab.expectMappings(["map tcp 7000 -> 192.168.77.2:6000"]);
        const second = lab.insideDeno("repl.ts", ["map", "6000/tcp", "-k", ...where]);
        const mapping = await second.expectLine((line) => "mappingId" in line, 20_000);
        assertEquals((mapping["assigned"] as { externalPort: number }).externalPort, 7000);
        await lab.expectMappings(["map tcp 7000 -> 192.168.77.2:6000"]);
        await second.kill("SIGKILL");
        const third = lab.insideDeno("repl.ts", ["map", "6001/tcp", "-k", ...where]);
        await third.expectLine((line) => "mappingId" in line, 20_000);
        await lab.expectMappings(["map tcp 6001 -> 192.168.77.2:6001"], 20_000);
        assertEquals((await third.kill("SIGINT")).code, 0, third.errors);
        await lab.expectMappings([]);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },

  "diagnose() says that the router speaks UPnP, and leaves no mapping (U-14.5)": async () => {
    await using lab = await startLab({}, { upnp: 2 });
    const client = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
    const diagnosis = await client.command({ do: "diagnose" }, 20_000) as Diagnosis;
    assertEquals([diagnosis.protocol, diagnosis.externalAddress], ["UPnP", "20.30.40.1"]);
    assertEquals(diagnosis.findings.map(({ code }) => code), ["upnp", "public"]);
    assertEquals(await client.command({ do: "externalAddress" }), "20.30.40.1");
    await lab.expectMappings([]);
  },

  "the first mapping takes a second after a refusal, and four after silence": async () => {
    await using lab = await startLab({}, { upnp: 2 });
    for (const [what, most] of [["reject", 1_000], ["drop", 4_000]] as const) {
      await lab.filterRequests(what);
      const client = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
      const begin = performance.now();
      await client.inboundReady("tcp 6000", 600);
      const took = performance.now() - begin;
      assert(took < most + BUSY, `${what}: ${Math.round(took)} ms`);
      await client.shutdown();
    }
  },
});

const TCP_6000 = "map tcp 6000 -> 192.168.77.2:6000";
const UDP_6001 = "map udp 6001 -> 192.168.77.2:6001";

/** Milliseconds that a busy machine may add: the exact times are tested in virtual time. */
const BUSY = 3_000;

/** The remaining lease of the first mapping in seconds, as upnpc reads it; 0 is permanent. */
async function leaseOf(lab: Router): Promise<number> {
  const lines = await ended(lab.inside(["upnpc", "-m", lab.insideInterface, "-l"]));
  const lease = lines.map((line) => /^ 0 TCP .* (?<lease>\d+)$/.exec(line)?.groups?.["lease"]);
  return Number(lease.find((each) => each !== undefined));
}

async function ended(program: LabProcess): Promise<string[]> {
  await program.ended();
  return program.untaken.map(({ text }) => String(text));
}
