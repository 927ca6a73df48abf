import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Diagnosis, GatewayStatus } from "../../mod.ts";
import { labPossible } from "./lab_possible.ts";
import { BUSY, until } from "./process.ts";
import { PythonClient } from "./python_client.ts";
import { RemoteClient } from "./remote_client.ts";
import { startLab } from "./router.ts";
import { scenarios } from "./scenarios.ts";
import { INSIDE_IPV4, ROUTER_IPV4 } from "./topology.ts";

// The router drops or rejects requests before its server can read them.

scenarios("a router that leaves requests unanswered", await labPossible(), {
  "one that drops PCP and speaks NAT-PMP gives a mapping within 2 s (U-1.2)": async () => {
    await using lab = await startLab();
    await lab.filterRequests("dropPcp");
    await lab.listenInside("tcp", 6000);
    // The best of three counts: a busy machine delays some.
    const times: number[] = [];
    while (times.length < 3 && !times.some((each) => each < 2_000)) {
      const client = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
      const began = performance.now();
      await client.inboundReady("tcp 6000", 600);
      times.push(Math.round(performance.now() - began));
      await lab.expectMappings([TCP_6000]);
      await lab.expectOpen("tcp", 6000);
      await client.revoke("tcp 6000");
      await lab.expectMappings([]);
    }
    assert(times.some((each) => each < 2_000), `mappings took ${times.join(", ")} ms`);
  },

  "one that drops everything is silent within 10 s, in the same sentence everywhere (U-1.5)":
    async () => {
      await using lab = await startLab();
      await lab.filterRequests("drop");
      const client = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
      await client.inbound("tcp 6000", 600);
      const sentence = await expectGateway(client, ["silent"], 10_000);
      assertMatch(sentence, /^Nothing at 192\.168\.77\.1 answers in PCP(,| or) NAT-PMP/);
      const map = lab.insideDeno("repl.ts", ["map", "6000/tcp", "--timeout", "12"]);
      const diagnoses = await Promise.all([
        client.command({ do: "diagnose" }, 20_000),
        new PythonClient(lab).command({ do: "diagnose" }, 20_000),
      ]) as Diagnosis[];
      for (const { findings } of diagnoses) {
        assertEquals(findings.length, 1);
        // In a container, advice about that follows.
        assert(findings[0]?.text.startsWith(`${sentence}.`), findings[0]?.text);
      }
      assertEquals((await map.ended()).code, 1);
      assert(map.errors.includes(sentence), map.errors);
    },

  // Linux reports ICMP errors to connected sockets only: a probe hears them.
  "one that rejects everything by ICMP refuses after the search for UPnP, in the same sentence everywhere (U-1.2)":
    async () => {
      await using lab = await startLab();
      await lab.filterRequests("reject");
      const client = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
      const began = performance.now();
      await client.inbound("tcp 6000", 600);
      const sentence = await expectGateway(client, ["silent", "refuses"], 10_000);
      const taken = performance.now() - began;
      assertMatch(sentence, /does not listen on UDP port 5351, for PCP(,| or) NAT-PMP/);
      assert(taken < 7_000 + BUSY, `the verdict took ${Math.round(taken)} ms`);
      const map = lab.insideDeno("repl.ts", ["map", "6000/tcp", "--timeout", "8"]);
      assertEquals((await map.ended()).code, 1);
      assert(map.errors.includes(sentence), map.errors);
      await lab.expectMappings([]);
    },
});

const TCP_6000 = "map tcp 6000 -> 192.168.77.2:6000";

/** Waits for one of the states of the gateway, and returns the sentence about it. */
async function expectGateway(
  client: RemoteClient,
  states: readonly GatewayStatus["state"][],
  timeout: number,
): Promise<string> {
  let sentence = "";
  await until(async () => {
    const gateway = await client.command({ do: "gateway" }) as GatewayStatus & { sentence: string };
    sentence = gateway.sentence;
    return states.includes(gateway.state) ? undefined : `the gateway is "${gateway.state}"`;
  }, timeout);
  return sentence;
}
