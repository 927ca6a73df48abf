import { assertEquals } from "@std/assert";
import {
  Client,
  type ClientOptions,
  FileStore,
  type Handle,
  InboundMap,
  type TraceEvent,
} from "../../mod.ts";
import { applyMappingOptions, type MappingOptions } from "../../src/mapping_options.ts";
import { type ServerHost, type ServerOptions, startLoopbackServer } from "../../src/testing/mod.ts";
import { run } from "../repl/command_line.ts";
import { RpcProcess } from "./rpc_process.ts";

// Each feature through each door, once, against a simulated gateway: library, JSON-RPC, command line.

/** A client of the gateway through one door. */
interface Door {
  /** Opens TCP 6000. Returns what is said of it, and the trace if that is on. */
  map(options: MappingOptions): Promise<string>;
  /** The NAT64 prefixes, or another question. Returns the answer as JSON. */
  ask(question: "prefix64" | "stats" | "leftovers"): Promise<string>;
  /** Deletes one leftover of the state file: that of TCP 6001. */
  deleteLeftover(): Promise<void>;
}

type Run = (
  door: Door,
  host: ServerHost,
) => Promise<unknown>;

interface Feature {
  readonly server?: ServerOptions;
  readonly start?: Pick<ClientOptions, "protocols" | "allowThirdParty">;
  readonly trace?: boolean;
  /** Whether the command line says it in JSON only. */
  readonly json?: boolean;
  /** Whether there is a state file, with mappings of TCP 6000 and 6001 in it. */
  readonly leftovers?: true;
  readonly run: Run;
  /** What it returns through every door. */
  readonly expected: unknown;
}

const FILTER = { address: "198.51.100.7", prefix: 32, port: 0 };

const FEATURES: Readonly<Record<string, Feature>> = {
  "DESCRIPTION": asks({ description: "parity" }, "description"),
  "PORT_SET with parity": asks({ portSet: { size: 2, parity: true } }, "portSet"),
  "FILTER": asks({ filters: [FILTER] }, "filter"),
  "PREFER_FAILURE": asks({ preferFailure: true, externalPort: 7000 }, "preferFailure"),
  "THIRD_PARTY": asks({ thirdParty: "127.0.0.9" }, "thirdParty", {
    start: { allowThirdParty: true },
    server: { thirdParty: true },
  }),
  "THIRD_PARTY_ID": asks({ thirdParty: "127.0.0.9", thirdPartyId: "0aff" }, "thirdPartyId", {
    start: { allowThirdParty: true },
    server: { thirdParty: true, thirdPartyIds: ["0aff"] },
  }),
  "a suggested external port": {
    run: async (door, { server }) => {
      await door.map({ externalPort: 7777 });
      return [...server.mappings.values()].map(({ externalPort }) => externalPort);
    },
    expected: [7777],
  },
  "PREFIX64": {
    server: {
      prefix64: [{
        type: "prefix64",
        prefix: Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0),
        suffix: new Uint8Array(),
        ipv4Prefixes: undefined,
      }],
    },
    run: async (door) => /2001:db8::\/96/.exec(await door.ask("prefix64"))?.[0],
    expected: "2001:db8::/96",
  },
  "stats": {
    run: async (door) => /"sent": ?\d+/.test(await door.ask("stats")),
    expected: true,
  },
  "protocols": {
    server: { protocols: ["pcp", "nat-pmp"] },
    start: { protocols: ["nat-pmp"] },
    run: async (door, { server }) => {
      await door.map({});
      const { map = 0, natpmpMap = 0 } = server.counters.received;
      return [map, natpmpMap];
    },
    expected: [0, 1],
  },
  "not reachable from the Internet": says(
    { externalAddress: "192.168.7.7" },
    /"globallyReachable":false|Not reached from the Internet/,
  ),
  "the protocol in use": {
    ...says({ protocols: ["nat-pmp"] }, /"protocol":"nat-pmp"/),
    json: true,
  },
  "options that were ignored": says(
    { unsupportedOptions: [128] },
    /"ignoredOptions":\["description"\]|ignored description/,
    { description: "parity" },
  ),
  "trace": { ...says({}, /PCP MAP request, tcp 6000 .*PCP MAP response/s), trace: true },
  "leftovers: list": {
    leftovers: true,
    run: async (door) => (await door.ask("leftovers")).match(/"internalPort": ?600[01]/g)?.length,
    expected: 2,
  },
  "leftovers: delete one": {
    leftovers: true,
    run: async (door, { server }) => {
      await door.deleteLeftover();
      return [...server.mappings.values()].map(({ internalPort }) => internalPort);
    },
    expected: [6000],
  },
};

