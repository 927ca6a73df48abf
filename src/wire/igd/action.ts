import { IpAddress } from "../address.ts";
import { ProtocolNumber } from "../protocol_number.ts";
import type { HttpTarget } from "./http_message.ts";
import { encodeSoapRequest, type SoapArguments, type SoapValues } from "./soap.ts";
import { printable, readNumber } from "./text.ts";

/** The protocols that a gateway maps: TCP and UDP. */
export type IgdProtocol = typeof ProtocolNumber.Tcp | typeof ProtocolNumber.Udp;

/** What identifies a port mapping. The remote host is always any. */
export interface PortMappingKey {
  /** External port, 1 to 65535. 0 would be all ports, so it is refused. */
  readonly externalPort: number;
  /** TCP or UDP. */
  readonly protocol: IgdProtocol;
}

/** A port mapping to make or to renew (WANIPConnection:2 section 2.5). */
export interface PortMappingInit extends PortMappingKey {
  /** `AddAnyPortMapping`, of version 2 services only, may assign another external port. */
  readonly action: "AddPortMapping" | "AddAnyPortMapping";
  /** Internal port, 1 to 65535. */
  readonly internalPort: number;
  /** The client's IPv4 address. */
  readonly internalClient: IpAddress;
  /** Text for people; see {@linkcode igdDescriptionText}. */
  readonly description: string;
  /** Lease in seconds, 0 to 604,800. 0 is permanent in version 1, and the longest lease in version 2. */
  readonly lease: number;
}

/** A pinhole to make or to renew, from any host and port (WANIPv6FirewallControl:1 section 2.5). */
export interface PinholeInit {
  readonly action: "AddPinhole";
  /** The client's IPv6 address. */
  readonly internalClient: IpAddress;
  /** Internal port, 1 to 65535. */
  readonly internalPort: number;
  /** TCP or UDP. */
  readonly protocol: IgdProtocol;
  /** Lease in seconds, 1 to 86,400. */
  readonly lease: number;
}

/** An action of an Internet Gateway Device, discriminated by its name. */
export type IgdRequest =
  | PortMappingInit
  | PortMappingKey & { readonly action: "DeletePortMapping" | "GetSpecificPortMappingEntry" }
  | {
    readonly action: "GetGenericPortMappingEntry";
    /** Index of the entry, from 0 on. */
    readonly index: number;
  }
  | { readonly action: "GetExternalIPAddress" | "GetStatusInfo" | "GetFirewallStatus" }
  | PinholeInit
  | {
    readonly action: "DeletePinhole";
    /** The number that AddPinhole returned. */
    readonly uniqueId: number;
  };

/** A port mapping of the gateway. What cannot be read is undefined. */
export interface PortMappingEntry {
  /** Internal port. */
  readonly internalPort: number | undefined;
  /** The internal host; undefined if it is not an address. */
  readonly internalClient: IpAddress | undefined;
  /** Description, for people. */
  readonly description: string;
  /** Remaining lease in seconds. Many gateways return a constant. */
  readonly lease: number | undefined;
}

/** An entry of the list of all port mappings. */
export interface ListedPortMapping extends PortMappingEntry {
  /** External port. */
  readonly externalPort: number | undefined;
  /** TCP or UDP. */
  readonly protocol: IgdProtocol | undefined;
  /** The remote host; empty for any. */
  readonly remoteHost: string;
}

/**
 * Encodes an action.
 *
 * @param serviceType The type of the service as the description spells it.
 * @throws {RangeError} If a number is out of range.
 * @throws {TypeError} If the address is of the other family.
 */
export function encodeIgdRequest(
  target: HttpTarget,
  serviceType: string,
  request: IgdRequest,
): Uint8Array<ArrayBuffer> {
  return encodeSoapRequest(target, serviceType, request.action, argumentsOf(request));
}

/**
 * A description as it is sent: letters, digits, space, `-`, `_` and `.`, at most 60 characters, because some routers
 * refuse others. Never empty: miniupnpd keeps the old text then.
 */
export function igdDescriptionText(text: string | undefined): string {
  const plain = (text ?? "").replace(/[^A-Za-z0-9 _.-]+/g, "").trim().slice(0, 60).trim();
  return plain === "" ? "portcontrol" : plain;
}

/** The external port that AddAnyPortMapping assigned; undefined if it cannot be one. */
export function readReservedPort(values: SoapValues): number | undefined {
  return readNumber(values.get("newreservedport"), 1, 65_535);
}

/** The results of GetSpecificPortMappingEntry. */
export function readPortMappingEntry(values: SoapValues): PortMappingEntry {
  return {
    internalPort: readNumber(values.get("newinternalport"), 0, 65_535),
    internalClient: IpAddress.tryParse(values.get("newinternalclient") ?? ""),
    description: printable(values.get("newportmappingdescription")),
    lease: readNumber(values.get("newleaseduration"), 0, 0xffff_ffff),
  };
}

