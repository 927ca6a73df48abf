import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { CancellationTokenSource, ResponseError } from "vscode-jsonrpc";
import { ResultCode } from "../../mod.ts";
import {
  ClientAnnounceRequest,
  ClientExternalAddressRequest,
  ClientListRequest,
  ClientShutdownRequest,
  ClientStartRequest,
  DiscoverRequest,
  ExitNotification,
  InitializeRequest,
  MappingGetRequest,
  MappingListRequest,
  MappingReadyRequest,
  MappingRenewRequest,
  MappingRequest,
  type MappingRequestParams,
  MappingRevokeRequest,
  ShutdownRequest,
  SimulatorStartRequest,
  SimulatorStopRequest,
} from "../../rpc/mod.ts";
import { CLIENT, nextTurn, RpcHarness, SERVER } from "./harness.ts";

const TCP_6000: MappingRequestParams = {
  clientId: 1,
  kind: "inbound",
  internalPort: 6000,
  lifetime: 60,
};

Deno.test("initialize answers with server name, protocol version and capabilities", async () => {
  await using harness = await RpcHarness.start();
  const result = await harness.rpc.sendRequest(InitializeRequest, {
    clientInfo: { name: "test", version: "1" },
    processId: null,
  });
  assertEquals(result.serverInfo.name, "pcp-rpc");
  assertEquals(result.protocolVersion, "1.0");
  assertEquals(result.capabilities, { cancellation: true, openrpc: true, simulator: true });
});

Deno.test("a request before initialize is refused with -32002, a second initialize with -32600", async () => {
  await using harness = await RpcHarness.start();
  await assertError(harness.rpc.sendRequest(ClientListRequest), -32002);
  await assertError(harness.rpc.sendRequest("nonsense"), -32601);
  await harness.rpc.sendRequest(InitializeRequest, {});
  assertEquals(await harness.rpc.sendRequest(ClientListRequest), []);
  await assertError(harness.rpc.sendRequest(InitializeRequest, {}), -32600);
});

Deno.test("an inbound mapping is requested, assigned, renewed and revoked", async () => {
  await using harness = await RpcHarness.withClient();
  const requested = await harness.rpc.sendRequest(MappingRequest, {
    ...TCP_6000,
    protocol: "udp",
    externalPort: 7000,
    requestType: { repeat: 3 },
  });
  assertEquals(requested, {
    mappingId: 1,
    clientId: 1,
    kind: "inbound",
    protocol: "udp",
    internalPort: 6000,
    lifetime: 60,
    requestType: { repeat: 3 },
    state: { type: "starting", attempt: 0 },
    assigned: null,
    expiresAt: null,
  });
  const ready = await harness.settled(
    harness.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }),
  );
  assertEquals(ready.state, { type: "running" });
  assertEquals(ready.assigned, {
    externalAddress: "203.0.113.5",
    externalPort: 7000,
    lifetime: 60,
  });
  assertMatch(ready.expiresAt ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

  const renewing = await harness.rpc.sendRequest(MappingRenewRequest, {
    mappingId: 1,
    lifetime: 90,
  });
  assertEquals([renewing.lifetime, renewing.state.type], [90, "updating"]);
  await harness.clock.advance(100);
  const renewed = await harness.rpc.sendRequest(MappingGetRequest, { mappingId: 1 });
  assertEquals([renewed.assigned?.lifetime, renewed.state.type], [90, "running"]);
  assertEquals(await harness.rpc.sendRequest(MappingListRequest, {}), [renewed]);

  const revoked = await harness.settled(
    harness.rpc.sendRequest(MappingRevokeRequest, { mappingId: 1 }),
  );
  assertEquals([revoked.state, revoked.assigned], [{ type: "revoked" }, null]);
  assertEquals(harness.host.server.mappings.size, 0);
  assertEquals(await harness.rpc.sendRequest(MappingListRequest, {}), []);
  assertEquals(await harness.rpc.sendRequest(MappingGetRequest, { mappingId: 1 }), revoked);
  await assertError(
    harness.rpc.sendRequest(MappingRenewRequest, { mappingId: 1, lifetime: 90 }),
    6,
    { state: { type: "revoked" } },
  );
});

