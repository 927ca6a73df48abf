/** The stand-ins of `links/` behave as the packages that they replace. */

import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { parseArgs } from "@std/cli/parse-args";
import { unicodeWidth } from "@std/cli/unicode-width";
import { assertSpyCall, assertSpyCalls, spy, stub } from "@std/testing/mock";

Deno.test("assertThrows() returns the error and checks class and text", async () => {
  const error = assertThrows(() => fails("port"), RangeError, "port");
  assertInstanceOf(error, RangeError);
  assertThrows(() => assertThrows(() => fails("port"), TypeError), Error);
  assertThrows(() => assertThrows(() => fails("port"), RangeError, "address"), Error);
  await assertRejects(() => Promise.reject(error), RangeError, "port");
});

Deno.test("parseArgs() types and parses booleans, strings, lists and defaults", () => {
  const args = parseArgs(["map", "6000/tcp", "--json", "--filter=a", "--filter", "b"], {
    boolean: ["json"],
    string: ["server", "filter", "lifetime"],
    collect: ["filter"],
    default: { lifetime: "7200" },
  });
  const json: boolean = args.json;
  const server: string | undefined = args.server;
  const filter: string[] = args.filter;
  const lifetime: string = args.lifetime;
  assertEquals({ json, server, filter, lifetime, rest: args._ }, {
    json: true,
    server: undefined,
    filter: ["a", "b"],
    lifetime: "7200",
    rest: ["map", "6000/tcp"],
  });
});

Deno.test("unicodeWidth() counts columns, not characters", () => {
  assertEquals(unicodeWidth("hello world"), 11);
  assertEquals(unicodeWidth("天地玄黃宇宙洪荒"), 16);
  assertEquals(unicodeWidth("ｆｕｌｌ"), 8);
  assertEquals(unicodeWidth("e\u0301\u200b\x1b"), 1);
  assertEquals(unicodeWidth("голубой"), 7);
});

Deno.test("spy() and stub() record calls with their types", () => {
  const double = spy((value: number) => value * 2);
  assertEquals(double(21), 42);
  assertSpyCall(double, 0, { args: [21], returned: 42 });

  const target = { greet: (name: string) => `hello ${name}` };
  {
    using greet = stub(target, "greet", (name) => name.toUpperCase());
    assertEquals(target.greet("you"), "YOU");
    assertSpyCalls(greet, 1);
  }
  assertEquals(target.greet("you"), "hello you");
});

function fails(what: string): never {
  throw new RangeError(`Cannot open the ${what}`);
}