/** The results of GetGenericPortMappingEntry. */
export function readListedPortMapping(values: SoapValues): ListedPortMapping {
  const protocol = values.get("newprotocol")?.toUpperCase();
  return {
    ...readPortMappingEntry(values),
    externalPort: readNumber(values.get("newexternalport"), 0, 65_535),
    protocol: PROTOCOLS.find((number) => protocolText(number) === protocol),
    remoteHost: printable(values.get("newremotehost")),
  };
}

/** The external address; undefined if there is none or it is not an IPv4 address. */
export function readExternalAddress(values: SoapValues): IpAddress | undefined {
  const address = IpAddress.tryParse(values.get("newexternalipaddress") ?? "");
  return address?.family === "IPv4" ? address : undefined;
}

/** Whether GetStatusInfo says that the connection is up. Some routers write `Up` instead of `Connected`. */
export function readConnected(values: SoapValues): boolean {
  return ["connected", "up"].includes(values.get("newconnectionstatus")?.toLowerCase() ?? "");
}

/** The results of GetFirewallStatus; undefined if they cannot be read. */
export function readFirewallStatus(
  values: SoapValues,
): { readonly enabled: boolean | undefined; readonly allowsPinholes: boolean | undefined } {
  return {
    enabled: readBoolean(values.get("firewallenabled")),
    allowsPinholes: readBoolean(values.get("inboundpinholeallowed")),
  };
}

/** The number of a pinhole. */
export function readUniqueId(values: SoapValues): number | undefined {
  return readNumber(values.get("uniqueid"), 0, 65_535);
}

/** All arguments of an action, in its order. */
function argumentsOf(request: IgdRequest): SoapArguments {
  switch (request.action) {
    case "AddPortMapping":
    case "AddAnyPortMapping":
      return [
        ...keyOf(request),
        ["NewInternalPort", check("internal port", request.internalPort, 1, 65_535)],
        ["NewInternalClient", addressText(request.internalClient, "IPv4")],
        ["NewEnabled", 1],
        ["NewPortMappingDescription", igdDescriptionText(request.description)],
        ["NewLeaseDuration", check("lease", request.lease, 0, LONGEST_LEASE)],
      ];
    case "DeletePortMapping":
    case "GetSpecificPortMappingEntry":
      return keyOf(request);
    case "GetGenericPortMappingEntry":
      return [["NewPortMappingIndex", check("index", request.index, 0, 65_535)]];
    case "AddPinhole":
      return [
        ["RemoteHost", ""],
        ["RemotePort", 0],
        ["InternalClient", addressText(request.internalClient, "IPv6")],
        ["InternalPort", check("internal port", request.internalPort, 1, 65_535)],
        ["Protocol", request.protocol],
        ["LeaseTime", check("lease", request.lease, 1, LONGEST_PINHOLE_LEASE)],
      ];
    case "DeletePinhole":
      return [["UniqueID", check("pinhole", request.uniqueId, 0, 65_535)]];
    case "GetExternalIPAddress":
    case "GetStatusInfo":
    case "GetFirewallStatus":
      return [];
  }
}

function keyOf({ externalPort, protocol }: PortMappingKey): SoapArguments {
  return [
    ["NewRemoteHost", ""],
    ["NewExternalPort", check("external port", externalPort, 1, 65_535)],
    ["NewProtocol", protocolText(protocol)],
  ];
}

function protocolText(protocol: IgdProtocol): string {
  return protocol === ProtocolNumber.Tcp ? "TCP" : "UDP";
}

function addressText(address: IpAddress, family: "IPv4" | "IPv6"): string {
  if (address.family === family) return address.withScope(undefined).toString();
  throw new TypeError(
    `Cannot encode an action of UPnP: the internal client must be ${family}, got "${address}"`,
  );
}

function check(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(
    `Cannot encode an action of UPnP: the ${name} must be an integer from ${min} to ${max}, got "${value}"`,
  );
}

function readBoolean(text: string | undefined): boolean | undefined {
  const value = text?.toLowerCase() ?? "";
  if (["1", "true", "yes"].includes(value)) return true;
  return ["0", "false", "no"].includes(value) ? false : undefined;
}

const PROTOCOLS: readonly IgdProtocol[] = [ProtocolNumber.Tcp, ProtocolNumber.Udp];

/** The longest lease of WANIPConnection:2, a week. */
const LONGEST_LEASE = 604_800;

/** The longest lease of WANIPv6FirewallControl:1, a day. */
const LONGEST_PINHOLE_LEASE = 86_400;
