import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { CancellationTokenSource, ResponseError } from "vscode-jsonrpc";
import { Client, type TraceEvent } from "../../mod.ts";
import {
  ClientDeleteLeftoversRequest,
  type ClientInfo,
  ClientLeftoversRequest,
  ClientListRequest,
  ClientPrefix64Request,
  ClientShutdownRequest,
  ClientStartAllRequest,
  type ClientStartParams,
  ClientStartRequest,
  ClientStatsRequest,
  ClientTraceRequest,
  InitializeRequest,
  MappingReadyRequest,
  MappingRequest,
} from "../../rpc/mod.ts";
import { ClientTrace } from "../../rpc/client_trace.ts";
import { resolveAddresses } from "../../src/client/network/addresses.ts";
import { ManualClock, ServerHost, SimulatedServer } from "../../src/testing/mod.ts";
import { MemoryNetwork } from "../../src/transport/memory.ts";
import type { Network } from "../../src/transport/transport.ts";
import { FakeMachine } from "../client/fake_machine.ts";
import { StateFolder } from "../client/state_folder.ts";
import { CLIENT, nextTurn, RpcLab, SERVER } from "./rpc_lab.ts";

// What the library can do, JSON-RPC can.

const TCP_6000 = { clientId: 1, kind: "inbound", internalPort: 6000, lifetime: 60 } as const;

