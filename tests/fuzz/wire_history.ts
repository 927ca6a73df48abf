import { assert } from "@std/assert";
import type { MappingId } from "../../src/engine/events.ts";
import type { SimulatedServer } from "../../src/testing/server/simulated_server.ts";
import type { Datagram } from "../../src/testing/server/replies.ts";
import {
  mappingKey,
  type MappingKind,
  type ServerMapping,
} from "../../src/testing/server/mapping.ts";
import type { Endpoint } from "../../src/wire/address.ts";
import { ResultCode } from "../../src/wire/result_code.ts";
import { decodeRequest } from "../../src/wire/message.ts";
import { decodeNatPmpRequest } from "../../src/wire/natpmp.ts";
import { client4 } from "../helpers/specs.ts";
import type { ExpectedMapping } from "./expected_mappings.ts";

/** The datagrams about each mapping, to compare the client's state with the server's. */
export class WireHistory {
  /** Mappings created after their deletion by a delayed copy of an earlier request. */
  lateCreations = 0;
  readonly #nonces = new Map<MappingId, string>();
  /** Mappings for which the server has granted a request. */
  readonly #granted = new Set<MappingId>();
  /** Mappings of which the client cannot know whether the server has granted them: it has refused as well, or seemed to. */
  readonly #contradicted = new Set<MappingId>();
  /** Mappings whose state a forged datagram has changed. */
  readonly #misled = new Set<MappingId>();
  /** The first mapping with a nonce; a successor of a mapping reuses its nonce. */
  readonly #owners = new Map<string, MappingId>();
  /** Mappings with a deletion sent. */
  readonly #deletionsSent = new Set<MappingId>();
  /** Time of the last deletion that the server received, by key. */
  readonly #deletedAt = new Map<string, number>();

  /** Records a request that the client sends. */
  sent(bytes: Uint8Array, id: MappingId | undefined): void {
    if (id === undefined) return;
    if (deletionIn(bytes) !== undefined) this.#deletionsSent.add(id);
    const decoded = decodeRequest(bytes);
    if (!decoded.ok) return;
    if (decoded.value.type !== "map" && decoded.value.type !== "peer") return;
    const nonce = decoded.value.nonce.toString();
    const before = this.#nonces.get(id);
    assert(before === undefined || before === nonce, `${id} changed its nonce`);
    this.#nonces.set(id, nonce);
    const owner = this.#owners.get(nonce) ?? id;
    this.#owners.set(nonce, owner);
    // The refusal of the owner's deletion echoes no suggestion, so it may match a request without one.
    const { lifetime, externalPort } = decoded.value;
    if (owner !== id && lifetime !== 0 && externalPort === 0) this.#contradicted.add(id);
  }

  /** Records a request that the server receives. */
  received(now: number, bytes: Uint8Array): void {
    const deletion = deletionIn(bytes);
    if (deletion !== undefined) this.#deletedAt.set(deletion, now);
  }

