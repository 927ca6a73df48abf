/** UNSUPP_OPCODE without a copy of the request. */

import { assertEquals } from "@std/assert";
import { hex } from "../helpers/hex.ts";
import { mapSpec, peerSpec } from "../helpers/specs.ts";
import { granted, Timeline } from "../helpers/timeline.ts";

/** The header of an UNSUPP_OPCODE, and `length - 24` zeros. */
function bare(opcode: number, length: number, lifetime = 1800): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set([2, 0x80 | opcode, 0, 4]);
  new DataView(bytes.buffer).setUint32(4, lifetime);
  new DataView(bytes.buffer).setUint32(8, 1000);
  return bytes;
}

const REFUSED = { type: "error", code: 4, name: "UNSUPP_OPCODE", retryIn: 1800 } as const;

Deno.test("UNSUPP_OPCODE with the header alone, or zeros after it, belongs to the only PEER under way (G-8)", () => {
  for (const length of [24, 28, 80, 92]) {
    const t = new Timeline();
    const map = t.request(mapSpec());
    const id = t.request(peerSpec());
    t.receive(bare(2, length));
    assertEquals([t.state(id), t.state(map).type], [REFUSED, "starting"], `${length}`);
  }
});

Deno.test("UNSUPP_OPCODE of MAP belongs to the only MAP under way alike (G-8)", () => {
  for (const length of [24, 60]) {
    const t = new Timeline();
    t.request(peerSpec());
    const id = t.request(mapSpec());
    t.receive(bare(1, length));
    assertEquals([t.state(id), t.state(1).type], [REFUSED, "starting"]);
  }
});

Deno.test("of two PEERs under way none is refused by it, nor one that is answered, running or deleted (G-8, C-8.3-7)", () => {
  const two = new Timeline();
  two.request(peerSpec());
  two.request(peerSpec({ remotePort: 444 }));
  two.takeEvents();
  two.receive(bare(2, 24)).receive(bare(2, 80));
  assertEquals(two.ignored(), ["tooShort", "unmatched"]);
  const { t, id } = granted(peerSpec(), { lifetime: 600 });
  t.receive(bare(2, 80));
  t.nextSend(); // the renewal
  t.takeEvents();
  t.receive(bare(2, 80));
  assertEquals(t.ignored(), ["unmatched"]);
  assertEquals(t.state(id).type, "updating");
});

Deno.test("such an answer with anything else in it, another result or an odd length is none (G-8, C-8.3-5)", () => {
  const t = new Timeline();
  t.request(peerSpec());
  t.takeEvents();
  const others = [bare(2, 24).with(3, 2), bare(2, 80).with(60, 1), bare(2, 26), bare(2, 1104)];
  for (const bytes of others) t.receive(bytes);
  t.receive(bare(2, 80), { multicast: true });
  assertEquals(
    t.ignored(),
    ["tooShort", "unmatched", "tooShort", "tooLong", "notAnnouncement"],
    hex(bare(2, 24)),
  );
});

Deno.test("it is easy to forge: it holds the request for 30 minutes at most, and its epoch does not count (G-8)", () => {
  const { t, id } = granted(mapSpec());
  const peer = t.request(peerSpec());
  t.receive(bare(2, 24, 0xffff_ffff).with(11, 0));
  assertEquals(t.state(peer), REFUSED);
  assertEquals([t.events("serverRestarted"), t.state(id).type], [[], "running"]);
});
