import { assert, assertEquals } from "@std/assert";
import { GatewayError } from "../../src/client/errors.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { OutboundMap } from "../../src/client/outbound_map.ts";
import { type Lab, lab } from "../../src/testing/lab.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { IpAddress } from "../../src/wire/address.ts";
import { encodeResponse } from "../../src/wire/message.ts";
import { Nonce } from "../../src/wire/nonce.ts";
import {
  clientSocket,
  deliver,
  lastNonce,
  mapSuccess,
  opened,
  unread,
  unreadErrors,
  unreadStates,
} from "../helpers/client.ts";

/** Everything that could have changed. */
function visible(world: Lab): unknown {
  const { ignored: _, received: __, ...stats } = world.handle.stats();
  const mappings = world.handle.mappings.map((mapping) => mapping.toJSON());
  return { stats, mappings, sent: world.sent().length };
}

/** Checks that only the counter of ignored datagrams changes, by `count`. */
async function changesNothing(
  world: Lab,
  count: number,
  happens: () => Promise<void>,
): Promise<void> {
  const total = (): number =>
    Object.values(world.handle.stats().ignored).reduce((sum, n) => sum + n, 0);
  const [before, ignored] = [visible(world), total()];
  await happens();
  assertEquals(visible(world), before);
  assertEquals(total() - ignored, count);
  assertEquals(world.handle.mappings.flatMap((mapping) => unread(mapping)), []);
  assertEquals(unreadErrors(world.handle), []);
}

Deno.test("Garbage of every length from 0 to 1500 octets changes nothing", async () => {
  await using world = await lab();
  await opened(world);
  const random = seededRandom(7);
  await changesNothing(world, 1501, async () => {
    for (let length = 0; length <= 1500; length++) {
      world.host.sendRaw(Uint8Array.from({ length }, () => random() * 256), clientSocket(world));
    }
    await world.advance(1);
  });
});

Deno.test("Garbage that begins as a response of each opcode and result changes nothing", async () => {
  await using world = await lab();
  await opened(world);
  const random = seededRandom(8);
  await changesNothing(world, 1024, async () => {
    for (let n = 0; n < 1024; n++) {
      const bytes = Uint8Array.from({ length: 24 + 4 * (n % 20) }, () => random() * 256);
      bytes.set([2, 0x81 + n % 127, 0, n >> 2]);
      world.host.sendRaw(bytes, clientSocket(world));
    }
    await world.advance(1);
  });
});

Deno.test("A response cut off anywhere changes nothing (C-8.3-3, C-8.3-5, C-8.3-7)", async () => {
  await using world = await lab();
  await opened(world);
  const whole = mapSuccess(world, lastNonce(world), { lifetime: 60, externalPort: 1 });
  await changesNothing(world, 60, async () => {
    for (let length = 0; length < 60; length++) await deliver(world, whole.slice(0, length));
  });
});

Deno.test("A response that is too long changes nothing (C-8.3-14)", async () => {
  await using world = await lab();
  await opened(world);
  const whole = new Uint8Array(1104);
  whole.set(mapSuccess(world, lastNonce(world), { lifetime: 60, externalPort: 1 }));
  await changesNothing(world, 2, async () => {
    await deliver(world, whole);
    await deliver(world, whole.slice(0, 1101));
  });
});

Deno.test("A response from another address or port changes nothing (C-8.3-1, C-8.3-2)", async () => {
  await using world = await lab();
  await opened(world);
  const forged = mapSuccess(world, lastNonce(world), { externalPort: 1 });
  await changesNothing(world, 3, async () => {
    for (
      const local of [
        { hostname: "192.168.1.1", port: 5352 },
        { hostname: "192.168.1.2", port: 5351 },
        { hostname: "192.168.1.11", port: 5351 },
      ]
    ) {
      const socket = await world.network.open(local, { datagram() {}, error() {} });
      await socket.send(forged, clientSocket(world));
    }
    await world.advance(1);
  });
});

Deno.test("A response that differs in what it must match changes nothing (C-11.4-1)", async () => {
  await using world = await lab();
  await opened(world);
  const nonce = lastNonce(world);
  const others = [
    mapSuccess(world, new Nonce(nonce.w0 ^ 1, nonce.w1, nonce.w2)),
    mapSuccess(world, new Nonce(nonce.w0, nonce.w1, nonce.w2 ^ 0x4000)),
    mapSuccess(world, nonce, { protocol: 17 }),
    mapSuccess(world, nonce, { internalPort: 6001 }),
    mapSuccess(world, nonce).with(0, 1),
    mapSuccess(world, nonce).with(0, 3),
    mapSuccess(world, nonce).with(1, 1), // a request
    mapSuccess(world, nonce).with(1, 0x82), // PEER
    mapSuccess(world, nonce).with(1, 0x85), // an opcode that was never sent
  ];
  await changesNothing(world, others.length, async () => {
    for (const bytes of others) await deliver(world, bytes);
  });
});