  /** Records the responses to a copy of a request; `results` are the result codes of the other copies. */
  answered(id: MappingId | undefined, answers: readonly Datagram[], results: Set<number>): void {
    if (id === undefined) return;
    for (const { bytes } of answers) results.add(bytes[3] ?? 0);
    if (results.has(ResultCode.Success)) this.#granted.add(id);
    // Granted and refused: the client cannot know whether the mapping exists.
    const isContradiction = results.size > 1 ||
      // The server refused a renewal of the mapping by its nonce.
      (results.has(ResultCode.NotAuthorized) && this.#granted.has(id));
    if (isContradiction) this.#contradicted.add(id);
  }

  /** Records mappings that PCP has not granted, and whose state a forged datagram has changed. */
  misled(ids: Iterable<MappingId>): void {
    for (const id of ids) this.#misled.add(id);
  }

  /** After a confirmed deletion of a mapping of a kind the server must have received one. */
  checkDeleted(
    mapping: ExpectedMapping,
    server: SimulatedServer,
    now: number,
    kind: MappingKind,
  ): void {
    const held = this.#held(mapping, server);
    if (held?.kind !== kind || mapping.spec.opcode === "peer" || mapping.releasedAt === undefined) {
      return;
    }
    if (held.expires < now + LATENESS) return; // no response; it expires
    if (this.#misled.has(mapping.id)) return; // a forged response may have confirmed it
    const deletedAt = this.#deletedAt.get(held.key) ?? -Infinity;
    assert(
      deletedAt >= mapping.releasedAt,
      `${mapping.id} ended without a deletion at the server`,
    );
    this.lateCreations++;
  }

  /** After an end without a deletion the server must not have the mapping. */
  checkNotLeft(mapping: ExpectedMapping, server: SimulatedServer, now: number): void {
    if (mapping.spec.opcode === "peer" || this.#deletionsSent.has(mapping.id)) return;
    if (mapping.withdrawn || this.#misled.has(mapping.id)) return;
    if (this.#contradicted.has(mapping.id)) return;
    if (!this.#granted.has(mapping.id)) return; // an earlier mapping of the key, which expires
    const held = this.#held(mapping, server);
    if (held !== undefined && held.expires < now + LATENESS) return;
    assert(
      held === undefined,
      `${mapping.id} was released, and is left at the server: ${held?.key}`,
    );
  }

  /** An open mapping must exist on both sides with the same assignment. Returns its key. */
  checkHeld(mapping: ExpectedMapping, server: SimulatedServer, now: number): string {
    const { id, assignment, state } = mapping;
    const held = this.#held(mapping, server);
    assert(assignment !== undefined, `${id} has no assignment: ${JSON.stringify(state)}`);
    assert(held !== undefined, `${id} runs, and the server has no mapping`);
    const reported = `${assignment.externalAddress} ${assignment.externalPort}`;
    const actual = `${held.externalAddress} ${held.externalPort}`;
    assert(reported === actual, `${id} has ${reported}, the server ${actual}`);
    assert(assignment.expiresAt > now, `${id} runs after its expiry`);
    // Servers round the remaining lifetime up to whole seconds.
    assert(
      held.expires + 1_000 >= assignment.expiresAt,
      `${id} expires at ${assignment.expiresAt}, at the server at ${held.expires}`,
    );
    return held.key;
  }

  /** The server's mapping with the same key and nonce. */
  #held(mapping: ExpectedMapping, server: SimulatedServer): ServerMapping | undefined {
    for (const key of keysOf(mapping)) {
      const held = server.mappings.get(key);
      if (held === undefined) continue;
      if (held.nonce === undefined || held.nonce.toString() === this.#nonces.get(mapping.id)) {
        return held;
      }
    }
    return undefined;
  }
}

/**
 * Longest delay of a copy in any world plus the second that servers round up, in milliseconds: a late copy of the last
 * request extends a mapping beyond the expiry that the client knows by no more.
 */
const LATENESS = 2_500;

function keysOf({ spec }: ExpectedMapping): readonly string[] {
  const { opcode, protocol, internalPort, remoteAddress, remotePort } = spec;
  if (opcode === "peer" && remoteAddress !== undefined && remotePort !== undefined) {
    const remote = { address: remoteAddress, port: remotePort };
    return [keyOf("peer", protocol, internalPort, remote)];
  }
  return (["map", "natpmp"] as const).map((kind) => keyOf(kind, protocol, internalPort));
}

/** The key of the mapping that a request deletes, if it is a deletion. */
function deletionIn(bytes: Uint8Array): string | undefined {
  const decoded = decodeRequest(bytes);
  if (decoded.ok) {
    const { value } = decoded;
    if (value.type !== "map" || value.lifetime !== 0) return undefined;
    return keyOf("map", value.protocol, value.internalPort);
  }
  const natPmp = decodeNatPmpRequest(bytes);
  if (!natPmp.ok || natPmp.value.type !== "map" || natPmp.value.lifetime !== 0) return undefined;
  const { protocol, internalPort } = natPmp.value;
  return keyOf("natpmp", protocol, internalPort);
}

function keyOf(
  kind: MappingKind,
  protocol: number,
  internalPort: number,
  remote?: Endpoint,
): string {
  const internal = { protocol, internalAddress: client4, internalPort, family: "IPv4" } as const;
  return mappingKey(kind, internal, remote);
}
