import { assertEquals } from "@std/assert";
import { seededRandom } from "../../src/testing/random.ts";
import { RpcProcess } from "../e2e/rpc_process.ts";
import { randomOctets } from "./mutate.ts";
import type { Target } from "./target.ts";

/** Messages in a round, each sent once or many times. */
const MESSAGES = 25;

/** A real server with few descriptors and a small heap, and a peer that asks for too much. */
export const rpcLimits: Target = {
  name: "rpc-limits",
  invariant: "With 48 file descriptors and a heap of 64 MB no message ends the JSON-RPC server.",
  shortRounds: 3,
  inputsPerRound: MESSAGES,
  async start() {
    const folder = await Deno.makeTempDir();
    const server = await RpcProcess.initialized({
      limit: "ulimit -n 48",
      permissions: ["-A", "--v8-flags=--max-old-space-size=64"],
      args: ["--stdio", "--log-level", "error"],
    });
    return {
      round: (seed) => round(server, seededRandom(seed), folder),
      async end() {
        await server.closeInput();
        const exitCode = await server.ended();
        await Deno.remove(folder, { recursive: true });
        assertEquals(exitCode, 0, server.errors);
      },
    };
  },
};

async function round(server: RpcProcess, random: () => number, folder: string): Promise<void> {
  const simulators: unknown[] = [];
  const last = `last ${random()}`;
  const reading = readUntil(server, last, simulators);
  for (let message = 0; message < MESSAGES; message++) {
    const [body, count] = pick(random, [usual, usual, many, long, deep])(random, folder);
    for (let sent = 0; sent < count; sent++) await server.write(framed(body, random));
  }
  await server.send({ jsonrpc: "2.0", id: last, method: "client/list" });
  const clients = await reading as readonly { readonly clientId: number }[];
  // The next round begins with a part of what this one has left.
  for (const { clientId } of clients) {
    if (random() < 0.7) await server.exchange("client/shutdown", { clientId, keep: true });
  }
  for (const simulatorId of simulators) {
    if (random() < 0.7) await server.exchange("simulator/stop", { simulatorId });
  }
}

/** Reads while messages are written, as the server stops to read otherwise. Returns the result of the last request. */
async function readUntil(
  server: RpcProcess,
  last: string,
  simulators: unknown[],
): Promise<unknown> {
  for (;;) {
    const answer = await server.receive();
    if (answer === undefined) throw new Error(`The server has ended: ${server.errors}`);
    const { id, result } = answer;
    if (id === last) return result;
    if (typeof result === "object" && result !== null && "simulatorId" in result) {
      simulators.push(result.simulatorId);
    }
  }
}

type Message = readonly [body: string | Uint8Array, count: number];

/** Valid requests, some of them many times. */
function usual(random: () => number, folder: string): Message {
  const number = (most: number): number => Math.floor(random() * most);
  const id = 1 + number(40);
  const loopback = { client: "127.0.0.1", server: "127.0.0.1", multicast: false };
  const [method, params, most] = pick<[string, object | null, number?]>(random, [
    ["simulator/start", {}, 60],
    ["simulator/start", { protocols: ["upnp"] }, 20],
    ["client/start", { ...loopback, port: 40_000 + number(9_000), shutdownTimeout: 50 }, 60],
    ["client/start", { ...loopback, state: `${folder}/${number(9)}.json` }, 9],
    ["client/start", {}, 9],
    ["mapping/request", { clientId: id, kind: "inbound", internalPort: id, lifetime: 60 }, 99],
    ["mapping/ready", { mappingId: number(200) }, 1_200],
    ["mapping/list", {}, 400],
    ["mapping/revoke", { mappingId: number(200) }, 20],
    ["client/diagnose", { clientId: id }, 20],
    ["client/externalAddress", { clientId: id }, 20],
    ["client/announce", { clientId: id }, 200],
    ["client/shutdown", { clientId: id, keep: true }, 2],
    ["rpc.discover", null, 200],
    ["discover", {}, 100],
  ]);
  return [JSON.stringify({ jsonrpc: "2.0", id: "ID", method, params }), 1 + number(most ?? 1)];
}

/** A request of many values. */
function many(random: () => number): Message {
  const value = pick(random, ["0", "[]", "{}", '""', '{"a":{}}', "[[0]]", '"\\u0000"', "null"]);
  const isKeyed = random() < 0.3;
  let text = "";
  const length = size(random) / (value.length + 1);
  for (let index = 0; index < length && text.length < MOST; index++) {
    text += `${index === 0 ? "" : ","}${isKeyed ? `"k${index}":` : ""}${value}`;
  }
  return [request(isKeyed ? `{${text}}` : `{"filters":[${text}]}`), 1 + Math.floor(random() * 3)];
}

/** A request with a long string, or of which nothing can be read. */
function long(random: () => number): Message {
  const length = size(random);
  if (random() < 0.1) return [randomOctets(random, Math.min(length, 100_000)), 1];
  const part = pick(random, ["x", "é", "\\u202e", "😀", "\\\\", '\\"', "[,{"]);
  const text = part.repeat(length / part.length);
  const params = pick(random, [
    `{"client":"${text}"}`,
    `{"${text}":1}`,
    `{"clientId":${"9".repeat(Math.min(length, 1_000_000))}}`,
  ]);
  return [request(params), 1 + Math.floor(random() * 3)];
}

/** A request of nested values, which may not end. */
function deep(random: () => number): Message {
  const [open, close] = pick(random, [["[", "]"], ['{"a":', "}"], ['[{"a":[', "]}]"]]);
  const depth = size(random) / (open.length + close.length);
  const end = random() < 0.7 ? close.repeat(depth) : "";
  return [request(`${open.repeat(depth)}${open.endsWith(":") ? "0" : ""}${end}`), 1];
}

function request(params: string): string {
  return `{"jsonrpc":"2.0","id":"ID","method":"client/start","params":${params}}`;
}

/** Octets, most of them few, some more than the server reads. */
function size(random: () => number): number {
  return Math.floor(MOST ** (0.5 + random() * 0.52));
}

const MOST = 4 * 1024 * 1024;

let lastId = 0;

/** A message with its header, and an id of its own. */
function framed(body: string | Uint8Array, random: () => number): Uint8Array {
  const id = random() < 0.9 ? `"i${++lastId}"` : String(++lastId);
  const octets = typeof body === "string"
    ? new TextEncoder().encode(body.replace('"ID"', id))
    : body;
  const header = new TextEncoder().encode(`Content-Length: ${octets.length}\r\n\r\n`);
  const whole = new Uint8Array(header.length + octets.length);
  whole.set(header);
  whole.set(octets, header.length);
  return whole;
}

function pick<T>(random: () => number, choices: readonly T[]): T {
  return choices[Math.floor(random() * choices.length)] as T;
}
