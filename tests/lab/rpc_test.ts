import { assertEquals, assertMatch } from "@std/assert";
import { labPossible } from "./lab_possible.ts";
import { PythonClient } from "./python_client.ts";
import { startLab } from "./router.ts";
import { scenarios } from "./scenarios.ts";

// The Python client, the JSON-RPC server and a real router: the results are compared with the router's rules and with
// packets from outside.

scenarios("the Python client and a real router", await labPossible(), {
  "Python opens, renews and revokes a port that lets packets in": async () => {
    await using lab = await startLab();
    const python = new PythonClient(lab);
    await lab.listenInside("tcp", 6000);
    const requested = await python.command({
      do: "inbound",
      name: "a",
      ...TCP_6000,
      lifetime: 200,
    });
    assertEquals((requested as { assigned: unknown }).assigned, null);
    const granted = {
      externalAddress: EXTERNAL_IPV4,
      externalPort: 6000,
      lifetime: 200,
      protocol: "pcp",
    };
    assertEquals(await python.command({ do: "ready", name: "a" }), granted);
    await lab.expectMappings([RULE]);
    await lab.expectOpen("tcp", 6000);

    await python.command({ do: "renew", name: "a", lifetime: 400 });
    await expectAlert(python, ({ type, lifetime }) => type === "assigned" && lifetime === 400);
    const { state, assigned } = await python.command({ do: "get", name: "a" }) as MappingInfo;
    assertEquals([state, assigned], [{ type: "running" }, { ...granted, lifetime: 400 }]);

    assertEquals(await python.command({ do: "revoke", name: "a" }), { type: "revoked" });
    await expectAlert(python, ({ state }) => state?.type === "revoked");
    await lab.expectMappings([]);
    assertEquals(await lab.outside("tcp", 6000), undefined);
  },

  "Python queries the router, and a reboot is recovered from": async () => {
    await using lab = await startLab({ system_uptime: "yes" });
    const python = new PythonClient(lab);
    assertEquals(await python.command({ do: "externalAddress" }), EXTERNAL_IPV4);
    assertMatch(JSON.stringify(await python.command({ do: "announce" })), /"epoch": ?\d+/);
    assertMatch(JSON.stringify(await python.command({ do: "discover" })), /"192\.168\.77\.1"/);
    await python.command({ do: "inbound", name: "a", ...TCP_6000, lifetime: 3600 });
    await python.command({ do: "ready", name: "a" });
    await lab.restartWith({ system_uptime: "no" }, { announce: true }); // a smaller epoch
    await lab.expectMappings([RULE], 7_000);
  },

  "Python is granted an outbound mapping": async () => {
    await using lab = await startLab();
    const python = new PythonClient(lab);
    await lab.listenOutside("udp", 7000);
    const peer = { remoteAddress: OUTSIDE_IPV4, remotePort: 7000 };
    await python.command({
      do: "outbound",
      name: "a",
      port: 6100,
      protocol: "udp",
      lifetime: 60,
      ...peer,
    });
    const { externalPort } = await python.command({ do: "ready", name: "a" }) as {
      externalPort: number;
    };
    const seen = await lab.callFromInside("udp", 6100, 7000);
    assertEquals(seen, `knock from ${EXTERNAL_IPV4}:${externalPort}`);
  },

  "killing Python with SIGKILL leaves no mapping on the router 5 s later": async () => {
    await using lab = await startLab();
    const python = new PythonClient(lab);
    await python.command({ do: "inbound", name: "a", ...TCP_6000, lifetime: 3600 });
    await python.command({
      do: "inbound",
      name: "b",
      ...TCP_6000,
      protocol: "udp",
      lifetime: 3600,
    });
    await python.command({ do: "ready", name: "a" });
    await python.command({ do: "ready", name: "b" });
    await lab.expectMappings([RULE, RULE.replace("tcp", "udp")]);
    const ended = python.process.kill("SIGKILL");
    await lab.expectMappings([], 5_000);
    await ended;
  },
});

interface Alert {
  readonly type: string;
  readonly state?: { readonly type: string };
  readonly lifetime?: number;
}

interface MappingInfo {
  readonly state: unknown;
  readonly assigned: unknown;
}

const TCP_6000 = { port: 6000, protocol: "tcp" };
const RULE = "map tcp 6000 -> 192.168.77.2:6000";
const EXTERNAL_IPV4 = "20.30.40.1";
const OUTSIDE_IPV4 = "20.30.40.2";

async function expectAlert(
  python: PythonClient,
  fits: (alert: Alert) => boolean,
): Promise<void> {
  await python.process.expectLine(
    (line) => line["event"] === "alert" && fits(line["alert"] as Alert),
    5_000,
    "the alert",
  );
}
