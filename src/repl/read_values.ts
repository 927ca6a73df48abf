import { ProtocolNumber } from "../../mod.ts";
import { nearest } from "./nearest.ts";
import { quote } from "./text.ts";
import { UsageError } from "./usage_error.ts";

/** An internal port and a transport protocol. */
export interface Target {
  readonly port: number;
  readonly protocol: number;
}

/** A remote peer. */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

/** Names of protocols that can be typed. */
export const PROTOCOL_NAMES: readonly string[] = Object.keys(ProtocolNumber).map((name) =>
  name.toLowerCase()
);

/** The name of a protocol, or its number. */
export function protocolText(protocol: string | number): string {
  if (typeof protocol === "string") return protocol;
  const entry = Object.entries(ProtocolNumber).find(([, number]) => number === protocol);
  return entry === undefined ? String(protocol) : entry[0].toLowerCase();
}

/** `6000/tcp`, `6000`, `0/all`. */
export function readTarget(text: string): Target {
  const slash = text.indexOf("/");
  const port = readInteger(slash < 0 ? text : text.slice(0, slash), 0, 65_535);
  const protocol = slash < 0 ? "tcp" : text.slice(slash + 1);
  if (port === undefined || protocol === "") {
    throw new UsageError(
      `Cannot read the port ${
        quote(text)
      }: type a number from 0 to 65535 and a protocol, as in 6000/tcp`,
    );
  }
  return { port, protocol: readProtocol(protocol) };
}

/** `198.51.100.7:7000`, `[2001:db8::7]:7000`. */
export function readPeer(text: string): Peer {
  const match = /^(?:\[(?<bracketed>[^\]]+)\]|(?<bare>[^:]+)):(?<port>\d+)$/.exec(text);
  const port = readInteger(match?.groups?.["port"] ?? "", 1, 65_535);
  const address = match?.groups?.["bracketed"] ?? match?.groups?.["bare"];
  if (port === undefined || address === undefined) {
    throw new UsageError(
      `Cannot read the peer ${
        quote(text)
      }: type its address and a port from 1 to 65535, as in 198.51.100.7:7000 or [2001:db8::7]:7000`,
    );
  }
  return { address, port };
}

/** A FILTER: `198.51.100.7`, `198.51.100.0/24:7000`, `[2001:db8::]/32:7000`; without a port all ports (RFC 6887 section 13.3). */
export function readFilter(text: string): Peer & { readonly bits: number } {
  const match =
    /^(?:\[(?<v6>[^\]]+)\]|(?<bare6>[^[\]/]*:[^[\]/]*:[^[\]/]*)|(?<v4>[^:/]+))(?:\/(?<bits>\d+))?(?::(?<port>\d+))?$/
      .exec(text);
  const { v4, v6 = undefined, bare6 = undefined, bits, port } = match?.groups ?? {};
  const address = v4 ?? v6 ?? bare6;
  const most = v4 === undefined ? 128 : 32;
  const length = readInteger(bits ?? String(most), 0, most);
  const number = readInteger(port ?? "0", 0, 65_535);
  if (address === undefined || length === undefined || number === undefined) {
    throw new UsageError(
      `Cannot read the filter ${
        quote(text)
      }: type an address, as in 198.51.100.7, 198.51.100.0/24:7000 or [2001:db8::]/32:7000`,
    );
  }
  return { address, bits: length, port: number };
}

/** The id of a mapping. */
export function readId(text: string): number {
  const id = readInteger(text, 1, Number.MAX_SAFE_INTEGER);
  if (id === undefined) {
    throw new UsageError(
      `Cannot read the id ${quote(text)}: type a number as the command "list" shows it`,
    );
  }
  return id;
}

/** A lifetime or a timeout in seconds. */
export function readSeconds(what: string, text: string): number {
  const seconds = readInteger(text, 1, MAX_SECONDS);
  if (seconds === undefined) {
    throw new UsageError(
      `Cannot read ${what} ${quote(text)}: type whole seconds from 1 to ${MAX_SECONDS}`,
    );
  }
  return seconds;
}

/** A count of lifetimes. */
export function readCount(what: string, text: string): number {
  const count = readInteger(text, 1, MAX_SECONDS);
  if (count === undefined) {
    throw new UsageError(`Cannot read ${what} ${quote(text)}: type a whole number from 1`);
  }
  return count;
}

/** A port other than 0. */
export function readWirePort(what: string, text: string): number {
  const port = readInteger(text, 1, 65_535);
  if (port === undefined) {
    throw new UsageError(`Cannot read ${what} ${quote(text)}: type a number from 1 to 65535`);
  }
  return port;
}

function readProtocol(text: string): number {
  const number = readInteger(text, 0, 255);
  if (number !== undefined) return number;
  const name = text.toLowerCase().replace("-", "");
  const entry = Object.entries(ProtocolNumber).find(([key]) => key.toLowerCase() === name);
  if (entry !== undefined) return entry[1];
  const meant = nearest(name, PROTOCOL_NAMES);
  throw new UsageError(
    `Unknown protocol ${quote(text)}: ${
      meant === undefined ? "" : `did you mean ${meant}? Otherwise `
    }type tcp, udp, or a number from 0 to 255`,
  );
}

function readInteger(text: string, least: number, most: number): number | undefined {
  const number = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  return number >= least && number <= most ? number : undefined;
}

/** The Requested Lifetime field has 32 bits (RFC 6887 section 7.1). */
const MAX_SECONDS = 0xffff_ffff;
