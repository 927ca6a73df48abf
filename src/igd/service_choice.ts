import type { Milliseconds } from "../milliseconds.ts";
import type { IpAddress } from "../wire/address.ts";
import { readConnected, readFirewallStatus } from "../wire/igd/action.ts";
import type { Device, External, Firewall, Service } from "./device.ts";
import { askExternal, type InnerAddresses, isPublic } from "./external_address.ts";
import type { Gone } from "./refusal.ts";
import { call, type Task } from "./task.ts";

/** The services that make mappings of the client's family, in the order of trying: at most 4, none twice. */
export function usableServices(all: readonly Service[], client: IpAddress): readonly Service[] {
  const isIpv6 = client.family === "IPv6";
  const usable = all.filter(({ name }) => (name === "WANIPv6FirewallControl") === isIpv6);
  const unique = usable.filter((service, index) => {
    return usable.findIndex((other) => isSame(service, other)) === index;
  });
  return unique.sort((one, other) => rank(one) - rank(other)).slice(0, MOST_SERVICES);
}

/** Chooses the connection whose line is up. Returns undefined if the gateway answered. */
export function* chooseConnection(
  device: Device,
  inner: InnerAddresses,
  now: () => Milliseconds,
): Task<Gone | undefined> {
  let gone: Gone = { type: "gone" };
  const rated: { readonly service: Service; readonly rate: number; readonly external: External }[] =
    [];
  for (const service of device.services) {
    const status = yield* call(service, { action: "GetStatusInfo" });
    if (status.type === "gone") {
      gone = status;
      continue;
    }
    const isKnown = status.type === "success";
    const isConnected = isKnown && readConnected(status.values);
    // A line that is down may keep its address for a while.
    if (isKnown && !isConnected && status.values.has("newconnectionstatus")) {
      rated.push({
        service,
        rate: 4,
        external: { address: undefined, isNonsense: false, at: now() },
      });
      continue;
    }
    const external = yield* askExternal(service, inner, now);
    if ("type" in external) continue;
    const hasAddress = external.address !== undefined;
    const rate = isConnected ? (isPublic(external.address) ? 0 : 1) : hasAddress ? 2 : 3;
    rated.push({ service, rate, external });
    if (rate === 0) break;
  }
  const [best] = rated.sort((one, other) => one.rate - other.rate);
  if (best === undefined) return gone;
  device.service = best.service;
  device.isConnected = best.rate < 4;
  device.external = best.external;
  return undefined;
}

/** Asks whether the IPv6 firewall is on. Returns undefined if the gateway answered. */
export function* askFirewall(device: Device): Task<Gone | undefined> {
  const outcome = yield* call(device.service, { action: "GetFirewallStatus" });
  if (outcome.type === "gone") return outcome;
  device.firewall = outcome.type === "success" ? readFirewall(outcome.values) : OPEN;
  return undefined;
}

function readFirewall(values: ReadonlyMap<string, string>): Firewall {
  const status = readFirewallStatus(values);
  return {
    isOff: status?.enabled === false,
    isClosed: status?.enabled !== false && status?.allowsPinholes === false,
  };
}

function isSame(one: Service, other: Service): boolean {
  return one.type === other.type && one.target.port === other.target.port &&
    one.target.path === other.target.path;
}

/** WANIPConnection before WANPPPConnection, newer versions first, the types of the DSL Forum last. */
function rank({ name, version, isDslForum }: Service): number {
  return (isDslForum ? 1_000 : 0) + (name === "WANPPPConnection" ? 500 : 0) -
    Math.min(version, 100);
}

const OPEN: Firewall = { isOff: false, isClosed: false };

/** Our decision, because a router has one or two connections. */
const MOST_SERVICES = 4;
