import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { VERSION } from "../../src/version.ts";
import { readFile, ROOT } from "../tools/repository.ts";
import { assertDeleted, frame, INBOUND, RpcProcess, TRACED, untilIdle } from "./rpc_process.ts";

// The server as a real process: framing, bad input, signals, exit codes.

Deno.test("the server reads headers in any case, extra headers, single octets and several messages at once", async () => {
  await using server = new RpcProcess();
  const body = '{"jsonrpc":"2.0","id":"é€😀","method":"initialize","params":{}}';
  const octets = new TextEncoder().encode(body);
  await server.write("x-extra: 1\r\nCONTENT-LENGTH:" + octets.length + "\r\n");
  await server.write("content-type: application/vscode-jsonrpc; charset=utf8\r\n\r\n");
  for (const octet of octets) await server.write(Uint8Array.of(octet));
  assertEquals((await server.receive())?.id, "é€😀");

  const request = (id: number) => frame(`{"jsonrpc":"2.0","id":${id},"method":"client/list"}`);
  await server.write(Uint8Array.of(...request(1), ...request(2), ...request(3).slice(0, 30)));
  assertEquals([(await server.receive())?.id, (await server.receive())?.id], [1, 2]);
  await server.write(request(3).slice(30));
  assertEquals((await server.receive())?.id, 3);
});

Deno.test("the server's stdout holds nothing but frames of exactly the right length", async () => {
  const requests = [
    '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"clientInfo":{"name":"é"}}}',
    '{"jsonrpc":"2.0","id":2,"method":"nö"}',
  ];
  const { stdout } = await new Deno.Command("sh", {
    args: [
      "-c",
      'printf "%s" "$1" | "$2" run -A rpc/main.ts --stdio',
      "sh",
      text(requests),
      Deno.execPath(),
    ],
    cwd: ROOT,
    stderr: "null",
  }).output();
  assertEquals(
    new TextDecoder().decode(stdout),
    text([
      `{"jsonrpc":"2.0","id":1,"result":{"serverInfo":{"name":"pcp-rpc","version":"${VERSION}"},"protocolVersion":"1.0","capabilities":{"cancellation":true,"openrpc":true,"simulator":true}}}`,
      '{"jsonrpc":"2.0","id":2,"error":{"code":-32601,"message":"Cannot answer \\"nö\\": there is no such method, see \\"rpc.discover\\""}}',
    ]),
  );
});

Deno.test("everything that a dependency prints goes to stderr", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "tests/e2e/rpc_printing_program.ts"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals([code, new TextDecoder().decode(stdout)], [0, "the protocol\n"]);
  const printed = new TextDecoder().decode(stderr);
  for (let number = 1; number <= 17; number++) assertStringIncludes(printed, `print ${number}.`);
});

Deno.test("a defect is logged on stderr, and does not end the server", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "tests/e2e/rpc_defect_program.ts"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const logged = new TextDecoder().decode(stderr);
  assertEquals(code, 7);
  assertStringIncludes(logged, "error: Going on after a defect: Error: defect in a timer");
  assertStringIncludes(logged, "error: Going on after a defect: Error: defect in a promise");
});

