import { type Endpoint, IpAddress } from "../../../wire/address.ts";
import { tally } from "../counters.ts";
import { countIgdViolation, type IgdContext } from "./action.ts";
import {
  type DescriptionPage,
  descriptionPages,
  DEVICE_UUID,
  MEDIA_PATH,
  MEDIA_UUID,
  NEIGHBOUR_UUID,
  partsOf,
  WPS_PATH,
  WPS_UUID,
} from "./parts.ts";

/** A search as it arrived. */
export interface Search {
  readonly bytes: Uint8Array;
  readonly source: Endpoint;
  /** The address at which it arrived, or that of the gateway's interface if it was sent to a group. */
  readonly local: IpAddress;
  readonly isMulticast: boolean;
}

/** An answer to send; `from` is another host if there is one. */
export interface SearchAnswer {
  readonly bytes: Uint8Array;
  readonly from: IpAddress | undefined;
}

/** Answers searches, and writes announcements. */
export class SsdpFace {
  readonly #context: IgdContext;
  #ignored = 0;

  constructor(context: IgdContext) {
    this.#context = context;
  }

  /** The answers to a search, without their copies. */
  answer(search: Search, httpPort: number, bootId: number): SearchAnswer[] {
    const { settings: { quirks }, counters } = this.#context;
    const target = this.#validate(search);
    if (target === undefined) return [];
    tally(counters.searches, target);
    if (search.local.toString() === quirks.neighbour) return [];
    if (quirks.answers === (search.isMulticast ? "unicast" : "multicast")) return [];
    if (this.#ignored < (quirks.ignoredSearches ?? 0)) {
      this.#ignored++;
      return [];
    }
    if (!this.#isAnswered(target)) return [];
    const answer = (location: string, uuid: string, st = target): SearchAnswer => {
      return { bytes: answerTo(st, uuid, location, bootId), from: undefined };
    };
    const answers: SearchAnswer[] = [];
    if (quirks.neighbour !== undefined && search.local.family === "IPv4") {
      const location = urlOf(quirks.neighbour, httpPort, "/rootDesc.xml");
      const from = IpAddress.parse(quirks.neighbour);
      answers.push({ ...answer(location, NEIGHBOUR_UUID), from });
    }
    const host = this.#hostOf(search.local);
    if (quirks.otherDevicesFirst) {
      answers.push(answer(urlOf(host, httpPort, MEDIA_PATH), MEDIA_UUID));
      answers.push(answer(urlOf(host, httpPort, WPS_PATH), WPS_UUID));
    }
    for (const page of this.#pages()) {
      const locations = quirks.locations ?? [urlOf(host, httpPort, page.path)];
      for (const location of locations) {
        const parts = quirks.answersForParts ? partsOf(page).toReversed() : [];
        answers.push(...parts.map(([st, uuid]) => answer(location, uuid, st)));
        answers.push(answer(location, DEVICE_UUID));
      }
    }
    return answers;
  }

  /** The announcements of every device and service to a group. */
  announcements(
    nts: "ssdp:alive" | "ssdp:byebye",
    group: IpAddress,
    local: IpAddress,
    httpPort: number,
    bootId: number,
  ): Uint8Array[] {
    const host = group.family === "IPv4" ? `${group}` : `[${group}]`.toUpperCase();
    return this.#pages().flatMap((page) =>
      partsOf(page).map(([nt, uuid]) => {
        tally(this.#context.counters.announcements, nts);
        const isAlive = nts === "ssdp:alive";
        return encode([
          "NOTIFY * HTTP/1.1",
          `HOST: ${host}:1900`,
          ...(isAlive ? ["CACHE-CONTROL: max-age=1800"] : []),
          ...(isAlive ? [`LOCATION: ${urlOf(this.#hostOf(local), httpPort, page.path)}`] : []),
          ...(isAlive ? [`SERVER: ${SERVER}`] : []),
          `NT: ${nt}`,
          `NTS: ${nts}`,
          `USN: ${nt.startsWith("uuid:") ? nt : `uuid:${uuid}::${nt}`}`,
          `BOOTID.UPNP.ORG: ${bootId}`,
        ]);
      })
    );
  }

  /** The target of a search in the one form that all gateways answer; undefined for others, which strict ones ignore. */
  #validate({ bytes, source, local }: Search): string | undefined {
    const context = this.#context;
    const text = new TextDecoder().decode(bytes);
    const groups = local.family === "IPv4" ? ["239.255.255.250"] : ["[FF02::C]", "[FF05::C]"];
    const [, mx = "", target = ""] = /\r\nMX: ([1-5])\r\nST: ([!-~]+)\r\n\r\n$/.exec(text) ?? [];
    const isValid = groups.some((group) =>
      text ===
        `M-SEARCH * HTTP/1.1\r\nHOST: ${group}:1900\r\nMAN: "ssdp:discover"\r\nMX: ${mx}\r\nST: ${target}\r\n\r\n`
    );
    if (!text.startsWith("M-SEARCH")) return undefined; // an announcement of another device
    if (RESERVED_PORTS.includes(source.port)) countIgdViolation(context, "searchPort");
    if (target === "ssdp:all") countIgdViolation(context, "searchAll");
    if (!isValid) countIgdViolation(context, "searchForm");
    return isValid ? target : undefined;
  }

  /** A device answers for older versions of its type, never for newer ones (UPnP Device Architecture section 1.3). */
  #isAnswered(target: string): boolean {
    const { answeredTargets } = this.#context.settings.quirks;
    if (answeredTargets !== undefined) return answeredTargets.includes(target);
    if (target === "ssdp:all") return true;
    const [type, version] = splitVersion(target);
    return this.#pages().flatMap(partsOf).some(([part]) => {
      const [partType, partVersion] = splitVersion(part);
      return part === target || (type === partType && version >= 1 && version <= partVersion);
    });
  }

  #pages(): DescriptionPage[] {
    return descriptionPages(this.#context.settings);
  }

  #hostOf(local: IpAddress): string {
    const { location6 } = this.#context.settings;
    const address = local.family === "IPv6" && location6 !== undefined ? location6 : local;
    return address.withScope(undefined).toString();
  }
}

function answerTo(st: string, uuid: string, location: string, bootId: number): Uint8Array {
  return encode([
    "HTTP/1.1 200 OK",
    "CACHE-CONTROL: max-age=1800",
    `ST: ${st}`,
    `USN: ${st.startsWith("uuid:") ? st : `uuid:${uuid}::${st}`}`,
    "EXT:",
    `SERVER: ${SERVER}`,
    `LOCATION: ${location}`,
    `BOOTID.UPNP.ORG: ${bootId}`,
  ]);
}

function splitVersion(target: string): readonly [type: string, version: number] {
  const colon = target.lastIndexOf(":");
  return [target.slice(0, colon), Number(target.slice(colon + 1))];
}

function urlOf(host: string, port: number, path: string): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}${path}`;
}

function encode(lines: readonly string[]): Uint8Array {
  return new TextEncoder().encode([...lines, "", ""].join("\r\n"));
}

const SERVER = "sim/1 UPnP/1.1 portcontrol-gateway/1";

/** Ports of other protocols: SSDP and PCP. */
const RESERVED_PORTS: readonly number[] = [1900, 5350, 5351];
