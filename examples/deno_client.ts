/**
 * The JSON-RPC server as a subprocess of a TypeScript program, with params and results typed by the protocol's constants.
 * Needs no router. A Deno program can import `Client` instead.
 */

// deno-lint-ignore-file no-console -- a program for the command line
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import {
  createMessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import {
  ClientStartRequest,
  ExitNotification,
  InitializeRequest,
  MappingAlertNotification,
  MappingReadyRequest,
  MappingRequest,
  MappingRevokeRequest,
  ShutdownRequest,
  SimulatorStartRequest,
} from "../rpc/mod.ts";

const entry = fileURLToPath(new URL("../rpc/main.ts", import.meta.url));
const server = spawn(Deno.execPath(), ["run", "-A", entry, "--stdio"], {
  stdio: ["pipe", "pipe", "inherit"],
});
const ended = new Promise((resolve) => server.once("exit", resolve));
const rpc = createMessageConnection(
  new StreamMessageReader(server.stdout),
  new StreamMessageWriter(server.stdin),
);
rpc.onNotification(MappingAlertNotification, ({ mappingId, alert }) => {
  console.log(`mapping ${mappingId}: ${JSON.stringify(alert)}`);
});
rpc.listen();

const { serverInfo } = await rpc.sendRequest(InitializeRequest, {
  clientInfo: { name: "deno_client.ts" },
  processId: Deno.pid,
});
console.log(`Served by ${serverInfo.name} ${serverInfo.version}`);
const simulator = await rpc.sendRequest(SimulatorStartRequest, {});
const { clientId } = await rpc.sendRequest(ClientStartRequest, {
  client: simulator.server,
  server: simulator.server,
  port: simulator.port,
});
const { mappingId } = await rpc.sendRequest(MappingRequest, {
  clientId,
  kind: "inbound",
  internalPort: 6000,
  lifetime: 3600,
});
const { assigned } = await rpc.sendRequest(MappingReadyRequest, { mappingId });
console.log(`Reachable at ${assigned?.externalAddress} port ${assigned?.externalPort}`);
const { state } = await rpc.sendRequest(MappingRevokeRequest, { mappingId });
console.log(`The mapping is ${state.type}`);
await rpc.sendRequest(ShutdownRequest);
await rpc.sendNotification(ExitNotification);
console.log(`The server ended with exit code ${await ended}`);
