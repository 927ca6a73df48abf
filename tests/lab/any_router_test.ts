import { assertEquals } from "@std/assert";
import { labPossible } from "./lab_possible.ts";
import { type Router, startLab } from "./router.ts";
import { scenarios } from "./scenarios.ts";

// One program and one command, unchanged, with routers of each protocol: a port is opened, survives a restart of the router,
// and is closed at the end.

const UPTIME = { system_uptime: "yes" };

const ROUTERS: Readonly<Record<string, () => Promise<Router>>> = {
  "PCP alone": async () => {
    const lab = await startLab(UPTIME);
    await lab.filterRequests("dropNatPmp");
    return lab;
  },
  "NAT-PMP alone": async () => {
    const lab = await startLab(UPTIME);
    await lab.disablePcp();
    return lab;
  },
  "UPnP IGD version 1 alone (U-9.3, U-11.1)": () => startLab({}, { upnp: 1 }),
  "UPnP IGD version 2 alone (U-9.3, U-11.1)": () => startLab({}, { upnp: 2 }),
};

/** What is started, its first line when the port is open, and its exit code after Ctrl-C. */
const PROGRAMS: Readonly<
  Record<string, readonly [program: string, args: string[], line: string, exitCode: number]>
> = {
  "examples/keepalive.ts": [
    "examples/keepalive.ts",
    [],
    "open: 20.30.40.1 port 6000, for 120 s",
    130,
  ],
  "map 6000/tcp -k": ["repl.ts", ["map", "6000/tcp", "-k"], "20.30.40.1:6000", 0],
};

const steps = Object.entries(ROUTERS).flatMap(([router, start]) =>
  Object.entries(PROGRAMS).map(([name, [program, args, opened, exitCode]]) => [
    `${name} with a router of ${router}`,
    async () => {
      await using lab = await start();
      await lab.listenInside("tcp", 6000);
      const running = lab.insideDeno(program, args);
      await running.expectLine(({ text }) => text === opened, 20_000);
      await lab.expectMappings([TCP_6000]);
      await lab.expectOpen("tcp", 6000);
      // An epoch that jumps, from the uptime of the machine to that of the daemon, reveals the restart.
      await lab.restartWith({ system_uptime: "no" }, { announce: true });
      await lab.expectMappings([TCP_6000], 20_000);
      await lab.expectOpen("tcp", 6000);
      assertEquals((await running.kill("SIGINT")).code, exitCode, running.errors);
      await lab.expectMappings([]);
      assertEquals(await lab.outside("tcp", 6000), undefined);
    },
  ])
);

scenarios(
  "a program and a command with any router",
  await labPossible(),
  Object.fromEntries(steps),
);

const TCP_6000 = "map tcp 6000 -> 192.168.77.2:6000";
