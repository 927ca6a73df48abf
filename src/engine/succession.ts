import type { Mapping } from "./mapping.ts";
import type { Memory, ReusableMapping } from "./memory.ts";
import type { Milliseconds } from "./events.ts";
import { type MappingKey, mappingKey, type MappingSpec } from "./mapping_spec.ts";

/**
 * Hands on what ended mappings leave behind. A mapping that is wanted again while it is being deleted waits for the end
 * of the deletion, else the deletion could overtake it and delete it too.
 */
export class Succession {
  readonly #memory: Memory;
  readonly #deleting = new Map<MappingKey, Mapping>();
  readonly #waiting = new Map<Mapping, Mapping[]>();

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** Who must end before a new mapping of this key may begin, and what that mapping takes over. */
  claim(
    spec: MappingSpec,
    now: Milliseconds,
  ): { before?: Mapping | undefined; remains: ReusableMapping | undefined } {
    if (this.#deleting.size === 0 && this.#memory.isEmpty) return { remains: undefined };
    const key = mappingKey(spec);
    const before = this.#deleting.get(key);
    if (before === undefined) return { remains: this.#memory.recall(key, now) };
    // Two mappings must not share a nonce: answers could not be told apart.
    return { before, remains: this.#heirs(before).length === 0 ? before : undefined };
  }

  /** Has the mapping wait for the end of the one before it. */
  wait(before: Mapping, mapping: Mapping): void {
    this.#waiting.set(before, [...this.#heirs(before), mapping]);
  }

  /** The mapping's deletion began. */
  deletes(mapping: Mapping): void {
    this.#deleting.set(mappingKey(mapping.spec), mapping);
  }

  /** The mapping ended: returns those that waited for it, or keeps what it leaves behind. */
  ended(mapping: Mapping, now: Milliseconds): readonly Mapping[] {
    const key = mappingKey(mapping.spec);
    if (this.#deleting.get(key) === mapping) this.#deleting.delete(key);
    const heirs = this.#heirs(mapping);
    this.#waiting.delete(mapping);
    if (heirs.length === 0) this.#memory.keep(key, mapping, now);
    return heirs;
  }

  /** Those who wait for the mapping and are still wanted. */
  #heirs(mapping: Mapping): readonly Mapping[] {
    return (this.#waiting.get(mapping) ?? []).filter(({ phase }) => phase === "waiting");
  }
}
