import { assert, assertEquals, assertThrows } from "@std/assert";
import { faults } from "../../src/testing/faults.ts";

const DATAGRAM = {
  at: 0,
  from: { hostname: "192.168.1.10", port: 50_000 },
  to: { hostname: "192.168.1.1", port: 5_351 },
  bytes: new Uint8Array(24),
};

/** The delays of the copies of 10,000 datagrams. */
function fates(options: Parameters<typeof faults>[0]): (readonly number[])[] {
  const link = faults(options);
  return Array.from({ length: 10_000 }, () => link(DATAGRAM));
}

function share(all: (readonly number[])[], of: (delays: readonly number[]) => boolean): number {
  return all.filter(of).length / all.length;
}

Deno.test("faults() without faults delivers at once", () => {
  assert(fates({ seed: 1 }).every((delays) => delays.length === 1 && delays[0] === 0));
});

Deno.test("faults() loses and duplicates with the given probabilities", () => {
  const all = fates({ seed: 1, loss: 0.3, duplicate: 0.2 });
  const lost = share(all, ({ length }) => length === 0);
  const twice = share(all, ({ length }) => length === 2);
  assert(lost > 0.28 && lost < 0.32, `${lost} lost`);
  assert(twice > 0.12 && twice < 0.16, `${twice} twice`);
});

Deno.test("faults() delays within bounds, and beyond them only to reorder", () => {
  const plain = fates({ seed: 1, minDelay: 5, maxDelay: 40 }).flat();
  assert(plain.every((delay) => delay >= 5 && delay < 40));
  const held = fates({ seed: 1, minDelay: 5, reorder: 0.5, reorderDelay: 100 });
  const late = share(held, ([delay = 0]) => delay > 5);
  assert(late > 0.47 && late < 0.53, `${late} reordered`);
  assert(held.flat().every((delay) => delay <= 105));
});

Deno.test("faults() gives the same faults for the same seed", () => {
  const options = { loss: 0.2, duplicate: 0.2, reorder: 0.2, maxDelay: 50 };
  assertEquals(fates({ seed: 4, ...options }), fates({ seed: 4, ...options }));
  const differing = share(fates({ seed: 4, ...options }), ({ length }) => length === 0);
  assert(differing > 0);
});

Deno.test("faults() changes only the datagrams that `only` selects", () => {
  const all = fates({ seed: 1, loss: 1, minDelay: 3, only: ({ to }) => to.port === 5_350 });
  assert(all.every((delays) => delays.length === 1 && delays[0] === 3));
});

Deno.test("faults() throws RangeError for invalid probabilities and delays", () => {
  assertThrows(
    () => faults({ seed: 1, loss: 1.1 }),
    RangeError,
    'loss must be from 0 to 1, got "1.1"',
  );
  assertThrows(() => faults({ seed: 1, duplicate: -1 }), RangeError, "duplicate");
  assertThrows(() => faults({ seed: 1, reorder: NaN }), RangeError, "reorder");
  assertThrows(() => faults({ seed: 1, minDelay: 5, maxDelay: 4 }), RangeError, '"5" and "4"');
});
