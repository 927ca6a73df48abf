/**
 * Responds to every datagram with NAT-PMP's version error (RFC 6886 section 3.5), as a gateway without PCP does. Prints
 * `{"listening": port}` and ends with its stdin.
 */
import { defaultNetwork } from "../../src/transport/open.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { print, serveCommands } from "./command_server.ts";

const [hostname = "127.0.0.1", port = "0"] = Deno.args;

const transport: Transport = await defaultNetwork().open({ hostname, port: Number(port) }, {
  datagram: (bytes, source) => {
    // Epoch 0: only the daemon knows the epoch.
    const error = Uint8Array.of(0, 0x80 | (bytes[1] ?? 0), 0, 1, 0, 0, 0, 0);
    transport.send(error, source).catch((reason: unknown) => print({ failed: String(reason) }));
  },
  error: (reason) => print({ failed: String(reason) }),
});
print({ listening: transport.local.port });
await serveCommands(() => Promise.resolve());
