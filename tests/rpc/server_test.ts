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
import { CLIENT, nextTurn, RpcLab, SERVER } from "./rpc_lab.ts";

const TCP_6000: MappingRequestParams = {
  clientId: 1,
  kind: "inbound",
  internalPort: 6000,
  lifetime: 60,
};

Deno.test("initialize answers with server name, protocol version and capabilities", async () => {
  await using lab = await RpcLab.start();
  const result = await lab.rpc.sendRequest(InitializeRequest, {
    clientInfo: { name: "test", version: "1" },
    processId: null,
  });
  assertEquals(result.serverInfo.name, "pcp-rpc");
  assertEquals(result.protocolVersion, "1.0");
  assertEquals(result.capabilities, { cancellation: true, openrpc: true, simulator: true });
});

Deno.test("a request before initialize is refused with -32002, a second initialize with -32600", async () => {
  await using lab = await RpcLab.start();
  await assertError(lab.rpc.sendRequest(ClientListRequest), -32002);
  await assertError(lab.rpc.sendRequest("nonsense"), -32601);
  await lab.rpc.sendRequest(InitializeRequest, {});
  assertEquals(await lab.rpc.sendRequest(ClientListRequest), []);
  await assertError(lab.rpc.sendRequest(InitializeRequest, {}), -32600);
});

Deno.test("an inbound mapping is requested, assigned, renewed and revoked", async () => {
  await using lab = await RpcLab.withClient();
  const requested = await lab.rpc.sendRequest(MappingRequest, {
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
  const ready = await lab.settled(
    lab.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }),
  );
  assertEquals(ready.state, { type: "running" });
  assertEquals(ready.assigned, {
    externalAddress: "203.0.113.5",
    externalPort: 7000,
    lifetime: 60,
    protocol: "pcp",
  });
  assertMatch(ready.expiresAt ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

  const renewing = await lab.rpc.sendRequest(MappingRenewRequest, {
    mappingId: 1,
    lifetime: 90,
  });
  assertEquals([renewing.lifetime, renewing.state.type], [90, "updating"]);
  await lab.clock.advance(100);
  const renewed = await lab.rpc.sendRequest(MappingGetRequest, { mappingId: 1 });
  assertEquals([renewed.assigned?.lifetime, renewed.state.type], [90, "running"]);
  assertEquals(await lab.rpc.sendRequest(MappingListRequest, {}), [renewed]);

  const revoked = await lab.settled(
    lab.rpc.sendRequest(MappingRevokeRequest, { mappingId: 1 }),
  );
  assertEquals([revoked.state, revoked.assigned], [{ type: "revoked" }, null]);
  assertEquals(lab.host.server.mappings.size, 0);
  assertEquals(await lab.rpc.sendRequest(MappingListRequest, {}), []);
  assertEquals(await lab.rpc.sendRequest(MappingGetRequest, { mappingId: 1 }), revoked);
  await assertError(
    lab.rpc.sendRequest(MappingRenewRequest, { mappingId: 1, lifetime: 90 }),
    6,
    { state: { type: "revoked" } },
  );
});

Deno.test("an outbound mapping has its remote peer in the result", async () => {
  await using lab = await RpcLab.withClient();
  const params = {
    ...TCP_6000,
    kind: "outbound",
    remoteAddress: "198.51.100.7",
    remotePort: 443,
  } as const;
  const { mappingId, kind, remoteAddress, remotePort } = await lab.rpc.sendRequest(
    MappingRequest,
    params,
  );
  assertEquals([kind, remoteAddress, remotePort], ["outbound", "198.51.100.7", 443]);
  const { assigned } = await lab.settled(
    lab.rpc.sendRequest(MappingReadyRequest, { mappingId }),
  );
  assertEquals(assigned?.externalAddress, "203.0.113.5");
});

Deno.test("every option of a mapping reaches the PCP server", async () => {
  await using lab = await RpcLab.start({ thirdParty: true });
  await lab.rpc.sendRequest(InitializeRequest, {});
  await lab.rpc.sendRequest(ClientStartRequest, {
    client: CLIENT,
    server: SERVER,
    allowThirdParty: true,
    multicast: false,
    shutdownTimeout: 100,
  });
  await lab.rpc.sendRequest(MappingRequest, {
    ...TCP_6000,
    protocol: 17,
    externalPort: 6001,
    externalAddress: "203.0.113.5",
    thirdParty: "192.168.1.20",
    preferFailure: true,
    filters: [{ address: "198.51.100.0", prefix: 24, port: 0 }],
    requestType: "once",
  });
  await lab.settled(lab.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  const [held] = lab.host.server.mappings.values();
  assertEquals(held?.internalAddress.toString(), "192.168.1.20");
  assertEquals(held?.filters.length, 1);
});

Deno.test("portSet, description and thirdPartyId reach the PCP server", async () => {
  await using lab = await RpcLab.start({ thirdParty: true, thirdPartyIds: ["00ffa0"] });
  await lab.rpc.sendRequest(InitializeRequest, {});
  await lab.rpc.sendRequest(ClientStartRequest, {
    client: CLIENT,
    server: SERVER,
    allowThirdParty: true,
  });
  await lab.rpc.sendRequest(MappingRequest, {
    ...TCP_6000,
    thirdParty: "192.168.1.20",
    thirdPartyId: "00ffA0",
    portSet: { size: 4, parity: true },
    description: "web server",
  });
  const { assigned } = await lab.settled(
    lab.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }),
  );
  // The set in the answer is the requested one, which proves nothing.
  assertEquals([assigned?.portSet?.size, assigned?.description], [1, "web server"]);
  const [held] = lab.host.server.mappings.values();
  assertEquals(held?.description, "web server  ", "padded to a multiple of 4 octets");
});