for (const [name, feature] of Object.entries(FEATURES)) {
  for (const [title, through] of Object.entries({ library, jsonRpc, commandLine })) {
    Deno.test(`${name}: ${title}`, async () => {
      const host = await startLoopbackServer(feature.server ?? {});
      const folder = await Deno.makeTempDir();
      try {
        const state = feature.leftovers && `${folder}/state.json`;
        if (state !== undefined) await leave(host, state);
        await through(host, { ...feature, state }, async (door) => {
          assertEquals(await feature.run(door, host), feature.expected);
        });
      } finally {
        host.close();
        await Deno.remove(folder, { recursive: true });
      }
    });
  }
}

/** What is said of a mapping. */
function says(server: ServerOptions, words: RegExp, options: MappingOptions = {}): Feature {
  return {
    server,
    run: async (door) => words.test(await door.map(options)),
    expected: true,
  };
}

/** The addresses of the gateway, of which the first one answers. */
const SERVERS = ["127.0.0.1", "127.0.0.2"];

/** A feature that is an option of the request: the gateway gets it. */
function asks(
  options: MappingOptions,
  type: string,
  more: Pick<Feature, "server" | "start"> = {},
): Feature {
  return {
    ...more,
    run: async (door, { server }) => {
      await door.map(options);
      const sent = server.log.flatMap(({ request }) => request?.options ?? []);
      return sent.some((option) => option.type === type);
    },
    expected: true,
  };
}

/** An earlier run leaves two mappings at the gateway. */
async function leave(host: ServerHost, state: string): Promise<void> {
  const handle = await start(host, {}, state);
  for (const port of [6000, 6001]) await handle.request(new InboundMap(port, 600)).ready();
  await handle.shutdown({ keep: true });
}

function start(
  { local: { port } }: ServerHost,
  options: ClientOptions,
  state: string | undefined,
): Promise<Handle> {
  const store = state === undefined ? {} : { store: new FileStore(state) };
  return Client.start("127.0.0.1", SERVERS, { port, ...options, ...store });
}

type Through = (
  host: ServerHost,
  wanted: Pick<Feature, "start" | "trace" | "json"> & { readonly state: string | undefined },
  use: (door: Door) => Promise<void>,
) => Promise<void>;

async function library(...[host, wanted, use]: Parameters<Through>): Promise<void> {
  const traced: string[] = [];
  const onTrace = ({ text }: TraceEvent): void => void traced.push(text);
  const options = { ...wanted.start, ...(wanted.trace ? { onTrace } : {}) };
  await using handle = await start(host, options, wanted.state);
  await use({
    async map(mapping) {
      const map = applyMappingOptions(new InboundMap(6000, 600), mapping);
      return JSON.stringify(await handle.request(map).ready()) + traced.join("\n");
    },
    async ask(question) {
      const answers = {
        prefix64: () => handle.prefix64(),
        stats: () => handle.stats(),
        leftovers: () => handle.leftovers,
      };
      return JSON.stringify(await answers[question]());
    },
    async deleteLeftover() {
      const leftover = handle.leftovers.find(({ internalPort }) => internalPort === 6001);
      assertEquals(leftover && await handle.deleteLeftovers(leftover), 1);
    },
  });
}

async function jsonRpc(
  ...[host, { start, trace = false, state }, use]: Parameters<Through>
): Promise<void> {
  await using process = await RpcProcess.initialized();
  const { port } = host.local;
  const at = { client: "127.0.0.1", server: SERVERS, port };
  const { clientId } = await process.call("client/start", {
    ...at,
    ...start,
    ...(state === undefined ? {} : { state }),
  });
  await process.call("client/trace", { clientId, on: trace });
  await use({
    async map(mapping) {
      const params = { clientId, kind: "inbound", internalPort: 6000, lifetime: 600, ...mapping };
      await process.request("mapping/request", params);
      const ready = await process.request("mapping/ready", { mappingId: 1 });
      const texts: unknown[] = [];
      let result: unknown;
      while (result === undefined || trace && texts.length < 2) {
        const message = await process.receive();
        if (message?.method === "client/trace") texts.push(message.params?.["text"]);
        else if (message?.id === ready) result = message.result;
      }
      return JSON.stringify(result) + texts.join("\n");
    },
    async ask(question) {
      return JSON.stringify(await process.call(`client/${question}`, { clientId }));
    },
    async deleteLeftover() {
      const leftovers = await process.call("client/leftovers", { clientId });
      const mapping = (leftovers as unknown as { internalPort: number }[])
        .find(({ internalPort }) => internalPort === 6001);
      const { deleted } = await process.call("client/deleteLeftovers", { clientId, mapping });
      assertEquals(deleted, 1);
    },
  });
}

