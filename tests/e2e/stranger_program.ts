/** A user's program without permission for its server's address: prints the error of its request. */

// deno-lint-ignore-file no-console -- a program
import { Client, InboundMap } from "../../mod.ts";

const handle = await Client.start("127.0.0.1", "127.0.0.2", { port: 9, shutdownTimeout: 0 });
handle.request(new InboundMap(6000, 3600));
console.log(String(await handle.waitError()));
await handle.shutdown();
