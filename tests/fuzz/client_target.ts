import { assert, assertEquals } from "@std/assert";
import { InboundMap, type MapHandle, OutboundMap, RequestType } from "../../mod.ts";
import { type Lab, lab } from "../../src/testing/mod.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { collect } from "../soak/gauge.ts";
import { mutate, randomOctets } from "./mutate.ts";
import type { Runner, Target } from "./target.ts";

/** Datagrams in a round. */
const FLOOD = 1_000;
const NONCE = [24, 36] as const;

/** A client and a flood of forged datagrams. */
export const client: Target = {
  name: "client",
  invariant:
    "Random and mutated datagrams from the server's address without the nonce end no mapping of a client, cause no exception, and use no memory.",
  shortRounds: 6,
  inputsPerRound: FLOOD,
  start: async (): Promise<Runner> => {
    const world = await lab({ server: { maxLifetime: 600, logLimit: 1 }, latency: 1 });
    // Keeps the last responses only, so that the heap does not grow.
    const responses: Uint8Array[] = [];
    let client = { hostname: "", port: 0 };
    world.network.onDatagram = ({ from, bytes }) => {
      if (from.hostname !== world.handle.client) responses.push(bytes);
      else client = from;
      if (responses.length > 64) responses.shift();
    };
    const mappings = open(world);
    for (const mapping of mappings) await world.settled(mapping.ready());
    const before = collect();
    let rounds = 0;
    return {
      round: async (seed) => {
        rounds++;
        await flood(world, client, responses, seededRandom(seed));
        for (const mapping of mappings) {
          assert(mapping.assigned !== undefined, `a mapping has ended: ${JSON.stringify(mapping)}`);
          while (mapping.pollAlert() !== undefined);
        }
        while (world.handle.pollError() !== undefined);
      },
      end: async () => {
        await world.advance(1_200_000);
        assertEquals(mappings.map(({ state }) => state.type), mappings.map(() => "running"));
        const grown = collect() / before;
        // In a short run the heap grows by compiled code.
        assert(rounds < 200 || grown < 1.6, `the heap grew ${grown.toFixed(2)} times`);
        const { unconfirmed } = await world.settled(world.handle.shutdown());
        assertEquals([unconfirmed, world.clock.pending], [0, 1]); // the alarm for the expiry of the outbound mapping
        world.host.close();
        assertEquals(world.clock.pending, 0);
      },
    };
  },
};

function open(world: Lab): readonly MapHandle[] {
  const maps = Array.from({ length: 8 }, (_, index) => new InboundMap(6_000 + index, 300));
  return [
    ...maps.map((map) => world.handle.request(map, RequestType.KeepAlive)),
    world.handle.request(new OutboundMap(7_000, "198.51.100.7", 443, 300), RequestType.KeepAlive),
  ];
}

async function flood(
  world: Lab,
  to: { hostname: string; port: number },
  responses: readonly Uint8Array[],
  random: () => number,
): Promise<void> {
  for (let i = 0; i < FLOOD; i++) {
    world.host.sendRaw(forge(responses, random), to);
    if (i % 100 === 99) await world.advance(random() * 200);
  }
  await world.advance(random() * 60_000);
}

/** Random octets, a mutated response with another nonce, or an announcement. */
function forge(responses: readonly Uint8Array[], random: () => number): Uint8Array {
  const chance = random();
  const response = responses[Math.floor(random() * responses.length)];
  if (chance < 0.3 || response === undefined) return randomOctets(random);
  if (chance < 0.4) {
    const announcement = Uint8Array.from({ length: 24 }, () => 0);
    announcement.set([2, 0x80]);
    new DataView(announcement.buffer).setUint32(8, Math.floor(random() * 2 ** (32 * random())));
    return announcement;
  }
  const forged = Uint8Array.from(response);
  for (let at: number = NONCE[0]; at < Math.min(NONCE[1], forged.length); at++) {
    forged[at] = Math.floor(random() * 256);
  }
  return mutate(forged, random);
}
