import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import * as z from "zod/mini";
import { checkParams } from "../../rpc/check_params.ts";
import { kindFaults } from "../../rpc/mapping_request.ts";
import { METHODS } from "../../rpc/methods.ts";
import { RpcError } from "../../rpc/rpc_error.ts";
import type { Method } from "../../rpc/types.ts";
import { type Check, faultsOf, quote } from "../../rpc/value_check.ts";
import { paramChecks } from "../tools/param_checks.ts";
import { zodFaults } from "./zod_faults.ts";

/** Any JSON, without the integers beyond 2^53, of which zod lists two bounds. */
const json = fc.jsonValue({ maxDepth: 2 }).filter((value) =>
  !/e\+|\d{16}/.test(JSON.stringify(value))
);

/** Values that fit a check, nearly fit it, or are of another type. */
function near(check: Check): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 9, arbitrary: fit(check) }, { weight: 1, arbitrary: json });
}

function fit(check: Check): fc.Arbitrary<unknown> {
  switch (check.type) {
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case "integer":
      return fc.integer({
        min: (check.least ?? 0) - 1,
        max: Math.min(check.most ?? 9, 2 ** 40) + 1,
      });
    case "string":
      return fc.oneof(
        fc.constantFrom("192.0.2.1", "fe80::1%eth0", "2001:db8::1", "1.2.3", "00ff", "0", ""),
        fc.string(),
      );
    case "oneOf":
      return fc.constantFrom(...check.values, "other");
    case "list":
      return fc.array(near(check.items), { maxLength: 4 });
    case "anyOf":
      return fc.oneof(...check.checks.map(near));
    case "object":
      return fc.tuple(
        fc.record(
          Object.fromEntries(
            Object.entries(check.members).map(([name, member]) => [name, near(member)]),
          ),
          { requiredKeys: [] },
        ),
        fc.oneof(
          { weight: 4, arbitrary: fc.constant({}) },
          fc.dictionary(fc.string(), json, { maxKeys: 2 }),
        ),
      ).map(([known, other]) => JSON.parse(JSON.stringify({ ...known, ...other })));
  }
}

for (const [method, check] of Object.entries(paramChecks())) {
  const schema = (METHODS[method]?.params ?? (() => z.strictObject({})))();
  Deno.test(`the check of ${method} finds what zod finds, in the same order and words`, () => {
    fc.assert(
      fc.property(near(check), (value) => {
        const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
        const kind = method === "mapping/request" && isObject ? kindFaults({ ...value }) : [];
        const faults = zodFaults(schema, value);
        // Zod leaves out the rules of the kind if a number is not an integer.
        const others = faults.filter(({ message }) => !kind.some((one) => one.message === message));
        assertEquals(faultsOf(value, check), others);
        assertEquals(kind.length > 0 && faults.length === 0, false);
      }),
      { numRuns: 300 },
    );
  });
}

const MAPPING = { clientId: 1, kind: "inbound", internalPort: 6000, lifetime: 60 } as const;
const FILTER = { address: "198.51.100.7", prefix: 32, port: 0 };

Deno.test("42 filters are the most that 1,100 octets hold, and a longer list is not read", () => {
  const filters = Array.from({ length: 42 }, () => FILTER);
  assertEquals(checkParams("mapping/request", { ...MAPPING, filters }), { ...MAPPING, filters });
  const faulty = Array.from({ length: 2_000_000 }, () => 1);
  assertEquals(dataOf("mapping/request", { ...MAPPING, filters: faulty }), [
    { path: ["filters"], message: "Must have at most 42 items, got 2000000" },
  ]);
  assertEquals(dataOf("mapping/request", { ...MAPPING, filters: [...filters, FILTER] }), [
    { path: ["filters"], message: "Must have at most 42 items, got 43" },
  ]);
});

Deno.test("a response lists 100 faults at most, and its message 20", () => {
  const params = Object.fromEntries(Array.from({ length: 300_000 }, (_, n) => [`p${n}`, n]));
  const error = assertThrows(() => checkParams("discover", params), RpcError);
  assertEquals((error.data as unknown[]).length, 100);
  assert(error.message.endsWith("p19: Unknown; and more, see data"), error.message);
});

Deno.test("a huge or deep value is quoted in a few characters", () => {
  assertEquals(quote("x".repeat(1_000_000)), `"${"x".repeat(79)}…`);
  let deep: unknown = 1;
  for (let depth = 0; depth < 100_000; depth++) deep = [deep];
  assertEquals(quote(deep), `${"[".repeat(80)}…`);
  assertEquals(quote(Array.from({ length: 1_000_000 }, () => 1)).length, 81);
  assertEquals(quote({ a: [1, { b: null }], c: "é" }), '{"a":[1,{"b":null}],"c":"é"}');
});

Deno.test("a member that every object inherits is not a param", () => {
  for (const name of ["constructor", "toString", "__proto__"]) {
    const params = JSON.parse(`{${JSON.stringify(name)}: {"clientId": 1}}`);
    assertEquals(dataOf("client/list", params), [{ path: [name], message: "Unknown" }]);
  }
});

function dataOf(method: Method, params: unknown): unknown {
  return assertThrows(() => checkParams(method, params), RpcError).data;
}
