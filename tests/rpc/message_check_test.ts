import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Frame } from "../../rpc/framing.ts";
import { checkMessage, type MessageCheck } from "../../rpc/message_check.ts";

function check(text: string, inFlight: string[] = []): MessageCheck {
  return checkMessage({ ok: true, text }, new Set(inFlight));
}

Deno.test("checkMessage() lets requests and notifications pass", () => {
  for (
    const text of [
      '{"jsonrpc":"2.0","id":1,"method":"a"}',
      '{"jsonrpc":"2.0","id":"x","method":"a","params":{}}',
      '{"jsonrpc":"2.0","id":0,"method":"a","params":[1]}',
      '{"jsonrpc":"2.0","method":"a"}',
      '{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}',
    ]
  ) assertEquals(check(text), { type: "message", message: JSON.parse(text) });
});

Deno.test("checkMessage() answers a message that is not JSON with -32700", () => {
  for (const text of ["", "{", "{'a':1}", '{"a":1}}', "\u0000"]) {
    const result = check(text);
    assertEquals(result.type === "refused" && [result.code, result.id], [-32700, null], text);
  }
  assertEquals(checkMessage({ ok: false, reason: "it is not valid UTF-8" }, new Set()), {
    type: "refused",
    code: -32700,
    text: "Cannot read the message: it is not valid UTF-8",
    id: null,
  });
});

Deno.test("checkMessage() refuses a message of too many values before it parses them, with its id", () => {
  const data = { limit: "values", most: 65_536 } as const;
  const message = (params: string, id = '"id":7,') =>
    `{"jsonrpc":"2.0",${id}"method":"a","params":${params}}`;
  for (const value of ["0", "[]", "{}", '"x"', '""', '{"a":1}', '"\\"","']) {
    const list = `[${Array.from({ length: 70_000 }, () => value).join(",")}]`;
    const answer = (text: string, inFlight: string[] = []) => {
      const result = check(text, inFlight);
      return result.type === "refused" ? [result.code, result.id, result.data] : result;
    };
    assertEquals(answer(message(list)), [10, 7, data]);
    assertEquals(answer(message(list), ["7"]), [10, null, data]);
    assertEquals(answer(message(list, "")), [10, null, data]);
  }
  for (const nested of ["[".repeat(2_000_000), '{"a":'.repeat(500_000)]) {
    assertEquals(check(message(nested)).type, "refused");
  }
  const most = `[${Array.from({ length: 65_531 }, () => "0").join(",")}]`; // with the other four, and itself
  assertEquals(check(message(most)).type, "message");
  assertEquals(check(message(most.replace("0", "0,0"))).type, "refused");
  // What stands in a string is no value.
  for (const text of [",[{".repeat(50_000), '\\"[,'.repeat(50_000), "\\\\".repeat(70_000)]) {
    assertEquals(check(message(`["${text}"]`)).type, "message", text.slice(0, 9));
  }
});

Deno.test("checkMessage() answers a message that is not a request with -32600 and its id, if it has one", () => {
  const refused: [string, string, string | number | null][] = [
    ["1", "A message must be an object", null],
    ["null", "A message must be an object", null],
    ["[]", "Batches are not supported, send the requests one by one", null],
    [
      '[{"jsonrpc":"2.0","id":1,"method":"a"}]',
      "Batches are not supported, send the requests one by one",
      null,
    ],
    ["{}", 'A message must have "jsonrpc": "2.0"', null],
    ['{"id":7,"method":"a"}', 'A message must have "jsonrpc": "2.0"', 7],
    ['{"jsonrpc":"1.0","id":7,"method":"a"}', 'A message must have "jsonrpc": "2.0"', 7],
    ['{"jsonrpc":"2.0","id":"x"}', "A message must have a method, a string", "x"],
    ['{"jsonrpc":"2.0","id":1,"method":2}', "A message must have a method, a string", 1],
    [
      '{"jsonrpc":"2.0","id":null,"method":"a"}',
      "The id of a request must be a string or a number",
      null,
    ],
    [
      '{"jsonrpc":"2.0","id":{},"method":"a"}',
      "The id of a request must be a string or a number",
      null,
    ],
    ['{"jsonrpc":"2.0","id":1,"method":"a","params":3}', "Params must be an object", 1],
  ];
  for (const [text, message, id] of refused) {
    assertEquals(check(text), { type: "refused", code: -32600, text: message, id }, text);
  }
});

Deno.test("params of null, of an empty array or of nothing but null count as left out (R-1)", () => {
  for (const params of ["null", "[]", "[null]", "[null,null]"]) {
    const members = `"jsonrpc":"2.0","method":"shutdown","params":${params}`;
    const expected = { jsonrpc: "2.0", method: "shutdown" };
    assertEquals(check(`{${members},"id":1}`), {
      type: "message",
      message: { ...expected, id: 1 },
    });
    assertEquals(check(`{${members}}`), { type: "message", message: expected });
  }
});

Deno.test("checkMessage() refuses an id of more than 1024 characters", () => {
  const request = (id: string): string => `{"jsonrpc":"2.0","id":"${id}","method":"a"}`;
  assertEquals(check(request("x".repeat(1_024))).type, "message");
  assertEquals(check(request("x".repeat(1_025))), {
    type: "refused",
    code: -32600,
    text: "The id of a request must have at most 1024 characters",
    id: null,
  });
});

Deno.test("checkMessage() refuses a message that was too long, with its id unless that is in flight", () => {
  const frame: Frame = { ok: false, length: 5_000, most: 4_096, id: 7 };
  const refused = {
    type: "refused",
    code: 10,
    text: "Cannot read a message of 5000 octets: the limit is 4096, --max-message sets another",
    data: { limit: "message", most: 4_096 },
  };
  assertEquals(checkMessage(frame, new Set()) as unknown, { ...refused, id: 7 });
  assertEquals(checkMessage(frame, new Set(["7"])) as unknown, { ...refused, id: null });
});

Deno.test("checkMessage() refuses an id that is in flight, without using it", () => {
  const request = '{"jsonrpc":"2.0","id":1,"method":"a"}';
  assertEquals(check(request, ["2"]).type, "message");
  assertEquals(check(request, ["1"]), {
    type: "refused",
    code: -32600,
    text: "The id 1 belongs to a request that still waits",
    id: null,
  });
});

Deno.test("checkMessage() drops responses, and cancellations without a request id", () => {
  for (
    const text of [
      '{"jsonrpc":"2.0","id":1,"result":null}',
      '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""}}',
      '{"jsonrpc":"2.0","method":"$/cancelRequest"}',
      '{"jsonrpc":"2.0","method":"$/cancelRequest","params":{}}',
      '{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":null}}',
      '{"jsonrpc":"2.0","method":"$/cancelRequest","params":[1]}',
    ]
  ) assertEquals(check(text).type, "dropped", text);
});

Deno.test("checkMessage() accepts, refuses or drops any JSON, and never throws", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assertEquals(typeof check(JSON.stringify(value)).type, "string");
    }),
    { numRuns: 500 },
  );
});
