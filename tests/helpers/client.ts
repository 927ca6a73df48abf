/** Helpers for tests of a client in a lab. */

import type { PcpError } from "../../src/pcp_error.ts";
import type { Clock } from "../../src/clock.ts";
import type { Handle } from "../../src/client/handle.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import type { Alert, MapHandle } from "../../src/client/map_handle.ts";
import type { OutboundMap } from "../../src/client/outbound_map.ts";
import { RequestType } from "../../src/client/request_type.ts";
import type { Lab } from "../../src/testing/lab.ts";
import { ANNOUNCE_GROUP_IPV4, ANNOUNCE_PORT, NATPMP_VERSION } from "../../src/wire/constants.ts";
import { IpAddress } from "../../src/wire/address.ts";
import {
  decodeRequest,
  encodeResponse,
  type Request,
  type ResponseInit,
} from "../../src/wire/message.ts";
import type { Nonce } from "../../src/wire/nonce.ts";

/** The default addresses of a lab. */
export const CLIENT = "192.168.1.10";
export const SERVER = "192.168.1.1";

/** A request of the client, with its time. */
export type Sent = Request & { readonly at: number };

/** Whether it is a datagram of SSDP. */
export function isSearch(bytes: Uint8Array): boolean {
  return bytes[0] === 0x4d;
}

/** Lets the wall clock follow a virtual one. */
export function wallTimeOf(clock: Clock): Disposable {
  const { now } = Date;
  const start = now() - clock.now();
  Date.now = () => start + clock.now();
  return { [Symbol.dispose]: () => Date.now = now };
}

/** What the client sent in PCP since a time, decoded. */
export function requests(world: Lab, since = 0): Sent[] {
  return world.sent(since).flatMap(({ at, bytes }) => {
    if (bytes[0] === NATPMP_VERSION || isSearch(bytes)) return [];
    const decoded = decodeRequest(bytes);
    if (!decoded.ok) throw new Error(`The client sent what is no request: ${decoded.reason}`);
    return [{ ...decoded.value, at }];
  });
}

/** The MAP requests among them. */
export function mapRequests(world: Lab, since = 0): (Sent & { readonly type: "map" })[] {
  return requests(world, since).filter((request) => request.type === "map");
}

/** The nonce of the last MAP request. */
export function lastNonce(world: Lab): Nonce {
  const last = mapRequests(world).at(-1);
  if (last === undefined) throw new Error("The client has sent no MAP request");
  return last.nonce;
}

/** Reads all unread alerts. */
export function unread(mapping: MapHandle): Alert[] {
  return [...drain(() => mapping.pollAlert())];
}

/** The states of the unread alerts, in short: `starting 1`, `updating 0 for 20`, `error 8 in 30`. */
export function unreadStates(mapping: MapHandle): string[] {
  return unread(mapping).flatMap((alert) => {
    if (alert.type === "assigned") return [];
    const { state } = alert;
    if (state.type === "starting") return [`starting ${state.attempt}`];
    if (state.type === "updating") return [`updating ${state.attempt} for ${state.lifetime}`];
    if (state.type === "error") return [`error ${state.code} in ${state.retryIn}`];
    return [state.type];
  });
}

/** Reads all unread errors. */
export function unreadErrors(handle: Handle): PcpError[] {
  return [...drain(() => handle.pollError())];
}

/** A running mapping: TCP 6000, 7200 s, keep-alive by default. Its first alerts are read. */
export async function opened(
  world: Lab,
  map: InboundMap | OutboundMap = new InboundMap(6000, 7200),
  kind: RequestType = RequestType.KeepAlive,
): Promise<MapHandle> {
  const mapping = world.handle.request(map, kind);
  await world.settled(mapping.ready());
  unread(mapping);
  return mapping;
}

/** The source of the client's requests. */
export function clientSocket(world: Lab): { hostname: string; port: number } {
  const from = world.server.log.at(-1)?.from;
  if (from === undefined) throw new Error("The server has received nothing");
  return { hostname: from.address.toString(), port: from.port };
}

/** Sends octets from the server to the socket of the client's requests, and waits for their arrival. */
export async function deliver(world: Lab, bytes: Uint8Array): Promise<void> {
  world.host.sendRaw(bytes, clientSocket(world));
  await world.advance(world.network.latency);
}

/** Multicasts octets from the server to the announcement port, and waits for their arrival. */
export async function multicast(world: Lab, bytes: Uint8Array): Promise<void> {
  world.host.sendRaw(bytes, { hostname: ANNOUNCE_GROUP_IPV4, port: ANNOUNCE_PORT });
  await world.advance(world.network.latency);
}

/** A success response for TCP 6000, by default as the lab's server sends it. */
export function mapSuccess(
  world: Lab,
  nonce: Nonce,
  changes: Partial<ResponseInit & { type: "map" }> = {},
): Uint8Array {
  return encodeResponse({
    type: "map",
    result: 0,
    lifetime: 7200,
    epoch: world.server.epoch(world.clock.now()),
    nonce,
    protocol: 6,
    internalPort: 6000,
    externalPort: 40000,
    externalAddress: IpAddress.parse("203.0.113.5"),
    ...changes,
  });
}

/** Closes the server and counts what is left after the last datagrams have arrived. */
export async function remains(
  world: Lab,
): Promise<{ mappings: number; alarms: number; sockets: number }> {
  world.host.close();
  await world.advance(1_000);
  return {
    mappings: world.server.mappings.size,
    alarms: world.clock.pending,
    sockets: world.network.openSockets,
  };
}

/** The result of a promise as soon as it is settled. */
export function fate<T>(promise: Promise<T>): { value?: T; error?: unknown; settled: boolean } {
  const result: { value?: T; error?: unknown; settled: boolean } = { settled: false };
  promise.then(
    (value) => Object.assign(result, { value, settled: true }),
    (error: unknown) => Object.assign(result, { error, settled: true }),
  );
  return result;
}

function* drain<T>(poll: () => T | undefined): Generator<T> {
  for (let entry = poll(); entry !== undefined; entry = poll()) yield entry;
}
