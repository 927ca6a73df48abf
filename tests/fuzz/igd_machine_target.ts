import { assert } from "@std/assert";
import { seededRandom } from "../../src/testing/random.ts";
import { ODD_GATEWAYS } from "../helpers/igd_quirks.ts";
import { GATEWAY, GATEWAY6, IgdWorld } from "../helpers/igd_world.ts";
import { mutate } from "./mutate.ts";
import type { Target } from "./target.ts";

/** The machine of UPnP, with an odd gateway whose messages are changed on the way. */
export const igd: Target = {
  name: "igd",
  invariant:
    "whatever a gateway sends: no throw, one exchange at a time, a bounded number of them, none but to the gateway",
  shortRounds: 150,
  inputsPerRound: 60,
  start: () => ({ round }),
};

function round(seed: number): void {
  const random = seededRandom(seed);
  const pick = (): (typeof ODD_GATEWAYS)[number]["options"] =>
    ODD_GATEWAYS[Math.floor(random() * ODD_GATEWAYS.length)]?.options ?? {};
  const family = random() < 0.3 ? "IPv6" : "IPv4";
  const source = family === "IPv6" ? GATEWAY6 : GATEWAY;
  const version = random() < 0.5 ? 1 : 2;
  const world = new IgdWorld({ family, seed, igd: { version, ...pick() } });
  const damage = random() * 0.5;
  world.tamper = (bytes) => random() < damage ? mutate(bytes, random) : bytes;
  let most = 0;
  for (let act = 0; act < 12; act++) {
    const kind = Math.floor(random() * 8);
    if (kind < 2) most = world.map({ internalPort: 6_000 + act, lifetime: 300 });
    if (kind === 2 && most > 0) world.step({ type: "renew", id: most, lifetime: 600 });
    if (kind === 3) world.restart({ byebye: random() < 0.5 });
    if (kind === 4) world.step({ type: "refresh" });
    if (kind === 5) {
      const id = Math.floor(random() * 20);
      const octets = mutate(new TextEncoder().encode("HTTP/1.1 200 OK\r\n\r\n"), random);
      const event = random() < 0.5
        ? { type: "exchanged", id, octets } as const
        : { type: "exchangeFailed", id, reason: "reset", octets } as const;
      world.step({ type: "upnp", event });
    }
    if (kind === 6) {
      const bytes = mutate(new TextEncoder().encode(NOTIFY), random);
      const from = { address: source, port: 1_900 };
      const multicast = random() < 0.5;
      world.step({ type: "upnp", event: { type: "datagram", bytes, source: from, multicast } });
    }
    world.pass(random() * 60_000);
  }
  assert(world.mostOpen <= 2, "a stray end of an exchange may be met by the next one");
  assert(world.sent.length < 6_000, `${world.sent.length} messages in 12 minutes`);
  for (const { action } of world.sent) {
    if (action.type !== "exchange" || family === "IPv6") continue;
    assert(action.address.equals(GATEWAY), `${action.address}`);
  }
}

const NOTIFY = "NOTIFY * HTTP/1.1\r\nNT: upnp:rootdevice\r\nNTS: ssdp:byebye\r\n" +
  "USN: uuid:6f2a1c00-0000-4000-8000-00000000a001::upnp:rootdevice\r\nBOOTID.UPNP.ORG: 42\r\n\r\n";
