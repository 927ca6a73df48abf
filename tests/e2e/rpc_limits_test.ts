import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { assertDeleted, frame, INBOUND, RpcProcess, TRACED, untilIdle } from "./rpc_process.ts";

// A peer that asks for too much of a real process.

Deno.test("800 lists of 1,000 mappings in one write, not read: memory stays bounded, every answer comes", async () => {
  await using server = await RpcProcess.initialized();
  await server.openMapping();
  for (let port = 0; port < 1_000; port += 500) {
    const ids: number[] = [];
    for (let more = 0; more < 500; more++) {
      ids.push(
        await server.request("mapping/request", { ...INBOUND, internalPort: 7_000 + port + more }),
      );
    }
    const left = new Set<unknown>(ids);
    while (left.size > 0) left.delete((await server.receive())?.id);
  }
  const before = await megabytes(server);
  const list = (id: number) => frame(`{"jsonrpc":"2.0","id":"l${id}","method":"mapping/list"}`);
  await server.write(Uint8Array.from(Array.from({ length: 800 }, (_, id) => [...list(id)]).flat()));
  await untilIdle(server);
  const grown = await megabytes(server) - before;
  assert(grown < 60, `${grown} MB more`);
  const left = new Set<unknown>(Array.from({ length: 800 }, (_, id) => `l${id}`));
  while (left.size > 0) {
    const answer = await server.receive();
    if (left.delete(answer?.id)) assertEquals((answer?.result as unknown[]).length, 1_001);
  }
});

Deno.test("the end of stdin ends the server while its answers are not read, and releases the mappings", async () => {
  await using server = await RpcProcess.initialized({ args: TRACED });
  await server.openMapping();
  await server.call("rpc.discover");
  for (let count = 0; count < 400; count++) await server.request("rpc.discover"); // 8 MB of answers
  await server.closeInput();
  assertEquals(await server.endedUnread(), 0);
  await server.ended();
  assertStringIncludes(server.errors, "octets of the output are not read");
  assertDeleted(server);
});

Deno.test("1,500 requests for the gateways start no more programs than one", async () => {
  await using server = await RpcProcess.initialized();
  const ids = Array.from({ length: 1_500 }, (_, id) => `d${id}`);
  const requests = ids.map((id) => frame(`{"jsonrpc":"2.0","id":"${id}","method":"discover"}`));
  await server.write(Uint8Array.from(requests.flatMap((request) => [...request])));
  let most = 0;
  const left = new Set<unknown>(ids);
  const limited: unknown[] = [];
  const watch = setInterval(async () => most = Math.max(most, await children(server)), 1);
  while (left.size > 0) {
    const { id, error } = await server.receive() ?? {};
    if (left.delete(id) && error?.code === 10) limited.push(error.data);
  }
  clearInterval(watch);
  assert(most <= 6, `${most} programs`);
  assertEquals(
    limited.every((data) => JSON.stringify(data) === '{"limit":"waiting","most":1024}'),
    true,
  );
});

Deno.test("requests that load modules are answered when every file descriptor is in use", async () => {
  await using server = await RpcProcess.initialized({ limit: "ulimit -n 64" });
  const codes = new Set<number | undefined>();
  for (let count = 0; count < 80; count++) {
    const { result, error } = await server.exchange("simulator/start", {});
    codes.add(error?.code);
    if (count === 0) {
      const { server: address, port } = result as { server: string; port: number };
      await server.call("client/start", { client: address, server: address, port });
    }
  }
  assertEquals(codes, new Set([undefined, 4]));
  assertEquals(
    (await server.exchange("client/start", { client: "127.0.0.1", server: "127.0.0.1" })).error
      ?.code,
    4,
  );
  assertEquals((await server.exchange("discover", {})).error?.code, 1);
  assertEquals((await server.exchange("client/start", {})).error?.code, 1);
  assertEquals((await server.call("rpc.discover"))["openrpc"], "1.3.2");
  assertEquals((await server.call("client/diagnose", { clientId: 1 }))["ok"], false);
  await server.call("mapping/request", INBOUND);
  await server.call("mapping/ready", { mappingId: 1 });
  await server.call("shutdown");
});

Deno.test("a list of 15,000 filters is refused, one of 500,000 before it is parsed, and the server goes on", async () => {
  await using server = await RpcProcess.initialized({
    args: ["--stdio", "--max-message", "64000000"],
  });
  const filter = { address: "198.51.100.7", prefix: 32, port: 0 };
  const request = (length: number) =>
    server.exchange("mapping/request", { ...INBOUND, filters: Array(length).fill(filter) });
  assertEquals((await request(15_000)).error?.data, [
    { path: ["filters"], message: "Must have at most 42 items, got 15000" },
  ]);
  assertEquals((await request(500_000)).error?.data, { limit: "values", most: 65_536 });
  assertEquals((await server.exchange("client/list")).error, undefined);
});

async function megabytes(server: RpcProcess): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${server.pid}/status`);
  return Number(/VmRSS:\s*(\d+) kB/.exec(status)?.[1]) / 1024;
}

/** The number of running programs that the server has started. */
async function children(server: RpcProcess): Promise<number> {
  try {
    const list = await Deno.readTextFile(`/proc/${server.pid}/task/${server.pid}/children`);
    return list.trim() === "" ? 0 : list.trim().split(" ").length;
  } catch {
    return 0;
  }
}