Deno.test("bad input gets a clear error each, and the server goes on", async () => {
  await using server = new RpcProcess({ args: ["--stdio", "--log-level", "debug"] });
  const fails = async (text: string, id: number | string | null): Promise<[number, string]> => {
    await server.write(frame(text));
    const { error } = await server.answer(id);
    assert(error !== undefined, text);
    return [error.code, error.message];
  };
  // A request before initialize, known or not.
  assertEquals(await fails('{"jsonrpc":"2.0","id":"a","method":"mapping/list"}', "a"), [
    -32002,
    'Cannot answer "mapping/list": the first request must be "initialize"',
  ]);
  await server.call("initialize", {});
  // An unknown method.
  const [code] = await fails('{"jsonrpc":"2.0","id":"b","method":"mapping/lost"}', "b");
  assertEquals(code, -32601);
  // Invalid JSON.
  assertEquals((await fails('{"jsonrpc":"2.0","id":1,', null))[0], -32700);
  assertEquals((await fails("", null))[0], -32700);
  // An invalid request object.
  assertEquals(await fails('{"id":"c","method":"client/list"}', "c"), [
    -32600,
    'A message must have "jsonrpc": "2.0"',
  ]);
  assertEquals((await fails('"hello"', null))[0], -32600);
  // A batch.
  assertEquals(await fails('[{"jsonrpc":"2.0","id":1,"method":"client/list"}]', null), [
    -32600,
    "Batches are not supported, send the requests one by one",
  ]);
  // Params by position.
  assertEquals(
    (await fails('{"jsonrpc":"2.0","id":"d","method":"mapping/get","params":[1]}', "d"))[0],
    -32602,
  );
  // An unknown id, or none, in $/cancelRequest; unknown notifications; a response to no request.
  await server.send({ jsonrpc: "2.0", method: "$/cancelRequest", params: { id: 12345 } });
  await server.send({ jsonrpc: "2.0", method: "$/cancelRequest" });
  await server.send({ jsonrpc: "2.0", method: "hello", params: {} });
  await server.send({ jsonrpc: "2.0", id: 1, result: null });
  // An unknown client and an unknown mapping.
  assertEquals((await server.exchange("client/announce", { clientId: 7 })).error?.code, 2);
  assertEquals((await server.exchange("mapping/get", { mappingId: 7 })).error?.code, 3);
  assertEquals((await server.exchange("simulator/stop", { simulatorId: 7 })).error?.code, 7);
  assertEquals(await server.call("client/list"), [] as unknown as Record<string, unknown>);
});

Deno.test("invalid params are listed one by one, each with its path", async () => {
  await using server = await RpcProcess.initialized();
  const { error } = await server.exchange("mapping/request", {
    clientId: 1,
    kind: "inbound",
    internalPort: 70_000,
    protocol: "icmp",
    requestType: { repeat: 0 },
    externalAddress: "router",
    filters: [{ address: "198.51.100.0", prefix: 200, port: 0 }, { port: -1 }],
    remotePort: 80,
    lifetmie: 60,
  });
  assertEquals(error?.code, -32602);
  assertEquals(error?.data, [
    { path: ["internalPort"], message: "Must be at most 65535, got 70000" },
    { path: ["lifetime"], message: "Missing" },
    { path: ["protocol"], message: 'Must be "tcp", "udp" or a number from 0 to 255, got "icmp"' },
    { path: ["requestType", "repeat"], message: "Must be at least 1, got 0" },
    { path: ["externalAddress"], message: 'Must be an IPv4 or IPv6 address, got "router"' },
    { path: ["filters", 0, "prefix"], message: "Must be at most 128, got 200" },
    { path: ["filters", 1, "address"], message: "Missing" },
    { path: ["filters", 1, "prefix"], message: "Missing" },
    { path: ["filters", 1, "port"], message: "Must be at least 0, got -1" },
    { path: ["lifetmie"], message: "Unknown" },
    { path: ["remotePort"], message: "Only an outbound mapping may have it" },
  ]);
});

Deno.test("params that only the library can check are invalid params too", async () => {
  await using server = await RpcProcess.initialized();
  const families = await server.exchange("client/start", { client: "127.0.0.1", server: "::1" });
  assertEquals(families.error?.code, -32602);
  assertStringIncludes(families.error?.message ?? "", "both addresses must be of one family");
  await server.openMapping();
  const thirdParty = await server.exchange("mapping/request", {
    ...INBOUND,
    thirdParty: "192.168.1.20",
  });
  assertEquals(thirdParty.error?.code, -32602);
  assertStringIncludes(thirdParty.error?.message ?? "", "allowThirdParty");
  const bounds = await server.exchange("simulator/start", { lifetime: 10, minLifetime: 20 });
  assertEquals(bounds.error?.code, -32602);
});

