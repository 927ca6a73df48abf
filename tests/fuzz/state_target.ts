import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  Client,
  FileStore,
  type Handle,
  InboundMap,
  type StoredMapping,
  StoreError,
  systemClock,
} from "../../mod.ts";
import { denoFileSystem } from "../../src/client/persistence/deno_file_system.ts";
import { nodeFileSystem } from "../../src/client/persistence/node_file_system.ts";
import { type Lab, lab } from "../../src/testing/mod.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { MemoryStore } from "../client/memory_store.ts";
import { makeFifo, StateFolder, stateText, STORED } from "../client/state_folder.ts";
import { CLIENT, SERVER, unreadErrors } from "../helpers/client.ts";
import { mutate, randomOctets } from "./mutate.ts";
import type { Target } from "./target.ts";

/** Files in a round. */
const FILES = 10;

/** Files that may be state files, read by a store, and their entries used by a client. */
export const state: Target = {
  name: "state",
  invariant:
    "Every state file is used, or refused by a StoreError without a wait; files of others stay as they are.",
  shortRounds: 20,
  inputsPerRound: FILES,
  async start() {
    const folder = await StateFolder.create();
    await makeFifo(folder.file("fifo"));
    return {
      async round(seed) {
        const random = seededRandom(seed);
        for (let file = 0; file < FILES; file++) await check(random, folder.file("fifo"));
      },
      end: () => folder[Symbol.asyncDispose](),
    };
  },
};

async function check(random: () => number, fifo: string): Promise<void> {
  await using folder = await StateFolder.create();
  const path = folder.file("state.json");
  await makeSentinels(folder, random);
  const octets = await place(path, fifo, random);
  const before = await folder.contents();
  const files = random() < 0.5 ? denoFileSystem : nodeFileSystem;
  const store = new FileStore(path, { clock: systemClock, files });
  const shown = octets === undefined ? "no file" : new TextDecoder().decode(octets.slice(0, 2_000));
  const mappings = await store.load().catch((error: unknown) => {
    assertInstanceOf(error, StoreError, `${shown}: ${error}`);
    assert(!error.message.includes("did not answer"), shown);
    return error;
  });
  if (!(mappings instanceof StoreError)) {
    const saved = await use(mappings, random);
    await store.save(saved);
    await store.close();
    const again = new FileStore(path, { clock: systemClock, files });
    assertEquals(await again.load(), saved);
    await again.close();
  } else if (mappings.reason === "damaged") {
    const aside = (await folder.names()).find((name) => /\.damaged-.*Z-/.test(name));
    assertEquals(await Deno.readFile(folder.file(aside ?? "")), octets);
  } else {
    assert(["newer", "foreign", "unwritable"].includes(mappings.reason), mappings.message);
    assertEquals(await folder.contents(), before, `${mappings.message} ${shown}`);
  }
  const after = await folder.contents();
  for (const [name, content] of Object.entries(before)) {
    if (!/^state\.json(\.target)?$/.test(name)) assertEquals(after[name], content, name);
  }
}

/** Uses the entries as a client does; returns what it keeps. */
async function use(
  mappings: readonly StoredMapping[],
  random: () => number,
): Promise<readonly StoredMapping[]> {
  await using world = await lab();
  const store = new MemoryStore(mappings);
  const { clock, network } = world;
  const allowThirdParty = random() < 0.5;
  const randomWord = (): number => Math.floor(random() * 2 ** 32);
  const options = { clock, network, store, allowThirdParty, random, randomWord };
  const handle = await Client.start(CLIENT, SERVER, options);
  const { leftovers } = handle;
  assertEquals(JSON.parse(JSON.stringify(leftovers)), leftovers);
  await requestSome(world, handle, random);
  const [one] = handle.leftovers;
  if (one !== undefined) await world.settled(handle.deleteLeftovers(one), HOUR);
  if (random() < 0.7) await world.settled(handle.deleteLeftovers(), HOUR);
  await world.settled(handle.shutdown({ keep: random() < 0.3 }), HOUR);
  for (const error of unreadErrors(handle)) {
    assertInstanceOf(error, StoreError);
    assert(error.message.length < 1_000);
  }
  return store.saved;
}

async function requestSome(world: Lab, handle: Handle, random: () => number): Promise<void> {
  for (const { kind, internalPort, protocol } of handle.leftovers) {
    if (kind === "outbound" || internalPort === 0 || random() < 0.7) continue;
    const mapping = handle.request(new InboundMap(internalPort, 600).protocol(protocol));
    await world.settled(mapping.ready().catch(() => {}), HOUR); // a server may refuse anything
  }
}

/** Files of others whose names resemble those of the store. */
async function makeSentinels(folder: StateFolder, random: () => number): Promise<void> {
  const names = [
    "state.json.new",
    "state.json.lock.new",
    "state.json.lock.0",
    "state.json.lock.07",
    "state.json.lockx",
    "state.json.damaged-2026",
    `state.json.${"A".repeat(32)}.new`,
    "state.jso",
    "state.json2",
    "other.json",
  ];
  for (const name of names) {
    if (random() < 0.4) await Deno.writeFile(folder.file(name), randomOctets(random, 100));
  }
}

