import { IpAddress } from "../../src/wire/address.ts";
import { encodeRequest, type RequestInit } from "../../src/wire/message.ts";
import { Nonce } from "../../src/wire/nonce.ts";
import type { Option } from "../../src/wire/option.ts";
import { type Effort, type Family, inTurns, median } from "./measure.ts";
import { type Row, row } from "./results.ts";

/** Encoding alone, in this process. */
export const wireRows: Family = { name: "wire", rows };

async function rows({ starts }: Effort): Promise<Row[]> {
  const plain = request([]);
  const full = request([
    { type: "preferFailure" },
    { type: "thirdParty", address: IpAddress.parse("192.168.1.7") },
    {
      type: "filter",
      prefixLength: 128,
      remotePort: 0,
      remoteAddress: IpAddress.parse("198.51.100.7"),
    },
  ]);
  const times = await inTurns(starts, {
    plain: () => Promise.resolve(encode(plain)),
    full: () => Promise.resolve(encode(full)),
  }, 2);
  return [
    row({
      id: "wire.options",
      what: "MAP request with three options encoded",
      unit: "ns",
      value: median(times.full),
      floor: median(times.plain),
      against: "without options",
    }),
  ];
}

/** Nanoseconds of one encoding. */
function encode(request: RequestInit): number {
  const began = performance.now();
  for (let count = 0; count < ENCODINGS; count++) encodeRequest(request);
  return (performance.now() - began) * 1e6 / ENCODINGS;
}

function request(options: readonly Option[]): RequestInit {
  return {
    type: "map",
    lifetime: 7_200,
    clientAddress: IpAddress.parse("192.168.1.10"),
    nonce: new Nonce(1, 2, 3),
    protocol: 6,
    internalPort: 8_080,
    externalPort: 0,
    externalAddress: IpAddress.ANY_IPV4,
    options,
  };
}

const ENCODINGS = 50_000;
