import { assert, assertEquals } from "@std/assert";
import {
  AnnouncementError,
  ClosedError,
  MappingConflictError,
  NotRunningError,
  RenewalRefusedError,
  ResultCodeError,
  ServerRestartedError,
  SocketError,
} from "../../src/client/errors.ts";
import { DiscoveryError } from "../../src/discovery/discovery_error.ts";
import { PcpError } from "../../src/pcp_error.ts";

const cause = Object.assign(new Error("the address is in use"), { code: "EADDRINUSE" });

/** One error of each class with its JSON, without name and message. */
const KINDS: readonly (readonly [PcpError, Record<string, unknown>])[] = [
  [new ResultCodeError("Cannot open the mapping", 8, "NO_RESOURCES", 30), {
    code: 8,
    resultName: "NO_RESOURCES",
    lifetime: 30,
  }],
  [new ResultCodeError("Cannot open the mapping", -1, "NO_RESPONSE", undefined), {
    code: -1,
    resultName: "NO_RESPONSE",
  }],
  [new ResultCodeError("Cannot open the mapping", 77, "RESULT_77", 0), {
    code: 77,
    resultName: "RESULT_77",
    lifetime: 0,
  }],
  [new RenewalRefusedError(3, 8, 30), {
    mappingId: 3,
    code: 8,
    resultName: "NO_RESOURCES",
    retryIn: 30,
  }],
  [new ServerRestartedError(12), { epoch: 12, count: 1 }],
  [new SocketError("send", "Cannot send", cause), { operation: "send" }],
  [new AnnouncementError(5350, cause), { port: 5350 }],
  [new NotRunningError("Cannot renew the mapping", 3, { type: "expired" }), {
    mappingId: 3,
    state: { type: "expired" },
  }],
  [new ClosedError("Cannot request a mapping"), {}],
  [new MappingConflictError("options", { protocol: 6, internalPort: 6000 }), {
    protocol: 6,
    internalPort: 6000,
  }],
  [new DiscoveryError("find the default gateway", "noDefaultRoute", "no route", { cause }), {
    reason: "noDefaultRoute",
    detail: "no route",
  }],
];

for (const [error, fields] of KINDS) {
  Deno.test(`${error.name} "${error.message.slice(0, 40)}…" is a PcpError with its class and fields, and plain JSON`, () => {
    assert(error instanceof PcpError && error instanceof Error);
    assertEquals(error.name, error.constructor.name);
    assertEquals(JSON.parse(JSON.stringify(error)), {
      name: error.name,
      message: error.message,
      ...fields,
    });
  });

  Deno.test(`${error.name} "${error.message.slice(0, 40)}…" has a message in the style of the others`, () => {
    assert(/^[A-Z]/.test(error.message) && !error.message.endsWith("."), error.message);
    assert(!/\n|undefined|\[object/.test(error.message), error.message);
  });
}

Deno.test("The message of a refusal contains the meaning of its code", () => {
  const { message } = new ResultCodeError("Cannot open the mapping", 8, "NO_RESOURCES", 30);
  assert(
    message.startsWith('Cannot open the mapping: the server answered "NO_RESOURCES" (8): the '),
    message,
  );
});

Deno.test("The system's error is the cause, and its message part of the message", () => {
  for (
    const error of [
      new SocketError("open", "Cannot open", cause),
      new AnnouncementError(5350, cause),
    ]
  ) {
    assertEquals(error.cause, cause);
    assert(error.message.endsWith(": the address is in use"), error.message);
  }
  const wrapped = new Error("Cannot send to 192.168.1.1:5351: no buffer", {
    cause: new Error("no buffer"),
  });
  assertEquals(new SocketError("send", "Cannot send", wrapped).message, "Cannot send: no buffer");
  assert(new SocketError("send", "Cannot send", "no buffer").message.endsWith(": no buffer"));
});