async function commandLine(
  ...[host, { start: options = {}, trace, json, state }, use]: Parameters<Through>
): Promise<void> {
  const common = [
    ...["--client", "127.0.0.1", "--port", String(host.local.port)],
    ...SERVERS.flatMap((server) => ["--server", server]),
    ...(trace ? ["--trace"] : []),
    ...(json ? ["--json"] : []),
    ...(state === undefined ? [] : ["--state", state]),
    ...(options.protocols === undefined ? [] : ["--protocols", options.protocols.join(",")]),
  ];
  const command = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await run([...args, ...common]);
    assertEquals(code, 0, `${args.join(" ")}: ${err}`);
    return out + err;
  };
  await use({
    async map(mapping) {
      const { description, portSet, filters, preferFailure, externalPort } = mapping;
      const { thirdParty, thirdPartyId } = mapping;
      return await command(
        "map",
        "6000/tcp",
        ...(description === undefined ? [] : ["--description", description]),
        ...(portSet === undefined ? [] : ["--port-set", `${portSet.size},parity`]),
        ...(filters === undefined ? [] : ["--filter", FILTER.address]),
        ...(preferFailure ? ["--prefer-failure"] : []),
        ...(externalPort === undefined ? [] : ["--external-port", String(externalPort)]),
        ...(thirdParty === undefined ? [] : ["--third-party", thirdParty]),
        ...(thirdPartyId === undefined ? [] : ["--third-party-id", thirdPartyId]),
      );
    },
    ask: (question) => command(question, "--json"),
    async deleteLeftover() {
      await command("revoke", "6001/tcp");
    },
  });
}

Deno.test("the command that map names to delete its mapping does so at the same gateway (K-12)", async () => {
  const host = await startLoopbackServer({});
  const folder = await Deno.makeTempDir();
  try {
    const at = ["--server", "127.0.0.1", "--port", String(host.local.port)];
    const mapped = await run(["map", "6000", ...at, "--state", `${folder}/state.json`]);
    const [, command = ""] = /"(revoke all [^"]+)" deletes it/.exec(mapped.out) ?? [];
    assertEquals(host.server.mappings.size, 1);
    const { code, out } = await run(command.split(" "));
    assertEquals([code, out], [0, "Deleted L1 (tcp 6000) of an earlier run\n"]);
    assertEquals(host.server.mappings.size, 0);
  } finally {
    host.close();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("leftovers at the prompt: listed, and one of them deleted at the gateway (K-11)", async () => {
  const host = await startLoopbackServer({});
  const folder = await Deno.makeTempDir();
  try {
    const state = `${folder}/state.json`;
    await leave(host, state);
    const at = ["--client", "127.0.0.1", "--server", "127.0.0.1"];
    const args = [...at, "--port", String(host.local.port), "--state", state];
    const { code, out } = await run(args, "leftovers\nrevoke 6001/tcp\nleftovers\n");
    assertEquals([code, out.match(/600[01]/g)], [0, ["6000", "6001", "6001", "6000"]]);
    assertEquals([...host.server.mappings.values()].map((each) => each.internalPort), [6000]);
  } finally {
    host.close();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("startAll: as many clients through every door as this host has gateways", async () => {
  const options = { protocols: ["pcp"], watch: false, multicast: false } as const;
  const found = await Client.startAll(options).catch(() => []);
  for (const handle of found) await handle.shutdown();
  await using process = await RpcProcess.initialized();
  const { result = [] } = await process.exchange("client/startAll", options);
  const { out } = await run(["stats", "--all", "--json", "--protocols", "pcp", "--watch", "off"]);
  const lines = out.split("\n").filter((line) => line.startsWith('{"sent"'));
  assertEquals([(result as unknown[]).length, lines.length], [found.length, found.length]);
});
