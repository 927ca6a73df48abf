import { ResultCode } from "../../src/wire/result_code.ts";
import type { World } from "./world.ts";

/** Random faults of server, link and host; the network's are in the plan. */
export class RandomFaults {
  readonly #world: World;
  readonly #failures: (() => void)[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  /** Causes a random fault. */
  one(): void {
    const all = [
      () => this.#restart(),
      () => this.#restart(),
      () => this.#changeAddress(),
      () => this.#fail(),
      () => this.#fail(),
      () => this.#silence(),
      () => this.#cutLink(),
      () => this.#sleep(),
      () => this.#update(),
      () => this.#withdraw(),
      () => this.#announce(),
    ];
    all[Math.floor(this.#world.random() * all.length)]?.();
  }

  /** Ends all faults. */
  end(): void {
    const world = this.#world;
    for (const cancel of this.#failures) cancel();
    world.server.silent = false;
    world.linkDownUntil = world.asleepUntil = 0;
  }

  #restart(): void {
    const { random, server, now } = this.#world;
    const options = { announce: random() < 0.5, keepMappings: random() < 0.2 };
    this.#world.log(`restart ${JSON.stringify(options)}`);
    this.#world.deliver(server.restart(now, options));
  }

  #announce(): void {
    this.#world.deliver(this.#world.server.announce(this.#world.now));
  }

  #changeAddress(): void {
    const { random, server, now } = this.#world;
    const address = `203.0.113.${1 + Math.floor(random() * 250)}`;
    this.#world.log(`external address ${address}`);
    this.#world.deliver(server.changeExternalAddress(now, address));
  }

  #fail(): void {
    const { random, server, plan } = this.#world;
    const code = plan.natPmpOnly
      ? 2 + Math.floor(random() * 4)
      : CODES[Math.floor(random() * CODES.length)] ?? ResultCode.NoResources;
    const times = 1 + Math.floor(random() * 6);
    const lifetime = random() < 0.2 ? 0 : Math.floor(random() * plan.maxErrorLifetime);
    this.#world.log(`the next ${times} requests fail with ${code} for ${lifetime} s`);
    this.#failures.push(server.fail(code, { times, ...(random() < 0.3 ? {} : { lifetime }) }));
  }

  #silence(): void {
    const world = this.#world;
    world.server.silent = true;
    world.log("the server is silent");
    world.queue.push(world.now + this.#duration(), () => world.server.silent = false);
  }

  #cutLink(): void {
    this.#world.linkDownUntil = this.#world.now + this.#duration();
    this.#world.log(`the link is down until ${this.#world.linkDownUntil}`);
  }

  #sleep(): void {
    this.#world.asleepUntil = this.#world.now + this.#duration();
    this.#world.log(`the host sleeps until ${this.#world.asleepUntil}`);
  }

  /** A mapping update with another port, or with a shorter lifetime. */
  #update(): void {
    const { random, server, now } = this.#world;
    const key = this.#anyKey();
    if (key === undefined) return;
    const changes = random() < 0.5
      ? { externalPort: 30_000 + Math.floor(random() * 1_000) }
      : { lifetime: 5 + Math.floor(random() * 20) };
    this.#world.log(`update ${key} ${JSON.stringify(changes)}`);
    this.#world.deliver(server.update(now, key, changes));
  }

  /** A mapping update that ends the mapping. */
  #withdraw(): void {
    const { random, server, now, plan } = this.#world;
    const key = this.#anyKey();
    if (key === undefined) return;
    const lifetime = Math.floor(random() * plan.maxErrorLifetime);
    this.#world.log(`withdraw ${key} for ${lifetime} s`);
    this.#world.deliver(server.update(now, key, { result: ResultCode.NotAuthorized, lifetime }));
  }

  /** NAT-PMP has no mapping updates. */
  #anyKey(): string | undefined {
    const keys = [...this.#world.server.mappings.values()]
      .filter(({ kind }) => kind !== "natpmp").map(({ key }) => key);
    return keys[Math.floor(this.#world.random() * keys.length)];
  }

  /** From a second to 1.5 times the longest lifetime, in milliseconds. */
  #duration(): number {
    const { random, plan } = this.#world;
    return 1_000 * (1 + random() ** 3 * 1.5 * plan.maxLifetime);
  }
}

const CODES: readonly number[] = [
  ResultCode.NotAuthorized,
  ResultCode.MalformedRequest,
  ResultCode.UnsuppOpcode,
  ResultCode.NetworkFailure,
  ResultCode.NoResources,
  ResultCode.NoResources,
  ResultCode.UnsuppProtocol,
  ResultCode.UserExQuota,
  ResultCode.CannotProvideExternal,
  ResultCode.AddressMismatch,
  ResultCode.ExcessiveRemotePeers,
  77,
];
