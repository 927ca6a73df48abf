import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { frame, RpcProcess, TRACED } from "./rpc_process.ts";

// What clients of other languages and systems do, to a real process.

Deno.test("params of null count as left out in every request and notification (R-1)", async () => {
  await using server = new RpcProcess();
  const request = async (id: number, method: string): Promise<unknown> => {
    await server.write(frame(`{"jsonrpc":"2.0","id":${id},"method":"${method}","params":null}`));
    const { result, error } = await server.answer(id);
    assertEquals(error, undefined, method);
    return result;
  };
  assertMatch(JSON.stringify(await request(1, "initialize")), /"pcp-rpc"/);
  await server.write(frame('{"jsonrpc":"2.0","method":"initialized","params":null}'));
  await server.write(frame('{"jsonrpc":"2.0","method":"$/cancelRequest","params":null}'));
  assertEquals(await request(2, "client/list"), []);
  assertEquals(await request(3, "mapping/list"), []);
  assertMatch(JSON.stringify(await request(4, "simulator/start")), /"simulatorId":1/);
  assertMatch(JSON.stringify(await request(5, "rpc.discover")), /"openrpc"/);
  await server.write(frame('{"jsonrpc":"2.0","id":6,"method":"mapping/get","params":null}'));
  assertEquals((await server.answer(6)).error?.data, [{ path: ["mappingId"], message: "Missing" }]);
  assertEquals(await request(7, "shutdown"), null);
  await server.write(frame('{"jsonrpc":"2.0","method":"exit","params":null}'));
  assertEquals(await server.ended(), 0);
});

for (const separator of ["=", " "]) {
  Deno.test(`--clientProcessId${separator}PID is obeyed as processId (R-2)`, async () => {
    for (const isInitialized of [false, true]) {
      const watched = new Deno.Command("sleep", { args: ["100"] }).spawn();
      const option = `--clientProcessId${separator}${watched.pid}`.split(" ");
      await using server = new RpcProcess({ args: [...TRACED, ...option] });
      if (isInitialized) {
        await server.call("initialize", { processId: null });
        await server.openMapping();
      }
      watched.kill("SIGKILL");
      await watched.status;
      assertEquals(await server.ended(), 0);
      if (isInitialized) assertMatch(server.errors, /<- .* MAP response, .* lifetime 0,/);
    }
  });
}

Deno.test("lines of JSON are answered on both outputs with the framing and an example (R-3)", async () => {
  await using server = new RpcProcess();
  await server.write('{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}\n');
  const answer = await server.receive();
  assertEquals([answer?.id, answer?.error?.code], [null, -32700]);
  assertStringIncludes(answer?.error?.message ?? "", "this server reads Content-Length framing");
  assertEquals(await server.ended(), 1);
  const example = 'Content-Length: 46\\r\\n\\r\\n{"jsonrpc":"2.0","id":1,"method":"initialize"}';
  assertStringIncludes(server.errors, example);
  assertEquals(server.errors.trim().split("\n").length, 1);
});

Deno.test("messages of a text mode, with a mark before and lines after them, are read (R-4)", async () => {
  await using server = new RpcProcess();
  for (const [id, end] of ["\r\n", "\n", "\r\r\n"].entries()) {
    const method = id === 0 ? "initialize" : "client/list";
    const body = `{"jsonrpc":"2.0","id":${id},"method":"${method}"}`;
    await server.write(`\ufeffContent-Length: ${body.length}${end}${end}${body}${end}`);
    assertEquals((await server.answer(id)).error, undefined);
  }
});

Deno.test("a message whose rest does not come is named on stderr (R-4)", async () => {
  await using server = await RpcProcess.initialized();
  await server.write('Content-Length: 99\r\n\r\n{"jsonrpc":"2.0","id":2,"method":"client/list"}');
  while (server.errors === "") await new Promise((resolve) => setTimeout(resolve, 50));
  assertEquals(
    server.errors,
    "pcp-rpc: warn: Still waiting for 52 more octets of a message of 99; Content-Length must count octets\n",
  );
});

Deno.test("text of the peer cannot begin a line of the log, nor steer a terminal", async () => {
  await using server = new RpcProcess({ args: ["--stdio", "--log-level", "debug"] });
  const nasty = "\x1b[2J\n\u202eevil\u2028\u0085\u200f\u061c";
  await server.call("initialize", { clientInfo: { name: nasty } });
  await server.exchange(nasty);
  await server.exchange("client/start", { client: nasty, [nasty]: 1 });
  await server.send({ jsonrpc: "2.0", method: nasty });
  await server.exchange("client/start", {
    client: "127.0.0.1",
    server: "127.0.0.1",
    state: `/${nasty}`,
  });
  await server.closeInput();
  assertEquals(await server.ended(), 0);
  const escaped = "\\x1b[2J\\x0a\\u202eevil\\u2028\\x85\\u200f\\u061c";
  assert(server.errors.split(escaped).length >= 4, server.errors);
  // deno-lint-ignore no-control-regex -- that is what is tested
  assertEquals(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028\u200f\u061c]/.test(server.errors), false);
  for (const line of server.errors.trim().split("\n")) {
    assertMatch(line, /^pcp-rpc: (debug|info): /);
  }
});
