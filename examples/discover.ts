/**
 * Prints the default gateways of this host and the addresses that face them. Sends nothing.
 *
 *     deno run --allow-run=ip examples/discover.ts
 */

// deno-lint-ignore-file no-console -- a program for the terminal
import { discover } from "../mod.ts";

for (const { family, gateway, interface: name, client, reason } of await discover()) {
  console.log(`${family}: ${client} -> ${gateway} through ${name} (${reason})`);
}