/** Puts something at the path of the state file. Returns its octets if it is a file. */
async function place(
  path: string,
  fifo: string,
  random: () => number,
): Promise<Uint8Array | undefined> {
  const kind = random();
  if (kind < 0.02) await Deno.mkdir(path);
  else if (kind < 0.04) await Deno.symlink(fifo, path);
  else if (kind < 0.05) await Deno.symlink("/dev/null", path);
  else if (kind < 0.06) await Deno.symlink("state.json", path);
  else if (kind < 0.07) await Deno.symlink("nowhere/at/all", path);
  else if (kind > 0.09) {
    const octets = content(random);
    const isLinked = random() < 0.1;
    await Deno.writeFile(isLinked ? `${path}.target` : path, octets);
    if (isLinked) await Deno.symlink("state.json.target", path);
    return octets;
  }
  return undefined;
}

function content(random: () => number): Uint8Array {
  const kind = random();
  if (kind < 0.05) return randomOctets(random, 2_000);
  const text = new TextEncoder().encode(hostileText(random));
  if (kind < 0.5) return text;
  if (kind < 0.6) return text.slice(0, Math.floor(random() * text.length));
  return mutate(text, random);
}

function hostileText(random: () => number): string {
  const count = Math.floor(random() * 6);
  const entries = Array.from(
    { length: count },
    () => random() < 0.4 ? entry(random) : hostile(random),
  );
  const kind = random();
  if (kind < 0.85) return stateText(entries);
  if (kind < 0.9) return stateText(entries, Math.floor(random() * 4) - 1);
  if (kind < 0.93) return `${"[".repeat(10_000)}${"]".repeat(10_000)}`;
  if (kind < 0.96) return stateText(entries).replace('"version": 1', '"version": 1, "version": 2');
  return JSON.stringify(
    pick(random, [entries, {}, null, 1, "", { version: 1 }, { mappings: entries }]),
  );
}

function entry(random: () => number): unknown {
  const port = pick(random, [6000, 6001, 6002]);
  const outbound = { kind: "outbound", remoteAddress: "198.51.100.7", remotePort: 443 };
  return {
    ...STORED,
    internalPort: port,
    protocol: pick(random, [6, 17]),
    options: pick(random, OPTIONS),
    expiresAt: new Date(Date.now() + (random() - 0.5) * 20_000_000).toISOString(),
    server: pick(random, [SERVER, "192.168.1.2"]),
    ...(random() < 0.2 ? outbound : {}),
  };
}

function hostile(random: () => number): unknown {
  if (random() < 0.1) return pick(random, VALUES);
  const changed = { ...entry(random) as Record<string, unknown> };
  for (let changes = 1 + Math.floor(random() * 3); changes > 0; changes--) {
    const name = pick(random, [...Object.keys(STORED), "remoteAddress", "remotePort", "__proto__"]);
    changed[name] = pick(random, VALUES);
    if (random() < 0.1) delete changed[name];
  }
  return changed;
}

function pick<T>(random: () => number, values: readonly T[]): T {
  return values[Math.floor(random() * values.length)] as T;
}

const VALUES: readonly unknown[] = [
  ...[0, -1, 1, 0.5, 65_535, 65_536, 2 ** 31, 2 ** 32, 2 ** 53, 1e308, -0, 255, 256, 6, 17, 1],
  ...[
    "",
    "0",
    "x".repeat(5_000),
    "\u0000\u001b[31m\u202e",
    "::",
    "0.0.0.0",
    "::1",
    "255.255.255.255",
  ],
  ...[
    "fe80::1%eth0",
    "2001:db8::1",
    "::ffff:192.0.2.1",
    "inbound",
    "outbound",
    "a0a1a2a3a4a5a6a7a8a9aaab",
  ],
  ...[
    "2999-01-01",
    "+275760-09-13T00:00:00.000Z",
    "-271821-04-20T00:00:00.000Z",
    "1970",
    "2026-02-30",
  ],
  ...[null, true, [], {}, [[]], { toString: 1 }, { length: 5 }],
  ...["02000000", "01000010", "ff000004deadbeef", "0200ffff", "00".repeat(1_100)],
];

/** No option, PREFER_FAILURE, THIRD_PARTY, FILTER, an unknown one, DESCRIPTION, PORT_SET (RFC 6887, 7220, 7753). */
const OPTIONS: readonly string[] = [
  "",
  "02000000",
  "0100001000000000000000000000ffffc0a8014d",
  "0300001400800000" + "00000000000000000000ffffc6336407",
  "ff00000401020304",
  "80000004" + "74657374",
  "8200000500021770" + "00000000",
];

/** Milliseconds of virtual time: every call must end long before. */
const HOUR = 3_600_000;
