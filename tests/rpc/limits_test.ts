import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CancellationTokenSource, ResponseError } from "vscode-jsonrpc";
import { LIMITS } from "../../rpc/limits.ts";
import {
  ClientListRequest,
  ClientShutdownRequest,
  ClientStartRequest,
  DiscoverRequest,
  InitializeRequest,
  MappingGetRequest,
  MappingReadyRequest,
  MappingRequest,
  ShutdownRequest,
  SimulatorStartRequest,
  SimulatorStopRequest,
} from "../../rpc/mod.ts";
import { RpcSession } from "../../rpc/session.ts";
import { ManualClock, MemoryNetwork } from "../../src/testing/mod.ts";
import { openRpcDocument } from "../tools/openrpc_document.ts";
import { readFile } from "../tools/repository.ts";
import { CLIENT, nextTurn, RpcLab, SERVER } from "./rpc_lab.ts";

const TCP_6000 = { clientId: 1, kind: "inbound", internalPort: 6000, lifetime: 60 } as const;

Deno.test("request 1,025 is refused while 1,024 wait, but for shutdown; a cancelled one makes room", async () => {
  await using lab = await RpcLab.withClient();
  lab.host.server.silent = true;
  await lab.rpc.sendRequest(MappingRequest, TCP_6000);
  const source = new CancellationTokenSource();
  const waiting = Array.from({ length: 1_024 }, (_, index) => {
    const token = index === 0 ? [source.token] : [];
    return lab.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }, ...token).catch((e) => e);
  });
  await nextTurn();
  const message = await assertFull(lab.rpc.sendRequest(MappingGetRequest, { mappingId: 1 }), {
    limit: "waiting",
    most: 1_024,
  });
  assertStringIncludes(message, '"mapping/get": 1024 requests wait already');
  source.cancel();
  assertEquals((await waiting[0])?.code, -32800);
  assertEquals((await lab.rpc.sendRequest(MappingGetRequest, { mappingId: 1 })).mappingId, 1);
  void lab.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }).catch(() => {});
  assertEquals(await lab.settled(lab.rpc.sendRequest(ShutdownRequest)), null);
  await Promise.all(waiting);
});

Deno.test("a client too many is refused, those that are starting and ending included", async () => {
  await using lab = await RpcLab.start();
  await lab.rpc.sendRequest(InitializeRequest, {});
  const start = () => lab.rpc.sendRequest(ClientStartRequest, { client: CLIENT, server: SERVER });
  const starting = Array.from({ length: 256 }, start);
  const message = await assertFull(start(), { limit: "clients", most: 256 });
  assertEquals(
    message,
    "Cannot start a client: 256 are running, the limit of this server; shut one down before",
  );
  assertEquals((await Promise.all(starting)).at(-1)?.clientId, 256);
  lab.host.server.silent = true;
  await lab.rpc.sendRequest(MappingRequest, TCP_6000);
  const ending = lab.rpc.sendRequest(ClientShutdownRequest, { clientId: 1 });
  await assertFull(start(), { limit: "clients", most: 256 });
  assertEquals((await lab.rpc.sendRequest(ClientListRequest)).length, 255);
  await lab.settled(ending);
  assertEquals((await start()).clientId, 257);
});

Deno.test("a client that cannot start takes no place", async () => {
  await using lab = await RpcLab.start();
  await lab.rpc.sendRequest(InitializeRequest, {});
  for (let count = 0; count < 300; count++) {
    const started = lab.rpc.sendRequest(ClientStartRequest, { client: CLIENT, server: "::1" });
    await assertRejects(() => started, ResponseError, "both addresses must be of one family");
  }
  assertEquals((await lab.startClient()).clientId, 1);
});

Deno.test("a simulator too many is refused, and stopping one makes room", async () => {
  await using lab = await RpcLab.start();
  await lab.rpc.sendRequest(InitializeRequest, {});
  const start = (port: number) => lab.rpc.sendRequest(SimulatorStartRequest, { port });
  for (let count = 0; count < 256; count++) await start(6_000 + count);
  const message = await assertFull(start(5_999), { limit: "simulators", most: 256 });
  assertStringIncludes(message, "Cannot start a simulator: 256 are running");
  await lab.rpc.sendRequest(SimulatorStopRequest, { simulatorId: 7 });
  assertEquals((await start(5_999)).simulatorId, 257);
});

Deno.test("a mapping too many is refused, and one that is over makes room", async () => {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock });
  const session = new RpcSession({
    clientOptions: { clock, network },
    notify: () => Promise.resolve(),
  });
  const { clientId } = await session.startClient(
    { client: CLIENT, server: SERVER },
    new AbortController().signal,
  );
  const request = (mapping: number) =>
    session.request({
      ...TCP_6000,
      clientId,
      internalPort: 1 + mapping % 65_535,
      protocol: mapping < 65_535 ? "tcp" : "udp",
    });
  for (let mapping = 0; mapping < 65_536; mapping++) await request(mapping);
  await assertFull(request(65_536), { limit: "mappings", most: 65_536 });
  await nextTurn();
  await session.revoke(65_536, new AbortController().signal); // it waits for its turn: nothing was sent
  await nextTurn();
  assertEquals((await request(65_536)).mappingId, 65_537);
});

Deno.test("requests for the gateways that overlap share one discovery", async () => {
  let discoveries = 0;
  const { promise, resolve } = Promise.withResolvers<[]>();
  const discover = (): Promise<[]> => {
    discoveries++;
    return promise;
  };
  await using lab = await RpcLab.start({}, { discover });
  await lab.rpc.sendRequest(InitializeRequest, {});
  const asked = Array.from({ length: 1_000 }, () => lab.rpc.sendRequest(DiscoverRequest, {}));
  await nextTurn();
  assertEquals(discoveries, 1);
  resolve([]);
  assertEquals(await Promise.all(asked), asked.map(() => []));
  assertEquals(await lab.rpc.sendRequest(DiscoverRequest, {}), []);
  assertEquals(discoveries, 2); // the result is not kept: the gateway may change
});

Deno.test("README and OpenRPC document state every limit", async () => {
  const readme = await readFile("rpc/README.md");
  assertEquals(openRpcDocument()["x-limits"], LIMITS);
  for (const most of Object.values(LIMITS)) {
    const text = most % 1_048_576 === 0 ? `${most / 1_048_576} MiB` : most.toLocaleString("en-US");
    assertStringIncludes(readme, text);
  }
});

/** Fails unless the answer is the error of a limit; returns its message. */
async function assertFull(answer: Promise<unknown>, data: object): Promise<string> {
  const error = await assertRejects(() => answer, ResponseError<unknown>);
  assertEquals([error.code, error.data], [10, data]);
  return error.message;
}
