/** Reads the network of Windows. */

import { IpAddress } from "../wire/address.ts";
import { SystemError } from "./discovery_error.ts";
import type { Host, Link, LinkAddress, LinkProperty, Route } from "./host.ts";
import { hostOfAddresses } from "./host_addresses.ts";
import type { LocalAddress, System } from "./system.ts";

/**
 * Reads the default routes, adapters and addresses with PowerShell. Where that is missing or restricted, `route print` shows
 * the routes, but not which adapters are tunnels.
 *
 * @throws {SystemError} If neither can be run.
 */
export async function readWindows(system: System): Promise<Host> {
  try {
    const args = ["-NoProfile", "-NonInteractive", "-Command", COMMAND];
    return parsePowerShell(await system.run("powershell", args, POWERSHELL_LIMIT));
  } catch (error) {
    // Without the permission a second program would only be a second question.
    if (!(error instanceof SystemError) || error.reason === "permissionDenied") throw error;
    const [text, addresses] = [await system.run("route", ["print"]), await system.addresses()];
    return { ...hostOfAddresses(addresses), routes: parseRoutePrint(text, addresses) };
  }
}

/**
 * The properties that are read. An enumeration is converted to text, because its number depends on the version. No double
 * quotes, which would have to be escaped on a command line of Windows.
 */
const COMMAND = [
  "[Console]::OutputEncoding = [Text.Encoding]::UTF8",
  "$ErrorActionPreference = 'SilentlyContinue'",
  "$text = { param($name) @{ n = $name; e = [scriptblock]::Create('[string]$_.' + $name) } }",
  "$routes = Get-NetRoute -DestinationPrefix '0.0.0.0/0', '::/0' | Select-Object DestinationPrefix, NextHop, InterfaceIndex, InterfaceAlias, RouteMetric, InterfaceMetric",
  "$adapters = Get-NetAdapter -IncludeHidden | Select-Object InterfaceIndex, InterfaceType, HardwareInterface, PnPDeviceID, (& $text Status)",
  "$addresses = Get-NetIPAddress | Select-Object IPAddress, PrefixLength, InterfaceIndex, InterfaceAlias, (& $text AddressState), (& $text SuffixOrigin), @{ n = 'PreferredSeconds'; e = { $_.PreferredLifetime.TotalSeconds } }",
  "@{ routes = @($routes); adapters = @($adapters); addresses = @($addresses) } | ConvertTo-Json -Depth 3 -Compress",
].join("; ");

/** In milliseconds; it takes 1 to 3 seconds. */
const POWERSHELL_LIMIT = 15_000;

/**
 * Parses the output of the PowerShell command.
 *
 * @throws {SystemError} If the text is not its JSON.
 */
export function parsePowerShell(json: string): Host {
  const value = parseRecord(json);
  const addresses = records(value["addresses"]);
  const routes = records(value["routes"]).flatMap(routeOf);
  const adapters = new Map(
    records(value["adapters"]).map((each) => [each["InterfaceIndex"], each]),
  );
  const names = new Map([...addresses, ...records(value["routes"])].map((each) => {
    return [each["InterfaceIndex"], String(each["InterfaceAlias"])];
  }));
  const links = [...names].map(([index, name]): Link => ({
    name,
    index: typeof index === "number" ? index : undefined,
    properties: propertiesOf(adapters.get(index)),
    addresses: addresses.filter((each) => each["InterfaceIndex"] === index).flatMap(addressOf),
  }));
  return { links, routes };
}

/**
 * Parses the default routes in the output of `route print`, whose words depend on the language of the system.
 *
 * @param addresses The addresses of this computer, which show the interfaces' names.
 */
