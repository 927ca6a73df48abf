/** Defects outside the engine that fuzzing has found. */

import { assertEquals, assertThrows } from "@std/assert";
import { checkMessage } from "../../rpc/message_check.ts";
import { parseLine } from "../../src/repl/parse.ts";
import { UsageError } from "../../src/repl/usage_error.ts";
import { newMapping, remainingLife } from "../../src/testing/server/mapping.ts";
import { client4, external4 } from "../helpers/specs.ts";

Deno.test("parseLine() rejects options that the argument parser reserves", () => {
  for (const line of ["announce -_json", "map 6000 --_", "map 6000 --_=x", "list -h_"]) {
    assertThrows(() => parseLine(line), UsageError, "Unknown option");
  }
  assertEquals(parseLine("map 6000 -k")?.command.name, "map");
});

Deno.test("checkMessage() passes a request with the method $/cancelRequest, so that it gets a response", () => {
  const text = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "$/cancelRequest" });
  assertEquals(checkMessage({ ok: true, text }, new Set()).type, "message");
});

Deno.test("remainingLife() adds no second for a rounding error", () => {
  const now = 8_239_400.1;
  const internal = {
    protocol: 6,
    internalAddress: client4,
    internalPort: 1,
    family: "IPv4",
  } as const;
  const mapping = newMapping(now, "map", internal, {
    externalAddress: external4,
    externalPort: 1,
    expires: now + 300_000 + 1e-9,
  });
  assertEquals(remainingLife(mapping, now), 300);
  assertEquals(remainingLife(mapping, now - 1), 301);
});
