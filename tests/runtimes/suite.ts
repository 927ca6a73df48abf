/**
 * What every runtime can do with the published package: `deno task runtimes` compiles this program against the packed package and
 * runs it on each. It prints a line for each check and, at the end, `N passed, N failed`.
 */

// deno-lint-ignore-file no-console -- a program
import { strict as assert } from "node:assert";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Client, discover, DiscoveryError, FileStore, InboundMap } from "@portcontrol/pcp";
import {
  lab,
  ServerHost,
  type ServerOptions,
  SimulatedServer,
  startLoopbackServer,
} from "@portcontrol/pcp/testing";
import { defaultNetwork, systemClock } from "@portcontrol/pcp/transport";
import { IpAddress } from "@portcontrol/pcp/wire";

const CHECKS: Readonly<Record<string, () => Promise<void>>> = {
  "a mapping is opened, recovered and deleted with PCP": () => openRecoverDelete("127.0.0.1"),

  "a mapping is opened, recovered and deleted over IPv6": () => openRecoverDelete("::1"),

  async "a mapping is opened and deleted with NAT-PMP"() {
    const { server, port, close } = await gateway({ protocols: ["nat-pmp"] });
    const handle = await Client.start("127.0.0.1", "127.0.0.1", { port });
    const mapping = handle.request(new InboundMap(6000, 3600));
    assert.equal((await mapping.ready()).protocol, "nat-pmp");
    await handle.shutdown();
    assert.equal(server.mappings.size, 0);
    await close();
  },

  async "a port is opened, renewed and closed with UPnP"() {
    const { host, port, close } = await gateway({ protocols: ["upnp"] });
    const handle = await Client.start("127.0.0.1", "127.0.0.1", { port });
    const mapping = handle.request(new InboundMap(6000, 3600));
    const { protocol, externalPort } = await mapping.ready();
    assert.deepEqual([protocol, externalPort, host.igd?.mappings.size], ["upnp", 6000, 1]);
    mapping.renew(7200);
    for await (const alert of mapping) {
      if (alert.type === "assigned" && alert.lifetime === 7200) break;
    }
    await handle.shutdown();
    assert.equal(host.igd?.mappings.size, 0);
    await close();
  },

  async "a gateway of UPnP is found by multicast, and its restart is announced by multicast"() {
    const igd = { quirks: { answers: "multicast" as const } };
    const address = networkAddress();
    if (address === undefined) return;
    const { host, port, close } = await gateway({ protocols: ["upnp"], igd }, address);
    const ssdpPort = host.igd?.place.ssdpPort ?? 0;
    await using handle = await Client.start(address, address, { port, ssdpPort, watch: false });
    const mapping = handle.request(new InboundMap(6000, 3600));
    assert.equal((await mapping.ready()).protocol, "upnp");
    host.restart();
    assert.equal((await handle.waitError())?.name, "ServerRestartedError");
    while (host.igd?.mappings.size !== 1) await pause();
    await handle.shutdown();
    assert.equal(host.igd?.mappings.size, 0);
    await close();
  },

  async "the restart of a gateway of PCP is announced by multicast"() {
    const address = networkAddress();
    if (address === undefined) return;
    const server = new SimulatedServer({ epoch: 1000 });
    const announcePort = await freePort();
    const announceTo = [{ hostname: "224.0.0.1", port: announcePort }];
    const listen = { hostname: address, announceTo };
    const host = await ServerHost.start(defaultNetwork(), systemClock, server, listen);
    const { port } = host.local;
    const options = { port, announcePort, random: () => 0.05, watch: false } as const;
    await using handle = await Client.start(address, address, options);
    await handle.request(new InboundMap(6000, 3600)).ready();
    host.restart();
    assert.equal((await handle.waitError())?.name, "ServerRestartedError");
    while (server.mappings.size === 0) await pause();
    await handle.shutdown();
    host.close();
  },

  async "the gateways of this host are found, or the reason is given"() {
    const found = await discover().catch((error: unknown) => error);
    if (found instanceof DiscoveryError) return;
    assert.ok(Array.isArray(found), String(found));
  },

  async "a datagram reaches a multicast group"() {
    const network = defaultNetwork();
    const received = Array.of<string>();
    const sink = {
      datagram: (bytes: Uint8Array) => void received.push(bytes.join()),
      error: (error: Error) => void received.push(error.message),
    };
    const multicast = { group: "224.0.0.1", interfaceAddress: "127.0.0.1" };
    const member = await network.open({ hostname: "0.0.0.0", port: 0, multicast }, sink);
    const sender = await network.open({ hostname: "127.0.0.1", port: 0 }, sink);
    const to = { hostname: "224.0.0.1", port: member.local.port };
    await sender.send(new Uint8Array([2, 0]), to);
    while (received.length === 0) await pause();
    assert.deepEqual(received, ["2,0"]);
    sender.close();
    member.close();
  },

  async "an exchange over TCP ends with the whole response"() {
    const server = createServer((socket) => {
      socket.on("error", () => {}).once("data", (octets) => socket.end(octets));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    const octets = await defaultNetwork().exchange?.({
      hostname: "127.0.0.1",
      port: address.port,
      from: "127.0.0.1",
      bytes: new Uint8Array([1, 2, 3]),
      maximum: 100,
      isComplete: () => false,
      connectTimeout: 1_000,
      timeout: 5_000,
    });
    assert.deepEqual([...octets ?? []], [1, 2, 3]);
    server.close();
  },

  async "a store keeps the mappings for the next run"() {
    const folder = await mkdtemp(join(tmpdir(), "pcp_suite_"));
    const { server, port, close } = await gateway();
    const ports: number[] = [];
    for (const keep of [true, false]) {
      const store = new FileStore(join(folder, "mappings.json"));
      const handle = await Client.start("127.0.0.1", "127.0.0.1", { port, store });
      const mapping = handle.request(new InboundMap(6000, 3600));
      ports.push((await mapping.ready()).externalPort);
      await handle.shutdown({ keep });
    }
    assert.equal(ports[0], ports[1]);
    assert.equal(server.mappings.size, 0);
    await close();
    await rm(folder, { recursive: true });
  },

  async "a signal deletes the mappings, and ends the program"() {
    const { server, port, close } = await gateway();
    const child = startProgram(process.argv[1] ?? "", [HOLD, String(port)]);
    child.stdout.once("data", () => {
      assert.equal(server.mappings.size, 1);
      child.kill("SIGTERM");
    });
    await ended(child);
    assert.equal(server.mappings.size, 0);
    await close();
  },

  async "an hour passes at once in the lab"() {
    await using world = await lab();
    const mapping = world.handle.request(new InboundMap(6000, 600));
    await world.settled(mapping.ready());
    await world.advance(3_600_000);
    assert.deepEqual(mapping.state, { type: "running" });
    await world.settled(mapping.revoke());
    assert.equal(world.server.mappings.size, 0);
  },

  async "the command line opens a port of a simulated gateway"() {
    const { code, out } = await run("@portcontrol/pcp/repl", [
      "map",
      "6000/tcp",
      "--simulate",
      "--json",
    ]);
    assert.equal(code, 0, out);
    assert.equal(JSON.parse(out).assigned.externalPort, 6000);
  },

  async "the command line holds a port until it is interrupted, and runs a program"() {
    const program = ["--exec", `${process.execPath} --version`];
    const args = ["map", "6000/tcp", "--simulate", "--keep-alive", ...program];
    const child = start("@portcontrol/pcp/repl", args);
    child.stdout.once("data", () => setTimeout(() => child.kill("SIGINT"), 500));
    const { out } = await ended(child);
    assert.match(out, /^(v?\d|deno )[^]*^Released mapping 1 /m);
  },

  async "the prompt reads a script"() {
    const { code, out } = await run(
      "@portcontrol/pcp/repl",
      [],
      "simulate\nmap 6000/tcp\njs 6 * 7\n",
    );
    assert.deepEqual([code, /^42$/m.test(out)], [0, true], out);
  },

  async "the JSON-RPC server opens a port for its parent, and ends with it"() {
    const child = start("@portcontrol/pcp/rpc/main", ["--stdio"]);
    const server = new RpcClient(child);
    await server.call("initialize", { processId: process.pid });
    const { server: address, port } = await server.call("simulator/start", {});
    await server.call("client/start", { client: address, server: address, port });
    const request = { clientId: 1, kind: "inbound", internalPort: 6000, lifetime: 60 };
    await server.call("mapping/request", request);
    const { state } = await server.call("mapping/ready", { mappingId: 1 });
    assert.deepEqual(state, { type: "running" });
    const document = await server.call("rpc.discover");
    assert.ok(Array.isArray(document["methods"]));
    child.stdin.end();
    assert.equal((await ended(child)).code, 0);
  },
};

/** A gateway on loopback that restarts while a mapping is held. */
async function openRecoverDelete(address: string): Promise<void> {
  const { server, host, port, close } = await gateway({ epoch: 1000 }, address);
  await using handle = await Client.start(address, address, { port, random: () => 0.05 });
  const mapping = handle.request(new InboundMap(6000, 3600));
  const { externalAddress } = await mapping.ready();
  assert.equal(externalAddress, IpAddress.parse(externalAddress).toString());
  host.restart();
  assert.equal((await handle.waitError())?.name, "ServerRestartedError");
  for await (const alert of mapping) {
    if (alert.type === "assigned" && server.mappings.size === 1) break; // again, after the restart
  }
  await mapping.revoke();
  assert.equal(server.mappings.size, 0);
  assert.deepEqual(server.counters.violations, {});
  await close();
}

async function gateway(options: ServerOptions = {}, hostname = "127.0.0.1"): Promise<Gateway> {
  const server = new SimulatedServer(options);
  const host = await startLoopbackServer(server, { hostname });
  return { server, host, port: host.local.port, close: async () => await host.close() };
}

interface Gateway {
  readonly server: SimulatedServer;
  readonly host: Awaited<ReturnType<typeof startLoopbackServer>>;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * The first IPv4 address of this host that is not of loopback, which has no multicast groups. Undefined on a host without a
 * network, where the check says that it is skipped.
 */
function networkAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const found = all.find(({ family, internal }) => family === "IPv4" && !internal);
  if (found === undefined) console.log("  skipped: no interface but loopback has an IPv4 address");
  return found?.address;
}

/** A UDP port that was free a moment ago. */
async function freePort(): Promise<number> {
  const socket = await defaultNetwork().open({ hostname: "127.0.0.1", port: 0 }, {
    datagram: () => {},
    error: () => {},
  });
  socket.close();
  return socket.local.port;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10));
}

