import { IntMap } from "../engine/int_map.ts";
import type { MappingKey } from "../engine/spec.ts";

/** Ids by the key of their mapping. Most keys are numbers, which take little room. */
export class KeyMap {
  readonly #numbers = new IntMap();
  readonly #texts = new Map<string, number>();

  get(key: MappingKey): number | undefined {
    return typeof key === "number" ? this.#numbers.get(key) : this.#texts.get(key);
  }

  set(key: MappingKey, id: number): void {
    if (typeof key === "number") this.#numbers.set(key, id);
    else this.#texts.set(key, id);
  }

  delete(key: MappingKey): void {
    if (typeof key === "number") this.#numbers.delete(key);
    else this.#texts.delete(key);
  }
}
