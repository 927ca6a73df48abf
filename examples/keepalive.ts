/**
 * Opens TCP 6000 on the router and keeps it open until Ctrl-C, which closes it again.
 *
 *     deno run --unstable-net --allow-net --allow-run=ip --allow-sys examples/keepalive.ts
 *     deno run --unstable-net --allow-net examples/keepalive.ts 192.168.1.101 192.168.1.1
 */

// deno-lint-ignore-file no-console -- a program for the terminal
import { Client, InboundMap, ProtocolNumber, RequestType } from "../mod.ts";

const [client, server] = Deno.args;
await using handle = await Client.start(client, server, { releaseOn: ["SIGINT", "SIGTERM"] });
const mapping = handle.request(
  new InboundMap(6000, 120).protocol(ProtocolNumber.Tcp),
  RequestType.KeepAlive,
);

for await (const alert of mapping) {
  if (alert.type === "assigned") {
    console.log(
      `open: ${alert.externalAddress} port ${alert.externalPort}, for ${alert.lifetime} s`,
    );
  } else {
    console.log(alert.state);
  }
}
