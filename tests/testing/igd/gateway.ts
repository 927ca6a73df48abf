/** A client that writes and reads octets, so that it shares no codec with the gateway under test. */

import { IpAddress } from "../../../src/wire/address.ts";
import type { Endpoint } from "../../../src/wire/address.ts";
import type { IgdOptions, IgdQuirks } from "../../../src/testing/server/igd/options.ts";
import type { IgdOutput } from "../../../src/testing/server/igd/output.ts";
import { SimulatedIgd } from "../../../src/testing/server/igd/simulated_igd.ts";
import { IP1, IP2, lines, post, utf8 } from "../../helpers/igd_vectors.ts";

export const GROUP = IpAddress.parse("239.255.255.250");
export const ADDRESS = IpAddress.parse("192.168.1.1");
export const ADDRESS6 = IpAddress.parse("2001:db8:77::1");
export const CLIENT = IpAddress.parse("192.168.1.23");
export const CLIENT6 = IpAddress.parse("2001:db8:77::2");
export const OTHER = IpAddress.parse("192.168.1.66");

const SOURCE: Endpoint = { address: CLIENT, port: 50_000 };

/** A gateway and the connections to it. */
export class Gateway {
  readonly igd: SimulatedIgd;
  now = 0;
  /** The service of port mappings. */
  readonly service: Service;
  #connections = 0;

  constructor(options: IgdOptions = {}, externalAddress = () => "203.0.113.5") {
    this.service = { path: "/ctl/IPConn", type: options.version === 1 ? IP1 : IP2 };
    this.igd = new SimulatedIgd(options, externalAddress);
    this.igd.listening({ address: ADDRESS, address6: ADDRESS6, httpPort: 5000, ssdpPort: 1900 });
  }

  /** The answers to a search, as texts. */
  search(target: string, to = GROUP, more: Partial<SearchInit> = {}): string[] {
    return textsOf(this.igd.datagram(this.now, utf8(search(target, more)), SOURCE, to));
  }

  /** Sends a request in one piece, or in several, and returns everything that comes back. */
  request(pieces: string | readonly string[], from = CLIENT): string {
    const octets = this.exchange(pieces, from).filter((output) => output.type === "send");
    return octets.map(({ bytes }) => latin1(bytes)).join("");
  }

  /** Sends a request and returns the outputs, up to now. */
  exchange(pieces: string | readonly string[], from = CLIENT): IgdOutput[] {
    const id = this.connect(from);
    return [pieces].flat().flatMap((piece) => this.igd.octets(this.now, id, utf8(piece)));
  }

  /** Opens a connection and returns its number. */
  connect(from = CLIENT): number {
    const id = ++this.#connections;
    const local = from.family === "IPv4" ? ADDRESS : ADDRESS6;
    const remote = { address: from, port: 40_000 + id };
    this.igd.connect(this.now, id, remote, { address: local, port: 5000 });
    return id;
  }

  /** The error code of an action, or its results. */
  action(action: string, values: Values = {}, from = CLIENT, service = this.service): Result {
    return resultOf(this.request(this.requestOf(action, values, from, service), from));
  }

  /** The request of an action. */
  requestOf(action: string, values: Values, from = CLIENT, service = this.service): string {
    const inside = Object.entries(values).map(([name, value]) => `<${name}>${value}</${name}>`);
    const length = bodyLength(service.type, action, inside.join(""));
    const host = from.family === "IPv4" ? "192.168.1.1:5000" : "[2001:db8:77::1]:5000";
    return post({ ...service, host, action, length, inside: inside.join("") });
  }

  /** Passes time, and returns what is sent meanwhile. */
  pass(milliseconds: number): IgdOutput[] {
    const end = this.now + milliseconds;
    const outputs: IgdOutput[] = [];
    for (let at = this.igd.deadline; at !== undefined && at <= end; at = this.igd.deadline) {
      this.now = Math.max(this.now, at);
      outputs.push(...this.igd.timeout(this.now));
    }
    this.now = end;
    return outputs;
  }
}

export type Values = Readonly<Record<string, string | number>>;

export interface Service {
  readonly path: string;
  readonly type: string;
}

/** An error code, or the results by name. */
export type Result = number | Readonly<Record<string, string>>;

export const FIREWALL: Service = {
  path: "/ctl/IP6FCtl",
  type: "urn:schemas-upnp-org:service:WANIPv6FirewallControl:1",
};

export interface SearchInit {
  readonly host: string;
  readonly man: string;
  readonly mx: string;
}

/** A search with the given lines. */
export function search(target: string, more: Partial<SearchInit> = {}): string {
  const { host = "239.255.255.250:1900", man = '"ssdp:discover"', mx = "1" } = more;
  return lines(
    "M-SEARCH * HTTP/1.1",
    `HOST: ${host}`,
    `MAN: ${man}`,
    `MX: ${mx}`,
    `ST: ${target}`,
    "",
  );
}

export const key = (externalPort = 6000): Values => ({
  NewRemoteHost: "",
  NewExternalPort: externalPort,
  NewProtocol: "TCP",
});

export const mapping = (more: Values = {}): Values => ({
  ...key(),
  NewInternalPort: 6000,
  NewInternalClient: "192.168.1.23",
  NewEnabled: 1,
  NewPortMappingDescription: "game server",
  NewLeaseDuration: 3600,
  ...more,
});

export const pinhole = (more: Values = {}): Values => ({
  RemoteHost: "",
  RemotePort: 0,
  InternalClient: "2001:db8:77::2",
  InternalPort: 6000,
  Protocol: 6,
  LeaseTime: 3600,
  ...more,
});

/** A gateway of version 2 with these quirks. */
export function odd(quirks: IgdQuirks, version: 1 | 2 = 2): Gateway {
  return new Gateway({ version, quirks });
}

/** What a response says: an error code, or the results by name. */
export function resultOf(response: string): Result {
  const [, code] = /<errorCode>(-?\d+)<\/errorCode>/i.exec(response) ?? [];
  if (code !== undefined) return Number(code);
  const results = response.matchAll(
    /<(New\w+|UniqueID|FirewallEnabled|Inbound\w+|IsWorking)[^>]*>([^<]*)</g,
  );
  return Object.fromEntries([...results].map(([, name = "", value = ""]) => [name, value]));
}

export function statusOf(response: string): string {
  return response.slice(0, response.indexOf("\r\n"));
}

export function textsOf(outputs: readonly IgdOutput[]): string[] {
  return outputs.flatMap((output) => output.type === "datagram" ? [latin1(output.bytes)] : []);
}

export function locationsOf(answers: readonly string[]): (string | undefined)[] {
  return answers.map((answer) => /LOCATION: (.*)\r\n/.exec(answer)?.[1]);
}

export function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (octet) => String.fromCharCode(octet)).join("");
}

function bodyLength(type: string, action: string, inside: string): number {
  // 175 octets around the action, and the action's name and type around its arguments.
  return 175 + `<u:${action} xmlns:u="${type}">${inside}</u:${action}>`.length;
}