/** Runs a program of the package to its end. */
async function run(entry: string, args: readonly string[], input = ""): Promise<Ended> {
  const child = start(entry, args);
  child.stdin.end(input);
  return await ended(child);
}

/** Starts a program of the package with the runtime that runs this one. */
function start(entry: string, args: readonly string[]): ChildProcessWithoutNullStreams {
  return startProgram(fileURLToPath(import.meta.resolve(entry)), args);
}

function startProgram(file: string, args: readonly string[]): ChildProcessWithoutNullStreams {
  const runs = "Deno" in globalThis ? ["run", "-A", file] : [file];
  return spawn(process.execPath, [...runs, ...args], { env: { ...process.env, NO_COLOR: "1" } });
}

async function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  let out = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (octets: Uint8Array) => out += new TextDecoder().decode(octets));
  }
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, out };
}

interface Ended {
  readonly code: number | null;
  /** What it printed, errors included. */
  readonly out: string;
}

/** Sends requests to the JSON-RPC server, and reads the answers in order. */
class RpcClient {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, (answer: Record<string, unknown>) => void>();
  #text = "";
  #lastId = 0;

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    child.stdout.on("data", (octets: Uint8Array) => this.#read(new TextDecoder().decode(octets)));
  }

  async call(method: string, params?: object): Promise<Record<string, unknown>> {
    const id = ++this.#lastId;
    const answer = new Promise<Record<string, unknown>>((resolve) =>
      this.#waiting.set(id, resolve)
    );
    const body = JSON.stringify({ jsonrpc: "2.0", id, method, params });
    this.#child.stdin.write(`Content-Length: ${body.length}\r\n\r\n${body}`);
    const { result, error } = await answer;
    assert.equal(error, undefined, `${method}: ${JSON.stringify(error)}`);
    return result as Record<string, unknown>;
  }

