import { assertEquals } from "@std/assert";
import { labPossible } from "./lab_possible.ts";
import type { AgentCommand } from "./agent.ts";
import { CommandProcess } from "./command_process.ts";
import { startLab } from "./router.ts";
import { scenarios } from "./scenarios.ts";
import { EXTERNAL_IPV4, INSIDE_IPV4, INSIDE_IPV6, ROUTER_IPV4 } from "./topology.ts";

scenarios("all gateways of a dual-stack host", await labPossible(), {
  "startAll() starts a client for each family, and packets from outside arrive over both (C-8.1-2, C-7488-9)":
    async () => {
      await using lab = await startLab();
      await lab.listenInside("tcp", 6000);
      await lab.listenInside("tcp", 6000, INSIDE_IPV6);
      const agent = new CommandProcess<AgentCommand>(lab.insideDeno("tests/lab/agent.ts"));
      assertEquals(await agent.command({ do: "mapOnAll", port: 6000, lifetime: 600 }, 10_000), [
        {
          client: INSIDE_IPV4,
          server: ROUTER_IPV4,
          externalAddress: EXTERNAL_IPV4,
          externalPort: 6000,
        },
        {
          client: INSIDE_IPV6,
          server: `fe80::1%${lab.insideInterface}`,
          externalAddress: INSIDE_IPV6,
          externalPort: 6000,
        },
      ]);
      await lab.expectMappings([
        "map tcp 6000 -> 192.168.77.2:6000",
        "pinhole tcp 6000 -> [fd77::2]:6000",
      ]);
      await lab.expectOpen("tcp", 6000);
      await lab.expectOpen("tcp", 6000, INSIDE_IPV6);
    },
});