Deno.test("an outbound mapping has its remote peer in the result", async () => {
  await using harness = await RpcHarness.withClient();
  const params = {
    ...TCP_6000,
    kind: "outbound",
    remoteAddress: "198.51.100.7",
    remotePort: 443,
  } as const;
  const { mappingId, kind, remoteAddress, remotePort } = await harness.rpc.sendRequest(
    MappingRequest,
    params,
  );
  assertEquals([kind, remoteAddress, remotePort], ["outbound", "198.51.100.7", 443]);
  const { assigned } = await harness.settled(
    harness.rpc.sendRequest(MappingReadyRequest, { mappingId }),
  );
  assertEquals(assigned?.externalAddress, "203.0.113.5");
});

Deno.test("every option of a mapping reaches the PCP server", async () => {
  await using harness = await RpcHarness.start({ thirdParty: true });
  await harness.rpc.sendRequest(InitializeRequest, {});
  await harness.rpc.sendRequest(ClientStartRequest, {
    client: CLIENT,
    server: SERVER,
    allowThirdParty: true,
    multicast: false,
    shutdownTimeout: 100,
  });
  await harness.rpc.sendRequest(MappingRequest, {
    ...TCP_6000,
    protocol: 17,
    externalPort: 6001,
    externalAddress: "203.0.113.5",
    thirdParty: "192.168.1.20",
    preferFailure: true,
    filters: [{ address: "198.51.100.0", prefix: 24, port: 0 }],
    requestType: "once",
  });
  await harness.settled(harness.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  const [held] = harness.host.server.mappings.values();
  assertEquals(held?.internalAddress.toString(), "192.168.1.20");
  assertEquals(held?.filters.length, 1);
});

Deno.test("portSet, description and thirdPartyId reach the PCP server", async () => {
  await using harness = await RpcHarness.start({ thirdParty: true, thirdPartyIds: ["00ffa0"] });
  await harness.rpc.sendRequest(InitializeRequest, {});
  await harness.rpc.sendRequest(ClientStartRequest, {
    client: CLIENT,
    server: SERVER,
    allowThirdParty: true,
  });
  await harness.rpc.sendRequest(MappingRequest, {
    ...TCP_6000,
    thirdParty: "192.168.1.20",
    thirdPartyId: "00ffA0",
    portSet: { size: 4, parity: true },
    description: "web server",
  });
  const { assigned } = await harness.settled(
    harness.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }),
  );
  assertEquals([assigned?.portSet?.size, assigned?.description], [4, "web server"]);
  const [held] = harness.host.server.mappings.values();
  assertEquals(held?.description, "web server");
});

Deno.test("options that are out of range or of the other kind are refused with their path", async () => {
  await using harness = await RpcHarness.withClient();
  const faults = async (params: Partial<MappingRequestParams>): Promise<unknown> => {
    const request = harness.rpc.sendRequest(MappingRequest, { ...TCP_6000, ...params });
    return (await assertError(request, -32602)).data;
  };
  const peer = { kind: "outbound", remoteAddress: "198.51.100.7", remotePort: 443 } as const;
  assertEquals(await faults({ thirdPartyId: "abc", portSet: { size: 0 } }), [
    { path: ["thirdPartyId"], message: 'Must be hexadecimal digits in pairs, got "abc"' },
    { path: ["portSet", "size"], message: "Must be at least 1, got 0" },
  ]);
  assertEquals(await faults({ ...peer, portSet: { size: 2 } }), [
    { path: ["portSet"], message: "Only an inbound mapping may have it" },
  ]);
  assertEquals(await faults({ description: "x".repeat(1017) }), [{
    path: [],
    message:
      'Cannot create an inbound mapping: length of the description in octets must be an integer from 0 to 1016, got "1017"',
  }]);
});

