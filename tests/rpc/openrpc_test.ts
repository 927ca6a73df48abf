import { assertEquals, assertNotEquals } from "@std/assert";
import * as metaSchema from "@open-rpc/meta-schema";
import { readFile } from "../tools/repository.ts";
import { normalize, renderOpenRpc, renderTables } from "../tools/openrpc.ts";
import { renderParamChecks } from "../tools/param_checks.ts";
import {
  renderProtocol,
  renderSchemaTypes,
  renderTypes,
  withoutFormat,
} from "../tools/protocol_types.ts";
import { ErrorCode, type OpenRpcDocument, PROTOCOL_VERSION } from "../../rpc/mod.ts";
import * as protocol from "../../rpc/protocol.ts";
import { openRpcDocument } from "../tools/openrpc_document.ts";
import { METHODS, NOTIFICATIONS } from "../../rpc/methods.ts";
import { violations } from "./json_schema.ts";
import { RpcLab } from "./rpc_lab.ts";

Deno.test("the OpenRPC document is valid by OpenRPC's own schema", () => {
  const schema = openRpcSchema();
  assertEquals(violations(openRpcDocument(), schema, schema), []);
});

Deno.test("OpenRPC's own schema refuses a document with a member too many or a method without params", () => {
  const schema = openRpcSchema();
  const document = openRpcDocument();
  assertNotEquals(violations({ ...document, surplus: 1 }, schema, schema), []);
  assertNotEquals(violations({ ...document, methods: [{ name: "a" }] }, schema, schema), []);
});

Deno.test("every reference of the OpenRPC document leads somewhere", () => {
  const document = openRpcDocument();
  for (const [, reference = ""] of JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)) {
    const target = reference.slice(2).split("/").reduce<unknown>(
      (at, step) => (at as Record<string, unknown>)[step],
      document,
    );
    assertNotEquals(target, undefined, reference);
  }
});

Deno.test("every method that the server answers is in the OpenRPC document, and the other way round", async () => {
  await using lab = await RpcLab.start();
  const document = openRpcDocument();
  for (const { name, "x-notification": direction } of document.methods) {
    const answer = await lab.rpc.sendRequest(name, {}).then(
      () => 0,
      ({ code }: { code: number }) => code,
    );
    // The server answers unknown methods with -32601.
    assertEquals(answer === ErrorCode.MethodNotFound, direction !== undefined, name);
  }
  assertEquals(
    document.methods.map(({ name }) => name).sort(),
    [...new Set([...Object.keys(METHODS), ...Object.keys(NOTIFICATIONS)])].sort(),
  );
});

Deno.test("every method of the OpenRPC document is a typed constant, and the other way round", () => {
  assertEquals(
    [...new Set(Object.values(protocol).map(({ method }) => method))].sort(),
    openRpcDocument().methods.map(({ name }) => name).sort(),
  );
});

Deno.test("rpc.discover serves the OpenRPC document", async () => {
  await using lab = await RpcLab.start();
  await lab.rpc.sendRequest(protocol.InitializeRequest, {});
  const served: OpenRpcDocument = await lab.rpc.sendRequest(protocol.OpenRpcRequest);
  assertEquals(served, JSON.parse(renderOpenRpc()));
  assertEquals(served.info.version, PROTOCOL_VERSION);
});

Deno.test("rpc/openrpc.json is up to date: deno task openrpc", async () => {
  assertEquals(await readFile("rpc/openrpc.json"), renderOpenRpc());
});

Deno.test("schema_types.ts, types.ts, protocol.ts and param_checks.ts are up to date: deno task openrpc", async () => {
  const checks = await readFile("rpc/param_checks.ts");
  assertEquals(withoutQuotes(checks), withoutQuotes(renderParamChecks()));
  for (
    const [path, text] of [
      ["rpc/schema_types.ts", await renderSchemaTypes()],
      ["rpc/types.ts", await renderTypes()],
    ] as const
  ) assertEquals(withoutFormat(await readFile(path)), withoutFormat(text));
  assertEquals(withoutFormat(await readFile("rpc/protocol.ts")), withoutFormat(renderProtocol()));
});

