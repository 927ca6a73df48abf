import type { MappingSpec } from "../../src/engine/mapping_spec.ts";
import { IpAddress } from "../../src/wire/address.ts";
import type { Option } from "../../src/wire/option.ts";
import { mapSpec, peerSpec } from "../helpers/specs.ts";
import type { ExpectedMapping } from "./expected_mappings.ts";
import type { World } from "./world.ts";

/** Random actions of the user. */
export class UserActions {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** Takes a random action. */
  one(): void {
    const { random, expected, plan } = this.#world;
    if (random() < 0.05) return this.#announce();
    const port = 6_000 + Math.floor(random() * plan.ports);
    const isPeer = plan.hasPeers && random() < 0.15;
    const mapping = expected.unreleased(({ opcode, internalPort }) =>
      internalPort === port && (opcode === "peer") === isPeer
    );
    if (mapping === undefined) return this.#request(isPeer, port);
    const chance = random();
    if (chance < 0.3 && mapping.assignment !== undefined) return this.#renew(mapping);
    if (chance < 0.4) return this.#setLifetimes(mapping);
    return this.release(mapping, random() < 0.5 ? "revoked" : "dropped");
  }

  releaseAll(): void {
    for (const mapping of [...this.#world.expected.open.values()]) {
      if (mapping.releasedAt === undefined) this.release(mapping, "dropped");
    }
    this.#world.step({ type: "cancelAnnounce" });
  }

  release(mapping: ExpectedMapping, as: "revoked" | "dropped"): void {
    const world = this.#world;
    world.log(`release ${mapping.id}`);
    mapping.releasedAt = world.now;
    world.step({ type: "release", id: mapping.id, as });
  }

  #request(isPeer: boolean, port: number): void {
    const world = this.#world;
    const { random } = world;
    const lifetimes = random() < 0.75 ? Infinity : 1 + Math.floor(random() * 3);
    const spec = isPeer
      ? peerSpec({ internalPort: port, lifetime: this.#lifetime() })
      : this.#mapSpec(port);
    const input = world.expected.add(spec, lifetimes);
    world.log(`request ${input.id} ${spec.opcode} ${port} for ${lifetimes} x ${spec.lifetime} s`);
    world.step(input);
  }

  #mapSpec(port: number): MappingSpec {
    const { random, plan } = this.#world;
    const options: Option[] = [];
    const suggestion = random() < 0.3 ? 20_000 + Math.floor(random() * 10) : 0;
    if (!plan.natPmpOnly && suggestion !== 0 && random() < 0.2) {
      options.push({ type: "preferFailure" });
    }
    if (!plan.natPmpOnly && random() < 0.1) {
      const remoteAddress = IpAddress.parse("198.51.100.7");
      options.push({ type: "filter", prefixLength: 128, remotePort: 0, remoteAddress });
    }
    return mapSpec({
      internalPort: port,
      // One port number in two protocols gives two mappings.
      protocol: port % 2 === 0 ? 6 : 17,
      lifetime: this.#lifetime(),
      externalPort: suggestion,
      options,
    });
  }

  #renew(mapping: ExpectedMapping): void {
    const lifetime = this.#lifetime();
    this.#world.log(`renew ${mapping.id} for ${lifetime} s`);
    this.#world.step({ type: "renew", id: mapping.id, lifetime });
  }

  #setLifetimes(mapping: ExpectedMapping): void {
    const world = this.#world;
    mapping.lifetimes = world.random() < 0.7 ? Infinity : 1 + Math.floor(world.random() * 5);
    world.log(`want ${mapping.id} for ${mapping.lifetimes} lifetimes`);
    world.step({ type: "want", id: mapping.id, lifetimes: mapping.lifetimes });
  }

  #announce(): void {
    this.#world.log("announce");
    this.#world.step({ type: "announce" });
  }

  /** From a quarter of the longest lifetime granted to twice that. */
  #lifetime(): number {
    const { random, plan } = this.#world;
    return Math.max(10, Math.floor(plan.maxLifetime * (0.25 + 1.75 * random())));
  }
}
