/**
 * A server for friends on the Internet: listens on a TCP port, prints its public address, and closes the port of the router when
 * it ends, on Ctrl-C or SIGTERM too.
 *
 *     deno run --unstable-net --allow-net --allow-run=ip --allow-sys=networkInterfaces examples/game_server.ts
 *     deno run --unstable-net --allow-net examples/game_server.ts 192.168.1.101 192.168.1.1
 */

// deno-lint-ignore-file no-console -- a program for the terminal
import { Client, InboundMap, ProtocolNumber, RequestType } from "../mod.ts";

const [client, server, port = "5351"] = Deno.args;
const listener = Deno.listen({ port: 0 });
const handle = await Client.start(client, server, {
  port: Number(port),
  releaseOn: ["SIGINT", "SIGTERM"], // deletes the mapping, then ends the program
});
const map = new InboundMap(listener.addr.port, 3600).protocol(ProtocolNumber.Tcp);
const mapping = handle.request(map, RequestType.KeepAlive);

void announce();
for await (const connection of listener) void play(connection);

/** Prints each address that friends can use: it changes when the router gets another one. */
async function announce(): Promise<void> {
  for await (const alert of mapping) {
    if (alert.type !== "assigned") continue;
    console.log(`Friends connect to ${alert.externalAddress} port ${alert.externalPort}`);
  }
}

async function play(connection: Deno.TcpConn): Promise<void> {
  await connection.write(new TextEncoder().encode("Welcome\n"));
  connection.close();
}
