/** THIRD_PARTY (RFC 6887 section 13.1) and THIRD_PARTY_ID (RFC 7843). */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ResultCodeError } from "../../src/client/errors.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { lab, type LabOptions } from "../../src/testing/lab.ts";
import { deliver, lastNonce, mapRequests, mapSuccess, opened } from "../helpers/client.ts";

const TRUSTED: LabOptions = { client: { allowThirdParty: true } };
const HOST = "192.168.1.20";

Deno.test("THIRD_PARTY requires `allowThirdParty` and another host (C-13.1-1, C-13.1-2)", async () => {
  await using world = await lab();
  const map = () => new InboundMap(6000, 7200).thirdParty(HOST);
  assertThrows(() => world.handle.request(map()), TypeError, "allowThirdParty");
  await using trusting = await lab(TRUSTED);
  const own = new InboundMap(6000, 7200).thirdParty("192.168.1.10");
  assertThrows(() => trusting.handle.request(own), TypeError, "another host");
  assertEquals([...world.sent(), ...trusting.sent()], []);
});

Deno.test("a mapping for another host is made, renewed and deleted for that host (C-13.1-3, C-15.1-7)", async () => {
  await using world = await lab({ ...TRUSTED, server: { thirdParty: true, maxLifetime: 600 } });
  const mapping = await opened(world, new InboundMap(6000, 7200).thirdParty(HOST));
  assertEquals(
    [...world.server.mappings.values()].map(({ internalAddress }) => `${internalAddress}`),
    [HOST],
  );
  await world.advance(400_000);
  await world.settled(mapping.revoke());
  const types = mapRequests(world).map(({ options }) => options.map(({ type }) => type));
  assertEquals(types, [["thirdParty"], ["thirdParty"], ["thirdParty"]]);
  assertEquals(world.server.mappings.size, 0);
});

Deno.test("a response without the option, or for another host, is ignored (C-13.1-3)", async () => {
  await using world = await lab({ ...TRUSTED, server: { thirdParty: true } });
  world.server.silent = true;
  const mapping = world.handle.request(new InboundMap(6000, 7200).thirdParty(HOST));
  await world.advance(100);
  const nonce = lastNonce(world);
  await deliver(world, mapSuccess(world, nonce));
  const { IpAddress } = await import("../../src/wire/address.ts");
  for (const address of ["192.168.1.21", HOST]) {
    assertEquals(mapping.state.type, "starting");
    const options = [{ type: "thirdParty", address: IpAddress.parse(address) }] as const;
    await deliver(world, mapSuccess(world, nonce, { options }));
  }
  assertEquals(mapping.state.type, "running");
  assertEquals(world.handle.stats().ignored, { unmatched: 2 });
});

Deno.test("a server without THIRD_PARTY refuses with UNSUPP_OPTION (C-13.1-5)", async () => {
  await using world = await lab(TRUSTED);
  const mapping = world.handle.request(new InboundMap(6000, 7200).thirdParty(HOST));
  await assertRejects(() => world.settled(mapping.ready()), ResultCodeError, "UNSUPP_OPTION");
});

Deno.test("a third party's id requires its address (E-7843-1)", async () => {
  await using world = await lab(TRUSTED);
  const alone = new InboundMap(6000, 7200).thirdPartyId(Uint8Array.of(1));
  assertThrows(() => world.handle.request(alone), TypeError, "address");
  const map = () => new InboundMap(6000, 7200);
  assertThrows(() => map().thirdPartyId(new Uint8Array(0)), RangeError);
  assertThrows(() => map().thirdPartyId(new Uint8Array(1017)), RangeError);
  assertThrows(() => map().thirdPartyId("id" as never), TypeError, "Uint8Array");
});

Deno.test("an id is sent as given and reported; renewal and deletion carry it too (E-7843-1, E-7843-2)", async () => {
  const server = { thirdParty: true, thirdPartyIds: ["0a0b0c"], maxLifetime: 600 };
  await using world = await lab({ ...TRUSTED, server });
  const id = Uint8Array.of(10, 11, 12);
  const map = new InboundMap(6000, 7200).thirdParty(HOST).thirdPartyId(id);
  id.fill(0); // a later change has no effect
  const mapping = await opened(world, map);
  assertEquals(mapping.assigned?.ignoredOptions, undefined);
  await world.advance(400_000);
  await world.settled(mapping.revoke());
  const ids = mapRequests(world).map(({ options }) =>
    options.flatMap((option) => option.type === "thirdPartyId" ? [...option.id] : [])
  );
  assertEquals(ids, [[10, 11, 12], [10, 11, 12], [10, 11, 12]]);
});

Deno.test("an unknown id, a wrong length and a missing id have their result codes (E-7843-3)", async () => {
  const map = () => new InboundMap(6000, 7200).thirdParty(HOST);
  const refused = {
    THIRD_PARTY_ID_UNKNOWN: map().thirdPartyId(Uint8Array.of(1, 2, 3)),
    THIRD_PARTY_MISSING_OPTION: map(),
    UNSUPP_THIRD_PARTY_ID_LENGTH: map().thirdPartyId(Uint8Array.of(1)),
  };
  for (const [name, map] of Object.entries(refused)) {
    await using world = await lab({
      ...TRUSTED,
      server: { thirdParty: true, thirdPartyIds: ["0a0b0c"] },
    });
    const mapping = world.handle.request(map);
    const error = await assertRejects(() => world.settled(mapping.ready()), ResultCodeError);
    assertEquals(error.resultName, name);
  }
});