Deno.test("client/start with an address that is not of this host answers 4", async () => {
  await using server = await RpcProcess.initialized();
  const { error } = await server.exchange("client/start", {
    client: "203.0.113.77",
    server: "203.0.113.1",
  });
  assertEquals([error?.code, error?.data], [4, { operation: "open" }]);
  assertMatch(error?.message ?? "", /^Cannot open a socket on "203\.0\.113\.77"/);
});

Deno.test("a duplicate id is refused, and the first request is answered all the same", async () => {
  await using server = await RpcProcess.initialized();
  // No server listens there: the request waits until it is cancelled.
  await server.call("client/start", { client: "127.0.0.1", server: "127.0.0.2", port: 9 });
  await server.call("mapping/request", INBOUND);
  const ready = { jsonrpc: "2.0", id: "a", method: "mapping/ready", params: { mappingId: 1 } };
  await server.send(ready);
  await server.send(ready);
  const { error } = await server.answer(null);
  assertEquals([error?.code, error?.message], [
    -32600,
    'The id "a" belongs to a request that still waits',
  ]);
  await server.send({ jsonrpc: "2.0", method: "$/cancelRequest", params: { id: "a" } });
  assertEquals((await server.answer("a")).error?.code, -32800);
  await server.send({ ...ready, method: "mapping/get" }); // the id is free again
  assertEquals((await server.answer("a")).error, undefined);
});

Deno.test("a message of more than 4 MiB is refused with its id, and the server goes on", async () => {
  await using server = await RpcProcess.initialized();
  const { error } = await server.exchange("client/start", { client: "x".repeat(20_000_000) });
  assertEquals([error?.code, error?.data], [10, { limit: "message", most: 4_194_304 }]);
  assertStringIncludes(error?.message ?? "", "the limit is 4194304, --max-message sets another");
  assertEquals(await server.call("client/list"), [] as unknown as Record<string, unknown>);
});

Deno.test("a huge but valid message is read with --max-message", async () => {
  await using server = await RpcProcess.initialized({
    args: ["--stdio", "--max-message", "32000000"],
  });
  const { error } = await server.exchange("client/start", { client: "x".repeat(20_000_000) });
  assertEquals(error?.code, -32602);
  assertEquals((error?.message ?? "").length < 1_000, true); // and not sent back
});

Deno.test("a thousand concurrent requests are all answered", async () => {
  await using server = await RpcProcess.initialized();
  await server.openMapping();
  const ids = new Set<number>();
  const sending = (async () => {
    for (let count = 0; count < 1_000; count++) {
      ids.add(await server.request("mapping/request", { ...INBOUND, internalPort: 7_000 + count }));
    }
  })();
  const granted = new Set<number>();
  for (let answered = 0; answered < 1_000;) {
    const message = await server.receive();
    if (message?.id === undefined) continue;
    answered++;
    assertEquals(message.error, undefined);
    granted.add((message.result as { mappingId: number }).mappingId);
  }
  await sending;
  assertEquals([ids.size, granted.size], [1_000, 1_000]);
  assertEquals((await server.call("mapping/list", {})).length, 1_001);
});

Deno.test("cancelling a waiting mapping/ready answers -32800 within 100 ms", async () => {
  await using server = await RpcProcess.initialized();
  // No server listens there: the request waits until it is cancelled.
  await server.call("client/start", { client: "127.0.0.1", server: "127.0.0.2", port: 9 });
  await server.call("mapping/request", INBOUND);
  const id = await server.request("mapping/ready", { mappingId: 1 });
  const before = await server.call("mapping/get", { mappingId: 1 });
  const asked = performance.now();
  await server.send({ jsonrpc: "2.0", method: "$/cancelRequest", params: { id } });
  const { error } = await server.answer(id);
  const waited = performance.now() - asked;
  assertEquals(error?.code, -32800);
  assert(waited < 100, `${waited} ms`);
  const after = await server.call("mapping/get", { mappingId: 1 });
  assertEquals([after["lifetime"], after["assigned"]], [before["lifetime"], before["assigned"]]);
  assert(["starting", "requested"].includes((after["state"] as { type: string }).type));
});

