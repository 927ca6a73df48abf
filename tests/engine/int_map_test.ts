import { assertEquals } from "@std/assert";
import { IdMap } from "../../src/engine/id_map.ts";
import { IntMap } from "../../src/engine/int_map.ts";
import { seededRandom } from "../helpers/random.ts";

Deno.test("IntMap does what a Map does, whatever comes and goes", () => {
  for (const range of [40, 3_000, 2 ** 32]) {
    const random = seededRandom(range);
    const map = new Map<number, number>();
    const ints = new IntMap();
    for (let round = 0; round < 20_000; round++) {
      const key = Math.floor(random() * range) | 0;
      if (random() < 0.45) {
        map.delete(key);
        ints.delete(key);
      } else {
        map.set(key, round);
        ints.set(key, round);
      }
      assertEquals(ints.get(key), map.get(key));
      assertEquals(ints.size, map.size);
    }
    for (const [key, value] of map) assertEquals(ints.get(key), value);
    assertEquals(ints.keys().sort(), Int32Array.from(map.keys()).sort());
    for (const key of [...map.keys()]) ints.delete(key);
    assertEquals([ints.size, ints.get(0)], [0, undefined]);
  }
});

Deno.test("IntMap tells negative keys, zero and absent ones apart", () => {
  const ints = new IntMap();
  assertEquals([ints.get(0), ints.get(-1)], [undefined, undefined]);
  ints.set(-1, 0);
  ints.set(0, -7);
  assertEquals([ints.get(0), ints.get(-1), ints.get(1)], [-7, 0, undefined]);
});

Deno.test("IdMap does what a Map does with ids that are counted up, in their order", () => {
  const random = seededRandom(9);
  const map = new Map<number, string>();
  const ids = new IdMap<string>();
  for (let id = 1; id < 2_000; id++) {
    map.set(id, `mapping ${id}`);
    ids.set(id, `mapping ${id}`);
    const gone = Math.floor(random() * id);
    map.delete(gone);
    ids.delete(gone);
    assertEquals([ids.size, ids.get(gone)], [map.size, undefined]);
  }
  assertEquals([...ids], [...map.values()]);
  for (const id of [...map.keys()]) ids.delete(id);
  assertEquals([...ids], []);
});

Deno.test("IdMap may be changed while it is walked through", () => {
  const ids = new IdMap<number>();
  for (let id = 0; id < 200; id++) ids.set(id, id);
  const seen: number[] = [];
  for (const id of ids) {
    seen.push(id);
    ids.delete(id);
    ids.delete(id + 1);
    if (id < 100) ids.set(300 + id, 300 + id);
  }
  assertEquals(seen.slice(0, 100), Array.from({ length: 100 }, (_, index) => 2 * index));
  assertEquals(seen.slice(100).every((id) => id >= 300), true);
});