Deno.test("client/start says what is known of the gateway, as client/list does", async () => {
  await using lab = await RpcLab.start();
  await lab.rpc.sendRequest(InitializeRequest, {});
  const started = await lab.startClient();
  assertEquals([started.gateway, started.protocol], [{ state: "unknown" }, undefined]);
  await lab.rpc.sendRequest(MappingRequest, TCP_6000);
  await lab.settled(lab.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  const [listed] = await lab.rpc.sendRequest(ClientListRequest);
  assertEquals([listed?.gateway.state, listed?.protocol], ["answers", "pcp"]);
});

Deno.test("client/start asks several servers in turn", async () => {
  await using lab = await RpcLab.start();
  const { server } = await start(lab, { client: CLIENT, server: ["192.168.1.2", SERVER] });
  assertEquals(server, "192.168.1.2");
  await map(lab);
  const [listed] = await lab.rpc.sendRequest(ClientListRequest);
  assertEquals([listed?.server, lab.host.server.mappings.size], [SERVER, 1]);
});

Deno.test("client/start asks the anycast address where the gateway is silent, and only if anycast is on", async () => {
  for (const anycast of [true, false]) {
    await using lab: RpcLab = await RpcLab.start({}, {
      startClient: async (client, server, options = {}) => {
        const gateways = () => Promise.resolve([{ ...GATEWAY, gateway: "192.168.1.2" }]);
        const { clientAddress, serverAddresses } = await resolveAddresses(
          client,
          server,
          options.anycast ?? false,
          gateways,
        );
        return await Client.start(String(clientAddress), serverAddresses.map(String), options);
      },
    });
    const other = await ServerHost.start(lab.network, lab.clock, new SimulatedServer(), {
      hostname: "192.0.0.9",
      port: 5351,
    });
    await start(lab, { anycast });
    await lab.rpc.sendRequest(MappingRequest, TCP_6000);
    for (let turn = 0; turn < 60; turn++) {
      await nextTurn();
      await lab.clock.advance(1_000);
    }
    assertEquals(other.server.mappings.size, anycast ? 1 : 0, `anycast: ${anycast}`);
    other.close();
  }
});

Deno.test("client/start watches the network at the interval of watch, and not at all if it is false", async () => {
  const next = { client: "192.168.7.20", server: "192.168.7.1" };
  for (const [watch, seconds, follows] of WATCHED) {
    const machine = new FakeMachine();
    machine.network = { client: CLIENT, server: SERVER };
    await using lab: RpcLab = await RpcLab.start({}, {
      startClient: (client, server, options = {}) => {
        const watched = options.watch && { ...options.watch, surveyor: machine };
        return Client.start(client, server, { ...options, watch: watched ?? false });
      },
    });
    machine.clock = lab.clock;
    const other = await ServerHost.start(lab.network, lab.clock, new SimulatedServer(), {
      hostname: next.server,
      port: 5351,
    });
    await start(lab, { client: CLIENT, server: SERVER, watch });
    await map(lab);
    machine.network = next;
    await lab.clock.advance(seconds * 1_000);
    assertEquals(other.server.mappings.size, follows ? 1 : 0, JSON.stringify([watch, seconds]));
    other.close();
  }
});

Deno.test("client/start waits for a network if waitForNetwork is true, and fails at once if not", async () => {
  const clock = new ManualClock();
  const memory = new MemoryNetwork({ clock });
  const network: Network = {
    name: "memory",
    open: (...args) =>
      clock.now() < 30_000
        ? Promise.reject(new Error("Cannot assign requested address"))
        : memory.open(...args),
  };
  await using lab = await RpcLab.start({}, { clientOptions: { clock, network } });
  const params = { client: CLIENT, server: SERVER };
  assertEquals((await failure(start(lab, params))).code, 4);
  let started: ClientInfo | undefined;
  const waiting = lab.rpc.sendRequest(ClientStartRequest, { ...params, waitForNetwork: true })
    .then((client) => started = client);
  for (let second = 0; second < 30; second++) {
    assertEquals(started, undefined, `${second} s`);
    await nextTurn();
    await clock.advance(1_000);
  }
  assertEquals((await waiting).server, SERVER);
});

Deno.test("faulty values of the new params are named by path and message", async () => {
  await using lab = await RpcLab.start();
  await lab.rpc.sendRequest(InitializeRequest, {});
  const faults = async (params: object) => {
    const error = await failure(lab.rpc.sendRequest("client/start", params));
    assertEquals(error.code, -32602);
    return (error.data as { path: unknown[]; message: string }[]).map(({ path, message }) =>
      `${path.join(".")}: ${message}`
    );
  };
  const servers = "Must be an IPv4 or IPv6 address, a host name, or a list of them, 16 at most";
  assertEquals(await faults({ server: 5, protocols: "pcp", watch: 1, anycast: "no" }), [
    `server: ${servers}, got 5`,
    'anycast: Must be true or false, got "no"',
    'protocols: Must be an array, got "pcp"',
    'watch: Must be true, false or {"interval": n} with n from 100 milliseconds, got 1',
  ]);
  assertMatch(
    (await faults({ protocols: ["pcp", "http"] })).join(),
    /^protocols\.1: Must be one of/,
  );
  assertMatch(
    (await faults({ watch: { interval: 5 } })).join(),
    /^watch\.interval: Must be at least 100/,
  );
  assertMatch(
    (await faults({ server: Array(17).fill(SERVER) })).join(),
    /at most 16 items, got 17$/,
  );
  assertMatch(
    (await faults({ client: CLIENT, server: [] })).join(),
    /the list of server addresses is empty/,
  );
  assertMatch(
    (await faults({ client: CLIENT, server: SERVER, protocols: [] })).join(),
    /at least one of/,
  );
});

Deno.test("client/startAll starts a client of each gateway; a trace is that of its client", async () => {
  const second = "192.168.1.2";
  await using lab: RpcLab = await RpcLab.start({}, {
    startAll: (options) =>
      Promise.all(
        [SERVER, second].map((server) =>
          Client.start(CLIENT, server, { ...options, multicast: false })
        ),
      ),
  });
  await lab.rpc.sendRequest(InitializeRequest, {});
  const clients = await lab.settled(
    lab.rpc.sendRequest(ClientStartAllRequest, { protocols: ["pcp"] }),
  );
  assertEquals(clients.map(({ clientId, server }) => [clientId, server]), [[1, SERVER], [
    2,
    second,
  ]]);
  assertEquals(await lab.rpc.sendRequest(ClientListRequest), clients);
  await lab.rpc.sendRequest(ClientTraceRequest, { clientId: 1, on: true });
  await lab.rpc.sendRequest(ClientTraceRequest, { clientId: 2, on: true });
  await lab.rpc.sendRequest(MappingRequest, { ...TCP_6000, clientId: 2 });
  const { clientId, direction, remote } = await lab.notified("client/trace");
  assertEquals([clientId, direction, remote], [2, "sent", `${second} 5351`]);
  for (const id of [1, 2]) {
    await lab.settled(lab.rpc.sendRequest(ClientShutdownRequest, { clientId: id, keep: true }));
  }
});

Deno.test("client/startAll that was cancelled leaves no client", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  await using lab: RpcLab = await RpcLab.start({}, {
    startAll: async (options) => {
      await promise;
      return [
        await Client.start(CLIENT, SERVER, { ...options, signal: new AbortController().signal }),
      ];
    },
  });
  await lab.rpc.sendRequest(InitializeRequest, {});
  const source = new CancellationTokenSource();
  const cancelled = failure(lab.rpc.sendRequest(ClientStartAllRequest, {}, source.token));
  await nextTurn();
  source.cancel();
  assertEquals((await cancelled).code, -32800);
  resolve();
  await lab.settled(nextTurn());
  assertEquals(await lab.rpc.sendRequest(ClientListRequest), []);
});