for (
  const [what, text, complaint] of [
    ["no Content-Length", "Content-Type: x\r\n\r\n{}", "it has no Content-Length"],
    ["an absurd Content-Length", "Content-Length: 999999999999\r\n\r\n", '"999999999999"'],
    [
      "no header at all",
      '{"jsonrpc":"2.0","id":1,"method":"a"}\r\n\r\n',
      "it has no Content-Length",
    ],
    [
      "text in UTF-16",
      Uint8Array.from(
        [..."Content-Length: 2\r\n\r\n{}"].flatMap((char) => [char.charCodeAt(0), 0]),
      ),
      "it is in UTF-16",
    ],
  ] as const
) {
  Deno.test(`a message with ${what} ends the server with 1 and a complaint, mappings released`, async () => {
    for (const initialized of [false, true]) {
      await using server = initialized
        ? await RpcProcess.initialized({ args: TRACED })
        : new RpcProcess();
      if (initialized) await server.openMapping();
      await server.write(text);
      assertEquals(await server.ended(), 1);
      assertMatch(server.errors, /^pcp-rpc: error: Cannot read a message: /m);
      assertStringIncludes(server.errors, complaint);
      if (initialized) assertDeleted(server);
    }
  });
}

Deno.test("half a message and then the end of stdin: a warning, mappings released, exit code 0", async () => {
  await using server = await RpcProcess.initialized({ args: TRACED });
  await server.openMapping();
  await server.write("Content-Length: 100\r\n\r\n{");
  await server.closeInput();
  assertEquals(await server.ended(), 0);
  assertStringIncludes(server.errors, "The input ended in the middle of a message");
  assertDeleted(server);
});

Deno.test("exit codes: 0 after shutdown and exit, 1 after exit alone, 0 at the end of stdin", async () => {
  {
    await using server = await RpcProcess.initialized({ args: TRACED });
    await server.openMapping();
    assertEquals((await server.exchange("shutdown")).result, null);
    assertDeleted(server);
    assertEquals((await server.exchange("client/list")).error?.code, -32600);
    await server.send({ jsonrpc: "2.0", method: "exit" });
    assertEquals(await server.ended(), 0);
  }
  {
    await using server = await RpcProcess.initialized({ args: TRACED });
    await server.openMapping();
    await server.send({ jsonrpc: "2.0", method: "exit" });
    assertEquals(await server.ended(), 1);
    assertDeleted(server);
  }
  {
    await using server = await RpcProcess.initialized({ args: TRACED });
    await server.openMapping();
    await server.closeInput();
    assertEquals(await server.ended(), 0);
    assertDeleted(server);
  }
  {
    await using server = new RpcProcess();
    await server.closeInput();
    assertEquals(await server.ended(), 0);
  }
});

Deno.test("signals release the mappings and give 128 and their number", async () => {
  for (const [signal, exitCode] of [["SIGHUP", 129], ["SIGINT", 130], ["SIGTERM", 143]] as const) {
    await using server = await RpcProcess.initialized({ args: TRACED });
    await server.openMapping();
    server.kill(signal);
    assertEquals(await server.ended(), exitCode);
    assertDeleted(server);
  }
});

Deno.test("a PCP server that does not answer delays the end by 5 s at most", async () => {
  await using server = await RpcProcess.initialized();
  await server.openMapping();
  await server.call("simulator/stop", { simulatorId: 1 });
  const asked = performance.now();
  await server.closeInput();
  assertEquals(await server.ended(), 0);
  assert(performance.now() - asked < 7_000);
});

Deno.test("requests that wait when stdin ends are answered before the end", async () => {
  await using server = await RpcProcess.initialized();
  await server.call("client/start", {
    client: "127.0.0.1",
    server: "127.0.0.2",
    port: 9,
    shutdownTimeout: 100,
  });
  await server.call("mapping/request", INBOUND);
  const id = await server.request("mapping/ready", { mappingId: 1 });
  const other = await server.request("rpc.discover");
  await server.closeInput();
  const codes = new Map<unknown, number | undefined>();
  for (let next = await server.receive(); next !== undefined; next = await server.receive()) {
    if (next.method === undefined) codes.set(next.id, next.error?.code);
  }
  assertEquals([codes.get(id), codes.get(other)], [6, undefined]);
  assertEquals(codes.has(other), true);
});

