import { type Decoded, decoded, refused } from "../errors.ts";
import { readHead, writeHead } from "./header_lines.ts";
import { encodeUtf8, printable, readNumber, readUuid } from "./text.ts";

/** The UDP port of searches and announcements (UPnP Device Architecture 1.1 section 1). */
const SSDP_PORT = 1900;

/** The groups of searches and announcements: IPv4, IPv6 on the link, IPv6 in the site (section 1). */
export const SSDP_GROUP_IPV4 = "239.255.255.250";
export const SSDP_GROUP_LINK = "ff02::c";
export const SSDP_GROUP_SITE = "ff05::c";

/** A group of SSDP. */
export type SsdpGroup =
  | typeof SSDP_GROUP_IPV4
  | typeof SSDP_GROUP_LINK
  | typeof SSDP_GROUP_SITE;

/** A search (UPnP Device Architecture 1.1 section 1.3). */
export interface SsdpSearch {
  /** The group that HOST names, also if the search is sent to one address: libupnp ignores others. */
  readonly group: SsdpGroup;
  /** Seconds over which devices spread their answers, 1 to 5. */
  readonly mx: number;
  /** The search target, such as `urn:schemas-upnp-org:device:InternetGatewayDevice:1`. */
  readonly target: string;
}

/** What an answer and an announcement have in common. */
export interface SsdpDevice {
  /** The target that was found, or the type announced. Some devices echo any search, so it proves nothing. */
  readonly target: string;
  /** The unique part of USN in lower case, to recognise a device in several messages; may be empty. */
  readonly uuid: string;
  /** The number of the device's start; `undefined` if there is none above 0, since GUPnP always sends -1. */
  readonly bootId: number | undefined;
  /** The device's software, for people. */
  readonly server: string;
}

/** An answer to a search (section 1.3). */
export interface SsdpAnswer extends SsdpDevice {
  /** Discriminant. */
  readonly type: "answer";
  /** The URL of the description, as sent. */
  readonly location: string;
}

/** An announcement (section 1.2). */
export interface SsdpNotify extends SsdpDevice {
  /** Discriminant: the device is there, leaves, or starts anew. */
  readonly type: "alive" | "byebye" | "update";
  /** The URL of the description, as sent; empty in a byebye. */
  readonly location: string;
}

/** A message of a device. */
export type SsdpMessage = SsdpAnswer | SsdpNotify;

/**
 * The rule that a datagram breaks:
 *
 * - `tooLong`: longer than 2 KiB, or more than 32 header lines.
 * - `startLine`: neither an answer nor an announcement; a search of another host.
 * - `status`: an answer that is not a success.
 * - `notify`: an announcement without a known NTS.
 * - `location`: an answer without LOCATION.
 */
export type SsdpReason = "tooLong" | "startLine" | "status" | "notify" | "location";

/**
 * Encodes a search, with the lines in the order and spelling that all measured devices accept.
 *
 * @throws {RangeError} If MX is not an integer from 1 to 5, or the target not printable ASCII.
 */
export function encodeSearch({ group, mx, target }: SsdpSearch): Uint8Array<ArrayBuffer> {
  if (!Number.isInteger(mx) || mx < 1 || mx > 5) {
    throw new RangeError(`Cannot encode a search: MX must be an integer from 1 to 5, got "${mx}"`);
  }
  if (!/^[!-~]+$/.test(target)) {
    throw new RangeError(
      `Cannot encode a search: the target must be printable ASCII, got "${target}"`,
    );
  }
  const host = group.includes(":") ? `[${group.toUpperCase()}]` : group;
  return encodeUtf8(writeHead([
    "M-SEARCH * HTTP/1.1",
    `HOST: ${host}:${SSDP_PORT}`,
    'MAN: "ssdp:discover"',
    `MX: ${mx}`,
    `ST: ${target}`,
  ]));
}

/** Decodes the answer or announcement in a datagram. Never throws. */
export function decodeSsdp(bytes: Uint8Array): Decoded<SsdpMessage, SsdpReason> {
  if (bytes.length > LONGEST) return refused("tooLong");
  const { start, headers, lines } = readHead(bytes);
  if (lines > MOST_HEADERS) return refused("tooLong");
  const location = headers.get("location") ?? "";
  const device = {
    uuid: readUuid(headers.get("usn")),
    bootId: readNumber(headers.get("bootid.upnp.org"), 1, 0xffff_ffff),
    server: printable(headers.get("server")),
  };
  const [first = "", second = ""] = start.toLowerCase().split(" ");
  if (first.startsWith("http/")) {
    if (!second.startsWith("2")) return refused("status");
    if (location === "") return refused("location");
    const target = printable(headers.get("st"));
    return decoded({ type: "answer", location, target, ...device });
  }
  if (first !== "notify") return refused("startLine");
  const type = readNotifyType(headers.get("nts"));
  if (type === undefined) return refused("notify");
  return decoded({ type, location, target: printable(headers.get("nt")), ...device });
}

function readNotifyType(nts: string | undefined): SsdpNotify["type"] | undefined {
  const type = nts?.toLowerCase();
  if (type === "ssdp:alive") return "alive";
  if (type === "ssdp:byebye") return "byebye";
  return type === "ssdp:update" ? "update" : undefined;
}

/** Our decision, because the messages of all measured devices are below 700 octets. */
const LONGEST = 2_048;

/** Our decision, because the messages of all measured devices have at most 12. */
const MOST_HEADERS = 32;
