import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  Client,
  type ClientOptions,
  ClosedError,
  type Handle,
  InboundMap,
  OutboundMap,
  RequestType,
  type StoredMapping,
  StoreError,
} from "../../mod.ts";
import { type Lab, lab } from "../../src/testing/mod.ts";
import { CLIENT, opened, SERVER, unreadErrors } from "../helpers/client.ts";
import { MemoryStore } from "./memory_store.ts";

/** A client whose store has these entries; the caller shuts it down. */
async function startWith(
  world: Lab,
  entries: readonly unknown[],
  options: ClientOptions = {},
): Promise<{ handle: Handle; store: MemoryStore; errors: StoreError[] }> {
  const store = new MemoryStore(entries as StoredMapping[]);
  const { clock, network } = world;
  const handle = await Client.start(CLIENT, SERVER, { clock, network, ...options, store });
  const errors = unreadErrors(handle).map((error) => {
    assertInstanceOf(error, StoreError);
    return error;
  });
  return { handle, store, errors };
}

const ILLEGAL: readonly (readonly [unknown, string])[] = [
  [{ internalPort: 70_000 }, 'internalPort must be an integer from 0 to 65535, got "70000"'],
  [{ externalPort: -1 }, "externalPort must be"],
  [{ port: 0 }, "port must be an integer from 1 to 65535"],
  [{ protocol: 256 }, "protocol must be"],
  [{ protocol: 0 }, "protocol 0 (all protocols) goes with internal port 0 only"],
  [{ protocol: 1 }, 'protocol "1" has no ports'],
  [{ lifetime: 0 }, "lifetime must be"],
  [{ lifetime: 2 ** 32 }, "lifetime must be"],
  [{ lifetime: 1.5 }, "lifetime must be"],
  [{ kind: "sideways" }, 'kind must be "inbound" or "outbound", got "sideways"'],
  [{ kind: "outbound" }, "remoteAddress must be a text"],
  [{ kind: "outbound", remoteAddress: "198.51.100.7", remotePort: 0 }, "remotePort must be"],
  [
    { kind: "outbound", remoteAddress: "2001:db8::1", remotePort: 1 },
    "remote address must be IPv4",
  ],
  [{ kind: "outbound", remoteAddress: "198.51.100.7", remotePort: 1, internalPort: 0 }, "not be 0"],
  [{ server: "2001:db8::1" }, "server and client must be of one family"],
  [{ server: "router" }, 'server must be an IP address, got "router"'],
  [{ client: 7 }, "client must be a text"],
  [{ externalAddress: "" }, "externalAddress must be an IP address"],
  [{ nonce: "a0a1" }, "24 hexadecimal digits"],
  [{ expiresAt: "tomorrow" }, "expiresAt must be a time in ISO 8601"],
  [{ options: "0" }, "options must be octets"],
  [{ options: undefined }, "options must be a text"],
  [{ options: "02000001" }, "options must be those of a request"], // its length goes beyond the end
  [{ options: "0100000400000000" }, "options must be those of a request"], // THIRD_PARTY has 16 octets
  [{ options: "02000000", externalPort: 0 }, "preferFailure needs an external port"],
  [{ options: "0200000002000000" }, "must not stand twice"],
  [{ options: "00".repeat(2_000) }, "options must be octets"],
  [{ server: "x".repeat(1_000_000) }, "server must be an IP address"],
];

Deno.test("An illegal entry of a store is reported by its number, and the other entries are used", async () => {
  for (const [fields, reason] of ILLEGAL) {
    await using world = await lab();
    const entries = [GOOD, { ...STORED, ...fields as object }, { ...GOOD, internalPort: 6002 }];
    const { handle, errors } = await startWith(world, entries);
    assertEquals(errors.map((error) => error.reason), ["refused"], reason);
    assertStringIncludes(errors[0]?.message ?? "", 'Cannot use entry "2" of the stored mappings: ');
    assertStringIncludes(errors[0]?.message ?? "", reason);
    assert((errors[0]?.message.length ?? 0) < 300, "the message is short");
    assertEquals(handle.leftovers.map(({ internalPort }) => internalPort), [6001, 6002]);
    assertEquals(await world.settled(handle.deleteLeftovers()), 2);
    await world.settled(handle.shutdown());
  }
});

Deno.test("Entries of a store that are no objects are reported too, the first 20 one by one", async () => {
  await using world = await lab();
  const odd = [null, 7, "text", [], {}, true];
  const few = await startWith(world, [...odd, GOOD]);
  assertEquals([few.errors.length, few.handle.leftovers.length], [odd.length, 1]);
  await world.settled(few.handle.shutdown());
  const many = await startWith(world, [...Array(5_000).fill({}), GOOD]);
  assertEquals([many.errors.length, many.handle.leftovers.length], [21, 1]);
  assertEquals(
    many.errors.at(-1)?.message,
    'Cannot use "4980" more entries of the stored mappings',
  );
  await world.settled(many.handle.shutdown());
});