Deno.test("mapping/alert reports every change, after the response that has the id", async () => {
  await using harness = await RpcHarness.withClient();
  await harness.rpc.sendRequest(MappingRequest, TCP_6000);
  assertEquals(harness.notifications, []);
  await harness.settled(harness.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  await harness.notified("mapping/alert", ({ alert }) => alert.type === "assigned");
  await harness.settled(harness.rpc.sendRequest(MappingRevokeRequest, { mappingId: 1 }));
  await nextTurn();
  assertEquals(harness.notifications.map(({ params }) => params), [
    {
      mappingId: 1,
      alert: { type: "stateChange", state: { type: "starting", attempt: 0 } },
    },
    { mappingId: 1, alert: { type: "stateChange", state: { type: "running" } } },
    {
      mappingId: 1,
      alert: {
        type: "assigned",
        externalAddress: "203.0.113.5",
        externalPort: 40000,
        lifetime: 60,
      },
    },
    {
      mappingId: 1,
      alert: { type: "stateChange", state: { type: "updating", attempt: 0, lifetime: 0 } },
    },
    { mappingId: 1, alert: { type: "stateChange", state: { type: "revoked" } } },
  ]);
});

Deno.test("mapping/ready fails with the result code of the PCP server", async () => {
  await using harness = await RpcHarness.withClient();
  harness.host.server.fail(ResultCode.NotAuthorized, { lifetime: 1800 });
  await harness.rpc.sendRequest(MappingRequest, { ...TCP_6000, requestType: "once" });
  const error = await assertError(
    harness.settled(harness.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 })),
    5,
  );
  const { code, name } = error.data as Record<string, unknown>;
  assertEquals([code, name], [ResultCode.NotAuthorized, "NOT_AUTHORIZED"]);
});

Deno.test("a refused renewal is reported with the mapping's id in this server, not in the library", async () => {
  await using harness = await RpcHarness.withClient();
  // Uses up an id in the library that has no counterpart in this server.
  await harness.settled(harness.rpc.sendRequest(ClientExternalAddressRequest, { clientId: 1 }));
  await harness.rpc.sendRequest(MappingRequest, TCP_6000);
  await harness.settled(harness.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  harness.host.server.fail(ResultCode.NoResources, { lifetime: 5, times: 1 });
  await harness.rpc.sendRequest(MappingRenewRequest, { mappingId: 1, lifetime: 90 });
  const { clientId, error } = await harness.notified("client/error");
  assertEquals([clientId, error.name, error["mappingId"]], [1, "RenewalRefusedError", 1]);
  assertMatch(error.message, /^Cannot renew mapping "1" yet/);
});

Deno.test("client/serverRestarted reports a restart with the new epoch", async () => {
  await using harness = await RpcHarness.withClient();
  await harness.rpc.sendRequest(MappingRequest, TCP_6000);
  await harness.settled(harness.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  await harness.clock.advance(10_000);
  harness.host.restart();
  const restarted = await harness.notified("client/serverRestarted");
  assertEquals(restarted.clientId, 1);
  assertEquals(restarted.epoch < 5, true);
});

Deno.test("client/announce and client/externalAddress ask the PCP server", async () => {
  await using harness = await RpcHarness.withClient();
  await harness.clock.advance(7_000);
  const { epoch, roundTrip } = await harness.settled(
    harness.rpc.sendRequest(ClientAnnounceRequest, { clientId: 1 }),
  );
  assertEquals([epoch, roundTrip], [7, 2]);
  const asked = harness.rpc.sendRequest(ClientExternalAddressRequest, { clientId: 1 });
  assertEquals(await harness.settled(asked), { externalAddress: "203.0.113.5" });
  assertEquals(harness.host.server.mappings.size, 0);
});

Deno.test("two clients live in one server, and mapping ids are unique in it", async () => {
  await using harness = await RpcHarness.withClient();
  assertEquals((await harness.startClient()).clientId, 2);
  assertEquals(await harness.rpc.sendRequest(ClientListRequest), [
    { clientId: 1, client: CLIENT, server: SERVER, port: 5351 },
    { clientId: 2, client: CLIENT, server: SERVER, port: 5351 },
  ]);
  const request = (clientId: number, internalPort: number) =>
    harness.rpc.sendRequest(MappingRequest, { ...TCP_6000, clientId, internalPort });
  assertEquals((await request(1, 6000)).mappingId, 1);
  assertEquals((await request(2, 6001)).mappingId, 2);
  const ids = async (clientId: number) =>
    (await harness.rpc.sendRequest(MappingListRequest, { clientId })).map((each) => each.mappingId);
  assertEquals([await ids(1), await ids(2)], [[1], [2]]);
});

Deno.test("a client that was shut down is unknown, and so are its mappings", async () => {
  await using harness = await RpcHarness.withClient();
  await harness.startClient();
  await harness.rpc.sendRequest(MappingRequest, TCP_6000);
  await harness.settled(harness.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  const ended = harness.rpc.sendRequest(ClientShutdownRequest, { clientId: 1 });
  assertEquals(await harness.settled(ended), null);
  assertEquals(harness.host.server.mappings.size, 0);
  await assertError(harness.rpc.sendRequest(ClientShutdownRequest, { clientId: 1 }), 2);
  await assertError(harness.rpc.sendRequest(MappingRequest, TCP_6000), 2);
  await assertError(harness.rpc.sendRequest(MappingListRequest, { clientId: 1 }), 2);
  await assertError(harness.rpc.sendRequest(MappingGetRequest, { mappingId: 1 }), 3);
  await assertError(harness.rpc.sendRequest(MappingGetRequest, { mappingId: 77 }), 3);
  assertEquals((await harness.rpc.sendRequest(ClientListRequest)).length, 1);
});

Deno.test("client/shutdown with keep leaves the mapping at the PCP server", async () => {
  await using harness = await RpcHarness.withClient();
  await harness.rpc.sendRequest(MappingRequest, TCP_6000);
  await harness.settled(harness.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  await harness.settled(
    harness.rpc.sendRequest(ClientShutdownRequest, { clientId: 1, keep: true }),
  );
  assertEquals(harness.host.server.mappings.size, 1);
});

Deno.test("a waiting mapping/ready fails with error 6 when its client ends", async () => {
  await using harness = await RpcHarness.withClient();
  harness.host.server.silent = true;
  await harness.rpc.sendRequest(MappingRequest, TCP_6000);
  const ready = assertError(harness.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }), 6);
  await harness.settled(harness.rpc.sendRequest(ClientShutdownRequest, { clientId: 1 }));
  assertEquals((await ready).data, { state: { type: "dropped" } });
});

Deno.test("simulators are started and stopped", async () => {
  await using harness = await RpcHarness.start();
  await harness.rpc.sendRequest(InitializeRequest, {});
  const { simulatorId, server, port } = await harness.rpc.sendRequest(SimulatorStartRequest, {
    port: 5355,
  });
  assertEquals([simulatorId, server, port], [1, "127.0.0.1", 5355]);
  assertEquals(await harness.rpc.sendRequest(SimulatorStopRequest, { simulatorId }), null);
  await assertError(harness.rpc.sendRequest(SimulatorStopRequest, { simulatorId }), 7);
});

Deno.test("discover gives what discovery finds", async () => {
  const gateway = {
    family: "IPv4",
    gateway: "192.168.1.1",
    interface: "eth0",
    client: "192.168.1.10",
  } as const;
  await using harness = await RpcHarness.start({}, { discover: () => Promise.resolve([gateway]) });
  await harness.rpc.sendRequest(InitializeRequest, {});
  assertEquals(await harness.rpc.sendRequest(DiscoverRequest, {}), [gateway]);
});

Deno.test("cancelling mapping/ready answers -32800 and leaves the mapping as it was", async () => {
  await using harness = await RpcHarness.withClient();
  harness.host.server.silent = true;
  const before = await harness.rpc.sendRequest(MappingRequest, TCP_6000);
  const source = new CancellationTokenSource();
  const ready = assertError(
    harness.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }, source.token),
    -32800,
  );
  await nextTurn();
  source.cancel();
  await ready;
  assertEquals(await harness.rpc.sendRequest(MappingGetRequest, { mappingId: 1 }), before);
  harness.host.server.silent = false;
  const { state } = await harness.settled(
    harness.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }),
  );
  assertEquals(state, { type: "running" });
});

