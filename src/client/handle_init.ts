import type { Addresses } from "./network/addresses.ts";
import type { ConnectionOptions } from "./network/connection.ts";
import type { Store } from "./persistence/store.ts";

/** What {@linkcode Client.start} makes a handle of. */
export interface HandleInit {
  readonly addresses: Addresses;
  readonly connection: Omit<ConnectionOptions, "outlet" | "report" | "counts">;
  readonly allowThirdParty: boolean;
  readonly shutdownTimeout: number;
  readonly store: Store | undefined;
}
