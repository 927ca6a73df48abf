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
import { CLIENT, nextTurn, SERVER, World } from "./world.ts";

const TCP_6000: MappingRequestParams = {
  clientId: 1,
  kind: "inbound",
  internalPort: 6000,
  lifetime: 60,
};

Deno.test("initialize tells who serves and what it can do", async () => {
  await using world = await World.start();
  const result = await world.rpc.sendRequest(InitializeRequest, {
    clientInfo: { name: "test", version: "1" },
    processId: null,
  });
  assertEquals(result.serverInfo.name, "pcp-rpc");
  assertEquals(result.protocolVersion, "1.0");
  assertEquals(result.capabilities, { cancellation: true, openrpc: true, simulator: true });
});

Deno.test("a request before initialize is refused with -32002, a second initialize with -32600", async () => {
  await using world = await World.start();
  await assertError(world.rpc.sendRequest(ClientListRequest), -32002);
  await assertError(world.rpc.sendRequest("nonsense"), -32601);
  await world.rpc.sendRequest(InitializeRequest, {});
  assertEquals(await world.rpc.sendRequest(ClientListRequest), []);
  await assertError(world.rpc.sendRequest(InitializeRequest, {}), -32600);
});

Deno.test("an inbound mapping is requested, assigned, renewed and revoked", async () => {
  await using world = await World.withClient();
  const requested = await world.rpc.sendRequest(MappingRequest, {
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
  const ready = await world.settled(world.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  assertEquals(ready.state, { type: "running" });
  assertEquals(ready.assigned, {
    externalAddress: "203.0.113.5",
    externalPort: 7000,
    lifetime: 60,
  });
  assertMatch(ready.expiresAt ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

  const renewing = await world.rpc.sendRequest(MappingRenewRequest, { mappingId: 1, lifetime: 90 });
  assertEquals([renewing.lifetime, renewing.state.type], [90, "updating"]);
  await world.clock.advance(100);
  const renewed = await world.rpc.sendRequest(MappingGetRequest, { mappingId: 1 });
  assertEquals([renewed.assigned?.lifetime, renewed.state.type], [90, "running"]);
  assertEquals(await world.rpc.sendRequest(MappingListRequest, {}), [renewed]);

  const revoked = await world.settled(
    world.rpc.sendRequest(MappingRevokeRequest, { mappingId: 1 }),
  );
  assertEquals([revoked.state, revoked.assigned], [{ type: "revoked" }, null]);
  assertEquals(world.host.server.mappings.size, 0);
  assertEquals(await world.rpc.sendRequest(MappingListRequest, {}), []);
  assertEquals(await world.rpc.sendRequest(MappingGetRequest, { mappingId: 1 }), revoked);
  await assertError(
    world.rpc.sendRequest(MappingRenewRequest, { mappingId: 1, lifetime: 90 }),
    6,
    { state: { type: "revoked" } },
  );
});

Deno.test("an outbound mapping tells its remote peer", async () => {
  await using world = await World.withClient();
  const params = {
    ...TCP_6000,
    kind: "outbound",
    remoteAddress: "198.51.100.7",
    remotePort: 443,
  } as const;
  const { mappingId, kind, remoteAddress, remotePort } = await world.rpc.sendRequest(
    MappingRequest,
    params,
  );
  assertEquals([kind, remoteAddress, remotePort], ["outbound", "198.51.100.7", 443]);
  const { assigned } = await world.settled(
    world.rpc.sendRequest(MappingReadyRequest, { mappingId }),
  );
  assertEquals(assigned?.externalAddress, "203.0.113.5");
});

Deno.test("every option of a mapping reaches the PCP server", async () => {
  await using world = await World.start({ thirdParty: true });
  await world.rpc.sendRequest(InitializeRequest, {});
  await world.rpc.sendRequest(ClientStartRequest, {
    client: CLIENT,
    server: SERVER,
    allowThirdParty: true,
    multicast: false,
    shutdownTimeout: 100,
  });
  await world.rpc.sendRequest(MappingRequest, {
    ...TCP_6000,
    protocol: 17,
    externalPort: 6001,
    externalAddress: "203.0.113.5",
    thirdParty: "192.168.1.20",
    preferFailure: true,
    filters: [{ address: "198.51.100.0", prefix: 24, port: 0 }],
    requestType: "once",
  });
  await world.settled(world.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  const [held] = world.host.server.mappings.values();
  assertEquals(held?.internalAddress.toString(), "192.168.1.20");
  assertEquals(held?.filters.length, 1);
});

Deno.test("portSet, description and thirdPartyId reach the PCP server", async () => {
  await using world = await World.start({ thirdParty: true, thirdPartyIds: ["00ffa0"] });
  await world.rpc.sendRequest(InitializeRequest, {});
  await world.rpc.sendRequest(ClientStartRequest, {
    client: CLIENT,
    server: SERVER,
    allowThirdParty: true,
  });
  await world.rpc.sendRequest(MappingRequest, {
    ...TCP_6000,
    thirdParty: "192.168.1.20",
    thirdPartyId: "00ffA0",
    portSet: { size: 4, parity: true },
    description: "web server",
  });
  const { assigned } = await world.settled(
    world.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }),
  );
  assertEquals([assigned?.portSet?.size, assigned?.description], [4, "web server"]);
  const [held] = world.host.server.mappings.values();
  assertEquals(held?.description, "web server");
});

Deno.test("options that are out of range or of the other kind are refused with their path", async () => {
  await using world = await World.withClient();
  const faults = async (params: Partial<MappingRequestParams>): Promise<unknown> => {
    const request = world.rpc.sendRequest(MappingRequest, { ...TCP_6000, ...params });
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

Deno.test("mapping/alert tells of every change, after the answer that gives the id", async () => {
  await using world = await World.withClient();
  await world.rpc.sendRequest(MappingRequest, TCP_6000);
  assertEquals(world.notifications, []);
  await world.settled(world.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  await world.notified("mapping/alert", ({ alert }) => alert.type === "assigned");
  await world.settled(world.rpc.sendRequest(MappingRevokeRequest, { mappingId: 1 }));
  await nextTurn();
  assertEquals(world.notifications.map(({ params }) => params), [
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
  await using world = await World.withClient();
  world.host.server.fail(ResultCode.NotAuthorized, { lifetime: 1800 });
  await world.rpc.sendRequest(MappingRequest, { ...TCP_6000, requestType: "once" });
  const error = await assertError(
    world.settled(world.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 })),
    5,
  );
  const { code, name } = error.data as Record<string, unknown>;
  assertEquals([code, name], [ResultCode.NotAuthorized, "NOT_AUTHORIZED"]);
});

Deno.test("a refused renewal is told with the mapping's id in this server, not in the library", async () => {
  await using world = await World.withClient();
  // Takes an id in the library that nobody sees here.
  await world.settled(world.rpc.sendRequest(ClientExternalAddressRequest, { clientId: 1 }));
  await world.rpc.sendRequest(MappingRequest, TCP_6000);
  await world.settled(world.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  world.host.server.fail(ResultCode.NoResources, { lifetime: 5, times: 1 });
  await world.rpc.sendRequest(MappingRenewRequest, { mappingId: 1, lifetime: 90 });
  const { clientId, error } = await world.notified("client/error");
  assertEquals([clientId, error.name, error["mappingId"]], [1, "RenewalRefusedError", 1]);
  assertMatch(error.message, /^Cannot renew mapping "1" yet/);
});

Deno.test("client/serverRestarted tells of a restart with the new epoch", async () => {
  await using world = await World.withClient();
  await world.rpc.sendRequest(MappingRequest, TCP_6000);
  await world.settled(world.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  await world.clock.advance(10_000);
  world.host.restart();
  const restarted = await world.notified("client/serverRestarted");
  assertEquals(restarted.clientId, 1);
  assertEquals(restarted.epoch < 5, true);
});

Deno.test("client/announce and client/externalAddress ask the PCP server", async () => {
  await using world = await World.withClient();
  await world.clock.advance(7_000);
  const { epoch, roundTrip } = await world.settled(
    world.rpc.sendRequest(ClientAnnounceRequest, { clientId: 1 }),
  );
  assertEquals([epoch, roundTrip], [7, 2]);
  const asked = world.rpc.sendRequest(ClientExternalAddressRequest, { clientId: 1 });
  assertEquals(await world.settled(asked), { externalAddress: "203.0.113.5" });
  assertEquals(world.host.server.mappings.size, 0);
});

Deno.test("two clients live in one server, and mapping ids are unique in it", async () => {
  await using world = await World.withClient();
  assertEquals((await world.startClient()).clientId, 2);
  assertEquals(await world.rpc.sendRequest(ClientListRequest), [
    { clientId: 1, client: CLIENT, server: SERVER, port: 5351 },
    { clientId: 2, client: CLIENT, server: SERVER, port: 5351 },
  ]);
  const request = (clientId: number, internalPort: number) =>
    world.rpc.sendRequest(MappingRequest, { ...TCP_6000, clientId, internalPort });
  assertEquals((await request(1, 6000)).mappingId, 1);
  assertEquals((await request(2, 6001)).mappingId, 2);
  const ids = async (clientId: number) =>
    (await world.rpc.sendRequest(MappingListRequest, { clientId })).map((each) => each.mappingId);
  assertEquals([await ids(1), await ids(2)], [[1], [2]]);
});

Deno.test("a client that was shut down is unknown, and so are its mappings", async () => {
  await using world = await World.withClient();
  await world.startClient();
  await world.rpc.sendRequest(MappingRequest, TCP_6000);
  await world.settled(world.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  const ended = world.rpc.sendRequest(ClientShutdownRequest, { clientId: 1 });
  assertEquals(await world.settled(ended), null);
  assertEquals(world.host.server.mappings.size, 0);
  await assertError(world.rpc.sendRequest(ClientShutdownRequest, { clientId: 1 }), 2);
  await assertError(world.rpc.sendRequest(MappingRequest, TCP_6000), 2);
  await assertError(world.rpc.sendRequest(MappingListRequest, { clientId: 1 }), 2);
  await assertError(world.rpc.sendRequest(MappingGetRequest, { mappingId: 1 }), 3);
  await assertError(world.rpc.sendRequest(MappingGetRequest, { mappingId: 77 }), 3);
  assertEquals((await world.rpc.sendRequest(ClientListRequest)).length, 1);
});

Deno.test("client/shutdown with keep leaves the mapping at the PCP server", async () => {
  await using world = await World.withClient();
  await world.rpc.sendRequest(MappingRequest, TCP_6000);
  await world.settled(world.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  await world.settled(
    world.rpc.sendRequest(ClientShutdownRequest, { clientId: 1, keep: true }),
  );
  assertEquals(world.host.server.mappings.size, 1);
});

Deno.test("whoever waits for a mapping when its client ends is told so", async () => {
  await using world = await World.withClient();
  world.host.server.silent = true;
  await world.rpc.sendRequest(MappingRequest, TCP_6000);
  const ready = assertError(world.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }), 6);
  await world.settled(world.rpc.sendRequest(ClientShutdownRequest, { clientId: 1 }));
  assertEquals((await ready).data, { state: { type: "dropped" } });
});

Deno.test("simulators are started and stopped", async () => {
  await using world = await World.start();
  await world.rpc.sendRequest(InitializeRequest, {});
  const { simulatorId, server, port } = await world.rpc.sendRequest(SimulatorStartRequest, {
    port: 5355,
  });
  assertEquals([simulatorId, server, port], [1, "127.0.0.1", 5355]);
  assertEquals(await world.rpc.sendRequest(SimulatorStopRequest, { simulatorId }), null);
  await assertError(world.rpc.sendRequest(SimulatorStopRequest, { simulatorId }), 7);
});

Deno.test("discover gives what discovery finds", async () => {
  const gateway = {
    family: "IPv4",
    gateway: "192.168.1.1",
    interface: "eth0",
    client: "192.168.1.10",
  } as const;
  await using world = await World.start({}, { discover: () => Promise.resolve([gateway]) });
  await world.rpc.sendRequest(InitializeRequest, {});
  assertEquals(await world.rpc.sendRequest(DiscoverRequest, {}), [gateway]);
});

Deno.test("cancelling mapping/ready answers -32800 and leaves the mapping as it was", async () => {
  await using world = await World.withClient();
  world.host.server.silent = true;
  const before = await world.rpc.sendRequest(MappingRequest, TCP_6000);
  const source = new CancellationTokenSource();
  const ready = assertError(
    world.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }, source.token),
    -32800,
  );
  await nextTurn();
  source.cancel();
  await ready;
  assertEquals(await world.rpc.sendRequest(MappingGetRequest, { mappingId: 1 }), before);
  world.host.server.silent = false;
  const { state } = await world.settled(
    world.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }),
  );
  assertEquals(state, { type: "running" });
});

Deno.test("every waiting request obeys $/cancelRequest", async () => {
  const never = (): Promise<never> => new Promise(() => {});
  await using world = await World.withClient({}, { discover: never, endTimeout: 10 });
  await world.rpc.sendRequest(MappingRequest, TCP_6000);
  await world.settled(world.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  world.host.server.silent = true;
  const cancelled = async (method: string, params: object): Promise<void> => {
    const source = new CancellationTokenSource();
    const answer = assertError(world.rpc.sendRequest(method, params, source.token), -32800);
    await nextTurn();
    source.cancel();
    await answer;
  };
  await cancelled("discover", {});
  await cancelled("client/announce", { clientId: 1 });
  await cancelled("client/externalAddress", { clientId: 1 });
  await cancelled("mapping/revoke", { mappingId: 1 });
  const { state } = await world.rpc.sendRequest(MappingGetRequest, { mappingId: 1 });
  assertEquals(state.type, "updating"); // the deletion goes on
});

Deno.test("shutdown releases every mapping; exit then ends with 0", async () => {
  await using world = await World.withClient();
  await world.rpc.sendRequest(MappingRequest, TCP_6000);
  await world.settled(world.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  assertEquals(await world.settled(world.rpc.sendRequest(ShutdownRequest)), null);
  assertEquals(world.host.server.mappings.size, 0);
  await assertError(world.rpc.sendRequest(ClientListRequest), -32600);
  await world.rpc.sendNotification(ExitNotification);
  assertEquals(await world.settled(world.server.ended), 0);
});

Deno.test("exit without shutdown ends with 1, and releases all the same", async () => {
  await using world = await World.withClient();
  await world.rpc.sendRequest(MappingRequest, TCP_6000);
  await world.settled(world.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  await world.rpc.sendNotification(ExitNotification);
  assertEquals(await world.settled(world.server.ended), 1);
  assertEquals(world.host.server.mappings.size, 0);
});

Deno.test("the end of the connection releases and ends with 0, its failure with 1", async () => {
  for (const [end, exitCode] of [["close", 0], ["fail", 1]] as const) {
    await using world = await World.withClient();
    await world.rpc.sendRequest(MappingRequest, TCP_6000);
    await world.settled(world.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
    world.pair.toServer[end](new Error("Unreadable"));
    assertEquals(await world.settled(world.server.ended), exitCode);
    assertEquals(world.host.server.mappings.size, 0);
  }
});

Deno.test("the end is bounded, whatever hangs", async () => {
  const never = (): Promise<never> => new Promise(() => {});
  await using world = await World.start({}, { discover: never, endTimeout: 10 });
  await world.rpc.sendRequest(InitializeRequest, {});
  world.rpc.sendRequest(DiscoverRequest, {}).catch(() => {});
  await nextTurn();
  world.pair.toServer.close();
  assertEquals(await world.server.ended, 0);
});

Deno.test("processId is watched until the end", async () => {
  const watched: number[] = [];
  let gone = (): void => {};
  let stopped = 0;
  await using world = await World.start({}, {
    watchProcess: (processId, callback) => {
      watched.push(processId);
      gone = callback;
      return () => stopped++;
    },
  });
  await world.rpc.sendRequest(InitializeRequest, { processId: 4711 });
  assertEquals(watched, [4711]);
  gone();
  assertEquals(await world.server.ended, 0);
  assertEquals(stopped, 1);
});

Deno.test("alerts for a reader that does not read are coalesced, answers are not", async () => {
  await using world = await World.withClient();
  await world.rpc.sendRequest(MappingRequest, TCP_6000);
  await world.settled(world.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  await world.notified("mapping/alert", ({ alert }) => alert.type === "assigned");
  world.pair.toClient.hold();
  const renewals = [];
  for (let count = 0; count < 200; count++) {
    renewals.push(
      world.rpc.sendRequest(MappingRenewRequest, { mappingId: 1, lifetime: 60 + count }),
    );
    await nextTurn();
    await world.clock.advance(5_000); // the engine spaces what goes to one server
  }
  const before = world.notifications.length;
  world.pair.toClient.release();
  const answers = await Promise.all(renewals);
  assertEquals(answers.map(({ lifetime }) => lifetime), answers.map((_, count) => 60 + count));
  for (let turn = 0; turn < 50; turn++) await nextTurn();
  const late = world.notifications.slice(before).map(({ params }) => params);
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

/** Awaits an error answer with that code, and with that data if any is given. */
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