Deno.test("every waiting request obeys $/cancelRequest", async () => {
  const never = (): Promise<never> => new Promise(() => {});
  await using harness = await RpcHarness.withClient({}, { discover: never, endTimeout: 10 });
  await harness.rpc.sendRequest(MappingRequest, TCP_6000);
  await harness.settled(harness.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  harness.host.server.silent = true;
  const cancelled = async (method: string, params: object): Promise<void> => {
    const source = new CancellationTokenSource();
    const answer = assertError(harness.rpc.sendRequest(method, params, source.token), -32800);
    await nextTurn();
    source.cancel();
    await answer;
  };
  await cancelled("discover", {});
  await cancelled("client/announce", { clientId: 1 });
  await cancelled("client/externalAddress", { clientId: 1 });
  await cancelled("mapping/revoke", { mappingId: 1 });
  const { state } = await harness.rpc.sendRequest(MappingGetRequest, { mappingId: 1 });
  assertEquals(state.type, "updating"); // the deletion goes on
});

Deno.test("shutdown releases every mapping; exit then ends with 0", async () => {
  await using harness = await RpcHarness.withClient();
  await harness.rpc.sendRequest(MappingRequest, TCP_6000);
  await harness.settled(harness.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  assertEquals(await harness.settled(harness.rpc.sendRequest(ShutdownRequest)), null);
  assertEquals(harness.host.server.mappings.size, 0);
  await assertError(harness.rpc.sendRequest(ClientListRequest), -32600);
  await harness.rpc.sendNotification(ExitNotification);
  assertEquals(await harness.settled(harness.server.ended), 0);
});

Deno.test("exit without shutdown ends with 1, and releases all the same", async () => {
  await using harness = await RpcHarness.withClient();
  await harness.rpc.sendRequest(MappingRequest, TCP_6000);
  await harness.settled(harness.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  await harness.rpc.sendNotification(ExitNotification);
  assertEquals(await harness.settled(harness.server.ended), 1);
  assertEquals(harness.host.server.mappings.size, 0);
});

Deno.test("the end of the connection releases and ends with 0, its failure with 1", async () => {
  for (const [end, exitCode] of [["close", 0], ["fail", 1]] as const) {
    await using harness = await RpcHarness.withClient();
    await harness.rpc.sendRequest(MappingRequest, TCP_6000);
    await harness.settled(harness.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
    harness.pair.toServer[end](new Error("Unreadable"));
    assertEquals(await harness.settled(harness.server.ended), exitCode);
    assertEquals(harness.host.server.mappings.size, 0);
  }
});

Deno.test("the end is bounded, whatever hangs", async () => {
  const never = (): Promise<never> => new Promise(() => {});
  await using harness = await RpcHarness.start({}, { discover: never, endTimeout: 10 });
  await harness.rpc.sendRequest(InitializeRequest, {});
  harness.rpc.sendRequest(DiscoverRequest, {}).catch(() => {});
  await nextTurn();
  harness.pair.toServer.close();
  assertEquals(await harness.server.ended, 0);
});

Deno.test("processId is watched until the end", async () => {
  const watched: number[] = [];
  let gone = (): void => {};
  let stopped = 0;
  await using harness = await RpcHarness.start({}, {
    watchProcess: (processId, callback) => {
      watched.push(processId);
      gone = callback;
      return () => stopped++;
    },
  });
  await harness.rpc.sendRequest(InitializeRequest, { processId: 4711 });
  assertEquals(watched, [4711]);
  gone();
  assertEquals(await harness.server.ended, 0);
  assertEquals(stopped, 1);
});

Deno.test("alerts for a reader that does not read are coalesced, answers are not", async () => {
  await using harness = await RpcHarness.withClient();
  await harness.rpc.sendRequest(MappingRequest, TCP_6000);
  await harness.settled(harness.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  await harness.notified("mapping/alert", ({ alert }) => alert.type === "assigned");
  harness.pair.toClient.hold();
  const renewals = [];
  for (let count = 0; count < 200; count++) {
    renewals.push(
      harness.rpc.sendRequest(MappingRenewRequest, { mappingId: 1, lifetime: 60 + count }),
    );
    await nextTurn();
    await harness.clock.advance(5_000); // the engine spaces what goes to one server
  }
  const before = harness.notifications.length;
  harness.pair.toClient.release();
  const answers = await Promise.all(renewals);
  assertEquals(answers.map(({ lifetime }) => lifetime), answers.map((_, count) => 60 + count));
  for (let turn = 0; turn < 50; turn++) await nextTurn();
  const late = harness.notifications.slice(before).map(({ params }) => params);
  assertEquals(late.length <= 18, true, `${late.length} alerts`);
  assertEquals(late.slice(-2), [
    { mappingId: 1, alert: { type: "stateChange", state: { type: "running" } } },
    {
      mappingId: 1,
      alert: {
        type: "assigned",
        externalAddress: "203.0.113.5",
        externalPort: 40000,
        lifetime: 259,
      },
    },
  ]);
});

/** Awaits an error response with that code, and with that data if any is given. */
async function assertError(
  answer: Promise<unknown>,
  code: number,
  data?: unknown,
): Promise<ResponseError<unknown>> {
  const error = await assertRejects(() => answer, ResponseError<unknown>);
  assertEquals(error.code, code, error.message);
  if (data !== undefined) assertEquals(error.data, data);
  return error;
}
