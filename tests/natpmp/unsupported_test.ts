/** Requests that NAT-PMP cannot express (G-11, C-9-13). */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { ResultCodeError } from "../../src/client/errors.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { OutboundMap } from "../../src/client/outbound_map.ts";
import { ResultCode } from "../../src/wire/result_code.ts";
import { natPmpLab } from "../helpers/natpmp.ts";

const REQUESTS = {
  outbound: [new OutboundMap(5000, "198.51.100.7", 443, 600), /outbound .*request an inbound one/],
  filter: [
    new InboundMap(5000, 600).filter(0, "198.51.100.0", 24),
    /FILTER.*leave the filters out/,
  ],
  preferFailure: [
    new InboundMap(5000, 600).externalPort(5000).preferFailure(),
    /PREFER_FAILURE.*leave that out/,
  ],
  thirdParty: [new InboundMap(5000, 600).thirdParty("192.168.1.20"), /another host/],
  allPorts: [new InboundMap(0, 600), /all ports.*one port at a time/],
  protocol: [new InboundMap(5000, 600).protocol(132), /TCP and UDP.*request TCP or UDP/],
  family: [new InboundMap(5000, 600).externalAddress("::"), /IPv6 address/],
} as const;

Deno.test("the error says which part NAT-PMP cannot express, and what to leave out (G-11, C-9-13)", async () => {
  for (const natPmp of [{}, { quirks: { dropsOtherVersions: true } }]) {
    for (const [part, [map, text]] of Object.entries(REQUESTS)) {
      await using world = await natPmpLab(natPmp, { client: { allowThirdParty: true } });
      const mapping = world.handle.request(map);
      const error = await assertRejects(() => world.settled(mapping.ready()), ResultCodeError);
      assertEquals([error.code, error.resultName], [ResultCode.UnsuppVersion, "UNSUPP_VERSION"]);
      assertEquals(error.unsupported as unknown, { protocol: "nat-pmp", part }, part);
      assert(error.message.includes("the router speaks NAT-PMP, which cannot express"), part);
      assert(text.test(error.message), `${part}: ${error.message}`);
      assert(!/firmware|version of the protocol/.test(error.message), error.message);
      const { state } = mapping;
      assert(state.type === "error" && state.retryIn !== undefined);
      assertEquals(JSON.parse(JSON.stringify(state)), state);
      assertEquals(error.toJSON()["unsupported"] as unknown, { protocol: "nat-pmp", part });
    }
  }
});

Deno.test("other refusals name no part (G-11)", async () => {
  await using world = await natPmpLab();
  world.server.fail(2, { opcode: 2 });
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  const error = await assertRejects(() => world.settled(mapping.ready()), ResultCodeError);
  assertEquals(["unsupported" in error.toJSON(), mapping.state.type], [false, "error"]);
});

Deno.test("a gateway that learns PCP makes the mapping after the hold (G-11)", async () => {
  await using world = await natPmpLab();
  const mapping = world.handle.request(new OutboundMap(5000, "198.51.100.7", 443, 600));
  await world.advance(100);
  assertEquals(mapping.state.type, "error");
  world.server.setProtocols(["pcp", "nat-pmp"]);
  await world.advance(61_000);
  assertEquals(mapping.state.type, "running");
});
