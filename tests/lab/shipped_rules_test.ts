import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Diagnosis } from "../../mod.ts";
import { labPossible } from "./lab_possible.ts";
import type { LabProcess } from "./process.ts";
import { PythonClient } from "./python_client.ts";
import { RemoteClient } from "./remote_client.ts";
import { type Router, startLab } from "./router.ts";
import { scenarios } from "./scenarios.ts";
import { EXTERNAL_IPV4 } from "./topology.ts";

// The rules that miniupnpd and OpenWrt ship allow the ports from 1024 only. Everything that asks for the external address
// must do so without the refused ports, and a refused mapping must be called what it is.

scenarios("a router that allows the ports from 1024 only", await labPossible(), {
  "the commands external, diagnose and map say the right thing (G-1)": async () => {
    await using lab = await startLab({}, QUIET);
    await lab.listenInside("tcp", 6000);
    assertEquals(await printed(lab, ["external"]), [EXTERNAL_IPV4]);
    const diagnosis = (await printed(lab, ["diagnose"])).join("\n");
    assertMatch(diagnosis, /opens ports on request: it speaks PCP/);
    assertMatch(diagnosis, /20\.30\.40\.1, valid in the whole Internet/);
    assert(!diagnosis.includes("refuse"), diagnosis);
    await lab.expectMappings([]);
    assertMatch((await printed(lab, ["map", "6000/tcp"])).join("\n"), /20\.30\.40\.1:6000/);
    await lab.expectMappings([TCP_6000]);
    await lab.expectOpen("tcp", 6000);
  },

  "a refused port is called refused, and the rest goes on (G-1)": async () => {
    await using lab = await startLab({}, QUIET);
    const program = command(lab, ["map", "80/tcp"]);
    assertEquals((await program.ended()).code, 1);
    assertMatch(program.errors, /NOT_AUTHORIZED/);
    assertEquals(await printed(lab, ["external"]), [EXTERNAL_IPV4]);
    await lab.expectMappings([]);
  },

  "the library says the right thing, over NAT-PMP too (G-1)": async () => {
    await using lab = await startLab({}, QUIET);
    for (const protocol of ["pcp", "nat-pmp"]) {
      if (protocol === "nat-pmp") await lab.filterRequests("dropPcp");
      const client = await RemoteClient.start(lab);
      const address = JSON.stringify(await client.command({ do: "externalAddress" }));
      assertMatch(address, /20\.30\.40\.1/);
      const diagnosis = await client.command({ do: "diagnose" }, 10_000) as Diagnosis;
      assertEquals([diagnosis.ok, diagnosis.externalAddress], [true, EXTERNAL_IPV4]);
      assertEquals(diagnosis.protocol?.toLowerCase(), protocol);
      await lab.expectMappings([]);
    }
  },

  "JSON-RPC and the Python client say the right thing (G-1)": async () => {
    await using lab = await startLab({}, QUIET);
    const python = new PythonClient(lab);
    assertEquals(await python.command({ do: "externalAddress" }), EXTERNAL_IPV4);
    const diagnosis = await python.command({ do: "diagnose" }, 10_000) as Diagnosis;
    assertEquals([diagnosis.ok, diagnosis.externalAddress], [true, EXTERNAL_IPV4]);
    await lab.expectMappings([]);
    const request = { protocol: "tcp", lifetime: 600 };
    await python.command({ do: "inbound", name: "allowed", port: 6000, ...request });
    const { externalPort } = await python.command({ do: "ready", name: "allowed" }) as {
      externalPort: number;
    };
    assertEquals(externalPort, 6000);
    await lab.expectMappings([TCP_6000]);
    await python.command({ do: "inbound", name: "refused", port: 80, ...request });
    const refusal = await python.command({ do: "ready", name: "refused" }).then(() => "", String);
    assertMatch(refusal, /NOT_AUTHORIZED/);
    await lab.expectMappings([TCP_6000]);
  },

  "wide rules allow port 80": async () => {
    await using lab = await startLab({}, { rules: "wide" });
    assertMatch((await printed(lab, ["map", "80/tcp"])).join("\n"), /20\.30\.40\.1:80/);
    await lab.expectMappings(["map tcp 80 -> 192.168.77.2:80"]);
  },
});

const QUIET = { quiet: true };
const TCP_6000 = "map tcp 6000 -> 192.168.77.2:6000";

function command(lab: Router, words: readonly string[]): LabProcess {
  return lab.insideDeno("repl.ts", words);
}

/** Runs a command that must succeed and returns its lines. */
async function printed(lab: Router, words: readonly string[]): Promise<string[]> {
  const program = command(lab, words);
  assertEquals((await program.ended()).code, 0, program.errors);
  return program.untaken.map(({ text }) => String(text));
}
