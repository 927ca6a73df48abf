import { assertEquals, assertThrows } from "@std/assert";
import { lifetimesOf, RequestType } from "../../src/client/request_type.ts";
import { lab } from "../../src/testing/lab.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";

Deno.test("RequestType has the values of JSON-RPC", () => {
  assertEquals(
    JSON.stringify([RequestType.Once, RequestType.KeepAlive, RequestType.Repeat(3)]),
    '["once","keepAlive",{"repeat":3}]',
  );
});

Deno.test("lifetimesOf() counts lifetimes: Repeat(1) is Once", () => {
  const types = [
    RequestType.Once,
    RequestType.Repeat(1),
    RequestType.Repeat(7),
    RequestType.KeepAlive,
  ];
  assertEquals(types.map(lifetimesOf), [1, 1, 7, Infinity]);
});

for (const count of [0, -1, 2.5, NaN, Infinity, "3"]) {
  Deno.test(`RequestType.Repeat(${JSON.stringify(count)}) is refused with the value in the message`, () => {
    const message =
      `Cannot repeat a request: the count of lifetimes must be an integer from 1, got "${count}"`;
    assertThrows(() => RequestType.Repeat(count as number), RangeError, message);
    assertThrows(() => lifetimesOf({ repeat: count as number }), RangeError, message);
  });
}

for (const type of ["Once", "", undefined, null, 3, true]) {
  Deno.test(`request() refuses the type ${type === undefined ? type : JSON.stringify(type)}, and sends nothing`, async () => {
    await using world = await lab();
    const wrong = type as unknown as RequestType;
    assertThrows(
      () => lifetimesOf(wrong),
      TypeError,
      `the request type must be "once", "keepAlive" or { repeat: n }, got "${type}"`,
    );
    if (type !== undefined) { // undefined selects the default
      assertThrows(() => world.handle.request(new InboundMap(6000, 60), wrong), TypeError);
      assertEquals([world.sent(), world.handle.mappings], [[], []]);
    }
  });
}
