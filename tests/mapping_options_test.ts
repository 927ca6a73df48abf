import { assertEquals, assertThrows } from "@std/assert";
import { InboundMap, OutboundMap } from "../mod.ts";
import {
  applyMappingOptions,
  goesWith,
  MAPPING_OPTION_NAMES,
  MAPPING_OPTIONS,
  type MappingOptions,
} from "../src/mapping_options.ts";
import { IpAddress } from "../src/wire/address.ts";

const VALUES: Required<MappingOptions> = {
  protocol: 132,
  externalPort: 6001,
  externalAddress: "203.0.113.5",
  thirdParty: "192.168.1.20",
  thirdPartyId: "00fFa0",
  description: "web",
  preferFailure: true,
  filters: [{ address: "198.51.100.0", prefix: 24, port: 80 }],
  portSet: { size: 2, parity: true },
};
const CLIENT = IpAddress.parse("192.168.1.10");
const inbound = (): InboundMap => new InboundMap(6000, 60);
const outbound = (): OutboundMap => new OutboundMap(6000, "198.51.100.7", 443, 60);

Deno.test("every mapping option goes to the builder of every kind that it goes with", () => {
  const { options, ...spec } = applyMappingOptions(inbound(), VALUES).toSpec(CLIENT);
  assertEquals([spec.protocol, spec.externalPort], [132, 6001]);
  assertEquals(spec.externalAddress.toString(), "203.0.113.5");
  assertEquals(options.map(({ type }) => type), [
    "thirdParty",
    "thirdPartyId",
    "description",
    "preferFailure",
    "filter",
    "filter",
    "portSet",
  ]);
  const id = options.find((option) => option.type === "thirdPartyId");
  assertEquals(id?.id, Uint8Array.of(0, 0xff, 0xa0));
  for (const name of MAPPING_OPTION_NAMES.filter((each) => goesWith(each, "outbound"))) {
    const plain = JSON.stringify(outbound().toSpec(CLIENT));
    const map = applyMappingOptions(outbound(), { [name]: VALUES[name] });
    assertEquals(JSON.stringify(map.toSpec(CLIENT)) === plain, false, name);
  }
});

Deno.test("an option of inbound mappings only is refused for an outbound one", () => {
  for (const name of MAPPING_OPTION_NAMES.filter((each) => !goesWith(each, "outbound"))) {
    assertThrows(
      () => applyMappingOptions(outbound(), { [name]: VALUES[name] }),
      TypeError,
      `Cannot apply "${name}": it goes with inbound mappings only`,
    );
  }
});

Deno.test("a third party id is hexadecimal digits in pairs", () => {
  for (const thirdPartyId of ["a", "0x00", "zz", "00 ff"]) {
    assertThrows(() => applyMappingOptions(inbound(), { thirdPartyId }), TypeError, "in pairs");
  }
  assertThrows(() => applyMappingOptions(inbound(), { thirdPartyId: "" }), RangeError);
});

Deno.test("every option but the protocol has a flag, each of its own name", () => {
  const flags = Object.entries(MAPPING_OPTIONS).map(([name, { flag }]) => [name, flag?.name]);
  assertEquals(flags.filter(([, flag]) => flag === undefined), [["protocol", undefined]]);
  assertEquals(new Set(flags.map(([, flag]) => flag)).size, flags.length);
});
