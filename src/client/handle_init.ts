import type { Addresses } from "./addresses.ts";
import type { ConnectionOptions } from "./connection.ts";
import type { Store } from "./store.ts";

/** What {@linkcode Client.start} makes a handle of. */
export interface HandleInit {
  readonly addresses: Addresses;
  readonly connection: Omit<ConnectionOptions, "outlet" | "report" | "counts">;
  readonly allowThirdParty: boolean;
  readonly shutdownTimeout: number;
  readonly store: Store | undefined;
}
