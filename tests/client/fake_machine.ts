/** A machine whose network changes, in place of the one that the tests run on. */

import type { Addresses } from "../../src/client/network/addresses.ts";
import type { HostSurvey } from "../../src/client/network/network_watcher.ts";
import type { Clock } from "../../src/clock.ts";
import { type Lab, lab, type LabOptions } from "../../src/testing/lab.ts";
import { ServerHost } from "../../src/testing/host.ts";
import { SimulatedServer } from "../../src/testing/server/simulated_server.ts";
import type { ServerOptions } from "../../src/testing/server/server_options.ts";
import { IpAddress } from "../../src/wire/address.ts";
import { CLIENT, SERVER } from "../helpers/client.ts";

export class FakeMachine implements HostSurvey {
  /** The machine's address and its gateway; undefined without a network. */
  network: { readonly client: string; readonly server: string } | undefined = {
    client: CLIENT,
    server: SERVER,
  };
  /** Whether the addresses can be read. */
  permitted = true;
  /** How far the wall clock is ahead of the monotonic one, in milliseconds. */
  ahead = 0;
  /** How often the addresses were read, and how often the route was checked. */
  looks = 0;
  finds = 0;
  clock: Clock | undefined;

  hostAddresses(): Promise<readonly string[] | undefined> {
    this.looks++;
    const { network } = this;
    const addresses = ["127.0.0.1%lo", ...network === undefined ? [] : [`${network.client}%eth0`]];
    return Promise.resolve(this.permitted ? addresses : undefined);
  }

  find(): Promise<Addresses> {
    this.finds++;
    const { network } = this;
    if (network === undefined) return Promise.reject(new Error("Cannot find a gateway: none"));
    return Promise.resolve(addresses(network.client, network.server));
  }

  wallTime(): number {
    return 1_700_000_000_000 + (this.clock?.now() ?? 0) + this.ahead;
  }
}

export function addresses(client: string, server: string): Addresses {
  return {
    clientAddress: IpAddress.parse(client),
    serverAddresses: [IpAddress.parse(server)],
  };
}

/** A lab whose client watches a fake machine, every 5 s. */
export async function movingLab(
  options: LabOptions = {},
): Promise<{ world: Lab; machine: FakeMachine }> {
  const machine = new FakeMachine();
  const client = { ...options.client, watch: { surveyor: machine, interval: LOOK } };
  const world = await lab({ ...options, client });
  machine.clock = world.clock;
  return { world, machine };
}

/** Another server in the same lab. */
export async function anotherServer(
  world: Lab,
  hostname: string,
  options: ServerOptions = {},
): Promise<ServerHost> {
  const server = new SimulatedServer(options);
  return await ServerHost.start(world.network, world.clock, server, { hostname, port: 5351 });
}

/** Milliseconds between two checks. */
export const LOOK = 5_000;
