import type { Store, StoredMapping } from "../../mod.ts";

/** A store in memory, written at once. */
export class MemoryStore implements Store {
  saved: readonly StoredMapping[];
  saves = 0;

  constructor(saved: readonly StoredMapping[] = []) {
    this.saved = saved;
  }

  load(): Promise<readonly StoredMapping[]> {
    return Promise.resolve(this.saved);
  }

  save(mappings: readonly StoredMapping[]): Promise<void> {
    this.saved = structuredClone(mappings);
    this.saves++;
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A store in memory whose saves wait for a call of `write`. */
export class SlowStore extends MemoryStore {
  readonly #waiting: (() => void)[] = [];

  override async save(mappings: readonly StoredMapping[]): Promise<void> {
    const copy = structuredClone(mappings);
    this.saves++;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.saved = copy;
  }

  get isWriting(): boolean {
    return this.#waiting.length > 0;
  }

  async write(): Promise<void> {
    this.#waiting.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