Deno.test("a client that does not read stdout is not read from, and gets every response when it reads again", async () => {
  await using server = await RpcProcess.initialized();
  await server.openMapping();
  const count = 120_000; // requests of 9 MB: more than is read ahead, 4 MiB, and is answered before, 1 MB
  const sending = (async () => {
    for (let batch = 0; batch < count; batch += 1_000) {
      const ids = Array.from({ length: 1_000 }, (_, index) => `r${batch + index}`);
      await server.write(
        text(
          ids.map((id) =>
            `{"jsonrpc":"2.0","id":"${id}","method":"mapping/get","params":{"mappingId":1}}`
          ),
        ),
      );
    }
    return "all sent";
  })();
  assertEquals(await Promise.race([sending, untilIdle(server)]), "idle");
  const megabytes = await residentMegabytes(server);
  assert(megabytes < 250, `${megabytes} MB`);
  const answered = new Set<unknown>();
  while (answered.size < count) answered.add((await server.receive())?.id);
  assertEquals(await sending, "all sent");
});

Deno.test("closing the server's stdout ends it as the end of stdin does", async () => {
  await using server = await RpcProcess.initialized({ args: TRACED });
  await server.openMapping();
  await server.closeOutput();
  await server.request("mapping/get", { mappingId: 1 });
  assertEquals(await server.ended(), 0);
  assertDeleted(server);
});

Deno.test("the end of a watched process ends the server as the end of stdin does", async () => {
  await using server = new RpcProcess({ args: TRACED });
  const watched = new Deno.Command(Deno.execPath(), {
    args: ["eval", "await new Promise(() => setInterval(() => {}, 1000))"],
    stdin: "null",
    stdout: "null",
  }).spawn();
  await server.call("initialize", { processId: watched.pid });
  await server.openMapping();
  watched.kill("SIGKILL");
  await watched.status;
  const asked = performance.now();
  assertEquals(await server.ended(), 0);
  assert(performance.now() - asked < 3_000);
  assertDeleted(server);
});

Deno.test("the permissions of README.md suffice, and the parent is watched without any", async () => {
  const permissions = ["--allow-net", "--allow-run=ip", "--allow-sys=networkInterfaces"];
  assertStringIncludes(await readFile("rpc/README.md"), permissions.join(" "));
  await using server = await RpcProcess.initialized({ permissions });
  await server.openMapping();
  await server.call("rpc.discover");
  await server.call("discover", {});
  assertEquals(server.errors, "");
});

Deno.test("the command line is checked", async () => {
  const run = async (...args: string[]): Promise<[number, string, string]> => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "rpc/main.ts", ...args],
      cwd: ROOT,
    }).output();
    const [out = "", err = ""] = [stdout, stderr].map((each) => new TextDecoder().decode(each));
    return [code, out, err];
  };
  assertEquals(await run("--version"), [0, `pcp-rpc ${VERSION}\n`, ""]);
  assertMatch((await run("--help"))[1], /^Opens ports on the router[^]*--log-level LEVEL/);
  const complaints: [string[], string][] = [
    [[], "Say how to be spoken to: --stdio"],
    [
      ["--stdio", "--log-level", "loud"],
      '--log-level must be one of error, warn, info, debug, got "loud"',
    ],
    [["--socket"], 'Unknown argument "--socket"'],
    [["--stdio=3"], 'Unknown argument "--stdio=3"'],
  ];
  for (const [args, complaint] of complaints) {
    const [code, out, err] = await run(...args);
    assertEquals([code, out, err.split("\n")[0]], [2, "", complaint]);
  }
});

/** Messages with their headers. */
function text(messages: readonly string[]): string {
  return messages.map((message) => new TextDecoder().decode(frame(message))).join("");
}

async function residentMegabytes(server: RpcProcess): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${server.pid}/status`);
  return Number(/VmRSS:\s*(\d+) kB/.exec(status)?.[1]) / 1024;
}
