import { type Clock, systemClock } from "../clock.ts";
import { defaultNetwork } from "../transport/open.ts";
import { type HostOptions, ServerHost } from "./host.ts";
import { SimulatedServer } from "./server/simulated_server.ts";
import type { ServerOptions } from "./server/server_options.ts";

/**
 * Puts a simulated server on a real loopback socket, to try things without a router: start the client with
 * `Client.start("127.0.0.1", "127.0.0.1", { port: host.local.port })`.
 *
 * @param server The server that answers, or the options of a new one.
 * @param options Where it listens, `127.0.0.1` and any free port unless told, and its clock.
 */
export function startLoopbackServer(
  server: SimulatedServer | ServerOptions,
  options: Pick<HostOptions, "hostname" | "port"> & { readonly clock?: Clock } = {},
): Promise<ServerHost> {
  const { clock = systemClock, ...where } = options;
  const answering = server instanceof SimulatedServer ? server : new SimulatedServer(server);
  return ServerHost.start(defaultNetwork(), clock, answering, where);
}
