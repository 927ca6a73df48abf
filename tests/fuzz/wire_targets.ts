import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { describe } from "../../src/wire/describe.ts";
import { decodeDhcpv4Servers, decodeDhcpv6Servers } from "../../src/wire/dhcp.ts";
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
} from "../../src/wire/message.ts";
import {
  decodeNatPmpRequest,
  decodeNatPmpResponse,
  encodeNatPmpRequest,
  encodeNatPmpResponse,
} from "../../src/wire/natpmp.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { natPmpRequest, natPmpResponse, request, response } from "./arbitraries.ts";
import { mutate, randomOctets } from "./mutate.ts";
import type { Target } from "./target.ts";

/** Encoding and decoding of generated messages. */
export const codec: Target = {
  name: "codec",
  invariant: "An encoded message decodes to itself and encodes to the same octets again.",
  shortRounds: 4,
  inputsPerRound: 200,
  start: () => ({
    round: (seed) => {
      check(seed, request, encodeRequest, decodeRequest);
      check(seed, response, encodeResponse, decodeResponse);
      check(seed, natPmpRequest, encodeNatPmpRequest, decodeNatPmpRequest);
      check(seed, natPmpResponse, encodeNatPmpResponse, decodeNatPmpResponse);
    },
  }),
};

/** All decoders with random and mutated octets. */
export const decoders: Target = {
  name: "decoders",
  invariant: "Decoders accept any octets: none throws, and describe() returns one printable line.",
  shortRounds: 400,
  inputsPerRound: 2,
  start: () => ({
    round: (seed) => {
      const random = seededRandom(seed);
      decodeAll(randomOctets(random));
      const [sample] = fc.sample(
        fc.oneof(request.map(encodeRequest), response.map(encodeResponse)),
        {
          seed,
          numRuns: 1,
        },
      );
      decodeAll(mutate(sample ?? new Uint8Array(), random));
    },
  }),
};

type Decode<T> = (bytes: Uint8Array) => { ok: true; value: T } | { ok: false };

/** Compares the fields that `init` has; the encoder has defaults for the others. */
function check<Init extends object, T extends object>(
  seed: number,
  arbitrary: fc.Arbitrary<Init>,
  encode: (init: Init) => Uint8Array,
  decode: Decode<T>,
): void {
  const property = fc.property(arbitrary, (init) => {
    const bytes = encode(init);
    const decoded = decode(bytes);
    assert(decoded.ok, "an encoded message cannot be decoded");
    const value = decoded.value as Record<string, unknown>;
    const named = Object.fromEntries(Object.keys(init).map((key) => [key, value[key]]));
    assertEquals(named, { ...init } as Record<string, unknown>);
    assertEquals(encode(decoded.value as unknown as Init), bytes);
  });
  fc.assert(property, { seed, numRuns: 50 });
}

function decodeAll(bytes: Uint8Array): void {
  const asRequest = decodeRequest(bytes);
  if (asRequest.ok && asRequest.value.optionFault === undefined) encodeRequest(asRequest.value);
  const asResponse = decodeResponse(bytes);
  if (asResponse.ok && asResponse.value.optionFault === undefined) encodeResponse(asResponse.value);
  decodeNatPmpRequest(bytes);
  decodeNatPmpResponse(bytes);
  decodeDhcpv4Servers(bytes);
  decodeDhcpv6Servers(bytes);
  const line = describe(bytes);
  assert(!/\p{Cc}/u.test(line), `describe() returns a control character: ${JSON.stringify(line)}`);
}
