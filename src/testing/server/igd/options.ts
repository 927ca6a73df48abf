import { IpAddress } from "../../../wire/address.ts";

/** The configuration of a {@linkcode SimulatedIgd}: by default a strict gateway of version 2 with an IPv6 firewall. */
export interface IgdOptions {
  /** Version of the device, of WANIPConnection and its actions. Default 2. */
  readonly version?: 1 | 2;
  /** Whether the gateway has WANIPv6FirewallControl, for pinholes. Default true. */
  readonly pinholes?: boolean;
  /** The IPv6 address that LOCATION names and the HTTP server listens at. Default: the address of the SSDP answers. */
  readonly location6?: string;
  /** TCP port of the HTTP server; 0 is any free one. Default 5000, and on a real network 0. */
  readonly httpPort?: number;
  /**
   * UDP port of SSDP; 0 is any free one. Default 1900, and on a real network 0, so that simulators run side by side; there
   * searches are also taken at the server's port.
   */
  readonly ssdpPort?: number;
  /** Value of BOOTID.UPNP.ORG, which grows with each start; -1 stays as it is. Default 41. */
  readonly bootId?: number;
  /** Most port mappings; the next one is refused. Default no bound. */
  readonly capacity?: number;
  /** Departures from the specifications that real gateways have. Default none. */
  readonly quirks?: IgdQuirks;
}

/** What real gateways do. Everything is off by default. The numbers in parentheses group them. */
export interface IgdQuirks {
  /** Which searches are answered. */
  readonly answers?: "multicast" | "unicast";
  /** Number of copies of each answer. */
  readonly answerCopies?: number;
  /** Answers leave from a random port. */
  readonly answersFromRandomPort?: boolean;
  /** One more answer for each embedded device and service, those first. */
  readonly answersForParts?: boolean;
  /** Delay of each answer in milliseconds. */
  readonly answerDelay?: number;
  /** Number of searches that get no answer. */
  readonly ignoredSearches?: number;
  /** The only search targets that are answered. */
  readonly answeredTargets?: readonly string[];
  /** LOCATION of the answers, one answer each. */
  readonly locations?: readonly string[];
  /** Address of another host, which answers every search first with an IGD of its own. */
  readonly neighbour?: string;
  /** Two connections, the first of which is disconnected. */
  readonly disconnectedFirst?: boolean;
  /** Two descriptions, of version 1 and 2, with one UDN and one table. */
  readonly twoDescriptions?: boolean;
  /** Answers for a media server and a WFADevice on the same host come first. */
  readonly otherDevicesFirst?: boolean;
  /** How control URLs are written. `elsewhere` names another host. */
  readonly controlUrls?: "relative" | "lineBreak" | "elsewhere";
  /** URLBase of the description. */
  readonly urlBase?: string;
  /** How responses are written. */
  readonly http?: HttpQuirks;
  /** Status 411 if the body comes in a second segment. */
  readonly refusesSecondSegment?: boolean;
  /** Status 501 unless the header is spelled `SOAPAction` and its value in quotes. */
  readonly exactSoapAction?: boolean;
  /** Error code for leases other than 0. */
  readonly refusesFiniteLeases?: number;
  /** Error code for a lease of 0. */
  readonly refusesPermanentLeases?: number;
  /** Error 724 unless internal and external port are equal. */
  readonly samePorts?: boolean;
  /** Says success and keeps nothing. */
  readonly keepsNothing?: boolean;
  /** Says success when the table is full. */
  readonly fullSilently?: boolean;
  /** The remaining lease that every entry shows, in seconds. */
  readonly reportedLease?: number;
  /** Error 718 for the refresh of a mapping. */
  readonly refusesRefresh?: boolean;
  /** A refresh does not extend the lease. */
  readonly ignoresRefresh?: boolean;
  /** Adding overwrites another host's mapping. */
  readonly overwrites?: boolean;
  /** Mappings end silently after this many milliseconds. */
  readonly dropsAfter?: number;
  /** The text that GetExternalIPAddress returns. */
  readonly externalAddressText?: string;
  /** Refuses external ports below a number with an error code, or by closing the connection. */
  readonly refusesPorts?: { readonly below: number; readonly with: number | "close" };
  /** Number of actions that fail with 501. */
  readonly failuresFirst?: number;
  /** Duration of each action in milliseconds. */
  readonly actionDelay?: number;
  /** Accepts connections and is silent, or stops in the middle of its responses to actions. */
  readonly stalls?: "accept" | "response";
  /** How responses to actions are spelled. `page` is an HTML page in their place. */
  readonly spelling?: "prefixes" | "case" | "attributes" | "damaged" | "page";
  /** HTTP status of faults. Default 500. */
  readonly faultStatus?: number;
  /** What makes the description, or with `endless` every response, exceed the limits. */
  readonly hostile?: "description" | "endless" | "headers" | "nesting";
  /** Status 302 to this URL in place of every response. */
  readonly redirect?: string;
  /** Two connections at once break it: both are reset. */
  readonly oneAtATime?: boolean;
  /** AddAnyPortMapping: error 401, port 0, or another port each time. */
  readonly addAny?: "missing" | "zero" | "other";
  /** Error 402 for descriptions with other characters than letters, digits, space, `-`, `_`, `.`, or over 64. */
  readonly plainDescriptions?: boolean;
  /** The IPv6 firewall is off, or allows no pinholes. */
  readonly firewall?: "off" | "noPinholes";
  /** Error code of DeletePinhole for an unknown pinhole. Default 704. */
  readonly unknownPinhole?: number;
  /** Another host deletes every mapping, once in this many milliseconds. */
  readonly deletedEvery?: number;
}

/** How HTTP responses are written. */
export interface HttpQuirks {
  /** Version 1.0. */
  readonly oldVersion?: boolean;
  /** How the end of the body is known. Default `length`. */
  readonly framing?: "length" | "chunked" | "close";
  /** The status line ends after the first digit. */
  readonly shortStatus?: boolean;
  /** Lines end with LF only. */
  readonly lineFeed?: boolean;
  /** No space after the colon of a header. */
  readonly noSpace?: boolean;
  /** The connection stays open, although the request asks to close it. */
  readonly keepOpen?: boolean;
  /** A response of class 1 comes before. */
  readonly continues?: boolean;
}

/** {@linkcode IgdOptions} with all defaults. */
export interface IgdSettings {
  readonly version: 1 | 2;
  readonly pinholes: boolean;
  readonly location6: IpAddress | undefined;
  readonly capacity: number;
  quirks: IgdQuirks;
}

/**
 * Applies the defaults.
 *
 * @throws {TypeError} If an address is invalid.
 */
export function resolveIgdOptions(options: IgdOptions): IgdSettings {
  const { version = 2, pinholes = true, capacity = Infinity, quirks = {}, location6 } = options;
  return {
    version,
    pinholes,
    capacity,
    quirks,
    location6: location6 === undefined ? undefined : IpAddress.parse(location6),
  };
}
