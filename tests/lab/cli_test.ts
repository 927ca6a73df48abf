import { assertEquals, assertMatch } from "@std/assert";
import { labPossible } from "./lab_possible.ts";
import type { LabProcess, Line } from "./process.ts";
import { type Router, startLab } from "./router.ts";
import { scenarios } from "./scenarios.ts";

// The command line against a real router: its output is compared with the router's rules.

scenarios("the command line and a real router", await labPossible(), {
  "--exec runs at the first assignment and after a reboot that changes the address": async () => {
    // The epoch must go back to reveal a reboot: from the uptime of the machine to that of the server.
    await using lab = await startLab({ system_uptime: "yes" });
    const program = keepAlive(lab, ["--lifetime", "600", "--exec", HOOK]);
    assertEquals(await hook(program), {
      PCP_EXTERNAL_ADDRESS: "20.30.40.1",
      PCP_EXTERNAL_PORT: "6000",
      PCP_INTERNAL_PORT: "6000",
      PCP_PROTOCOL: "tcp",
      PCP_STATE: "running",
      PCP_LIFETIME: "600",
    });
    await lab.expectMappings([TCP_6000]);
    await lab.restartWith({ system_uptime: "no", ext_ip: "20.30.40.5" }, { announce: true });
    const again = await hook(program);
    assertEquals(again["PCP_EXTERNAL_ADDRESS"], "20.30.40.5");
    assertEquals([again["PCP_EXTERNAL_PORT"], again["PCP_STATE"]], ["6000", "running"]);
    await lab.expectMappings([TCP_6000]);
    assertEquals((await program.kill("SIGTERM")).code, 0);
    await lab.expectMappings([]);
  },

  "SIGINT deletes the mapping on the router before the program ends": async () => {
    await using lab = await startLab();
    await endsTidily(lab, "SIGINT");
  },

  "SIGTERM deletes the mapping on the router before the program ends": async () => {
    await using lab = await startLab();
    await endsTidily(lab, "SIGTERM");
  },

  "map without --keep-alive leaves a mapping that works": async () => {
    await using lab = await startLab();
    await lab.listenInside("tcp", 6000);
    const program = lab.insideDeno("repl.ts", ["map", "6000/tcp", "--lifetime", "600", "--json"]);
    const mapping = await program.expectLine((line) => "mappingId" in line, START_TIMEOUT);
    assertEquals((mapping["state"] as Line)["type"], "running");
    assertEquals((await program.ended()).code, 0);
    await lab.expectMappings([TCP_6000]);
    await lab.expectOpen("tcp", 6000);
  },

  "a script finds the router, maps, lists, revokes and leaves nothing": async () => {
    await using lab = await startLab();
    const script = "connect\\nmap 6000/tcp -k\\nmap 6001/udp -k\\nexternal\\nrevoke 1\\nlist\\n";
    const deno = `"${Deno.execPath()}" run -A --no-check "${
      new URL("../../repl.ts", import.meta.url).pathname
    }"`;
    const program = lab.inside(["sh", "-c", `printf '${script}' | ${deno}`]);
    assertEquals((await program.ended()).code, 0);
    const printed = program.untaken.map((line) => String(line["text"]));
    assertEquals(printed[0], "Connected to 192.168.77.1 as 192.168.77.2");
    assertEquals(printed.includes("20.30.40.1:6000"), true);
    assertEquals(printed.includes("20.30.40.1"), true);
    assertEquals(printed.includes("Deleted mapping 1 (tcp 6000)"), true);
    assertMatch(printed.at(-1) ?? "", /^Released mapping 2 \(udp 6001 at 20\.30\.40\.1:6001\)$/);
    await lab.expectMappings([]);
  },

  "a missing response is reported with advice": async () => {
    await using lab = await startLab();
    await lab.powerOff();
    const program = lab.insideDeno("repl.ts", ["external", "--timeout", "9"]);
    assertEquals((await program.ended()).code, 1);
    // A busy system may keep the ICMP errors back.
    assertMatch(program.errors, /for PCP, NAT-PMP or UPnP: |answers in PCP, NAT-PMP or UPnP: /);
    assertMatch(program.errors, /switch on UPnP, NAT-PMP or PCP in its settings/);
    assertMatch(program.errors, /\nNo answer from 192\.168\.77\.1 within 9 s\n$/);
  },
});

/** Keeps a mapping alive until a signal; finds the router itself. */
function keepAlive(lab: Router, more: readonly string[] = []): LabProcess {
  return lab.insideDeno("repl.ts", ["map", "6000/tcp", "--keep-alive", ...more]);
}

async function endsTidily(lab: Router, signal: "SIGINT" | "SIGTERM"): Promise<void> {
  const program = keepAlive(lab);
  await program.expectLine((line) => line["text"] === "20.30.40.1:6000", START_TIMEOUT);
  await lab.expectMappings([TCP_6000]);
  assertEquals((await program.kill(signal)).code, 0);
  // The mapping must be deleted before the program ends, so there is no wait.
  assertEquals((await lab.mappings()).length, 0);
  const printed = program.untaken.map((line) => line["text"]);
  assertEquals(printed.at(-1), "Released mapping 1 (tcp 6000 at 20.30.40.1:6000)");
}

/** The variables of the next run of the hook. */
async function hook(program: LabProcess): Promise<Readonly<Record<string, unknown>>> {
  return await program.expectLine(
    (line) => "PCP_STATE" in line,
    START_TIMEOUT,
    "a run of the hook",
  );
}

const NAMES = [
  "EXTERNAL_ADDRESS",
  "EXTERNAL_PORT",
  "INTERNAL_PORT",
  "PROTOCOL",
  "STATE",
  "LIFETIME",
].map((name) => `PCP_${name}`);

/** Prints the variables as one line of JSON. */
const HOOK = `sh -c 'printf "{${NAMES.map((name) => `\\"${name}\\":\\"%s\\"`).join(",")}}\\n" ${
  NAMES.map((name) => `"$${name}"`).join(" ")
}'`;

const TCP_6000 = "map tcp 6000 -> 192.168.77.2:6000";

/** Milliseconds for the start of a program on a busy machine, and for the discovery of the router. */
const START_TIMEOUT = 15_000;
