import { abortable } from "../abortable.ts";
import { checkRuntime } from "../check_runtime.ts";
import { type Clock, type Milliseconds, systemClock } from "../clock.ts";
import { type ClientOptions, settingsOf, watchInterval } from "./client_options.ts";
import { discover } from "./discover.ts";
import { Handle } from "./handle.ts";
import { type Addresses, resolveAddresses } from "./network/addresses.ts";
import { GatewayGroup } from "./network/gateway_group.ts";
import type { HostSurvey, NetworkWatcher, WatchEvents } from "./network/network_watcher.ts";
import { waitForNetwork } from "./network/wait_for_network.ts";
import { releaseOnSignals } from "./release_on_signal.ts";
import type { Tracer } from "./trace.ts";

/** Opens ports on a router and keeps them open: a Port Control Protocol client (RFC 6887). */
export class Client {
  private constructor() {}

  /**
   * Starts a client of one server. Nothing is sent before the first request.
   *
   * @param client The address of this host that faces the server; found automatically if left out.
   * @param server The server, usually the router, as an address or a host name; the default gateway if left out. A link-local
   * address needs its interface: `fe80::1%eth0`. Of several addresses of one server, also of those of a name, the next is used
   * when one does not respond (RFC 7488).
   * @param options Ports, sockets, timers, storage and more.
   * @throws {TypeError} If a text is not the address of a host, or the addresses are of two families.
   * @throws {RangeError} If a port, the shutdown timeout or the watch interval is out of range.
   * @throws {DiscoveryError} If an address was left out and cannot be found, or a name has no address.
   * @throws {SocketError} If no socket can be opened on the client's address.
   * @throws {StoreError} If the store cannot be read.
   *
   * @example
   * ```ts ignore
   * import { Client, InboundMap, RequestType } from "@portcontrol/pcp";
   *
   * await using handle = await Client.start();
   * const mapping = handle.request(new InboundMap(6000, 3600), RequestType.KeepAlive);
   * console.log(await mapping.ready());
   * ```
   */
  static async start(
    client?: string,
    server?: string | readonly string[],
    options: ClientOptions = {},
  ): Promise<Handle> {
    checkRuntime();
    const find = (current?: Addresses): Promise<Addresses> =>
      resolveAddresses(client, server, options.anycast ?? false, discover, current);
    return await startAt(find, options, client !== undefined && server !== undefined);
  }

  /**
   * Starts a client of every default gateway of this host, IPv4 and IPv6: a dual-stack host has one for each family
   * (RFC 6887 section 8.1), a host with two uplinks has more. Each client has its own mappings and nonces, and follows changes
   * of its network; no two of them use the same gateway.
   *
   * @param options As for {@linkcode Client.start}, except `store`: each client needs its own.
   * @returns One handle for each gateway that a socket could be opened for, in the order of {@linkcode discover}.
   * @throws {TypeError} If the options contain a store.
   * @throws {DiscoveryError} If there is no default gateway, or the routes cannot be read.
   * @throws {SocketError} If no socket can be opened for any of them.
   */
  static async startAll(options: Omit<ClientOptions, "store"> = {}): Promise<Handle[]> {
    checkRuntime();
    if ("store" in options && options.store !== undefined) {
      throw new TypeError(
        'Cannot start several clients with one store: call "Client.start()" for each, with a store of its own',
      );
    }
    const { clock = systemClock, signal, waitForNetwork: mayWait } = options;
    const gateways = mayWait
      ? await waitForNetwork(discover, clock, signal)
      : await abortable(discover(), signal);
    const group = new GatewayGroup(discover);
    const started = await Promise.allSettled(gateways.map(async (gateway) => {
      const member = group.add(gateway);
      try {
        const handle = await startAt((current) => member.find(current), options, false);
        member.startedAs(handle);
        return handle;
      } catch (error) {
        member.startedAs({ isShutDown: true });
        throw error;
      }
    }));
    const handles = started.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
    const failure = started.find((each) => each.status === "rejected");
    if (handles.length === 0 && failure !== undefined) throw failure.reason;
    return handles;
  }
}

/**
 * Starts a client.
 *
 * @param find Finds its addresses, at the start and, unless they are fixed, after changes of the network.
 */
async function startAt(
  find: (current?: Addresses) => Promise<Addresses>,
  options: ClientOptions,
  isFixed: boolean,
): Promise<Handle> {
  const settings = settingsOf(options, await loadTracer(options.onTrace));
  const interval = watchInterval(options.watch || {});
  const { signal } = options;
  const open = async (): Promise<Handle> => {
    const addresses = await abortable(find(), signal);
    const isIsolated = addresses.clientAddress.isLoopback || options.network !== undefined;
    const watch = options.watch ?? (isIsolated ? false : {});
    const watcher = watch === false
      ? undefined
      : await loadWatcher(settings.clock, interval, watch.surveyor, isFixed ? undefined : find);
    signal?.throwIfAborted();
    const handle = await Handle.open(addresses, settings);
    if (signal?.aborted) {
      await handle.shutdown();
      signal.throwIfAborted();
    }
    if (watcher !== undefined) handle.watch(watcher);
    if (options.releaseOn !== undefined) releaseOnSignals(handle, options.releaseOn);
    return handle;
  };
  return options.waitForNetwork ? await waitForNetwork(open, settings.clock, signal) : await open();
}

/** Loaded only for clients that watch the network. */
async function loadWatcher(
  clock: Clock,
  interval: Milliseconds,
  surveyor: HostSurvey | undefined,
  find: HostSurvey["find"] | undefined,
): Promise<(events: WatchEvents) => NetworkWatcher> {
  const { NetworkWatcher } = await import("./network/network_watcher.ts");
  const { fixedSurvey, systemSurvey } = await import("./network/host_survey.ts");
  const survey = surveyor ?? (find === undefined ? fixedSurvey() : systemSurvey(find));
  return (events) => new NetworkWatcher(clock, survey, events, interval);
}

/** Loaded only for clients with `onTrace`: it brings the code that describes every message. */
async function loadTracer(onTrace: ClientOptions["onTrace"]): Promise<Tracer | undefined> {
  return onTrace === undefined ? undefined : (await import("./trace.ts")).tracer(onTrace);
}
