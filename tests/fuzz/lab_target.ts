import { assert, assertEquals } from "@std/assert";
import { InboundMap, type MapHandle, OutboundMap, RequestType } from "../../mod.ts";
import { faults, type Lab, lab } from "../../src/testing/mod.ts";
import { seededRandom } from "../../src/testing/random.ts";
import type { Target } from "./target.ts";

/** Client and simulated server in random worlds, through the public API. */
export const labWorld: Target = {
  name: "lab",
  invariant:
    "As world, through the public API: afterwards handles and server have the same mappings, shutdown leaves only mappings that expire, and no alarm is left.",
  shortRounds: 6,
  inputsPerRound: 1,
  start: () => ({ round }),
};

async function round(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const world = await lab({
    seed,
    server: { maxLifetime: 120 * Math.ceil(random() * 10), logLimit: 1 },
    latency: random() * 20,
    client: { announcePort: 5350 },
  });
  world.network.onDatagram = undefined; // the record is not used
  const faulty = faults({ seed, loss: random() * 0.4, duplicate: 0.1, reorder: 0.1, maxDelay: 30 });
  world.network.link = faulty;
  const open = new Map<number, MapHandle>();
  for (let turn = 0; turn < 60; turn++) {
    act(world, open, random);
    await world.advance(random() ** 3 * 600_000);
    if (turn % 10 === 9) world.network.link = random() < 0.2 ? () => [] : faulty;
  }
  world.network.link = undefined;
  world.server.silent = false;
  await world.advance(4 * 3_600_000);
  const held = [...world.server.mappings.values()].filter(({ kind }) => kind === "map");
  const actual = held.map((each) =>
    `${each.internalPort} ${each.externalAddress} ${each.externalPort}`
  );
  const reported = [...open.values()].map((mapping) => {
    const { assigned, internalPort } = mapping;
    assert(assigned !== undefined, `a mapping has no assignment: ${JSON.stringify(mapping)}`);
    return `${internalPort} ${assigned.externalAddress} ${assigned.externalPort}`;
  });
  assertEquals(reported.sort(), actual.sort());
  assertEquals(world.server.counters.violations, {});
  assertEquals(world.server.counters.received["malformed"], undefined);
  const summary = await world.settled(world.handle.shutdown());
  assertEquals(summary.unconfirmed, 0);
  const left = [...world.server.mappings.values()].filter(({ kind }) => kind === "map");
  assertEquals(left, []);
  world.host.close();
  assertEquals(world.clock.pending, 0, "alarms are left");
}

function act(world: Lab, open: Map<number, MapHandle>, random: () => number): void {
  const port = 6_000 + Math.floor(random() * 5);
  const lifetime = 60 + Math.floor(random() * 3_600);
  const mapping = open.get(port);
  const chance = random();
  if (chance < 0.15) world.host.restart({ announce: random() < 0.5 });
  else if (chance < 0.2) world.host.changeExternalAddress(`203.0.113.${Math.ceil(random() * 250)}`);
  else if (chance < 0.25) world.server.silent = !world.server.silent;
  else if (chance < 0.3) {
    world.server.fail(4 + Math.floor(random() * 6), { times: 2, lifetime: 60, opcode: 1 });
  } else if (chance < 0.35) {
    const map = new OutboundMap(7_000, "198.51.100.7", 443, lifetime);
    world.handle.request(map, RequestType.Once);
  } else if (mapping === undefined) {
    const map = new InboundMap(port, lifetime);
    open.set(port, world.handle.request(map, RequestType.KeepAlive));
  } else if (chance < 0.7 && mapping.assigned !== undefined) mapping.renew(lifetime);
  else {
    open.delete(port);
    // After a refused deletion the mapping expires.
    mapping.revoke().catch(() => {});
  }
}
