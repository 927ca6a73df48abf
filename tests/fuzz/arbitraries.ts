import fc from "fast-check";
import { IpAddress } from "../../src/wire/address.ts";
import type { RequestInit, ResponseInit } from "../../src/wire/message_type.ts";
import type { NatPmpRequest, NatPmpResponse } from "../../src/wire/natpmp.ts";
import { Nonce } from "../../src/wire/nonce.ts";
import type { Option } from "../../src/wire/option_type.ts";

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const port = fc.integer({ min: 0, max: 0xffff });
const octet = fc.integer({ min: 0, max: 0xff });

export const address4: fc.Arbitrary<IpAddress> = int32.map((w3) => new IpAddress(0, 0, 0xffff, w3));

export const address: fc.Arbitrary<IpAddress> = fc.oneof(
  address4,
  fc.tuple(int32, int32, int32, int32).map(([a, b, c, d]) => new IpAddress(a, b, c, d)),
  fc.constantFrom(IpAddress.ANY_IPV4, IpAddress.ANY_IPV6),
);

export const nonce: fc.Arbitrary<Nonce> = fc.tuple(int32, int32, int32)
  .map(([a, b, c]) => new Nonce(a, b, c));

export const octets = (most: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ maxLength: most });

/** Well-formed text without NUL at the end (RFC 7220 section 2). */
const text = fc.string({ unit: "grapheme", maxLength: 40 })
  .filter((each) => !each.endsWith("\0"));

const option: fc.Arbitrary<Option> = fc.oneof(
  fc.record({ type: fc.constant("thirdParty" as const), address }),
  fc.constant({ type: "preferFailure" as const }),
  fc.record({
    type: fc.constant("filter" as const),
    prefixLength: fc.integer({ min: 96, max: 128 }),
    remotePort: port,
    remoteAddress: address4,
  }),
  fc.record({ type: fc.constant("description" as const), text }),
  fc.record({
    type: fc.constant("portSet" as const),
    size: fc.integer({ min: 1, max: 0xffff }),
    firstInternalPort: port,
    parity: fc.boolean(),
  }),
  fc.record({ type: fc.constant("thirdPartyId" as const), id: octets(20) }),
  fc.constant({ type: "checkpointRequired" as const }),
  fc.record({
    type: fc.constant("unknown" as const),
    code: fc.constantFrom(90, 100, 200, 255),
    data: octets(12),
  }),
);

const options = fc.array(option, { maxLength: 5 });

const mapFields = {
  nonce,
  protocol: octet,
  internalPort: port,
  externalPort: port,
  externalAddress: address,
};

const body = fc.oneof(
  fc.record({ type: fc.constant("announce" as const) }),
  fc.record({ type: fc.constant("map" as const), ...mapFields }),
  fc.record({
    type: fc.constant("peer" as const),
    ...mapFields,
    remotePort: port,
    remoteAddress: address,
  }),
);

export const request: fc.Arbitrary<RequestInit> = fc.tuple(
  fc.record({ lifetime: uint32, clientAddress: address, options }),
  body,
).map(([header, rest]) => ({ ...header, ...rest }));

export const response: fc.Arbitrary<ResponseInit> = fc.tuple(
  // UNSUPP_VERSION is decoded without its body (RFC 6887 section 9).
  fc.record({
    result: octet.filter((code) => code !== 1),
    lifetime: uint32,
    epoch: uint32,
    options,
  }),
  body,
).map(([header, rest]) => ({ ...header, ...rest }));

const natPmpProtocol = fc.constantFrom(6 as const, 17 as const);

export const natPmpRequest: fc.Arbitrary<NatPmpRequest> = fc.oneof(
  fc.constant({ type: "externalAddress" as const }),
  fc.record({
    type: fc.constant("map" as const),
    protocol: natPmpProtocol,
    internalPort: port,
    externalPort: port,
    lifetime: uint32,
  }),
);

export const natPmpResponse: fc.Arbitrary<NatPmpResponse> = fc.oneof(
  fc.record({
    type: fc.constant("externalAddress" as const),
    result: fc.integer({ min: 0, max: 5 }),
    epoch: uint32,
    address: address4,
  }),
  fc.record({
    type: fc.constant("map" as const),
    result: fc.integer({ min: 0, max: 5 }),
    epoch: uint32,
    protocol: natPmpProtocol,
    internalPort: port,
    externalPort: port,
    lifetime: uint32,
  }),
);