function parseRoutePrint(text: string, addresses: readonly LocalAddress[]): Route[] {
  return text.split("\n").flatMap((line): Route[] => {
    const fields = line.trim().split(/\s+/);
    // Network, mask, gateway, address of the interface, metric.
    if (fields.length === 5 && fields[0] === "0.0.0.0" && fields[1] === "0.0.0.0") {
      const [, , gateway = "", own, metric] = fields;
      const name = addresses.find(({ address }) => address === own)?.interface;
      return routeTo("0.0.0.0", gateway, name, Number(metric));
    }
    // Number of the interface, metric, network, gateway.
    if (fields.length === 4 && fields[2] === "::/0") {
      const [index, metric, , gateway = ""] = fields;
      const name = addresses.find(({ scopeId }) => String(scopeId) === index)?.interface;
      return routeTo("::", gateway, name, Number(metric));
    }
    return [];
  });
}

function routeOf(record: Record<string, unknown>): Route[] {
  const { DestinationPrefix: prefix, NextHop: next, InterfaceAlias: name } = record;
  const metric = Number(record["RouteMetric"] ?? 0) + Number(record["InterfaceMetric"] ?? 0);
  const [destination = ""] = String(prefix).split("/");
  return routeTo(destination, String(next), typeof name === "string" ? name : undefined, metric);
}

function routeTo(to: string, next: string, name: string | undefined, metric: number): Route[] {
  const address = IpAddress.tryParse(to);
  const gateway = IpAddress.tryParse(next);
  if (address === undefined || name === undefined || !Number.isFinite(metric)) return [];
  return [{
    destination: { address, length: 0 },
    // An unspecified next hop means that the destination is on the link.
    gateway: gateway?.isUnspecified ? undefined : gateway,
    interface: name,
    metric,
    preference: 0,
    weight: 1,
    scoped: false,
    source: undefined,
  }];
}

function propertiesOf(adapter: Record<string, unknown> | undefined): Set<LinkProperty> {
  const properties = new Set<LinkProperty>();
  if (adapter === undefined) return properties;
  const { InterfaceType: type, PnPDeviceID: device, Status: status } = adapter;
  if (type === SOFTWARE_LOOPBACK) properties.add("loopback");
  if (type === PPP) properties.add("pointToPoint");
  if (type === PROP_VIRTUAL || type === TUNNEL) properties.add("noLinkLayer");
  if (status === "Disconnected" || status === "Disabled") properties.add("down");
  // Devices that a program has made are enumerated by ROOT or SWD, those of a bus by PCI, USB or VMBUS.
  if (adapter["HardwareInterface"] === false || /^(ROOT|SWD)\\/i.test(String(device))) {
    properties.add("software");
  }
  return properties;
}

function addressOf(record: Record<string, unknown>): LinkAddress[] {
  const address = IpAddress.tryParse(String(record["IPAddress"]).replace(/%.*$/, ""));
  const lifetime = record["PreferredSeconds"];
  if (address === undefined) return [];
  return [{
    address,
    prefixLength: Number(record["PrefixLength"] ?? (address.family === "IPv4" ? 32 : 128)),
    usable: record["AddressState"] === "Preferred",
    // Windows names the random interface identifiers of its privacy addresses so (RFC 8981).
    temporary: record["SuffixOrigin"] === "Random" && !address.isLinkLocal,
    preferredLifetime: typeof lifetime === "number" && lifetime < FOREVER ? lifetime : Infinity,
  }];
}

function parseRecord(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    if (isRecord(value)) return value;
  } catch (cause) {
    throw new SystemError("programFailed", "the output of PowerShell is not JSON", { cause });
  }
  throw new SystemError("programFailed", "the output of PowerShell is not a JSON object");
}

function records(value: unknown): Record<string, unknown>[] {
  return (Array.isArray(value) ? value : [value]).filter(isRecord);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Types of interfaces (IANA ifType). */
const PPP = 23;
const SOFTWARE_LOOPBACK = 24;
const PROP_VIRTUAL = 53;
const TUNNEL = 131;

/** Seconds that Windows shows for an infinite lifetime: 2^32 - 1, or the longest time span. */
const FOREVER = 0xffff_ffff;
