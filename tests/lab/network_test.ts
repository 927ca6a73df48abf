import { assertEquals } from "@std/assert";
import type { ClientOptions, Diagnosis } from "../../mod.ts";
import { labPossible } from "./lab_possible.ts";
import { paced } from "./lifetimes.ts";
import { until } from "./process.ts";
import { RemoteClient } from "./remote_client.ts";
import { describe, type Router, startLab } from "./router.ts";
import { scenarios } from "./scenarios.ts";

// The network of a client that was started without addresses changes, as that of a laptop does. Packets from outside must
// reach the listener again.

scenarios("the client in a network that changes", await labPossible(), {
  "after a change of the host's address the mapping is requested from there (C-11.5-3, C-16.4-2)":
    async () => {
      await using lab = await startLab();
      const client = await RemoteClient.start(lab, undefined, undefined, WATCHING);
      assertEquals(client.addresses, { client: FIRST, server: ROUTER });
      await client.inboundReady("tcp 6000", 3600);
      await lab.ip(
        "inside",
        "addr del 192.168.77.2/24 dev {vi}",
        "addr add 192.168.77.3/24 dev {vi}",
        "route replace default via 192.168.77.1",
      );
      await lab.listenInside("tcp", 6000, SECOND);
      const port = await mappedPort(lab, SECOND, 5_000);
      await lab.expectOpen("tcp", port);
      assertEquals(client.errors(), ["NetworkChangedError"]);
      assertEquals(client.assigned("tcp 6000"), [6000, port]);
      await client.revoke("tcp 6000");
      // The first mapping cannot be deleted from the new address, so it expires.
      assertEquals((await lab.mappings()).map(describe), [`map tcp 6000 -> ${FIRST}:6000`]);
    },

  "after a change of the router's address the mapping is requested there": async () => {
    await using lab = await startLab();
    const client = await RemoteClient.start(lab, undefined, undefined, WATCHING);
    await lab.listenInside("tcp", 6000);
    await client.inboundReady("tcp 6000", 10);
    await lab.ip(
      "router",
      "addr del 192.168.77.1/24 dev {vr}",
      "addr add 192.168.77.254/24 dev {vr}",
    );
    await lab.reboot({ announce: false });
    await lab.ip("inside", "route replace default via 192.168.77.254");
    await lab.expectMappings([]);
    await lab.expectMappings([`map tcp 6000 -> ${FIRST}:6000`], paced(20_000)); // after the second renewal without response
    await lab.expectOpen("tcp", 6000);
    assertEquals(client.errors(), ["NetworkChangedError"]);
    await client.shutdown();
    await lab.expectMappings([]);
  },

  "after a link failure the client sends requests as soon as the link is up": async () => {
    await using lab = await startLab();
    const client = await RemoteClient.start(lab, undefined, undefined, WATCHING);
    await lab.listenInside("tcp", 6000);
    await client.inboundReady("tcp 6000", 10);
    await lab.linkDown("inside");
    await lab.expectMappings([], paced(14_000)); // expired
    await client.expectState("tcp 6000", "expired", paced(14_000));
    await until(passed(9_500), 12_000);
    await lab.linkUp("inside");
    const isUpFor = passed(8_000);
    await lab.expectMappings([`map tcp 6000 -> ${FIRST}:6000`]);
    assertEquals(isUpFor(), "too soon", "it waited for the next retransmission, due in 10 s");
    await lab.expectOpen("tcp", 6000);
    assertEquals(client.errors().filter((name) => name === "NetworkChangedError"), []);
  },

  "a diagnosis finds the router, its address and its restart, and leaves no mapping": async () => {
    await using lab = await startLab();
    const client = await RemoteClient.start(lab);
    const diagnose = async () => await client.command({ do: "diagnose" }, 10_000) as Diagnosis;
    const found = await diagnose();
    assertEquals(found.findings.map(({ code }) => code), ["pcp", "public", "upSince", "hears"]);
    assertEquals([found.ok, found.externalAddress], [true, "20.30.40.1"]);
    await lab.expectMappings([]);
    await lab.reboot({ announce: true });
    const again = await diagnose();
    assertEquals([again.announcements.heard > 0, (again.epoch ?? 99) < 5], [true, true]);
    await lab.powerOff();
    assertEquals((await diagnose()).findings.map(({ code }) => code), ["noServer"]);
  },

  "after a sleep of the machine the client sends requests as soon as it wakes (F-16)": async () => {
    await using lab = await startLab();
    const client = await RemoteClient.start(lab, undefined, undefined, WATCHING);
    await lab.listenInside("tcp", 6000);
    await client.inboundReady("tcp 6000", 3600);
    Deno.kill(client.process.pid, "SIGSTOP");
    await lab.reboot({ announce: false });
    await until(passed(12_000), 15_000);
    assertEquals(await lab.mappings(), []);
    Deno.kill(client.process.pid, "SIGCONT");
    // The next renewal would be due after half an hour.
    await lab.expectMappings([`map tcp 6000 -> ${FIRST}:6000`], 10_000);
    await lab.expectOpen("tcp", 6000);
  },
});

/** The external port of the only mapping to an address of the inside host. */
async function mappedPort(lab: Router, address: string, timeout: number): Promise<number> {
  let port: number | undefined;
  await until(async () => {
    const found = (await lab.mappings()).filter(({ internalAddress }) =>
      internalAddress === address
    );
    port = found[0]?.externalPort;
    return found.length === 1 ? undefined : `"${found.length}" mappings to ${address}`;
  }, timeout);
  return port ?? 0;
}

/** Waits until a duration has passed. */
function passed(duration: number): () => string | undefined {
  const began = performance.now();
  return () => performance.now() - began > duration ? undefined : "too soon";
}

const WATCHING: ClientOptions = { watch: { interval: 500 } };
const FIRST = "192.168.77.2";
const SECOND = "192.168.77.3";
const ROUTER = "192.168.77.1";