Deno.test("client/prefix64 and client/stats answer as the library does; a cancelled wait ends", async () => {
  const prefix = Uint8Array.of(0x20, 0x01, 0x0d, 0xb8, 0x01, 0x22, 0x03);
  const suffix = Uint8Array.of(1, 2, 3, 4, 5);
  await using lab = await RpcLab.withClient({
    prefix64: [{ type: "prefix64", prefix, suffix, ipv4Prefixes: undefined }],
  });
  const prefixes = await lab.settled(lab.rpc.sendRequest(ClientPrefix64Request, { clientId: 1 }));
  assertEquals(prefixes, [{ prefix: "2001:db8:122:300::/56", suffix: "0102030405" }]);
  const stats = await lab.rpc.sendRequest(ClientStatsRequest, { clientId: 1 });
  assertEquals([stats.sent, stats.received, stats.mappings, stats.ignored], [1, 1, {}, {}]);
  lab.host.server.silent = true;
  const source = new CancellationTokenSource();
  const waiting = failure(
    lab.rpc.sendRequest(ClientPrefix64Request, { clientId: 1 }, source.token),
  );
  await nextTurn();
  source.cancel();
  assertEquals((await waiting).code, -32800);
});

Deno.test("client/leftovers lists what an earlier run has left, client/deleteLeftovers deletes one of it", async () => {
  await using folder = await StateFolder.create();
  const state = folder.file("state.json");
  await using lab = await RpcLab.start();
  const start = () =>
    lab.settled(lab.rpc.sendRequest(ClientStartRequest, { client: CLIENT, server: SERVER, state }));
  await lab.rpc.sendRequest(InitializeRequest, {});
  await start();
  for (const internalPort of [6000, 6001]) {
    // Virtual time passes while a real file is written: the mapping must outlive a slow disk.
    const { mappingId } = await lab.rpc.sendRequest(MappingRequest, {
      ...TCP_6000,
      internalPort,
      lifetime: 3600,
    });
    await lab.settled(lab.rpc.sendRequest(MappingReadyRequest, { mappingId }));
  }
  await lab.settled(lab.rpc.sendRequest(ClientShutdownRequest, { clientId: 1, keep: true }));
  const { clientId } = await start();
  const leftovers = await lab.rpc.sendRequest(ClientLeftoversRequest, { clientId });
  assertEquals(leftovers.map(({ internalPort }) => internalPort), [6000, 6001]);
  const [mapping] = leftovers;
  assert(mapping !== undefined);
  const remove = (params: object) =>
    lab.settled(lab.rpc.sendRequest(ClientDeleteLeftoversRequest, { clientId, ...params }));
  assertEquals(await remove({ mapping }), { deleted: 1 });
  assertEquals(await remove({ mapping }), { deleted: 0 });
  assertEquals([...lab.host.server.mappings.values()].map((each) => each.internalPort), [6001]);
  const odd = await failure(remove({ mapping: { ...mapping, options: "zz" } }));
  assertEquals([odd.code, Array.isArray(odd.data)], [-32602, true]);
  assertEquals(await remove({}), { deleted: 1 });
  assertEquals(await lab.rpc.sendRequest(ClientLeftoversRequest, { clientId }), []);
});

