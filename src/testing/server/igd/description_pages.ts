import type { IgdQuirks, IgdSettings } from "./options.ts";
import {
  type DescriptionPage,
  deviceType,
  embeddedUuid,
  MEDIA_PATH,
  MEDIA_UUID,
  serviceType,
  WPS_PATH,
  WPS_UUID,
} from "./parts.ts";

/** The document at a path: a description, or undefined. */
export function documentAt(
  path: string,
  pages: readonly DescriptionPage[],
  { quirks }: IgdSettings,
): string | undefined {
  if (quirks.otherDevicesFirst) {
    if (path === MEDIA_PATH) {
      return otherDevice("urn:schemas-upnp-org:device:MediaServer:1", MEDIA_UUID);
    }
    if (path === WPS_PATH) {
      return otherDevice("urn:schemas-wifialliance-org:device:WFADevice:1", WPS_UUID);
    }
  }
  const page = pages.find((each) => each.path === path);
  return page === undefined ? undefined : describeDevice(page, quirks);
}

/** A description (UPnP Device Architecture section 2) with line breaks between its devices. */
function describeDevice(page: DescriptionPage, quirks: IgdQuirks): string {
  const names = ["InternetGatewayDevice", "WANDevice", "WANConnectionDevice"];
  const services = page.services.map((service) =>
    element(
      "service",
      [
        element("serviceType", serviceType(service)),
        element("serviceId", `urn:upnp-org:serviceId:${service.name}1`),
        element("SCPDURL", `/${service.name}.xml`),
        element("controlURL", controlUrl(service.path, quirks)),
        element("eventSubURL", `/evt/${service.name}`),
      ].join(""),
    )
  );
  const device = names.reduceRight((inside, name, depth) => {
    return element(
      "device",
      [
        element("deviceType", deviceType(name, page.version)),
        element("friendlyName", "Simulated gateway"),
        element("manufacturer", "portcontrol"),
        element("modelName", "portcontrol-gateway"),
        element("UDN", `uuid:${embeddedUuid(depth)}`),
        depth === names.length - 1 ? inside : element("deviceList", `\n${inside}\n`),
      ].join(""),
    );
  }, element("serviceList", services.join("\n")));
  const base = quirks.urlBase === undefined ? "" : element("URLBase", quirks.urlBase);
  return rootOf(base + hostilePart(quirks) + device);
}

function otherDevice(type: string, uuid: string): string {
  return rootOf(element("device", element("deviceType", type) + element("UDN", `uuid:${uuid}`)));
}

function rootOf(content: string): string {
  return '<?xml version="1.0"?>\n<root xmlns="urn:schemas-upnp-org:device-1-0">' +
    `<specVersion><major>1</major><minor>0</minor></specVersion>\n${content}</root>\n`;
}

function controlUrl(path: string, { controlUrls }: IgdQuirks): string {
  if (controlUrls === "relative") return path.slice(1);
  if (controlUrls === "lineBreak") return `\n ${path}\r\n`;
  return controlUrls === "elsewhere" ? `http://192.168.1.66${path}` : path;
}

/** What makes a description exceed a limit. */
function hostilePart({ hostile }: IgdQuirks): string {
  if (hostile === "description") return element("presentationURL", "x".repeat(300_000));
  if (hostile !== "nesting") return "";
  return "<a>".repeat(10_000) + "</a>".repeat(10_000);
}

function element(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}
