import { assert, assertEquals } from "@std/assert";
import { openRpcDocument } from "../tools/openrpc_document.ts";
import { PROTOCOL_VERSION, VERSION } from "../../rpc/mod.ts";
import { METHODS } from "../../rpc/methods.ts";
import { checkParams } from "../../rpc/check_params.ts";
import type { Method } from "../../rpc/mod.ts";
import { manifest, readFile } from "../tools/repository.ts";
import { violations } from "./json_schema.ts";

const README = await readFile("rpc/README.md");

Deno.test("the conversation in rpc/README.md has the right lengths, params and results", () => {
  const messages = conversation();
  const methods = new Map<number, Method>();
  const document = JSON.parse(JSON.stringify(openRpcDocument()));
  for (const { from, length, body } of messages) {
    assertEquals(length, new TextEncoder().encode(body).length, body);
    const message = JSON.parse(body);
    assertEquals(message.jsonrpc, "2.0");
    if (from === "client" && message.id !== undefined) {
      methods.set(message.id, message.method);
      if (message.method !== "mapping/renew") {
        checkParams(message.method as Method, message.params);
      }
    } else if (message.result !== undefined) {
      const method = methods.get(message.id);
      const entry = document.methods.find(({ name }: { name: string }) => name === method);
      assertEquals(violations(message.result, entry.result.schema, document), [], body);
      if (method === "initialize") assertEquals(message.result.protocolVersion, PROTOCOL_VERSION);
    }
  }
  assert(methods.size >= 8);
  for (const method of methods.values()) assert(method in METHODS, method);
});

Deno.test("the mapping that rpc/README.md shows fits the schema", () => {
  const [, json = ""] = /```json\n(.*?)```/s.exec(README) ?? [];
  const document = JSON.parse(JSON.stringify(openRpcDocument()));
  assertEquals(
    violations(JSON.parse(json), { $ref: "#/components/schemas/Mapping" }, document),
    [],
  );
});

Deno.test("the version of the server is that of the package", async () => {
  assertEquals(VERSION, (await manifest() as unknown as { version: string }).version);
});

interface Said {
  readonly from: "client" | "server";
  readonly length: number;
  readonly body: string;
}

function conversation(): Said[] {
  const [, text = ""] = /```text\n(.*?)```/s.exec(README) ?? [];
  const messages = text.matchAll(/^(-->|<--) Content-Length: (\d+)\n\1\n\1 (.*)$/gm);
  return [...messages].map(([, arrow, length, body = ""]) => ({
    from: arrow === "-->" ? "client" : "server",
    length: Number(length),
    body,
  }));
}