Deno.test("client/trace sends decoded datagrams while it is on, without a nonce", async () => {
  await using lab = await RpcLab.withClient();
  const map = async (internalPort: number) => {
    const { mappingId } = await lab.rpc.sendRequest(MappingRequest, { ...TCP_6000, internalPort });
    await lab.settled(lab.rpc.sendRequest(MappingReadyRequest, { mappingId }));
  };
  const traces = () => lab.notifications.filter(({ method }) => method === "client/trace");
  await map(6000);
  assertEquals(traces(), []);
  assertEquals(await lab.rpc.sendRequest(ClientTraceRequest, { clientId: 1, on: true }), null);
  await map(6001);
  const texts = traces().map(({ params }) => "text" in params ? params.text : "");
  assertMatch(texts[0] ?? "", /^PCP MAP request, tcp 6001 .*nonce [0-9a-f]{4}…/);
  assertMatch(texts[1] ?? "", /^PCP MAP response, SUCCESS, tcp 6001 /);
  assertEquals(texts.length, 2);
  await lab.rpc.sendRequest(ClientTraceRequest, { clientId: 1, on: false });
  await map(6002);
  assertEquals(traces().length, 2);
});

Deno.test("traces that are not read are left out and counted, in bounded memory", async () => {
  const sent: { text: string; lost?: number }[] = [];
  let write = (): void => {};
  const trace = new ClientTrace((params) => {
    sent.push(params);
    return new Promise<void>((resolve) => write = resolve);
  });
  const handle = { server: SERVER } as Parameters<ClientTrace["set"]>[1];
  trace.set(1, handle, true);
  const event = (text: string): void =>
    trace.event({ remote: `${SERVER} 5351`, direction: "sent", text } as TraceEvent);
  for (let count = 0; count < 1_000; count++) event(String(count));
  for (let count = 0; count < 64; count++) {
    write();
    await nextTurn();
  }
  event("after");
  write();
  await nextTurn();
  assertEquals(sent.length, 66);
  assertEquals(
    sent.at(-1),
    { clientId: 1, direction: "sent", remote: `${SERVER} 5351`, text: "after", lost: 935 } as never,
  );
  assertEquals(sent.slice(0, 65).every(({ lost }) => lost === undefined), true);
});

/** A value of `watch`, seconds after which the network has changed, and whether the client follows within them. */
const WATCHED = [
  [{ interval: 60_000 }, 70, true],
  [{ interval: 60_000 }, 50, false],
  [false, 200, false],
] as const;

const GATEWAY = {
  family: "IPv4",
  interface: "eth0",
  client: CLIENT,
  reason: "the only default route",
} as const;

/** Starts a client after `initialize`, which may be sent once. */
async function start(lab: RpcLab, params: ClientStartParams): Promise<ClientInfo> {
  await lab.rpc.sendRequest(InitializeRequest, {}).catch(() => {});
  return await lab.settled(lab.rpc.sendRequest(ClientStartRequest, params));
}

/** Opens TCP 6000 with the first client. */
async function map(lab: RpcLab): Promise<void> {
  const { mappingId } = await lab.rpc.sendRequest(MappingRequest, TCP_6000);
  await lab.settled(lab.rpc.sendRequest(MappingReadyRequest, { mappingId }));
}

async function failure(answer: Promise<unknown>): Promise<ResponseError<unknown>> {
  return await assertRejects(() => answer, ResponseError<unknown>);
}
