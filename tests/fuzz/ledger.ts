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
import { describe } from "../../src/wire/describe.ts";
import { ResultCode } from "../../src/wire/result_code.ts";
import { decodeRequest } from "../../src/wire/message.ts";
import { decodeNatPmpRequest } from "../../src/wire/natpmp.ts";
import { client4 } from "../helpers/specs.ts";
import type { Wish } from "./wishes.ts";

/** What passed on the wire about each mapping, to compare what the client says with what the server holds. */
export class MappingRecords {
  /** Mappings made after their deletion by a request that left before. */
  lateCreations = 0;
  readonly #nonces = new Map<MappingId, string>();
  /** For which mappings the server carried out a request. */
  readonly #made = new Set<MappingId>();
  /** Of which mappings the server granted one copy of a request and refused another. */
  readonly #contradicted = new Set<MappingId>();
  /** Who used a nonce first: who takes a place over takes the nonce over, too. */
  readonly #owners = new Map<string, MappingId>();
  /** Of which mappings a deletion was sent. */
  readonly #deletionsSent = new Set<MappingId>();
  /** When the server last carried out a deletion, by key. */
  readonly #deletedAt = new Map<string, number>();

  /** A request left. */
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
    // A late refusal of that one's deletion echoes no suggestion: so far it may pass for that of a request without one.
    const { lifetime, externalPort } = decoded.value;
    if (owner !== id && lifetime !== 0 && externalPort === 0) this.#contradicted.add(id);
  }

  /** A request came to the server. */
  received(now: number, bytes: Uint8Array): void {
    const deletion = deletionIn(bytes);
    if (deletion !== undefined) this.#deletedAt.set(deletion, now);
  }

  /** The server answered a copy of a request; `before` are the result codes that it gave to the other copies. */
  answered(id: MappingId | undefined, answers: readonly Datagram[], before: Set<number>): void {
    if (id === undefined) return;
    for (const { bytes } of answers) before.add(bytes[3] ?? 0);
    if (before.has(ResultCode.Success)) this.#made.add(id);
    // Granted and refused at once: nobody can know what became of it.
    const isContradiction = before.size > 1 ||
      // It took a renewal for another's while it held the mapping.
      (before.has(ResultCode.NotAuthorized) && this.#made.has(id));
    if (isContradiction) this.#contradicted.add(id);
  }

  /** The client says that the deletion of the mapping was confirmed: the server must have carried it out. */
  checkDeleted(wish: Wish, server: SimulatedServer, now: number): void {
    const held = this.#held(wish, server);
    if (held === undefined || wish.spec.opcode === "peer" || wish.releasedAt === undefined) return;
    if (held.expires < now + LATENESS) return; // nobody answered, and it ends by itself
    const deletedAt = this.#deletedAt.get(held.key) ?? -Infinity;
    assert(
      deletedAt >= wish.releasedAt,
      `${wish.id} ended, and the server was not asked to delete`,
    );
    this.lateCreations++;
  }

  /** The mapping ended without a deletion: the server must not hold it. */
  checkNotLeft(wish: Wish, server: SimulatedServer, now: number): void {
    if (wish.spec.opcode === "peer" || this.#deletionsSent.has(wish.id)) return;
    if (wish.withdrawn || this.#contradicted.has(wish.id)) return;
    if (!this.#made.has(wish.id)) return; // an earlier mapping of the key, which ends by itself
    const held = this.#held(wish, server);
    if (held !== undefined && held.expires < now + LATENESS) return;
    assert(held === undefined, `${wish.id} was let go of, and is left at the server: ${held?.key}`);
  }

  /** A wanted mapping must be alive on both sides, and the same. Returns its key. */
  checkHeld(wish: Wish, server: SimulatedServer, now: number): string {
    const { id, assignment, state } = wish;
    const held = this.#held(wish, server);
    assert(assignment !== undefined, `${id} is wanted and not there: ${JSON.stringify(state)}`);
    assert(held !== undefined, `${id} runs, and the server holds nothing`);
    const told = `${assignment.externalAddress} ${assignment.externalPort}`;
    const real = `${held.externalAddress} ${held.externalPort}`;
    assert(told === real, `${id} says ${told}, the server ${real}`);
    assert(assignment.expiresAt > now, `${id} runs beyond its end`);
    // Servers tell whole seconds, rounded up, of what is left.
    assert(
      held.expires + 1_000 >= assignment.expiresAt,
      `${id} says that it lasts until ${assignment.expiresAt}, the server ${held.expires}`,
    );
    return held.key;
  }

  describe(bytes: Uint8Array): string {
    return describe(bytes);
  }

  /** The server's mapping of the wish, by key and nonce. */
  #held(wish: Wish, server: SimulatedServer): ServerMapping | undefined {
    for (const key of keysOf(wish)) {
      const held = server.mappings.get(key);
      if (held === undefined) continue;
      if (held.nonce === undefined || held.nonce.toString() === this.#nonces.get(wish.id)) {
        return held;
      }
    }
    return undefined;
  }
}

/**
 * Longest way of a copy in any world, and the second that servers round up: a late copy of its last request makes a mapping
 * outlast what the client knows by so much.
 */
const LATENESS = 2_500;

function keysOf({ spec }: Wish): readonly string[] {
  const { opcode, protocol, internalPort, remoteAddress, remotePort } = spec;
  if (opcode === "peer" && remoteAddress !== undefined && remotePort !== undefined) {
    const remote = { address: remoteAddress, port: remotePort };
    return [keyOf("peer", protocol, internalPort, remote)];
  }
  return (["map", "natpmp"] as const).map((kind) => keyOf(kind, protocol, internalPort));
}

/** The key of what a request deletes; undefined if it deletes nothing. */
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