Deno.test("options that are out of range or of the other kind are refused with their path", async () => {
  await using lab = await RpcLab.withClient();
  const faults = async (params: Partial<MappingRequestParams>): Promise<unknown> => {
    const request = lab.rpc.sendRequest(MappingRequest, { ...TCP_6000, ...params });
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
  await using lab = await RpcLab.withClient();
  await lab.rpc.sendRequest(MappingRequest, TCP_6000);
  assertEquals(lab.notifications, []);
  await lab.settled(lab.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  await lab.notified("mapping/alert", ({ alert }) => alert.type === "assigned");
  await lab.settled(lab.rpc.sendRequest(MappingRevokeRequest, { mappingId: 1 }));
  await nextTurn();
  const alerts = lab.notifications.filter(({ method }) => method === "mapping/alert");
  assertEquals(alerts.map(({ params }) => params), [
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
        protocol: "pcp",
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
  await using lab = await RpcLab.withClient();
  lab.host.server.fail(ResultCode.NotAuthorized, { lifetime: 1800 });
  await lab.rpc.sendRequest(MappingRequest, { ...TCP_6000, requestType: "once" });
  const error = await assertError(
    lab.settled(lab.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 })),
    5,
  );
  const { code, name } = error.data as Record<string, unknown>;
  assertEquals([code, name], [ResultCode.NotAuthorized, "NOT_AUTHORIZED"]);
});

Deno.test("a refused renewal is reported with the mapping's id in this server, not in the library", async () => {
  await using lab = await RpcLab.withClient();
  // Uses up an id in the library that has no counterpart in this server.
  await lab.settled(lab.rpc.sendRequest(ClientExternalAddressRequest, { clientId: 1 }));
  await lab.rpc.sendRequest(MappingRequest, TCP_6000);
  await lab.settled(lab.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  lab.host.server.fail(ResultCode.NoResources, { lifetime: 5, times: 1 });
  await lab.rpc.sendRequest(MappingRenewRequest, { mappingId: 1, lifetime: 90 });
  const { clientId, error } = await lab.notified("client/error");
  assertEquals([clientId, error.name, error["mappingId"]], [1, "RenewalRefusedError", 1]);
  assertMatch(error.message, /^Cannot renew mapping "1" yet/);
});

Deno.test("client/serverRestarted reports a restart with the new epoch", async () => {
  await using lab = await RpcLab.withClient();
  await lab.rpc.sendRequest(MappingRequest, TCP_6000);
  await lab.settled(lab.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  await lab.clock.advance(10_000);
  lab.host.restart();
  const restarted = await lab.notified("client/serverRestarted");
  assertEquals(restarted.clientId, 1);
  assertEquals(restarted.epoch < 5, true);
});

Deno.test("client/gateway and client/list say whether the gateway answers, in the library's words", async () => {
  await using lab = await RpcLab.withClient();
  lab.host.server.silent = true;
  await lab.rpc.sendRequest(MappingRequest, TCP_6000);
  const silent = await lab.notified("client/gateway");
  assertEquals([silent.clientId, silent.gateway.state, silent.protocol], [1, "silent", undefined]);
  assertMatch(
    silent.message,
    /^Nothing at 192.168.1.1 answers in PCP, NAT-PMP or UPnP: .*UPnP, NAT-PMP or PCP/,
  );
  const error = await lab.notified("client/error");
  assertEquals([error.error.name, error.error.message], ["GatewayError", silent.message]);
  lab.host.server.silent = false;
  await lab.settled(lab.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  const answers = await lab.notified(
    "client/gateway",
    ({ gateway }) => gateway.state === "answers",
  );
  const [listed] = await lab.rpc.sendRequest(ClientListRequest);
  assertEquals([listed?.gateway, listed?.protocol], [answers.gateway, "pcp"]);
});

Deno.test("client/announce and client/externalAddress ask the PCP server", async () => {
  await using lab = await RpcLab.withClient();
  await lab.clock.advance(7_000);
  const { epoch, roundTrip } = await lab.settled(
    lab.rpc.sendRequest(ClientAnnounceRequest, { clientId: 1 }),
  );
  assertEquals([epoch, roundTrip], [7, 2]);
  const asked = lab.rpc.sendRequest(ClientExternalAddressRequest, { clientId: 1 });
  assertEquals(await lab.settled(asked), { externalAddress: "203.0.113.5" });
  assertEquals(lab.host.server.mappings.size, 0);
});

Deno.test("two clients live in one server, and mapping ids are unique in it", async () => {
  await using lab = await RpcLab.withClient();
  assertEquals((await lab.startClient()).clientId, 2);
  assertEquals(await lab.rpc.sendRequest(ClientListRequest), [
    { clientId: 1, client: CLIENT, server: SERVER, port: 5351, gateway: { state: "unknown" } },
    { clientId: 2, client: CLIENT, server: SERVER, port: 5351, gateway: { state: "unknown" } },
  ]);
  const request = (clientId: number, internalPort: number) =>
    lab.rpc.sendRequest(MappingRequest, { ...TCP_6000, clientId, internalPort });
  assertEquals((await request(1, 6000)).mappingId, 1);
  assertEquals((await request(2, 6001)).mappingId, 2);
  const ids = async (clientId: number) =>
    (await lab.rpc.sendRequest(MappingListRequest, { clientId })).map((each) => each.mappingId);
  assertEquals([await ids(1), await ids(2)], [[1], [2]]);
});

Deno.test("a client that was shut down is unknown, and so are its mappings", async () => {
  await using lab = await RpcLab.withClient();
  await lab.startClient();
  await lab.rpc.sendRequest(MappingRequest, TCP_6000);
  await lab.settled(lab.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  const ended = lab.rpc.sendRequest(ClientShutdownRequest, { clientId: 1 });
  assertEquals(await lab.settled(ended), null);
  assertEquals(lab.host.server.mappings.size, 0);
  await assertError(lab.rpc.sendRequest(ClientShutdownRequest, { clientId: 1 }), 2);
  await assertError(lab.rpc.sendRequest(MappingRequest, TCP_6000), 2);
  await assertError(lab.rpc.sendRequest(MappingListRequest, { clientId: 1 }), 2);
  await assertError(lab.rpc.sendRequest(MappingGetRequest, { mappingId: 1 }), 3);
  await assertError(lab.rpc.sendRequest(MappingGetRequest, { mappingId: 77 }), 3);
  assertEquals((await lab.rpc.sendRequest(ClientListRequest)).length, 1);
});

Deno.test("client/shutdown with keep leaves the mapping at the PCP server", async () => {
  await using lab = await RpcLab.withClient();
  await lab.rpc.sendRequest(MappingRequest, TCP_6000);
  await lab.settled(lab.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  await lab.settled(
    lab.rpc.sendRequest(ClientShutdownRequest, { clientId: 1, keep: true }),
  );
  assertEquals(lab.host.server.mappings.size, 1);
});

Deno.test("a waiting mapping/ready fails with error 6 when its client ends", async () => {
  await using lab = await RpcLab.withClient();
  lab.host.server.silent = true;
  await lab.rpc.sendRequest(MappingRequest, TCP_6000);
  const ready = assertError(lab.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }), 6);
  await lab.settled(lab.rpc.sendRequest(ClientShutdownRequest, { clientId: 1 }));
  assertEquals((await ready).data, { state: { type: "dropped" } });
});

Deno.test("simulators are started and stopped", async () => {
  await using lab = await RpcLab.start();
  await lab.rpc.sendRequest(InitializeRequest, {});
  const { simulatorId, server, port } = await lab.rpc.sendRequest(SimulatorStartRequest, {
    port: 5355,
  });
  assertEquals([simulatorId, server, port], [1, "127.0.0.1", 5355]);
  assertEquals(await lab.rpc.sendRequest(SimulatorStopRequest, { simulatorId }), null);
  await assertError(lab.rpc.sendRequest(SimulatorStopRequest, { simulatorId }), 7);
});

Deno.test("discover gives what discovery finds", async () => {
  const gateway = {
    family: "IPv4",
    gateway: "192.168.1.1",
    interface: "eth0",
    client: "192.168.1.10",
    reason: "the only default gateway",
  } as const;
  await using lab = await RpcLab.start({}, { discover: () => Promise.resolve([gateway]) });
  await lab.rpc.sendRequest(InitializeRequest, {});
  assertEquals(await lab.rpc.sendRequest(DiscoverRequest, {}), [gateway]);
});

Deno.test("cancelling mapping/ready answers -32800 and leaves the mapping as it was", async () => {
  await using lab = await RpcLab.withClient();
  lab.host.server.silent = true;
  const before = await lab.rpc.sendRequest(MappingRequest, TCP_6000);
  const source = new CancellationTokenSource();
  const ready = assertError(
    lab.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }, source.token),
    -32800,
  );
  await nextTurn();
  source.cancel();
  await ready;
  assertEquals(await lab.rpc.sendRequest(MappingGetRequest, { mappingId: 1 }), before);
  lab.host.server.silent = false;
  const { state } = await lab.settled(
    lab.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }),
  );
  assertEquals(state, { type: "running" });
});

Deno.test("every waiting request obeys $/cancelRequest", async () => {
  const never = (): Promise<never> => new Promise(() => {});
  await using lab = await RpcLab.withClient({}, { discover: never, endTimeout: 10 });
  await lab.rpc.sendRequest(MappingRequest, TCP_6000);
  await lab.settled(lab.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  lab.host.server.silent = true;
  const cancelled = async (method: string, params: object): Promise<void> => {
    const source = new CancellationTokenSource();
    const answer = assertError(lab.rpc.sendRequest(method, params, source.token), -32800);
    await nextTurn();
    source.cancel();
    await answer;
  };
  await cancelled("discover", {});
  await cancelled("client/announce", { clientId: 1 });
  await cancelled("client/externalAddress", { clientId: 1 });
  await cancelled("mapping/revoke", { mappingId: 1 });
  const { state } = await lab.rpc.sendRequest(MappingGetRequest, { mappingId: 1 });
  assertEquals(state.type, "updating"); // the deletion goes on
});

Deno.test("shutdown releases every mapping; exit then ends with 0", async () => {
  await using lab = await RpcLab.withClient();
  await lab.rpc.sendRequest(MappingRequest, TCP_6000);
  await lab.settled(lab.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  assertEquals(await lab.settled(lab.rpc.sendRequest(ShutdownRequest)), null);
  assertEquals(lab.host.server.mappings.size, 0);
  await assertError(lab.rpc.sendRequest(ClientListRequest), -32600);
  await lab.rpc.sendNotification(ExitNotification);
  assertEquals(await lab.settled(lab.server.ended), 0);
});

Deno.test("exit without shutdown ends with 1, and releases all the same", async () => {
  await using lab = await RpcLab.withClient();
  await lab.rpc.sendRequest(MappingRequest, TCP_6000);
  await lab.settled(lab.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  await lab.rpc.sendNotification(ExitNotification);
  assertEquals(await lab.settled(lab.server.ended), 1);
  assertEquals(lab.host.server.mappings.size, 0);
});

Deno.test("the end of the connection releases and ends with 0, its failure with 1", async () => {
  for (const [end, exitCode] of [["close", 0], ["fail", 1]] as const) {
    await using lab = await RpcLab.withClient();
    await lab.rpc.sendRequest(MappingRequest, TCP_6000);
    await lab.settled(lab.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
    lab.pair.toServer[end](new Error("Unreadable"));
    assertEquals(await lab.settled(lab.server.ended), exitCode);
    assertEquals(lab.host.server.mappings.size, 0);
  }
});

Deno.test("the end is bounded, whatever hangs", async () => {
  const never = (): Promise<never> => new Promise(() => {});
  await using lab = await RpcLab.start({}, { discover: never, endTimeout: 10 });
  await lab.rpc.sendRequest(InitializeRequest, {});
  lab.rpc.sendRequest(DiscoverRequest, {}).catch(() => {});
  await nextTurn();
  lab.pair.toServer.close();
  assertEquals(await lab.server.ended, 0);
});

Deno.test("processId is watched until the end", async () => {
  const watched: number[] = [];
  let gone = (): void => {};
  let stopped = 0;
  await using lab = await RpcLab.start({}, {
    watchProcess: (processId, callback) => {
      watched.push(processId);
      gone = callback;
      return () => stopped++;
    },
  });
  await lab.rpc.sendRequest(InitializeRequest, { processId: 4711 });
  assertEquals(watched, [4711]);
  gone();
  assertEquals(await lab.server.ended, 0);
  assertEquals(stopped, 1);
});

Deno.test("alerts for a reader that does not read are coalesced, answers are not", async () => {
  await using lab = await RpcLab.withClient();
  await lab.rpc.sendRequest(MappingRequest, TCP_6000);
  await lab.settled(lab.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  await lab.notified("mapping/alert", ({ alert }) => alert.type === "assigned");
  lab.pair.toClient.hold();
  const renewals = [];
  for (let count = 0; count < 200; count++) {
    renewals.push(
      lab.rpc.sendRequest(MappingRenewRequest, { mappingId: 1, lifetime: 60 + count }),
    );
    await nextTurn();
    await lab.clock.advance(5_000); // the engine spaces what goes to one server
  }
  const before = lab.notifications.length;
  lab.pair.toClient.release();
  const answers = await Promise.all(renewals);
  assertEquals(answers.map(({ lifetime }) => lifetime), answers.map((_, count) => 60 + count));
  for (let turn = 0; turn < 50; turn++) await nextTurn();
  const late = lab.notifications.slice(before).map(({ params }) => params);
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
        protocol: "pcp",
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

Deno.test("client/start takes a host name as server, and refuses what is neither name nor address (H-6)", async () => {
  await using lab = await RpcLab.start();
  await lab.rpc.sendRequest(InitializeRequest, {});
  const started = await lab.rpc.sendRequest(ClientStartRequest, {
    client: "127.0.0.1",
    server: " localhost ",
  });
  assertEquals(started.server, "127.0.0.1");
  for (const server of ["192.168.1.256", "a b", "", "http://router"]) {
    const start = () => lab.rpc.sendRequest(ClientStartRequest, { server });
    const { code, data } = await assertRejects(start, ResponseError<unknown>);
    assertEquals([code, (data as { path: string[] }[])[0]?.path], [-32602, ["server"]], server);
  }
});