Deno.test("A response to an outbound mapping must name its remote peer (C-12.4-1)", async () => {
  await using world = await lab();
  const replies: Uint8Array[] = [];
  world.server.tamper = (reply) => {
    replies.push(reply);
    return [reply];
  };
  await opened(world, new OutboundMap(51000, "198.51.100.7", 443, 3600));
  const [reply] = replies;
  assert(reply?.length === 80);
  await changesNothing(world, 2, async () => {
    await deliver(world, reply.with(61, 188)); // another remote port
    await deliver(world, reply.with(79, 8)); // another remote address
  });
});

Deno.test("A client that has sent nothing ignores all responses (C-8.3-9)", async () => {
  await using world = await lab();
  await opened(world);
  await world.settled(world.handle.mappings[0]?.revoke() ?? Promise.resolve());
  const nonce = lastNonce(world);
  await changesNothing(world, 2, async () => {
    await deliver(world, mapSuccess(world, nonce, { lifetime: 0 }));
    await deliver(world, mapSuccess(world, new Nonce(1, 2, 3)));
  });
});

Deno.test("UNSUPP_VERSION changes nothing while no request is outstanding (C-9-11)", async () => {
  await using world = await lab();
  await opened(world);
  await changesNothing(world, 2, async () => {
    await deliver(
      world,
      encodeResponse({
        type: "map",
        version: 1,
        result: 1,
        lifetime: 600,
        epoch: 0,
        nonce: lastNonce(world),
        protocol: 6,
        internalPort: 6000,
        externalPort: 0,
        externalAddress: IpAddress.ANY_IPV4,
      }),
    );
    await deliver(world, new Uint8Array([0, 0x80, 0, 1, 0, 0, 0, 9]));
  });
});

Deno.test("Duplicates of every datagram cause no further alerts", async () => {
  const run = async (duplicate: number): Promise<unknown> => {
    await using world = await lab({ server: { maxLifetime: 600 }, faults: { duplicate } });
    const mapping = world.handle.request(new InboundMap(6000, 7200));
    await world.advance(3_600_000);
    await world.settled(mapping.revoke());
    return [unreadStates(mapping), unreadErrors(world.handle), world.server.mappings.size];
  };
  assertEquals(await run(1), await run(0));
});

Deno.test("Responses with reserved bits set and unknown options are accepted (C-8.3-8, C-7.3-6, C-11.4-2)", async () => {
  await using world = await lab();
  world.server.tamper = (reply) => {
    const bytes = new Uint8Array(reply.length + 12 + 8);
    bytes.set(reply);
    bytes.fill(0xff, 12, 24);
    bytes.fill(0xff, 37, 40);
    bytes[2] = 0xff;
    bytes.set([100, 0xff, 0, 8], reply.length);
    bytes.set([200, 0xff, 0, 3], reply.length + 12);
    return [bytes];
  };
  const mapping = await opened(world);
  assertEquals(mapping.assigned?.externalPort, 40000);
  assertEquals(world.handle.stats().ignored, {});
});

Deno.test("An option with a wrong length does no harm (C-8.3-13)", async () => {
  await using world = await lab();
  world.server.tamper = (reply) => {
    const bytes = new Uint8Array(reply.length + 4);
    bytes.set(reply);
    bytes.set([200, 0, 0xff, 0xff], reply.length);
    return [bytes];
  };
  const mapping = await opened(world);
  assertEquals(mapping.state, { type: "running" });
});

for (const seed of [1, 2, 3, 4, 5]) {
  Deno.test(`With a day of loss, duplicates and reordering the mappings stay open (seed ${seed})`, async () => {
    await using world = await lab({
      seed,
      server: { maxLifetime: 600 },
      faults: { loss: 0.3, duplicate: 0.2, reorder: 0.3, minDelay: 5, maxDelay: 80 },
    });
    const mappings = [6000, 6001, 6002].map((port) =>
      world.handle.request(new InboundMap(port, 7200))
    );
    for (let hour = 0; hour < 24; hour++) {
      await world.advance(3_600_000);
      for (const { internalPort } of mappings) {
        assert(
          world.server.mapping(6, internalPort) !== undefined,
          `port ${internalPort} at ${hour} h`,
        );
      }
    }
    // Where several datagrams in a row are lost the gateway is silent.
    const errors = unreadErrors(world.handle).filter((error) => !(error instanceof GatewayError));
    assertEquals(errors, []);
    assertEquals(world.server.counters.violations, {});
    // A question in NAT-PMP, which this server does not speak.
    const { UNSUPP_VERSION: _, ...refused } = world.server.counters.refused;
    assertEquals(refused, {});
    await world.settled(Promise.all(mappings.map((mapping) => mapping.revoke())));
    assertEquals(world.server.mappings.size, 0);
  });
}
