/** The command line and scripts as real processes, against the simulated gateway. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { SimulatedServer, startLoopbackServer } from "../../src/testing/mod.ts";
import { linesOf, run, spawn } from "./command_line.ts";

Deno.test("map --json --simulate prints one JSON object and exits 0", async () => {
  const { code, out, err } = await run(["map", "6000/tcp", "--json", "--simulate"]);
  assertEquals([code, err], [0, ""]);
  assertEquals(out.endsWith("\n") && out.split("\n").length, 2);
  const mapping = JSON.parse(out);
  assertEquals(
    [mapping.mappingId, mapping.kind, mapping.protocol, mapping.internalPort, mapping.state],
    [1, "inbound", "tcp", 6000, { type: "running" }],
  );
  assertEquals(mapping.assigned.externalAddress, "203.0.113.5");
});

Deno.test("map prints the external address first; a pipe gets neither colours nor marks", async () => {
  const { code, out } = await run(["map", "6000/tcp", "--simulate"]);
  assertEquals(code, 0);
  assertEquals(out.split("\n")[0], "203.0.113.5:6000");
  assertEquals(out.includes("\x1b"), false);
});

Deno.test("a usage error exits 2 with one line that says what to type", async () => {
  for (
    const args of [["mpa"], ["map"], ["map", "70000"], ["--fast"], ["map", "6000", "--timeout"]]
  ) {
    const { code, out, err } = await run(args);
    assertEquals([code, out, err.split("\n").length], [2, "", 2], args.join(" "));
    assertMatch(err, /type|did you mean/);
  }
});

Deno.test("--help exits 0", async () => {
  const { code, out } = await run(["map", "--help"]);
  assertEquals(code, 0);
  assertStringIncludes(out, "--keep-alive");
});

Deno.test("--simulate=nat-pmp plays a gateway of that protocol", async () => {
  const code = "[await handle.externalAddress(), handle.protocol]";
  const { out } = await run(["--simulate=nat-pmp", "js", code]);
  assertEquals(out, '[ "203.0.113.5", "nat-pmp" ]\n');
});

Deno.test("other one-shot commands work with --simulate", async () => {
  assertEquals((await run(["external", "--simulate"])).out, "203.0.113.5\n");
  assertMatch((await run(["announce", "--simulate"])).out, /is alive/);
  const peer = await run(["peer", "6000/udp", "198.51.100.7:7000", "--simulate", "--json"]);
  assertEquals(JSON.parse(peer.out).remotePort, 7000);
  assertEquals(
    (await run(["--simulate", "js", "await handle.externalAddress()"])).out,
    '"203.0.113.5"\n',
  );
  assertEquals(await run(["show", "1"]).then(({ code }) => code), 1);
});

Deno.test("--version prints the version of deno.json", async () => {
  const { version } = JSON.parse(await Deno.readTextFile("deno.json"));
  for (const option of ["--version", "-V"]) {
    assertEquals(await run([option]), { code: 0, out: `pcp ${version}\n`, err: "" });
  }
  assertEquals(JSON.parse((await run(["--version", "--json"])).out), { version });
  assertStringIncludes((await run(["map", "6000", "--version"])).err, 'Unknown option "--version"');
});

Deno.test("piped input is a script that runs to its end", async () => {
  const script = "\ufeffsimulate\r\n# a comment\n\nmap 6000/tcp\nlist\nexit\nnever read\n";
  const { code, out, err } = await run([], script);
  assertEquals([code, err], [0, ""]);
  assertMatch(out, /203\.0\.113\.5:6000\n[^]*1 +inbound +tcp +6000[^]*Released mapping 1/);
});

Deno.test("a script ends with exit code 1 at the first command that fails, and releases what it made", async () => {
  const { code, out, err } = await run(["--simulate"], "map 6000\nrevoke 7\nmap 6001\n");
  assertEquals([code, err], [1, "line 2: There is no mapping 7: type one of 1\n"]);
  assertEquals(out.includes("6001"), false);
  assertStringIncludes(out, "Released mapping 1");
});

Deno.test("--keep-going continues after a failure, and still exits 1", async () => {
  const input = `mpa\nmap "6000\n${"x".repeat(100_000)}\n\x1b[2J\nmap 6001`;
  const { code, out, err } = await run(["--simulate", "--keep-going"], input);
  assertEquals(code, 1);
  assertStringIncludes(out, "203.0.113.5:6001");
  const errors = err.trimEnd().split("\n");
  assertEquals(errors.map((line) => line.slice(0, 7)), [
    "line 1:",
    "line 2:",
    "line 3:",
    "line 4:",
  ]);
  assertEquals(err.includes("\x1b"), false);
});

Deno.test("an empty script does nothing", async () => {
  assertEquals(await run([]), { code: 0, out: "", err: "" });
});

Deno.test("--keep-alive runs until SIGINT or SIGTERM, runs the program, and deletes its mapping", async () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const child = spawn([
      "map",
      "6000/tcp",
      "-k",
      "--simulate",
      "--exec",
      `sh -c 'echo "hook $PCP_EXTERNAL_ADDRESS:$PCP_EXTERNAL_PORT $PCP_PROTOCOL $PCP_STATE"; exit 3'`,
    ]);
    await child.stdin.close();
    const seen: string[] = [];
    for await (const line of linesOf(child.stdout)) {
      seen.push(line);
      if (line.startsWith("hook")) child.kill(signal);
    }
    const errors = await new Response(child.stderr).text();
    assertEquals((await child.status).code, 0);
    assertEquals(seen[0], "203.0.113.5:6000");
    assertEquals(seen.includes("hook 203.0.113.5:6000 tcp running"), true);
    assertEquals(seen.at(-1), "Released mapping 1 (tcp 6000 at 203.0.113.5:6000)");
    assertMatch(errors, /ended with exit code 3; the mapping stays open/);
  }
});

Deno.test("a second SIGINT ends at once, and says what may stay open", async () => {
  const host = await startLoopbackServer(new SimulatedServer());
  const gateway = [
    "--client",
    "127.0.0.1",
    "--server",
    "127.0.0.1",
    "--port",
    `${host.local.port}`,
  ];
  const child = spawn(["map", "6000", "-k", ...gateway]);
  await child.stdin.close();
  const errors = new Response(child.stderr).text();
  for await (const _line of linesOf(child.stdout)) {
    if (host.server.silent) continue;
    host.server.silent = true; // no deletion is confirmed
    child.kill("SIGINT");
    setTimeout(() => child.kill("SIGINT"), 500);
  }
  assertEquals((await child.status).code, 1);
  assertMatch(await errors, /^Ended at once by a second SIGINT: .* may stay open until its/m);
  host.close();
});

Deno.test("--exec uses no shell, and reports a program that does not exist", async () => {
  const echo = await run(["map", "6000", "--simulate", "--exec", "echo $HOME; *"]);
  assertStringIncludes(echo.out, "$HOME; *\n");
  const missing = await run(["map", "6000", "--simulate", "--exec", "/no/such/program"]);
  assertEquals(missing.code, 1);
  assertMatch(missing.err, /"\/no\/such\/program" ended with/);
});

Deno.test("with --json the output of the program does not mix with the objects", async () => {
  const { out, err } = await run(["map", "6000", "--simulate", "--json", "--exec", "echo hello"]);
  assertEquals(Object.keys(JSON.parse(out))[0], "mappingId");
  assertEquals(err, "hello\n");
});

Deno.test("a rejection in js that is not awaited leaves the script running", async () => {
  const script = "map 6000\njs void Promise.reject(new Error('late'))\nlist\n";
  const { code, out, err } = await run(["--simulate"], script);
  assertEquals(code, 0);
  assertMatch(err, /late/);
  assertMatch(out, /running[^]*Released/);
});

Deno.test("a closed standard output ends the program and deletes its mapping", async () => {
  const child = spawn(["map", "6000", "-k", "--simulate", "--json", "--lifetime", "4"]);
  await child.stdin.close();
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  // Printing the next renewal fails.
  const { code } = await child.status;
  await child.stderr.cancel();
  assertEquals(code, 0);
});
