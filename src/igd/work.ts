import type { Milliseconds } from "../milliseconds.ts";
import type { IpAddress } from "../wire/address.ts";
import type { Device } from "./device.ts";
import type { Entry } from "./entry.ts";
import type { Gone, Refusal } from "./refusal.ts";

/** What a task for one mapping works on. */
export interface Work {
  readonly device: Device;
  readonly entry: Entry;
  /** The address of this host. */
  readonly client: IpAddress;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly now: () => Milliseconds;
  /** Called before a request that makes the entry. */
  readonly adding: () => void;
  /** Whether the mapping is not waited for any more: nothing more is to be made. */
  readonly isAbandoned: () => boolean;
}

/** The end of a task that makes or renews a mapping. The entry says what was made. */
export type MadeOrNot =
  | { readonly type: "made" }
  | { readonly type: "abandoned" }
  | Refusal
  | Gone;

/** The end of a task that deletes. */
export type DeletedOrNot = { readonly type: "deleted" } | Refusal | Gone;
