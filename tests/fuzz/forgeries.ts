import { IpAddress } from "../../src/wire/address.ts";
import { encodeResponse } from "../../src/wire/message.ts";
import { encodeNatPmpResponse, type NatPmpResponse } from "../../src/wire/natpmp.ts";
import { ResultCode } from "../../src/wire/result_code.ts";
import type { World } from "./world.ts";

/** Datagrams of an attacker off the path that meet the client's port: version errors, and answers in NAT-PMP. */
export class Forgeries {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** Schedules some, soon after a request, to a client that knows its gateway to speak PCP. A new one has no protection. */
  some(): void {
    const { queue, now, random, engine } = this.#world;
    if (engine.gateway.protocol !== "pcp") return;
    const isVersion2 = random() < 0.2;
    const first = isVersion2 ? () => this.#pcpVersionError() : () => this.#versionError();
    const follow = [() => this.#versionError(), () => this.#address(), () => this.#mapping()];
    queue.push(now + random() * 5, () => this.#forge(first));
    for (let n = 0; n < 8; n++) {
      const forged = follow[n % follow.length] ?? first;
      queue.push(now + 5 + n * random(), () => this.#forge(forged));
    }
  }

  #forge(forged: () => Uint8Array): void {
    this.#world.forge(forged(), this.#world.random() < 0.1);
  }

  #versionError(): Uint8Array {
    const { random } = this.#world;
    const opcode = random() < 0.5 ? undefined : 1;
    return this.#natPmp({ type: "error", opcode, result: 1, epoch: this.#epoch() });
  }

  #pcpVersionError(): Uint8Array {
    const { random } = this.#world;
    return encodeResponse({
      type: "announce",
      version: 1 + Math.floor(random() * 3),
      result: ResultCode.UnsuppVersion,
      lifetime: Math.floor(random() * 100_000),
      epoch: this.#epoch(),
    });
  }

  #address(): Uint8Array {
    const address = IpAddress.parse("198.51.100.66");
    return this.#natPmp({ type: "externalAddress", result: 0, epoch: this.#epoch(), address });
  }

  #mapping(): Uint8Array {
    const { random, plan } = this.#world;
    const port = Math.floor(random() * plan.ports);
    return this.#natPmp({
      type: "map",
      result: random() < 0.7 ? 0 : Math.floor(random() * 6),
      epoch: this.#epoch(),
      protocol: port % 2 === 0 ? 6 : 17,
      internalPort: 6000 + port,
      externalPort: 666,
      lifetime: random() < 0.3 ? 0 : 100_000,
    });
  }

  #natPmp(response: NatPmpResponse): Uint8Array {
    return encodeNatPmpResponse(response);
  }

  #epoch(): number {
    return Math.floor(this.#world.random() * 1e6);
  }
}
