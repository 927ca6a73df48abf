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
