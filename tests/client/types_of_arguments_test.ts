/** A value of a wrong type: the message names the type and what to pass (D-4). */

import { assertThrows } from "@std/assert";
import { InboundMap, OutboundMap } from "../../mod.ts";
import { lab } from "../../src/testing/mod.ts";

/** A value that the types refuse, as a caller without a type checker passes it. */
const wrong = (value: unknown): never => value as never;

const CASES: [string, () => unknown, string][] = [
  [
    'new InboundMap("6000")',
    () => new InboundMap(wrong("6000"), 60),
    'expected a number, got the string "6000"',
  ],
  [
    'the lifetime "60"',
    () => new OutboundMap(6000, "198.51.100.7", 80, wrong("60")),
    'expected a number, got the string "60"',
  ],
  [
    '.protocol("tcp")',
    () => new InboundMap(6000, 60).protocol(wrong("tcp")),
    "use ProtocolNumber.Tcp",
  ],
  [
    '.protocol("UDP")',
    () => new InboundMap(6000, 60).protocol(wrong("UDP")),
    "use ProtocolNumber.Udp",
  ],
  ["a port of null", () => new InboundMap(wrong(null), 60), "expected a number"],
];

for (const [name, call, text] of CASES) {
  Deno.test(`${name} names the type (D-4)`, () => {
    assertThrows(call, RangeError, text);
  });
}

Deno.test("request({}) says what it expects (D-4)", async () => {
  await using world = await lab();
  for (const value of [{}, undefined, null, 6000, "6000/tcp"]) {
    assertThrows(
      () => world.handle.request(wrong(value)),
      TypeError,
      "expected an InboundMap or OutboundMap",
    );
  }
});