Deno.test("A mapping for a third party is not used without allowThirdParty, and stays stored for a client with it", async () => {
  await using world = await lab({
    server: { thirdParty: true },
    client: { allowThirdParty: true },
  });
  const forOther = { ...STORED, options: THIRD_PARTY };
  const first = await startWith(world, [forOther, GOOD]);
  assertEquals(first.errors.map(({ reason }) => reason), ["refused"]);
  assertStringIncludes(first.errors[0]?.message ?? "", "allowThirdParty");
  assertEquals(first.handle.leftovers.map(({ internalPort }) => internalPort), [6001]);
  assertEquals(await world.settled(first.handle.deleteLeftovers(forOther)), 0);
  assertEquals(await world.settled(first.handle.deleteLeftovers()), 1);
  await world.settled(first.handle.shutdown());
  assertEquals(first.store.saved, [forOther]);
  const second = await startWith(world, first.store.saved, { allowThirdParty: true });
  assertEquals([second.errors, second.handle.leftovers], [[], [forOther]]);
  await world.settled(second.handle.shutdown());
});

Deno.test("A mapping of an earlier run with PREFER_FAILURE can be deleted: its suggestion binds the server", async () => {
  await using world = await lab();
  const before = await startWith(world, []);
  const map = new InboundMap(6000, 7200).externalPort(6100).preferFailure();
  await world.settled(before.handle.request(map).ready());
  const { handle } = await startWith(world, before.store.saved);
  assertEquals([handle.leftovers.length, world.server.mappings.size], [1, 1]);
  assertEquals(await world.settled(handle.deleteLeftovers(), 60_000), 1);
  assertEquals([world.server.mappings.size, world.server.counters.refused], [0, {}]);
  await world.settled(handle.shutdown());
});

Deno.test("deleteLeftovers(mapping) deletes one mapping of an earlier run and leaves the others (K-11)", async () => {
  await using world = await lab();
  const before = await startWith(world, []);
  for (const port of [6000, 6001, 6002]) {
    await world.settled(before.handle.request(new InboundMap(port, 7200)).ready());
  }
  await world.settled(
    before.handle.request(new OutboundMap(6001, "198.51.100.7", 443, 7200), RequestType.Once)
      .ready(),
  );
  const { handle } = await startWith(world, before.store.saved);
  const [, second] = handle.leftovers;
  assert(second !== undefined);
  // Plain JSON, as it comes back from a JSON-RPC peer, in whatever order and without the secret.
  const { nonce: _, ...parsed } = JSON.parse(JSON.stringify(second));
  assertEquals(await world.settled(handle.deleteLeftovers(parsed)), 1);
  const left = ({ kind, internalPort }: StoredMapping): string => `${kind} ${internalPort}`;
  assertEquals(handle.leftovers.map(left), ["inbound 6000", "inbound 6002", "outbound 6001"]);
  assertEquals([...world.server.mappings.values()].map(({ internalPort }) => internalPort), [
    6000,
    6002,
    6001,
  ]);
  assertEquals(await world.settled(handle.deleteLeftovers(second)), 0, "it is none any more");
  assertEquals(await world.settled(handle.deleteLeftovers()), 3);
  await world.settled(handle.shutdown());
});

Deno.test("Mappings of earlier runs can be deleted although a port set of one has ports of another", async () => {
  await using world = await lab({ server: { maxPortSet: 64 } });
  const before = await startWith(world, []);
  await world.settled(before.handle.request(new InboundMap(6000, 7200).portSet(4)).ready());
  const { handle } = await startWith(world, [...before.store.saved, GOOD]); // GOOD has port 6001
  assertEquals(handle.leftovers.map(({ internalPort }) => internalPort), [6000, 6001]);
  assertEquals(await world.settled(handle.deleteLeftovers()), 2);
  assertEquals([handle.leftovers, world.server.mappings.size], [[], 0]);
  await world.settled(handle.shutdown());
});

Deno.test("deleteLeftovers() counts what was deleted, and refuses what is no mapping", async () => {
  await using world = await lab();
  const { handle } = await startWith(world, [STORED, GOOD]);
  world.server.fail(2); // NOT_AUTHORIZED, for one request
  assertEquals(await world.settled(handle.deleteLeftovers()), 1);
  for (const wrong of [null, {}, "all", { ...STORED, internalPort: "6000" }]) {
    const attempt = (): Promise<number> => handle.deleteLeftovers(wrong as StoredMapping);
    await assertRejects(attempt, TypeError, "Cannot delete the mappings of an earlier run: ");
  }
  await world.settled(handle.shutdown());
  await assertRejects(() => handle.deleteLeftovers(), ClosedError);
});

Deno.test("a store that cannot be closed is reported, and the client ends", async () => {
  const store = new MemoryStore();
  store.close = () => Promise.reject(new Error("the disk has gone"));
  await using world = await lab({ client: { store } });
  await opened(world);
  await world.settled(world.handle.shutdown());
  assertEquals(unreadErrors(world.handle).map(({ message }) => message), [
    "Cannot keep mappings: the disk has gone",
  ]);
});

const STORED: StoredMapping = {
  server: SERVER,
  port: 5351,
  client: CLIENT,
  kind: "inbound",
  protocol: 6,
  internalPort: 6000,
  lifetime: 7200,
  nonce: "a0a1a2a3a4a5a6a7a8a9aaab",
  externalAddress: "203.0.113.5",
  externalPort: 40000,
  expiresAt: "2999-01-01T00:00:00.000Z",
  options: "",
};

const GOOD: StoredMapping = { ...STORED, internalPort: 6001, externalPort: 40001 };

/** THIRD_PARTY for 192.168.1.77 (RFC 6887 section 13.1). */
const THIRD_PARTY = "01000010" + "00000000000000000000ffffc0a8014d";
