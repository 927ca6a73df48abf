import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ResponseError } from "vscode-jsonrpc";
import { DiscoveryError } from "../../mod.ts";
import { DiscoverRequest, InitializeRequest, MappingRequest } from "../../rpc/mod.ts";
import { printable } from "../../src/printable.ts";
import { CLIENT, RpcLab, SERVER } from "./rpc_lab.ts";

Deno.test("no message of an error steers a terminal, whatever the peer has sent", async () => {
  await using lab = await RpcLab.start();
  await lab.rpc.sendRequest(InitializeRequest, {});
  const nasty = "\x1b[2J\x9b\u202e\u2028\u061c";
  for (
    const [method, params] of [
      [nasty, {}],
      ["client/start", { client: nasty, [nasty]: nasty }],
      ["client/start", { client: CLIENT, server: nasty }],
      ["client/start", { client: CLIENT, server: SERVER, state: `/${nasty}/x` }],
      ["mapping/request", { clientId: 1, kind: nasty, internalPort: nasty }],
    ] as const
  ) {
    const { message, data } = await failure(lab.rpc.sendRequest(method, params));
    const faults = Array.isArray(data) ? data as { message: string }[] : [];
    for (const text of [message, ...faults.map((fault) => fault.message)]) {
      assertEquals(printable(text), text);
    }
    assert(message.includes("u202e"), message);
  }
});

Deno.test("errors advise in terms of JSON-RPC, not of TypeScript (D-5)", async () => {
  const reason = "there is no default route";
  await using lab = await RpcLab.start({}, {
    discover: () =>
      Promise.reject(new DiscoveryError("find the gateway", "noDefaultRoute", reason)),
  });
  await lab.rpc.sendRequest(InitializeRequest, {});
  const { message } = await failure(lab.rpc.sendRequest(DiscoverRequest, {}));
  assertEquals(
    message,
    `Cannot find the gateway: ${reason}; give "client" and "server", as in {"client": "192.168.1.2", "server": "192.168.1.1"}`,
  );
});

Deno.test("a mapping for another host names the param that allows it, as JSON (D-5)", async () => {
  await using lab = await RpcLab.withClient();
  const refused = await failure(lab.rpc.sendRequest(MappingRequest, {
    clientId: 1,
    kind: "inbound",
    internalPort: 6000,
    lifetime: 60,
    thirdParty: "192.168.1.77",
  }));
  assertStringIncludes(refused.message, 'start the client with "allowThirdParty": true if');
});

async function failure(answer: Promise<unknown>): Promise<ResponseError<unknown>> {
  return await assertRejects(() => answer, ResponseError<unknown>);
}
