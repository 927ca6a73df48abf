/** What fuzzing found outside of the engine, as plain tests. */

import { assertEquals, assertThrows } from "@std/assert";
import { checkMessage } from "../../rpc/message_check.ts";
import { parseLine } from "../../src/repl/parse.ts";
import { UsageError } from "../../src/repl/usage_error.ts";
import { newMapping, remainingLife } from "../../src/testing/server/mapping.ts";
import { client4, external4 } from "../helpers/specs.ts";

Deno.test("parseLine() complains of options that the parser of arguments keeps for itself", () => {
  for (const line of ["announce -_json", "map 6000 --_", "map 6000 --_=x", "list -h_"]) {
    assertThrows(() => parseLine(line), UsageError, "Unknown option");
  }
  assertEquals(parseLine("map 6000 -k")?.command.name, "map");
});

Deno.test("checkMessage() passes on a request that is called $/cancelRequest, so that it is answered", () => {
  const text = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "$/cancelRequest" });
  assertEquals(checkMessage({ ok: true, text }, new Set()).type, "message");
});

Deno.test("remainingLife() makes no second of the rounding of a sum", () => {
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
