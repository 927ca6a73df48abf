/** The simulated gateway of a soak in its own process, so that its memory is not measured. Reads commands, writes JSON lines. */

// deno-lint-ignore-file no-console -- a program
import { ServerHost, SimulatedServer } from "../../src/testing/mod.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { systemClock } from "../../src/clock.ts";
import { defaultNetwork } from "../../src/transport/open.ts";
import type { Network } from "../../src/transport/transport.ts";
import { lines } from "../tools/processes.ts";

/** The first line of input. */
export interface GatewayOptions {
  readonly port: number;
  readonly seed: number;
  /** Probability that a datagram is lost, in each direction. */
  readonly loss: number;
  /** Longest lifetime granted, in seconds. */
  readonly maxLifetime: number;
}

/** The gateway's response to every line. */
export interface GatewayReport {
  readonly port: number;
  readonly mappings: number;
  readonly violations: Readonly<Record<string, number>>;
  readonly malformed: number;
}

/** Loses datagrams with a probability, in both directions. */
function lossy(network: Network, loss: number, random: () => number): Network {
  return {
    name: network.name,
    open: async (options, sink) => {
      const transport = await network.open(options, {
        datagram: (bytes, source) => {
          // Empty datagrams probe for an ICMP error.
          if (bytes.length > 0 && random() >= loss) sink.datagram(bytes, source);
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
      const { port, seed, loss, maxLifetime }: GatewayOptions = JSON.parse(line);
      const server = new SimulatedServer({ maxLifetime, logLimit: 10, epoch: 1 });
      const network = lossy(defaultNetwork(), loss, seededRandom(seed));
      host = await ServerHost.start(network, systemClock, server, { port });
    } else if (line === "restart") host.restart();
    else if (line === "changeAddress") {
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
