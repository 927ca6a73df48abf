import { assert, assertEquals, assertThrows } from "@std/assert";
import type { StoredMapping } from "../../mod.ts";
import { recordOf, storedOf } from "../../src/client/persistence/mapping_record.ts";
import { MappingRecords } from "../../src/client/persistence/mapping_records.ts";
import type { Assignment } from "../../src/engine/events.ts";
import type { MappingSpec } from "../../src/engine/mapping_spec.ts";
import { seededWords } from "../../src/testing/random.ts";
import { IpAddress } from "../../src/wire/address.ts";
import { IP1 } from "../helpers/igd_vectors.ts";
import { MemoryStore } from "./memory_store.ts";

const ENDPOINTS = { server: "192.168.1.1", port: 5351, client: "192.168.1.10" };
const EXTERNAL = IpAddress.parse("203.0.113.5");
const UPNP = { service: IP1, description: "portcontrol" };

function specOf(internalPort: number): MappingSpec {
  return {
    opcode: "map",
    protocol: 6,
    internalPort,
    lifetime: 3_600,
    externalPort: 0,
    externalAddress: IpAddress.ANY_IPV4,
    options: [],
  };
}

async function recordsOf(store: MemoryStore, client = ENDPOINTS.client): Promise<MappingRecords> {
  const records = new MappingRecords({ ...ENDPOINTS, client }, {
    store,
    now: () => 0,
    reusable: () => undefined,
    randomWord: seededWords(7),
    onError: (error) => assert(false, String(error)),
  });
  await records.load();
  return records;
}

function granted(externalPort: number, permanent?: true): Assignment {
  return {
    externalAddress: EXTERNAL,
    externalPort,
    lifetime: 3_600,
    expiresAt: 3_600_000,
    options: [],
    protocol: "upnp",
    ...(permanent === undefined ? {} : { permanent }),
    upnp: { ...UPNP, ...(permanent === undefined ? {} : { permanent }) },
  };
}

/** A store with mappings over UPnP of these internal ports; the ports from 9000 on are permanent. */
async function storeWith(ports: readonly number[], keep = false): Promise<MemoryStore> {
  const store = new MemoryStore();
  const records = await recordsOf(store);
  for (const port of ports) {
    const { record } = records.record(specOf(port));
    records.granted(record, granted(port + 1, port >= 9_000 ? true : undefined));
  }
  await records.close(keep);
  return store;
}

function portsOf(mappings: readonly StoredMapping[]): number[] {
  return mappings.map(({ internalPort }) => internalPort);
}

Deno.test("what UPnP needs of a mapping is stored, and read again (U-14.2)", async () => {
  const upnp = { ...UPNP, permanent: true, uniqueId: 7, bootId: 41 } as const;
  const store = new MemoryStore();
  const records = await recordsOf(store);
  const { record } = records.record(specOf(6000));
  records.granted(record, { ...granted(6001), upnp });
  await records.close();
  assertEquals(store.saved[0]?.upnp, upnp);
  assertEquals(store.saved[0]?.grantedBy, "upnp");
  assertEquals(storedOf(recordOf(store.saved[0])), store.saved[0]);
  const { known } = (await recordsOf(store)).record(specOf(6000));
  assertEquals([known.grantedBy, known.suggestedPort], ["upnp", 6001]);
  assertEquals(known.upnp, { ...upnp, client: IpAddress.parse("192.168.1.10") });
});

Deno.test("a stored field that would go into a request is checked (S-7)", () => {
  const { record } = new MappingRecords(ENDPOINTS, {
    store: new MemoryStore(),
    now: () => 0,
    reusable: () => undefined,
    randomWord: seededWords(7),
    onError: () => {},
  }).record(specOf(6000));
  const cases = [
    { ...UPNP, service: 7 },
    { ...UPNP, service: "a\r\nb" },
    { ...UPNP, description: "x".repeat(201) },
    { ...UPNP, description: "\u202e" },
    { ...UPNP, uniqueId: 65_536 },
    { ...UPNP, uniqueId: "1" },
    { ...UPNP, bootId: 1.5 },
    { description: "x" },
    "upnp",
    null,
  ];
  for (const upnp of cases) assertThrows(() => recordOf({ ...storedOf(record), upnp }));
  const { upnp } = recordOf({
    ...storedOf(record),
    upnp: { ...UPNP, permanent: "yes", kept: 1, more: "\r\n" },
  });
  assertEquals(upnp, UPNP);
});

Deno.test("the record of an add is written before it, with its port (U-14.3, S-9)", async () => {
  const store = new MemoryStore();
  const records = await recordsOf(store);
  const { record } = records.record(specOf(6000));
  await records.adding(record, 6_001, { ...UPNP, permanent: true });
  const [stored] = store.saved;
  assertEquals([stored?.externalPort, stored?.grantedBy], [6_001, "upnp"]);
  assertEquals(stored?.upnp, { ...UPNP, permanent: true });
  records.granted(record, { ...granted(6_002), protocol: "pcp", upnp: undefined as never });
  await records.close();
  assertEquals([store.saved[0]?.grantedBy, store.saved[0]?.upnp], ["pcp", undefined]);
});

Deno.test("what a crash left is abandoned, permanent mappings first; what was kept is not (U-14.3)", async () => {
  const crashed = await recordsOf(await storeWith([6000, 9000, 6001, 9001]));
  assertEquals(portsOf(crashed.abandoned), [9000, 9001, 6000, 6001]);
  crashed.record(specOf(9000));
  assertEquals(portsOf(crashed.abandoned), [9001, 6000, 6001]);
  const kept = await recordsOf(await storeWith([6000, 9000], true));
  assertEquals([portsOf(kept.leftovers), kept.abandoned], [[6000, 9000], []]);
  const { known } = kept.record(specOf(9000));
  assertEquals(known.upnp, {
    ...UPNP,
    permanent: true,
    client: IpAddress.parse("192.168.1.10"),
  });
});

Deno.test("a permanent mapping stays recorded after its time, and is abandoned then (U-11.5, S-9)", async () => {
  const store = await storeWith([6000, 9000], true);
  const longAgo = new Date(Date.now() - 3 * 3_600_000).toISOString();
  store.saved = store.saved.map((stored) => ({ ...stored, expiresAt: longAgo }));
  const records = await recordsOf(store);
  assertEquals([portsOf(records.leftovers), portsOf(records.abandoned)], [[9000], [9000]]);
  assert(records.record(specOf(9000)).known.until > 86_400_000);
});

Deno.test("a mapping of an earlier address of this host is known until it is made anew (U-11.6)", async () => {
  const store = await storeWith([6000]);
  const records = await recordsOf(store, "192.168.1.77");
  assertEquals(records.leftovers, []);
  const { record, known } = records.record(specOf(6000));
  assertEquals([known.grantedBy, known.suggestedPort], ["upnp", 6001]);
  assertEquals(known.upnp, { ...UPNP, client: IpAddress.parse("192.168.1.10") });
  records.granted(record, granted(6_001));
  await records.close();
  assertEquals(store.saved.map(({ client }) => client), ["192.168.1.77"]);
});
