import type { Clock, Milliseconds } from "../clock.ts";
import type { MappingRegistry } from "./mapping_registry.ts";
import type { MappingRecords } from "./persistence/mapping_records.ts";
import type { StoredMapping } from "./persistence/store.ts";

/** What {@linkcode Leftovers} are made of. */
export interface LeftoversOptions {
  readonly records: MappingRecords;
  readonly registry: MappingRegistry;
  readonly clock: Clock;
}

/** Deletes the mappings that an earlier run left at the gateway. */
export class Leftovers {
  readonly #options: LeftoversOptions;
  #cancel = (): void => {};

  constructor(options: LeftoversOptions) {
    this.#options = options;
  }

  /**
   * Deletes all of them, or one.
   *
   * @returns The number of confirmations.
   * @throws {TypeError} If `mapping` is not a stored mapping.
   */
  async delete(attempt: string, mapping?: StoredMapping): Promise<number> {
    const { records, registry } = this.#options;
    const deleted = records.leftoverRequests(attempt, mapping).map(async (spec) => {
      const leftover = registry.adopt(spec);
      await leftover[Symbol.asyncDispose]();
      return leftover.state.type !== "error";
    });
    return (await Promise.all(deleted)).filter((isDeleted) => isDeleted).length;
  }

  /**
   * Deletes what was made over UPnP and left by a crash, unless it is requested again soon: anyone in the network could use
   * such a port, and some gateways never close it.
   */
  deleteAbandoned(): void {
    const { records, clock } = this.#options;
    if (records.abandoned.length === 0) return;
    this.#cancel = clock.alarm(clock.now() + GRACE, () => {
      const attempt = "Cannot delete the mappings of a run that crashed";
      for (const mapping of records.abandoned) void this.delete(attempt, mapping);
    });
  }

  close(): void {
    this.#cancel();
  }
}

/** Our decision: programs request their mappings when they start. */
const GRACE: Milliseconds = 10_000;
