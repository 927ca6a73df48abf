/** The simulated gateway of a soak, as a process of its own: its memory is not what is measured. Speaks JSON, a line each. */

// deno-lint-ignore-file no-console -- a program
import { ServerHost, SimulatedServer } from "../../src/testing/mod.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { systemClock } from "../../src/clock.ts";
import { defaultNetwork } from "../../src/transport/open.ts";
import type { Network } from "../../src/transport/transport.ts";
import { lines } from "../tools/processes.ts";

/** What the gateway is told in its first line. */
export interface GatewayOrder {
  readonly port: number;
  readonly seed: number;
  /** How likely a datagram is lost, each way. */
  readonly loss: number;
  /** Longest lifetime granted, in seconds. */
  readonly maxLifetime: number;
}

/** What the gateway says when asked, and when it starts. */
export interface GatewayReport {
  readonly port: number;
  readonly mappings: number;
  readonly violations: Readonly<Record<string, number>>;
  readonly malformed: number;
}

/** Loses what chance says, in both directions. */
function lossy(network: Network, loss: number, random: () => number): Network {
  return {
    name: network.name,
    open: async (options, sink) => {
      const transport = await network.open(options, {
        datagram: (bytes, source) => {
          if (random() >= loss) sink.datagram(bytes, source);
        },
        error: (error) => sink.error(error),
      });
      return {
        local: transport.local,
        send: (bytes, to) => random() < loss ? Promise.resolve() : transport.send(bytes, to),
        close: () => transport.close(),
      };
    },
  };
}

async function serve(): Promise<void> {
  let host: ServerHost | undefined;
  for await (const line of lines(Deno.stdin.readable)) {
    if (host === undefined) {
      const { port, seed, loss, maxLifetime }: GatewayOrder = JSON.parse(line);
      const server = new SimulatedServer({ maxLifetime, logLimit: 10, epoch: 1 });
      const network = lossy(defaultNetwork(), loss, seededRandom(seed));
      host = await ServerHost.start(network, systemClock, server, { port });
    } else if (line === "restart") host.restart();
    else if (line === "readdress") {
      const last = Math.floor(systemClock.now()) % 250 + 1;
      host.changeExternalAddress(`203.0.113.${last}`);
    }
    const { counters, mappings } = host.server;
    const report: GatewayReport = {
      port: host.local.port,
      mappings: mappings.size,
      violations: counters.violations,
      malformed: counters.received["malformed"] ?? 0,
    };
    console.log(JSON.stringify(report));
  }
  host?.close();
}

if (import.meta.main) await serve();
