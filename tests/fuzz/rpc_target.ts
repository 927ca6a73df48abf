import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { encodeFrame } from "../../rpc/framing.ts";
import { METHODS } from "../../rpc/methods.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { CLIENT, type Received, RpcHarness, SERVER } from "./rpc_harness.ts";
import type { Target } from "./target.ts";

/** Messages in a round. */
const MESSAGES = 100;

/** A JSON-RPC server and random messages. */
export const rpc: Target = {
  name: "rpc",
  invariant:
    "For any messages every request gets one response, none is an internal error, the server still works, and its end leaves no timer.",
  shortRounds: 8,
  inputsPerRound: MESSAGES,
  start: () => ({ round }),
};

async function round(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const harness = await RpcHarness.start();
  const requests = new Map<string | number, unknown>();
  if (random() < 0.9) send({ jsonrpc: "2.0", id: "begin", method: "initialize", params: {} });
  for (const [index, message] of fc.sample(messages, { seed, numRuns: MESSAGES }).entries()) {
    send(message(index));
    if (index % 10 === 9) await harness.clock.advance(random() * 2_000);
  }
  const isAlive = send({ jsonrpc: "2.0", id: "still there", method: "rpc.discover" });
  await harness.clock.advance(100);
  const response = responsesTo(harness.received, isAlive)[0];
  // Errors for a server before `initialize` or after `shutdown` are valid too.
  assert(
    response !== undefined && [undefined, -32002, -32600].includes(response.error?.code),
    `no response at the end: ${JSON.stringify(response)}`,
  );
  assertEquals(await harness.end(), 0);
  for (const [id, message] of requests) {
    const responses = responsesTo(harness.received, id);
    assertEquals(
      responses.length,
      1,
      `${JSON.stringify(message)} has ${responses.length} responses`,
    );
    const { result, error } = responses[0] ?? {};
    assert((result === undefined) !== (error === undefined), "either a result or an error");
    assert(error?.code !== -32603, `${JSON.stringify(message)}: ${error?.message}`);
  }
  assertEquals(harness.clock.pending, 0, "alarms are left");

  function send(message: unknown): string | number {
    const id = idOf(message);
    if (id !== undefined) requests.set(id, message);
    harness.send(encodeFrame(message));
    return id ?? "";
  }
}

/** The id of the response that a message must get. */
function idOf(message: unknown): string | number | undefined {
  if (typeof message !== "object" || message === null || Array.isArray(message)) return undefined;
  const { id, method, result, error } = message as Record<string, unknown>;
  if (method === undefined && (result !== undefined || error !== undefined)) return undefined;
  return typeof id === "string" || typeof id === "number" ? id : undefined;
}

function responsesTo(received: readonly Received[], id: string | number): Received[] {
  return received.filter((each) => each.id === id && each.method === undefined);
}

// Any value that JSON can represent.
const json = fc.jsonValue({ maxDepth: 3 });
const small = fc.integer({ min: 0, max: 4 });

/** Members of params, valid or nearly so. */
const member = fc.oneof(
  fc.tuple(fc.constantFrom("clientId", "mappingId", "simulatorId"), small),
  fc.tuple(fc.constant("kind"), fc.constantFrom("inbound", "outbound")),
  fc.tuple(fc.constant("internalPort"), fc.integer({ min: -1, max: 70_000 })),
  fc.tuple(fc.constant("lifetime"), fc.integer({ min: -1, max: 5_000 })),
  fc.tuple(fc.constant("protocol"), fc.constantFrom<unknown>("tcp", "udp", "x", 6, 17, 300)),
  fc.tuple(
    fc.constant("requestType"),
    fc.constantFrom<unknown>("once", "keepAlive", { repeat: 2 }),
  ),
  fc.tuple(fc.constant("client"), fc.constantFrom(CLIENT, "::1", "nonsense")),
  fc.tuple(fc.constant("server"), fc.constantFrom(SERVER, "fe80::1", "")),
  fc.tuple(fc.constantFrom("remoteAddress", "externalAddress"), fc.constant("198.51.100.7")),
  fc.tuple(fc.constantFrom("remotePort", "externalPort"), fc.integer({ min: -1, max: 70_000 })),
  fc.tuple(fc.constant("keep"), fc.boolean()),
  fc.tuple(fc.string(), json),
);
const params = fc.oneof(
  fc.array(member, { maxLength: 6 }).map((members) => Object.fromEntries(members)),
  fc.constant({ client: CLIENT, server: SERVER }),
  fc.record({
    clientId: fc.integer({ min: 1, max: 2 }),
    kind: fc.constant("inbound"),
    internalPort: fc.integer({ min: 1, max: 9 }),
    lifetime: fc.integer({ min: 1, max: 900 }),
    requestType: fc.constantFrom("once", "keepAlive"),
  }),
  json,
);

const method = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(...Object.keys(METHODS).filter((key) => key !== "shutdown")),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("$/cancelRequest", "$/setTrace", "shutdowns", "__proto__", ""),
  },
  { weight: 1, arbitrary: fc.string() },
);

/** Makes a message from a number, which makes its id unique. */
const messages: fc.Arbitrary<(index: number) => unknown> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.tuple(method, params, fc.boolean()).map(
      ([name, values, isText]) => (index: number): unknown => ({
        jsonrpc: "2.0",
        id: isText ? `id ${index}` : index,
        method: name,
        params: values,
      }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(method, params).map(([name, values]) => (): unknown => ({
      jsonrpc: "2.0",
      method: name === "exit" ? "exits" : name,
      params: values,
    })),
  },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 0, max: MESSAGES }).map((id) => (): unknown => ({
      jsonrpc: "2.0",
      method: "$/cancelRequest",
      params: { id },
    })),
  },
  // A member of another type must not become the id of another request.
  { weight: 2, arbitrary: json.map((value) => (): unknown => value) },
  {
    weight: 1,
    arbitrary: fc.tuple(json, json, json).map(
      ([jsonrpc, id, name]) => (index: number): unknown => ({
        jsonrpc,
        id: typeof id === "string" || typeof id === "number" ? `odd ${index}` : id,
        method: name,
      }),
    ),
  },
);
