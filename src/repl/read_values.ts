import { type Protocol, ProtocolNumber } from "../../mod.ts";
import { nearest } from "./nearest.ts";
import { quote } from "./text.ts";
import { UsageError } from "./usage_error.ts";

/** A remote peer. */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

/** Names of protocols that can be typed. */
export const PROTOCOL_NAMES: readonly string[] = Object.keys(ProtocolNumber).map((name) =>
  name.toLowerCase()
);

/** The protocols in which gateways open ports, by name. */
export const GATEWAY_PROTOCOLS: readonly Protocol[] = ["pcp", "nat-pmp", "upnp"];

/** The name of a protocol, or its number. */
export function protocolText(protocol: string | number): string {
  if (typeof protocol === "string") return protocol;
  const entry = Object.entries(ProtocolNumber).find(([, number]) => number === protocol);
  return entry === undefined ? String(protocol) : entry[0].toLowerCase();
}

/** A port and a transport protocol of this host. */
export interface Target {
  readonly port: number;
  readonly protocol: number;
}

/** `6000/tcp`, `6000`, `0/all`, `6000/tcp+udp`. */
export function readTargets(text: string): Target[] {
  const { port: digits = "", protocols = "tcp" } =
    /^(?<port>[^/]*)(?:\/(?<protocols>.+))?$/s.exec(text)?.groups ?? {};
  const port = readInteger(digits, 0, 65_535) ??
    cannotRead("the port", text, "a number from 0 to 65535 and a protocol, as in 6000/tcp");
  return protocols.split("+").map((protocol) => ({ port, protocol: readProtocol(protocol) }));
}

/** `198.51.100.7:7000`, `[2001:db8::7]:7000`. */
export function readPeer(text: string): Peer {
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<v4>[^:]+)):(?<port>\d+)$/.exec(text);
  const { v4, v6 = v4, port = "" } = match?.groups ?? {};
  const number = readInteger(port, 1, 65_535);
  if (v6 !== undefined && number !== undefined) return { address: v6, port: number };
  return cannotRead(
    "the peer",
    text,
    "its address and a port from 1 to 65535, as in 198.51.100.7:7000 or [2001:db8::7]:7000",
  );
}

/** `198.51.100.7`, `198.51.100.0/24:7000`, `[2001:db8::]/32:7000`; port 0 is all ports (RFC 6887 section 13.3). */
export function readFilter(text: string): Peer & { readonly prefix: number } {
  const match =
    /^(?:\[(?<v6>[^\]]+)\]|(?<bare6>[^[\]/]*:[^[\]/]*:[^[\]/]*)|(?<v4>[^:/]+))(?:\/(?<bits>\d+))?(?::(?<port>\d+))?$/
      .exec(text);
  const { v4, bare6 = v4, v6 = bare6, bits, port = "0" } = match?.groups ?? {};
  const most = v4 === undefined ? 128 : 32;
  const prefix = readInteger(bits ?? String(most), 0, most);
  const number = readInteger(port, 0, 65_535);
  if (v6 !== undefined && prefix !== undefined && number !== undefined) {
    return { address: v6, prefix, port: number };
  }
  return cannotRead(
    "the filter",
    text,
    "an address, as in 198.51.100.7, 198.51.100.0/24:7000 or [2001:db8::]/32:7000",
  );
}

/** `4`, `4,parity` (RFC 7753). */
export function readPortSet(what: string, text: string): { size: number; parity: boolean } {
  const { size = "", parity } = /^(?<size>\d+)(?<parity>,parity)?$/.exec(text)?.groups ?? {};
  return {
    size: readInteger(size, 1, 65_535) ??
      cannotRead(what, text, "a number of ports from 1 to 65535, as in 4 or 4,parity"),
    parity: parity !== undefined,
  };
}

/** `upnp`, `pcp,nat-pmp`: protocols in which a gateway opens ports. */
export function readProtocols(what: string, text: string): readonly Protocol[] {
  const names = text.toLowerCase().split(",");
  const known = GATEWAY_PROTOCOLS.filter((protocol) => names.includes(protocol));
  if (known.length === names.length) return known;
  return cannotRead(what, text, "pcp, nat-pmp or upnp, or several of them as in pcp,nat-pmp");
}

/** Shells that a completion can be written for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** The name of a shell. */
export type ShellName = typeof SHELLS[number];

/** `bash`. */
export function readShell(text: string): ShellName {
  return SHELLS.find((name) => name === text) ??
    cannotRead("the shell", text, "bash, zsh or fish");
}

/** The id of a mapping. */
export function readId(text: string): number {
  return readInteger(text, 1, Number.MAX_SAFE_INTEGER) ??
    cannotRead("the id", text, 'a number as the command "list" shows it');
}

/** A lifetime or a timeout in seconds. */
export function readSeconds(what: string, text: string): number {
  return readInteger(text, 1, MAX_SECONDS) ??
    cannotRead(what, text, `whole seconds from 1 to ${MAX_SECONDS}`);
}

/** A count of lifetimes. */
export function readCount(what: string, text: string): number {
  return readInteger(text, 1, MAX_SECONDS) ?? cannotRead(what, text, "a whole number from 1");
}

/** A port other than 0. */
export function readWirePort(what: string, text: string): number {
  return readInteger(text, 1, 65_535) ?? cannotRead(what, text, "a number from 1 to 65535");
}

function readProtocol(text: string): number {
  const name = text.toLowerCase().replace("-", "");
  const entry = Object.entries(ProtocolNumber).find(([key]) => key.toLowerCase() === name);
  const number = entry?.[1] ?? readInteger(text, 0, 255);
  if (number !== undefined) return number;
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

function cannotRead(what: string, text: string, expected: string): never {
  throw new UsageError(`Cannot read ${what} ${quote(text)}: type ${expected}`);
}

/** The Requested Lifetime field has 32 bits (RFC 6887 section 7.1). */
const MAX_SECONDS = 0xffff_ffff;