Deno.test("the tables of rpc/README.md are up to date: deno task openrpc", async () => {
  const readme = await readFile("rpc/README.md");
  assertEquals(normalize(readme), normalize(renderTables(readme)));
});

Deno.test("what the server answers fits the OpenRPC document", async () => {
  await using lab = await RpcLab.withClient();
  const { rpc } = lab;
  const request = { clientId: 1, kind: "inbound", internalPort: 6000, lifetime: 60 } as const;
  const answers: [string, unknown][] = [
    ["client/trace", await rpc.sendRequest("client/trace", { clientId: 1, on: true })],
    ["client/stats", await rpc.sendRequest("client/stats", { clientId: 1 })],
    ["client/prefix64", await lab.settled(rpc.sendRequest("client/prefix64", { clientId: 1 }))],
    ["client/leftovers", await rpc.sendRequest("client/leftovers", { clientId: 1 })],
    ["client/list", await rpc.sendRequest("client/list")],
    ["mapping/request", await rpc.sendRequest("mapping/request", request)],
    ["mapping/ready", await lab.settled(rpc.sendRequest("mapping/ready", { mappingId: 1 }))],
    ["mapping/list", await rpc.sendRequest("mapping/list", {})],
    [
      "mapping/request",
      await rpc.sendRequest("mapping/request", {
        ...request,
        kind: "outbound",
        protocol: 132,
        requestType: { repeat: 2 },
        remoteAddress: "198.51.100.7",
        remotePort: 80,
      }),
    ],
    ["client/announce", await lab.settled(rpc.sendRequest("client/announce", { clientId: 1 }))],
    ["simulator/start", await rpc.sendRequest("simulator/start", {})],
    ["mapping/revoke", await lab.settled(rpc.sendRequest("mapping/revoke", { mappingId: 1 }))],
    ["client/shutdown", await lab.settled(rpc.sendRequest("client/shutdown", { clientId: 1 }))],
  ];
  await lab.notified("mapping/alert", ({ alert }) => alert.type === "assigned");
  const document = JSON.parse(JSON.stringify(openRpcDocument()));
  for (const [name, answer] of answers) {
    assertEquals(violations(answer, entry(document, name).result.schema, document), [], name);
  }
  for (const { method, params } of lab.notifications) {
    const own = entry(document, method);
    for (const { name, required, schema } of (own["x-also-notification"] ?? own).params) {
      const value = (params as unknown as Record<string, unknown>)[name];
      if (value === undefined && !required) continue;
      assertEquals(violations(value, schema, document), [], `${method} ${name}`);
    }
  }
});

/** The formatter chooses the quotes of texts. */
function withoutQuotes(code: string): string {
  return withoutFormat(code).replaceAll(/\\?["']/g, "'");
}

interface Entry {
  readonly name: string;
  readonly params: readonly {
    readonly name: string;
    readonly required: boolean;
    readonly schema: unknown;
  }[];
  readonly "x-also-notification"?: Entry;
  readonly result: { readonly schema: unknown };
}

function entry(document: { methods: Entry[] }, method: string): Entry {
  const found = document.methods.find(({ name }) => name === method);
  if (found === undefined) throw new Error(`No method ${method}`);
  return found;
}

/** OpenRPC's schema. Its references to the schema of JSON Schema, which is elsewhere, accept everything. */
function openRpcSchema(): unknown {
  // The package's types lack the schema.
  const { openrpcDocument } = metaSchema as unknown as { openrpcDocument: unknown };
  const text = JSON.stringify(openrpcDocument);
  return JSON.parse(
    text.replaceAll(/\{"\$ref":"https:\/\/meta\.json-schema\.tools[^"]*"\}/g, "true"),
  );
}
