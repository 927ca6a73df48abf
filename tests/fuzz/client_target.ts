import { assert, assertEquals } from "@std/assert";
import { InboundMap, type MapHandle, OutboundMap, RequestType } from "../../mod.ts";
import { type Lab, lab } from "../../src/testing/mod.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { mutate, randomOctets } from "./mutate.ts";
import type { Runner, Target } from "./target.ts";

/** Datagrams in a round. */
const FLOOD = 1_000;
const NONCE = [24, 36] as const;

/** A flood of forged datagrams. */
export const client: Target = {
  name: "client",
  invariant:
    "Random and mutated datagrams that bear the server's address but not the nonce end no mapping of a live client, throw nothing, and pile nothing up.",
  shortRounds: 6,
  inputsPerRound: FLOOD,
  start: async (): Promise<Runner> => {
    const world = await lab({ server: { maxLifetime: 600, logLimit: 1 }, latency: 1 });
    // What passed is of no use here and would pile up.
    const answers: Uint8Array[] = [];
    let client = { hostname: "", port: 0 };
    world.network.onDatagram = ({ from, bytes }) => {
      if (from.hostname !== world.handle.client) answers.push(bytes);
      else client = from;
      if (answers.length > 64) answers.shift();
    };
    const mappings = open(world);
    for (const mapping of mappings) await world.settled(mapping.ready());
    const before = collect();
    let rounds = 0;
    return {
      round: async (seed) => {
        rounds++;
        await flood(world, client, answers, seededRandom(seed));
        for (const mapping of mappings) {
          assert(mapping.assigned !== undefined, `a mapping died: ${JSON.stringify(mapping)}`);
          while (mapping.pollAlert() !== undefined);
        }
        while (world.handle.pollError() !== undefined);
      },
      end: async () => {
        await world.advance(1_200_000);
        assertEquals(mappings.map(({ state }) => state.type), mappings.map(() => "running"));
        const grown = collect() / before;
        // A short run shows the compiler's work more than ours.
        assert(rounds < 200 || grown < 1.6, `the heap grew ${grown.toFixed(2)} times`);
        const { unconfirmed } = await world.settled(world.handle.shutdown());
        assertEquals([unconfirmed, world.clock.pending], [0, 1]); // the outbound one expires
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
  answers: readonly Uint8Array[],
  random: () => number,
): Promise<void> {
  for (let i = 0; i < FLOOD; i++) {
    world.host.sendRaw(forge(answers, random), to);
    if (i % 100 === 99) await world.advance(random() * 200);
  }
  await world.advance(random() * 60_000);
}

/** Noise, an answer with some octets changed and another nonce, or an announcement. */
function forge(answers: readonly Uint8Array[], random: () => number): Uint8Array {
  const chance = random();
  const answer = answers[Math.floor(random() * answers.length)];
  if (chance < 0.3 || answer === undefined) return randomOctets(random);
  if (chance < 0.4) {
    const announcement = Uint8Array.from({ length: 24 }, () => 0);
    announcement.set([2, 0x80]);
    new DataView(announcement.buffer).setUint32(8, Math.floor(random() * 2 ** (32 * random())));
    return announcement;
  }
  const forged = Uint8Array.from(answer);
  for (let at: number = NONCE[0]; at < Math.min(NONCE[1], forged.length); at++) {
    forged[at] = Math.floor(random() * 256);
  }
  return mutate(forged, random);
}

/** Octets in use, after a garbage collection where the engine lets itself be told to. */
function collect(): number {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  gc?.();
  return Deno.memoryUsage().heapUsed;
}
