/** Thousands of mappings that come and go: nothing of those that are over may accumulate. */

import { assert, assertRejects } from "@std/assert";
import v8 from "node:v8";
import vm from "node:vm";
import { Client } from "../../src/client/client.ts";
import type { ClientOptions } from "../../src/client/client_options.ts";
import { ResultCodeError } from "../../src/client/errors.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import type { MapHandle } from "../../src/client/map_handle.ts";
import { OutboundMap } from "../../src/client/outbound_map.ts";
import { RequestType } from "../../src/client/request_type.ts";
import type { Handle } from "../../src/client/handle.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom, seededWords } from "../../src/testing/random.ts";
import { MemoryNetwork } from "../../src/transport/memory.ts";
import { IpAddress } from "../../src/wire/address.ts";
import { decodeRequest, encodeResponse, type Request } from "../../src/wire/message.ts";
import { CLIENT, SERVER, wallTimeOf } from "../helpers/client.ts";
import { MemoryStore } from "./memory_store.ts";

v8.setFlagsFromString("--expose-gc");
const collect: () => void = vm.runInNewContext("gc");

/** Mappings before the first measurement, and from then to the second. */
const WARM = 1_000;
const COUNT = 2_000;
/** Octets per mapping between the measurements. A nonce with its key and its times needs more than 300. */
const LIMIT = 150;

const EXTERNAL = IpAddress.parse("203.0.113.1");

/** The result and the lifetime of a response. */
type Answer = readonly [result: number, lifetime: number];

interface Churn {
  readonly what: string;
  readonly client?: () => ClientOptions;
  readonly answer?: (request: Request) => Answer;
  /** From request to end, or to a state from which time ends it. */
  readonly live: (handle: Handle, port: number) => Promise<unknown>;
}

const granted = (): Answer => [0, 120];
const inbound = (port: number) => new InboundMap(port, 120).protocol(17);
const outbound = (port: number) => new OutboundMap(port, "198.51.100.7", 7000, 30).protocol(17);
const revoked = async (mapping: MapHandle) => {
  await mapping.ready();
  await mapping.revoke();
};
/** A signal that outlives every mapping. */
const { signal } = new AbortController();
const shortReuse = { protocol: { reuseTime: 1_000, tcpReuseTime: 1_000 } };

const CHURNS: readonly Churn[] = [
  {
    what: "inbound mappings revoked",
    live: (handle, port) => revoked(handle.request(inbound(port))),
  },
  {
    what: "inbound TCP mappings revoked, with a short reservation",
    client: () => shortReuse,
    live: (handle, port) => revoked(handle.request(new InboundMap(port, 120))),
  },
  {
    what: "outbound mappings released, which the server holds for a while",
    live: (handle, port) => revoked(handle.request(outbound(port))),
  },
  {
    what: "outbound mappings released, with a store",
    client: () => ({ store: new MemoryStore() }),
    live: (handle, port) => revoked(handle.request(outbound(port))),
  },
  {
    what: "inbound mappings revoked, with a store",
    client: () => ({ store: new MemoryStore() }),
    live: (handle, port) => revoked(handle.request(inbound(port))),
  },
  {
    what: "mappings that expire",
    live: (handle, port) => handle.request(inbound(port), RequestType.Once).ready({ signal }),
  },
  {
    what: "deletions refused",
    answer: (request) => "lifetime" in request && request.lifetime === 0 ? [2, 30] : [0, 120],
    live: async (handle, port) => {
      await handle.request(inbound(port))[Symbol.asyncDispose]();
    },
  },
  {
    what: "mappings refused",
    answer: () => [2, 30],
    live: async (handle, port) => {
      const mapping = handle.request(inbound(port));
      await assertRejects(() => mapping.ready({ signal }), ResultCodeError);
      await mapping.revoke();
    },
  },
  {
    what: "mappings that two parts of a program share, with their alerts read",
    live: async (handle, port) => {
      const [one, other] = [handle.request(inbound(port)), handle.request(inbound(port))];
      const read = Array.fromAsync(one);
      await Promise.all([revoked(one), revoked(other)]);
      await read;
    },
  },
  { what: "ANNOUNCE requests", live: (handle) => handle.announce({ signal }) },
  {
    what: "questions for the external address",
    live: (handle) => handle.externalAddress({ signal }),
  },
];

/** A server that grants what is suggested, without a memory of its own. */
async function serve(
  network: MemoryNetwork,
  clock: ManualClock,
  answer: (request: Request) => Answer,
): Promise<void> {
  const transport = await network.open({ hostname: SERVER, port: 5351 }, {
    error: () => {},
    datagram: (bytes, source) => {
      const decoded = decodeRequest(bytes);
      if (!decoded.ok) return;
      const request = decoded.value;
      const [result, lifetime] = answer(request);
      const epoch = 1_000 + Math.floor(clock.now() / 1_000);
      const isDeletion = request.type === "map" && request.lifetime === 0;
      const response = encodeResponse(
        {
          ...request,
          result,
          lifetime: isDeletion && result === 0 || request.type === "announce" ? 0 : lifetime,
          epoch,
          externalPort: "internalPort" in request ? request.internalPort : 0,
          externalAddress: EXTERNAL,
          options: [],
        } as Parameters<typeof encodeResponse>[0],
      );
      void transport.send(response, source);
    },
  });
}

for (const { what, client, answer = granted, live } of CHURNS) {
  Deno.test(`memory does not grow with ${what}`, async () => {
    const clock = new ManualClock();
    const network = new MemoryNetwork({ clock, latency: 1 });
    await serve(network, clock, answer);
    const handle = await Client.start(CLIENT, SERVER, {
      ...client?.(),
      clock,
      network,
      random: seededRandom(1),
      randomWord: seededWords(2),
    });
    using _time = wallTimeOf(clock); // records end by the wall clock
    let port = 0;
    const churn = async (count: number): Promise<number> => {
      for (let i = 0; i < count; i++) {
        await clock.settled(live(handle, 10_000 + port++));
        await clock.advance(2_000);
      }
      collect();
      collect();
      return Deno.memoryUsage().heapUsed;
    };
    const before = await churn(WARM);
    const after = await churn(COUNT);
    await clock.settled(handle.shutdown());
    const growth = (after - before) / COUNT;
    assert(growth < LIMIT, `${growth} octets per mapping`);
  });
}
