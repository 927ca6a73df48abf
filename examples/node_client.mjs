/**
 * A port of this host, opened from Node.js 20 or later through the JSON-RPC server. Install `vscode-jsonrpc` and Deno, then:
 *
 *   node node_client.mjs 6000             # on the router, until Ctrl-C
 *   node node_client.mjs 6000 --simulate  # with a simulated gateway, once
 *
 * PCP_RPC_ENTRY names the server to run; the default is the published package.
 */

// deno-lint-ignore-file no-console -- a program for the command line
import { spawn } from "node:child_process";
import process from "node:process";
import {
  createMessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";

const [port = "6000", simulate] = process.argv.slice(2);
const entry = process.env.PCP_RPC_ENTRY ?? "jsr:@portcontrol/pcp/rpc/main";
const server = spawn("deno", ["run", "-A", entry, "--stdio"], {
  stdio: ["pipe", "pipe", "inherit"],
  detached: true, // Ctrl-C ends this process, which then shuts the server down
});
const rpc = createMessageConnection(
  new StreamMessageReader(server.stdout),
  new StreamMessageWriter(server.stdin),
);
rpc.onNotification("mapping/alert", ({ alert }) => console.log("alert", JSON.stringify(alert)));
rpc.listen();

await rpc.sendRequest("initialize", {
  clientInfo: { name: "node_client.mjs" },
  processId: process.pid,
});
const { clientId } = await rpc.sendRequest("client/start", await gateway());
const { mappingId } = await rpc.sendRequest("mapping/request", {
  clientId,
  kind: "inbound",
  internalPort: Number(port),
  lifetime: 3600,
});
const { assigned } = await rpc.sendRequest("mapping/ready", { mappingId });
console.log(`Reachable at ${assigned.externalAddress} port ${assigned.externalPort}`);

if (simulate !== "--simulate") await new Promise((resolve) => process.once("SIGINT", resolve));
const { state } = await rpc.sendRequest("mapping/revoke", { mappingId });
console.log(`The mapping is ${state.type}`);
await rpc.sendRequest("shutdown");
await rpc.sendNotification("exit");
server.on("exit", (code) => process.exit(code));

/** Params of `client/start`: those of a simulated gateway, or none, which finds the router. */
async function gateway() {
  if (simulate !== "--simulate") return {};
  const { server, port } = await rpc.sendRequest("simulator/start", {});
  return { client: server, server, port };
}
