import { ResultCode } from "../../src/wire/result_code.ts";
import type { World } from "./world.ts";

/** What goes wrong in a world besides the network. */
export class Misfortunes {
  readonly #world: World;
  readonly #failures: (() => void)[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  /** One of them, by chance. */
  one(): void {
    const all = [
      () => this.#restart(),
      () => this.#restart(),
      () => this.#readdress(),
      () => this.#fail(),
      () => this.#fail(),
      () => this.#silence(),
      () => this.#cut(),
      () => this.#sleep(),
      () => this.#update(),
      () => this.#withdraw(),
      () => this.#announce(),
    ];
    all[Math.floor(this.#world.random() * all.length)]?.();
  }

  /** Nothing is wrong with server, network and host from now on. */
  end(): void {
    const world = this.#world;
    for (const callOff of this.#failures) callOff();
    world.server.silent = false;
    world.cutUntil = world.asleepUntil = 0;
  }

  #restart(): void {
    const { random, server, now } = this.#world;
    const options = { announce: random() < 0.5, keepMappings: random() < 0.2 };
    this.#world.tell(`restart ${JSON.stringify(options)}`);
    this.#world.deliver(server.restart(now, options));
  }

  #announce(): void {
    this.#world.deliver(this.#world.server.announce(this.#world.now));
  }

  #readdress(): void {
    const { random, server, now } = this.#world;
    const address = `203.0.113.${1 + Math.floor(random() * 250)}`;
    this.#world.tell(`external address ${address}`);
    this.#world.deliver(server.changeExternalAddress(now, address));
  }

  #fail(): void {
    const { random, server, plan } = this.#world;
    const code = plan.natPmpOnly
      ? 2 + Math.floor(random() * 4)
      : CODES[Math.floor(random() * CODES.length)] ?? ResultCode.NoResources;
    const times = 1 + Math.floor(random() * 6);
    const lifetime = random() < 0.2 ? 0 : Math.floor(random() * plan.maxErrorLifetime);
    this.#world.tell(`the next ${times} requests fail with ${code} for ${lifetime} s`);
    this.#failures.push(server.fail(code, { times, ...(random() < 0.3 ? {} : { lifetime }) }));
  }

  #silence(): void {
    const world = this.#world;
    world.server.silent = true;
    world.tell("the server falls silent");
    world.queue.at(world.now + this.#while(), () => world.server.silent = false);
  }

  #cut(): void {
    this.#world.cutUntil = this.#world.now + this.#while();
    this.#world.tell(`no network until ${this.#world.cutUntil}`);
  }

  #sleep(): void {
    this.#world.asleepUntil = this.#world.now + this.#while();
    this.#world.tell(`the host sleeps until ${this.#world.asleepUntil}`);
  }

  /** The server moves a mapping to another port, or shortens its life, and tells. */
  #update(): void {
    const { random, server, now } = this.#world;
    const one = this.#anyMapping();
    if (one === undefined) return;
    const changes = random() < 0.5
      ? { externalPort: 30_000 + Math.floor(random() * 1_000) }
      : { lifetime: 5 + Math.floor(random() * 20) };
    this.#world.tell(`update ${one} ${JSON.stringify(changes)}`);
    this.#world.deliver(server.update(now, one, changes));
  }

  /** The server takes a mapping back, and tells. */
  #withdraw(): void {
    const { random, server, now, plan } = this.#world;
    const one = this.#anyMapping();
    if (one === undefined) return;
    const lifetime = Math.floor(random() * plan.maxErrorLifetime);
    this.#world.tell(`withdraw ${one} for ${lifetime} s`);
    this.#world.deliver(server.update(now, one, { result: ResultCode.NotAuthorized, lifetime }));
  }

  /** Only PCP's can be told of. */
  #anyMapping(): string | undefined {
    const keys = [...this.#world.server.mappings.values()]
      .filter(({ kind }) => kind !== "natpmp").map(({ key }) => key);
    return keys[Math.floor(this.#world.random() * keys.length)];
  }

  /** From a second to somewhat longer than a lifetime. */
  #while(): number {
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
