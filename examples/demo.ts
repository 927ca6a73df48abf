/**
 * A mapping from request to deletion with a simulated gateway on loopback: opened, renewed, recovered after a restart of
 * the gateway, deleted. Prints every state and every datagram. Needs no router.
 */

// deno-lint-ignore-file no-console -- a program for the terminal
import { Client, InboundMap, ProtocolNumber, RequestType } from "../mod.ts";
import { type ServerHost, SimulatedServer, startLoopbackServer } from "../src/testing/mod.ts";

const started = performance.now();
const server = new SimulatedServer({ maxLifetime: 6 }); // seconds, so that renewals come soon
const host: ServerHost = await startLoopbackServer(server);
say(`A simulated gateway listens on ${host.local.hostname} port ${host.local.port}`);

const handle = await Client.start("127.0.0.1", "127.0.0.1", {
  port: host.local.port,
  onTrace: ({ direction, text }) => say(`  ${direction === "sent" ? "->" : "<-"} ${text}`),
});
const mapping = handle.request(
  new InboundMap(6000, 3600).protocol(ProtocolNumber.Tcp).externalPort(6000),
  RequestType.KeepAlive,
);
const watching = watch();

const { externalAddress, externalPort, lifetime } = await mapping.ready();
say(
  `TCP 6000 is open: ${externalAddress} port ${externalPort}, granted for ${lifetime} s. Waiting for a renewal`,
);
await nextAssignment("renewed");

say("Restarting the gateway: it forgets its mappings and announces itself");
host.restart();
await nextAssignment("recovered");

say("Deleting the mapping");
await mapping.revoke();
await watching;
await handle.shutdown();
host.close();
say(`The gateway holds ${server.mappings.size} mappings. Done`);

/** Prints each alert. */
async function watch(): Promise<void> {
  for await (const alert of mapping) {
    if (alert.type === "stateChange") say(`  state: ${JSON.stringify(alert.state)}`);
    else {say(
        `  assigned: ${alert.externalAddress} port ${alert.externalPort} for ${alert.lifetime} s`,
      );}
  }
}

/** Waits until the mapping expires later than now. */
async function nextAssignment(what: string): Promise<void> {
  const before = mapping.expiresAt?.getTime() ?? 0;
  while ((mapping.expiresAt?.getTime() ?? 0) <= before) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  say(`The mapping was ${what}, it now ends at ${mapping.expiresAt?.toLocaleTimeString()}`);
}

function say(text: string): void {
  console.log(`${((performance.now() - started) / 1000).toFixed(2).padStart(6)} ${text}`);
}
