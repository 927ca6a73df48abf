import { type Clock, systemClock } from "../clock.ts";
import { defaultNetwork } from "../transport/open.ts";
import { type HostOptions, ServerHost } from "./host.ts";
import { SimulatedServer } from "./server/simulated_server.ts";
import type { ServerOptions } from "./server/server_options.ts";

/**
 * Starts a simulated server on a loopback socket, for experiments without a router. The client starts with
 * `Client.start("127.0.0.1", "127.0.0.1", { port: host.local.port })`.
 *
 * @param server A server, or the options of a new one.
 * @param options Address and port to listen on, by default `127.0.0.1` and a free port, and the clock.
 */
export function startLoopbackServer(
  server: SimulatedServer | ServerOptions,
  options: Pick<HostOptions, "hostname" | "port"> & { readonly clock?: Clock } = {},
): Promise<ServerHost> {
  const { clock = systemClock, ...listen } = options;
  const simulated = server instanceof SimulatedServer ? server : new SimulatedServer(server);
  return ServerHost.start(defaultNetwork(), clock, simulated, listen);
}
