/** The part of the VS Code extension that starts the JSON-RPC server and sends it requests. */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Server, ServerGoneError } from "../../examples/vscode/src/server.ts";
import { serverCommand } from "../../examples/vscode/src/server_command.ts";

const ROOT = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const REAL = serverCommand([], Deno.execPath(), ROOT, "0.1.0");
const SILENT = { onLine: () => {}, onGone: () => {} };

Deno.test("Server.start() starts the server, and stop() ends it without an error", async () => {
  const lines: string[] = [];
  const gone: Error[] = [];
  const server = await Server.start(REAL, {
    onLine: (line) => lines.push(line),
    onGone: (error) => gone.push(error),
  });
  const alerts: number[] = [];
  server.on("mapping/alert", ({ mappingId }) => alerts.push(mappingId));
  const { server: address, port } = await server.request("simulator/start", {});
  const at = { client: address, server: address, port };
  const { clientId } = await server.request("client/start", at);
  const { mappingId } = await server.request("mapping/request", {
    clientId,
    kind: "inbound",
    internalPort: 6000,
    protocol: "tcp",
    lifetime: 3600,
    externalPort: 6000,
  });
  const { assigned } = await server.request("mapping/ready", { mappingId });
  assertEquals(assigned?.externalPort, 6000);
  await server.stop();
  assertEquals(gone, []);
  assertEquals(alerts[0], mappingId);
  assertEquals(lines.some((line) => /trace: -> .* MAP request, tcp 6000/.test(line)), true);
});

Deno.test("Server.start() rejects with the reason if there is no server", async () => {
  const run = (...configured: string[]) => {
    const command = serverCommand(configured, "deno", undefined, "0.1.0");
    return assertRejects(() => Server.start(command, SILENT), ServerGoneError);
  };
  const dies = await run("sh", "-c", "echo the disk is on fire >&2; exit 3");
  assertEquals(dies.message, "it ended with exit code 3: the disk is on fire");
  assertEquals((await run("/nowhere/pcp-rpc")).message, 'there is no program "/nowhere/pcp-rpc"');
  // `cat` sends the request back, which has no handler here.
  assertMatch((await run("cat")).message, /initialize/);
  const missing = { program: "/nowhere/deno", args: [], needsDeno: true };
  const noDeno = await assertRejects(() => Server.start(missing, SILENT), ServerGoneError);
  assertEquals(noDeno.needsDeno, true);
  assertMatch(noDeno.message, /^Deno, .* is not installed/);
});

Deno.test("a server that dies later is reported with the reason, and requests fail", async () => {
  const { promise, resolve } = Promise.withResolvers<ServerGoneError>();
  const lines: string[] = [];
  // The shell prints its process id, and becomes the server.
  const args = ["-c", 'echo $$ >&2; exec "$@"', "sh", REAL.program, ...REAL.args];
  const command = { program: "sh", args, needsDeno: false };
  const server = await Server.start(command, {
    onLine: (line) => lines.push(line),
    onGone: resolve,
  });
  const { server: address, port } = await server.request("simulator/start", {});
  await server.request("simulator/stop", { simulatorId: 1 });
  const at = { client: address, server: address, port };
  const { clientId } = await server.request("client/start", at);
  const params = { clientId, kind: "inbound", internalPort: 6000, protocol: "udp" } as const;
  const { mappingId } = await server.request("mapping/request", {
    ...params,
    lifetime: 60,
    externalPort: 6000,
  });
  const waiting = assertRejects(() => server.request("mapping/ready", { mappingId }));
  Deno.kill(Number(lines[0]), "SIGKILL");
  assertMatch((await promise).message, /^it ended by SIGKILL/);
  await waiting;
  await server.stop();
});
