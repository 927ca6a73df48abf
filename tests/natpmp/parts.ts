/** What the tests against a NAT-PMP server share. */

import { assert } from "@std/assert";
import { InboundMap } from "../../src/client/inbound_map.ts";
import type { MapHandle } from "../../src/client/map_handle.ts";
import { type Lab, lab, type LabOptions } from "../../src/testing/lab.ts";
import type { ServerOptions } from "../../src/testing/server/server_options.ts";
import { decodeNatPmpRequest } from "../../src/wire/natpmp.ts";

/** A client and a server that speaks nothing but NAT-PMP. */
export function natPmpLab(server: ServerOptions = {}, options: LabOptions = {}): Promise<Lab> {
  return lab({ ...options, server: { natPmpOnly: true, ...server } });
}

/** One request of the client. */
export interface RequestedOptions {
  readonly at: number;
  /** `PCP`, `address`, or as `map tcp 6000 -> 0 for 7200`. */
  readonly what: string;
  readonly bytes: Uint8Array;
}

/** What the client asked since a time. */
export function asked(world: Lab, since = 0): RequestedOptions[] {
  return world.sent(since).map(({ at, bytes }) => ({ at, what: describe(bytes), bytes }));
}

/** The NAT-PMP requests among them. */
export function askedInNatPmp(world: Lab, since = 0): RequestedOptions[] {
  return asked(world, since).filter(({ what }) => what !== "PCP");
}

/** The texts alone. */
export function whats(requests: readonly RequestedOptions[]): string[] {
  return requests.map(({ what }) => what);
}

/** Has the server swallow what it would answer in NAT-PMP; the version error still goes out. */
export function muteNatPmp(world: Lab): void {
  world.server.tamper = (reply, request) => request[0] === 0 ? [] : [reply];
}

/** A mapping of TCP 6000 for 7200 s that runs. */
export async function granted(world: Lab, port = 6000): Promise<MapHandle> {
  const mapping = world.handle.request(new InboundMap(port, 7200));
  await world.settled(mapping.ready());
  return mapping;
}

/** The socket that the client asks from. */
export function clientSocket(world: Lab): { hostname: string; port: number } {
  const from = world.server.log.at(-1)?.from;
  assert(from !== undefined, "the server has received something");
  return { hostname: from.address.toString(), port: from.port };
}

function describe(bytes: Uint8Array): string {
  if (bytes[0] === 2) return "PCP";
  const decoded = decodeNatPmpRequest(bytes);
  assert(decoded.ok, "what is not PCP is NAT-PMP");
  if (decoded.value.type === "externalAddress") return "address";
  const { protocol, internalPort, externalPort, lifetime } = decoded.value;
  const name = protocol === 6 ? "tcp" : "udp";
  return `map ${name} ${internalPort} -> ${externalPort} for ${lifetime}`;
}
