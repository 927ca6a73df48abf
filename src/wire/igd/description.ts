import { type Decoded, decoded, refused } from "../errors.ts";
import { printable, readUuid } from "./text.ts";
import { childText, elementsOf, readXml, type XmlElement, type XmlReason } from "./xml.ts";

/** A service that makes mappings or pinholes. */
export interface IgdService {
  /** The type as the description spells it, which every request repeats. */
  readonly type: string;
  /** The name in the type. */
  readonly name: IgdServiceName;
  /** The version in the type, 1 or more. */
  readonly version: number;
  /** Whether the type is one of the DSL Forum, which has the same actions. */
  readonly isDslForum: boolean;
  /** The control URL as sent; see `resolveControlUrl()`. */
  readonly controlUrl: string;
}

/** The services of an Internet Gateway Device that are used. */
export type IgdServiceName = "WANIPConnection" | "WANPPPConnection" | "WANIPv6FirewallControl";

/** A description (UPnP Device Architecture 1.1 section 2), as far as it is used. */
export interface IgdDescription {
  /** The unique part of the device's UDN in lower case; may be empty. */
  readonly uuid: string;
  /** Name, maker and model, for people. */
  readonly friendlyName: string;
  readonly manufacturer: string;
  readonly modelName: string;
  /** URLBase, if there is one. */
  readonly urlBase: string | undefined;
  /** The services in the order of the document, at least one, at most 16. */
  readonly services: readonly IgdService[];
}

/**
 * The rule that a description breaks: one of XML, or
 *
 * - `cut`: the element `root` does not end.
 * - `noService`: it has no service that makes mappings or pinholes; a media server, for example.
 */
export type DescriptionReason = XmlReason | "cut" | "noService";

/**
 * Decodes a description. Services count wherever they stand in the tree, whatever the types of the devices around them,
 * because routers leave those out or misspell them. Never throws.
 */
export function decodeDescription(bytes: Uint8Array): Decoded<IgdDescription, DescriptionReason> {
  const document = readXml(bytes);
  if (!document.ok) return document;
  const root = document.value;
  if (!root.closed) return refused("cut");
  const devices: XmlElement[] = [];
  const services: IgdService[] = [];
  let urlBase: string | undefined;
  for (const element of elementsOf(root)) {
    if (element.name === "device") devices.push(element);
    if (element.name === "urlbase") urlBase ??= element.text;
    const service = element.name === "service" ? readService(element) : undefined;
    if (service !== undefined && services.length < MOST_SERVICES) services.push(service);
  }
  if (services.length === 0) return refused("noService");
  const device = devices.find(isGateway) ?? devices[0] ?? root;
  return decoded({
    uuid: readUuid(childText(device, "udn")),
    friendlyName: printable(childText(device, "friendlyname")),
    manufacturer: printable(childText(device, "manufacturer")),
    modelName: printable(childText(device, "modelname")),
    urlBase,
    services,
  });
}

function readService(element: XmlElement): IgdService | undefined {
  const controlUrl = childText(element, "controlurl") ?? "";
  const type = childText(element, "servicetype") ?? "";
  const [, domain = "", spelled = "", version = ""] = SERVICE_TYPE.exec(type) ?? [];
  const name = SERVICE_NAMES.find((each) => each.toLowerCase() === spelled.toLowerCase());
  if (name === undefined || controlUrl === "") return undefined;
  const isDslForum = domain.toLowerCase() === "dslforum-org";
  return { type, name, version: Number(version), isDslForum, controlUrl };
}

function isGateway(device: XmlElement): boolean {
  return /:InternetGatewayDevice:/i.test(childText(device, "devicetype") ?? "");
}

const SERVICE_NAMES: readonly IgdServiceName[] = [
  "WANIPConnection",
  "WANPPPConnection",
  "WANIPv6FirewallControl",
];

/** Only such types are repeated in requests, so nothing else can get into them. */
const SERVICE_TYPE =
  /^urn:(schemas-upnp-org|dslforum-org):service:([a-z0-9]{1,32}):([1-9]\d{0,2})$/i;

/** Our decision, because measured descriptions have at most 4. */
const MOST_SERVICES = 16;
