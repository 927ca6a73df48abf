/** Version errors and answers of servers that do not keep to RFC 6886 (G-3). */

import { assert, assertEquals } from "@std/assert";
import { InboundMap } from "../../src/client/inbound_map.ts";
import type { Protocol } from "../../src/engine/protocol.ts";
import { octets } from "../helpers/hex.ts";
import { mapSpec, peerSpec } from "../helpers/specs.ts";
import { granted as grantedInPcp, Timeline } from "../helpers/timeline.ts";
import { granted, natPmpLab, natPmpRequests, texts } from "../helpers/natpmp.ts";

const PROTOCOLS: readonly Protocol[] = ["pcp", "nat-pmp"];

Deno.test("version errors of 4 to 60 octets, with the R bit and without, in either octet order (G-3, C-9-10)", async () => {
  for (const versionErrorLength of [4, 8, 12, 16, 24, 60]) {
    for (const natPmpErrorOpcode of ["zero", "response"] as const) {
      for (const natPmpLittleEndian of [false, true]) {
        const quirks = { natPmpLittleEndian };
        const options = { versionErrorLength, natPmpErrorOpcode, quirks, epoch: 1000 };
        const name = JSON.stringify(options);
        await using world = await natPmpLab(options);
        const mapping = world.handle.request(new InboundMap(6000, 7200));
        await world.advance(100);
        assertEquals(mapping.state.type, "running", name);
        const { externalAddress, externalPort, lifetime } = mapping.assigned ?? {};
        assertEquals([externalAddress, externalPort, lifetime], ["203.0.113.5", 40000, 7200], name);
        assertEquals(texts(natPmpRequests(world)), ["address", "map tcp 6000 -> 0 for 7200"], name);
      }
    }
  }
});

Deno.test("a server in the wrong octet order is used for a day, with its errors and its restarts (G-3)", async () => {
  const quirks = { natPmpLittleEndian: true };
  await using world = await natPmpLab({ maxLifetime: 600, epoch: 5_000, quirks });
  const mapping = await granted(world);
  world.server.fail(4, { opcode: 2 });
  const refused = world.handle.request(new InboundMap(6001, 7200));
  await world.advance(100);
  assert(refused.state.type === "error" && refused.state.name === "NO_RESOURCES");
  await world.advance(24 * 3_600_000);
  assertEquals([mapping.state.type, refused.state.type], ["running", "running"]);
  world.server.restart(world.clock.now(), { announce: false });
  await world.advance(600_000);
  assertEquals(world.server.mappings.size, 2);
  await world.settled(Promise.all([mapping.revoke(), refused.revoke()]));
  assertEquals([world.server.mappings.size, world.server.counters.violations], [0, {}]);
});

Deno.test("a number that makes sense in network order is read in it (G-3)", () => {
  // Port 8080 is 1f90, its mirror image 36895; lifetime 7200 is 00001c20. Port 256 is the mirror image of port 1.
  const t = new Timeline({ random: () => 0.5, protocols: PROTOCOLS });
  const id = t.request(mapSpec({ internalPort: 0x0101, lifetime: 0x0001_0000 }));
  t.receive(octets("00000001 000003e8")).receive(octets("00800000 000003e8 cb007105"));
  t.receive(octets("00820000 000003e8 01019c40 00000100"));
  assertEquals(t.state(id), { type: "running" });
  const { externalPort, lifetime } = t.events("granted")[0]?.assignment ?? {};
  assertEquals([externalPort, lifetime], [40000, 256]);
});

Deno.test("any other version-0 error that can answer the request is a version error (G-3)", () => {
  const errors = {
    "result 5 to MAP": "00810005 000003e8",
    "result 2 with the request": "0001 0002 00000000 1f900000 00001c20",
    "result 1 with opcode 5": "00850001 000003e8",
    "the shipped one of natpmpd": "00800100",
  };
  for (const [name, error] of Object.entries(errors)) {
    const t = new Timeline({ protocols: PROTOCOLS });
    t.request(mapSpec());
    t.receive(octets(error));
    assertEquals(t.allSends().at(-1)?.bytes, octets("0000"), name);
  }
});

Deno.test("version-0 datagrams that cannot answer the request change nothing (G-3, F-02)", () => {
  const others = {
    "an announced address": "00800000 000003e8 cb007105",
    "an announcement without address": "00800003 000003e8 00000000",
    "a malformed request's answer": "00800003 00000000 000003e8 00000000 00000000 00000000",
    "a success": "00810000 000003e8 1f909c40 00000e10",
    "an error to another opcode": "00820005 000003e8",
    "two octets": "0080",
    "nothing": "",
  };
  for (const [name, bytes] of Object.entries(others)) {
    const t = new Timeline({ protocols: PROTOCOLS });
    const id = t.request(mapSpec());
    t.takeSends();
    t.takeEvents();
    t.receive(octets(bytes));
    assertEquals([t.ignored().length, t.takeSends(), t.state(id).type], [1, [], "starting"], name);
  }
});

Deno.test("an odd version error of a gateway known to speak PCP is only a hold and a question (G-3)", () => {
  for (const error of ["00800100", "00810005 000003e8", "00000001 000003e8"]) {
    const { t } = grantedInPcp(mapSpec(), {}, { random: () => 0.5, protocols: PROTOCOLS });
    const other = t.request(mapSpec({ internalPort: 81 }));
    t.takeSends();
    t.receive(octets(error)).silentUntil(2_999).at(3_000);
    assertEquals(t.send().request.type, "announce");
    t.pass(60_000).answer(other);
    assertEquals(t.state(other).type, "running");
    assert(t.allSends().every(({ bytes }) => bytes[0] === 2), error);
  }
});

Deno.test("a version error to an outbound mapping is one too (G-3)", () => {
  const t = new Timeline({ protocols: PROTOCOLS });
  const id = t.request(peerSpec());
  t.receive(octets("00820005 000003e8"));
  const state = t.state(id);
  assert(state.type === "error");
  assertEquals(state.unsupported, { protocol: "nat-pmp", part: "outbound" });
});
