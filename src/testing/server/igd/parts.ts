import type { IgdService } from "./action.ts";
import type { IgdSettings } from "./options.ts";

/** A description that the gateway serves. */
export interface DescriptionPage {
  /** Path of its URL. */
  readonly path: string;
  /** Version of its devices. */
  readonly version: 1 | 2;
  /** Its services. */
  readonly services: readonly IgdService[];
}

/** The unique part of the root device's UDN; the embedded devices end with 2 and 3. */
export const DEVICE_UUID = "6f2a1c00-0000-4000-8000-00000000a001";

/** The unique part of the UDNs of other devices on the same host, and of the neighbour. */
export const MEDIA_UUID = "6f2a1c00-0000-4000-8000-00000000b001";
export const WPS_UUID = "6f2a1c00-0000-4000-8000-00000000b002";
export const NEIGHBOUR_UUID = "6f2a1c00-0000-4000-8000-00000000c001";

/** Paths of the descriptions of other devices on the same host. */
export const MEDIA_PATH = "/media.xml";
export const WPS_PATH = "/wps.xml";

/** The descriptions of a gateway: one, or with `twoDescriptions` one of each version. */
export function descriptionPages({ version, pinholes, quirks }: IgdSettings): DescriptionPage[] {
  if (quirks.twoDescriptions) {
    return [
      {
        path: "/igddesc.xml",
        version: 1,
        services: [connection(1, "/igdupnp/control/WANIPConn1")],
      },
      {
        path: "/igd2desc.xml",
        version: 2,
        services: [connection(2, "/igd2upnp/control/WANIPConn1")],
      },
    ];
  }
  const services = [connection(version, "/ctl/IPConn", quirks.disconnectedFirst)];
  if (quirks.disconnectedFirst) {
    services.push({ ...connection(1, "/ctl/PPPConn"), name: "WANPPPConnection" });
  }
  if (pinholes) {
    services.push({ ...connection(1, "/ctl/IP6FCtl"), name: "WANIPv6FirewallControl" });
  }
  return [{ path: "/rootDesc.xml", version, services }];
}

/** The type of a service. */
export function serviceType({ name, version }: Pick<IgdService, "name" | "version">): string {
  return `urn:schemas-upnp-org:service:${name}:${version}`;
}

/** The type of a device. */
export function deviceType(name: string, version: number): string {
  return `urn:schemas-upnp-org:device:${name}:${version}`;
}

/** Everything that announcements name, each with the unique part of its device's UDN. */
export function partsOf(page: DescriptionPage): (readonly [target: string, uuid: string])[] {
  const devices = ["InternetGatewayDevice", "WANDevice", "WANConnectionDevice"];
  const uuids = devices.map((_, index) => embeddedUuid(index));
  const last = uuids.at(-1) ?? DEVICE_UUID;
  return [
    ["upnp:rootdevice", DEVICE_UUID],
    ...uuids.map((uuid) => [`uuid:${uuid}`, uuid] as const),
    ...devices.map((name, index) => {
      return [deviceType(name, page.version), uuids[index] ?? last] as const;
    }),
    ...page.services.map((service) => [serviceType(service), last] as const),
  ];
}

/** The unique part of the UDN of a device by its depth. */
export function embeddedUuid(depth: number): string {
  return DEVICE_UUID.slice(0, -1) + String(depth + 1);
}

function connection(version: 1 | 2, path: string, isDown = false): IgdService {
  return { name: "WANIPConnection", version, path, isDown };
}
