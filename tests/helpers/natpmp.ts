/** Helpers for tests with a NAT-PMP server. */

import { assert } from "@std/assert";
import { InboundMap } from "../../src/client/inbound_map.ts";
import type { MapHandle } from "../../src/client/map_handle.ts";
import { type Lab, lab, type LabOptions } from "../../src/testing/lab.ts";
import type { ServerOptions } from "../../src/testing/server/server_options.ts";
import { decodeNatPmpRequest } from "../../src/wire/natpmp.ts";
import { isSearch, opened } from "./client.ts";

/** A client and a server that speaks NAT-PMP only. */
export function natPmpLab(server: ServerOptions = {}, options: LabOptions = {}): Promise<Lab> {
  return lab({ ...options, server: { natPmpOnly: true, ...server } });
}

/** A request of the client, PCP or NAT-PMP. */
export interface SentRequest {
  readonly at: number;
  /** `PCP`, `address`, or as `map tcp 6000 -> 0 for 7200`. */
  readonly text: string;
  readonly bytes: Uint8Array;
}

/** The requests of the client since a time. */
export function sentRequests(world: Lab, since = 0): SentRequest[] {
  return world.sent(since).filter(({ bytes }) => !isSearch(bytes))
    .map(({ at, bytes }) => ({ at, text: describe(bytes), bytes }));
}

/** The NAT-PMP requests among them. */
export function natPmpRequests(world: Lab, since = 0): SentRequest[] {
  return sentRequests(world, since).filter(({ text }) => text !== "PCP");
}

/** Their texts. */
export function texts(requests: readonly SentRequest[]): string[] {
  return requests.map(({ text }) => text);
}

/** Drops the server's responses to NAT-PMP requests; version errors are still sent. */
export function muteNatPmp(world: Lab): void {
  world.server.tamper = (reply, request) => request[0] === 0 ? [] : [reply];
}

/** A running mapping of a TCP port for 7200 s, by default of 6000. Its first alerts are read. */
export function granted(world: Lab, port = 6000): Promise<MapHandle> {
  return opened(world, new InboundMap(port, 7200));
}

function describe(bytes: Uint8Array): string {
  if (bytes[0] === 2) return "PCP";
  const decoded = decodeNatPmpRequest(bytes);
  assert(decoded.ok, "a request is either PCP or NAT-PMP");
  if (decoded.value.type === "externalAddress") return "address";
  const { protocol, internalPort, externalPort, lifetime } = decoded.value;
  const name = protocol === 6 ? "tcp" : "udp";
  return `map ${name} ${internalPort} -> ${externalPort} for ${lifetime}`;
}
