import type { MappingSpec } from "../../src/engine/mapping_spec.ts";
import { IpAddress } from "../../src/wire/address.ts";
import type { Option } from "../../src/wire/option.ts";
import { mapSpec, peerSpec } from "../helpers/specs.ts";
import type { Wish } from "./wishes.ts";
import type { World } from "./world.ts";

/** What the user does in a world. */
export class Acts {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** Something, by chance. */
  one(): void {
    const { random, wishes, plan } = this.#world;
    if (random() < 0.05) return this.#announce();
    const port = 6_000 + Math.floor(random() * plan.ports);
    const isPeer = plan.hasPeers && random() < 0.15;
    const wish = wishes.wanted(({ opcode, internalPort }) =>
      internalPort === port && (opcode === "peer") === isPeer
    );
    if (wish === undefined) return this.#request(isPeer, port);
    const chance = random();
    if (chance < 0.3 && wish.assignment !== undefined) return this.#renew(wish);
    if (chance < 0.4) return this.#want(wish);
    return this.release(wish, random() < 0.5 ? "revoked" : "dropped");
  }

  releaseAll(): void {
    for (const wish of [...this.#world.wishes.open.values()]) {
      if (wish.releasedAt === undefined) this.release(wish, "dropped");
    }
    this.#world.step({ type: "cancelAnnounce" });
  }

  release(wish: Wish, as: "revoked" | "dropped"): void {
    const world = this.#world;
    world.tell(`release ${wish.id}`);
    wish.releasedAt = world.now;
    world.step({ type: "release", id: wish.id, as });
  }

  #request(isPeer: boolean, port: number): void {
    const world = this.#world;
    const { random } = world;
    const lifetimes = random() < 0.75 ? Infinity : 1 + Math.floor(random() * 3);
    const spec = isPeer
      ? peerSpec({ internalPort: port, lifetime: this.#lifetime() })
      : this.#mapSpec(port);
    const input = world.wishes.add(spec, lifetimes);
    world.tell(`request ${input.id} ${spec.opcode} ${port} for ${lifetimes} x ${spec.lifetime} s`);
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
      // Ports of one number in two protocols are two mappings.
      protocol: port % 2 === 0 ? 6 : 17,
      lifetime: this.#lifetime(),
      externalPort: suggestion,
      options,
    });
  }

  #renew(wish: Wish): void {
    const lifetime = this.#lifetime();
    this.#world.tell(`renew ${wish.id} for ${lifetime} s`);
    this.#world.step({ type: "renew", id: wish.id, lifetime });
  }

  #want(wish: Wish): void {
    const world = this.#world;
    wish.lifetimes = world.random() < 0.7 ? Infinity : 1 + Math.floor(world.random() * 5);
    world.tell(`want ${wish.id} for ${wish.lifetimes} lifetimes`);
    world.step({ type: "want", id: wish.id, lifetimes: wish.lifetimes });
  }

  #announce(): void {
    this.#world.tell("announce");
    this.#world.step({ type: "announce" });
  }

  /** From a quarter of what the server grants at most to twice that. */
  #lifetime(): number {
    const { random, plan } = this.#world;
    return Math.max(10, Math.floor(plan.maxLifetime * (0.25 + 1.75 * random())));
  }
}