  /** Everything here is ASCII, so that a character is an octet. */
  #read(text: string): void {
    this.#text += text;
    for (;;) {
      const [header = "", length] = /^Content-Length: (\d+)\r\n\r\n/.exec(this.#text) ?? [];
      const end = header.length + Number(length);
      if (length === undefined || this.#text.length < end) return;
      const message = JSON.parse(this.#text.slice(header.length, end));
      this.#text = this.#text.slice(end);
      this.#waiting.get(message.id)?.(message);
    }
  }
}

/** The argument with which this program holds a mapping until a signal ends it. */
const HOLD = "hold";

const [, , word, port] = process.argv;
if (word === HOLD) {
  const releaseOn = ["SIGTERM"] as const;
  const handle = await Client.start("127.0.0.1", "127.0.0.1", { port: Number(port), releaseOn });
  await handle.request(new InboundMap(6000, 3600)).ready();
  console.log("ready");
  await new Promise(() => {});
}

let failed = 0;
for (const [name, check] of Object.entries(CHECKS)) {
  let limit: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    limit = setTimeout(() => reject(new Error("No end after 15 s")), 15_000);
  });
  try {
    await Promise.race([check(), late]);
    console.log(`  ok      ${name}`);
  } catch (error) {
    failed++;
    console.log(`  failed  ${name}`, error);
  } finally {
    clearTimeout(limit);
  }
}
console.log(
  `${defaultNetwork().name}: ${Object.keys(CHECKS).length - failed} passed, ${failed} failed`,
);
process.exit(failed === 0 ? 0 : 1);
