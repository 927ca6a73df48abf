import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../../src/testing/random.ts";
import { ODD_GATEWAYS } from "../helpers/igd_quirks.ts";
import { IgdWorld } from "../helpers/igd_world.ts";

const SEED = 20_260_708;

for (const hostile of ["description", "endless", "headers", "nesting"] as const) {
  Deno.test(`${hostile} without end: nothing but a failed exchange (U-15.3, U-15.4, U-15.5, U-15.6, S-3, Q-28)`, () => {
    const world = new IgdWorld({ igd: { quirks: { hostile } } });
    world.map();
    world.pass(60_000);
    assert(world.state(0)?.type === "error");
    for (const { action } of world.sent) {
      if (action.type === "exchange") assert(action.maximum <= 262_144 + 32_768);
    }
  });
}

Deno.test("a response to an action is read up to 64 KiB (U-15.5)", () => {
  const world = new IgdWorld();
  world.map();
  world.pass(5_000);
  const most = world.sent.flatMap(({ action, text }) =>
    action.type === "exchange" && !text.startsWith("GET") ? [action.maximum] : []
  );
  assertEquals([...new Set(most)], [65_536 + 32_768]);
});

Deno.test("a mapping that is asked for again while it waits waits once (U-15.8)", () => {
  const world = new IgdWorld({ igd: { version: 1, quirks: { actionDelay: 4_000 } } });
  world.map();
  world.pass(60_000);
  const since = world.now;
  world.map({ internalPort: 7_000 });
  for (let n = 1; n <= 20; n++) world.step({ type: "renew", id: 0, lifetime: 3_600 + n });
  world.pass(60_000);
  const adds = world.actions(since).filter((each) => each.startsWith("AddPortMapping 6000"));
  assert(adds.length <= 2, `${adds}`);
  assertEquals(adds.at(-1), "AddPortMapping 6000 6000 3620");
});

Deno.test("at most 600 exchanges leave in a minute (U-15.9)", () => {
  const world = new IgdWorld({ igd: { version: 1 } });
  for (let n = 0; n < 400; n++) world.map({ internalPort: 6_000 + n });
  world.pass(600_000);
  assertEquals(world.igd.mappings.size, 400);
  const times = world.sent.filter(({ action }) => action.type === "exchange").map(({ at }) => at);
  for (const [index, at] of times.entries()) {
    const later = times[index + 1_200];
    assert(later === undefined || later - at >= 60_000);
  }
});

for (const { id, options } of ODD_GATEWAYS) {
  const quirks = JSON.stringify(options.quirks);
  for (const family of ["IPv4", "IPv6"] as const) {
    Deno.test(`${family}, ${quirks}: no violation, no flood, nothing left after revoke [${id}]`, () => {
      const world = new IgdWorld({ family, igd: options });
      const id = world.map({ lifetime: 600 });
      world.pass(1_200_000);
      check(world);
      mend(world);
      world.release(id);
      world.pass(900_000);
      check(world);
      assertEquals(world.igd.mappings.size + world.igd.pinholes.size, 0);
    });
  }
}

Deno.test(`any two quirks, restarts, losses and line failures, seed ${SEED} (S-3, S-5)`, () => {
  const random = seededRandom(SEED);
  const draw = () => ODD_GATEWAYS[Math.floor(random() * ODD_GATEWAYS.length)]?.options ?? {};
  for (let round = 0; round < 150; round++) {
    const [first, second] = [draw(), draw()];
    const quirks = { ...first.quirks, ...second.quirks };
    const version = random() < 0.5 ? 1 : 2;
    const family = random() < 0.3 ? "IPv6" : "IPv4";
    const world = new IgdWorld({
      family,
      seed: round,
      igd: { ...first, ...second, version, quirks },
    });
    const ids = [0, 1, 2].map((n) => world.map({ internalPort: 6_000 + n, lifetime: 300 }));
    for (let act = 0; act < 6; act++) {
      world.pass(random() * 200_000);
      const kind = Math.floor(random() * 5);
      if (kind === 0) world.restart({ byebye: random() < 0.5, httpPort: 5_000 + act });
      if (kind === 1) world.igd.drop();
      if (kind === 2) world.igd.isConnected = !world.igd.isConnected;
      if (kind === 3) world.step({ type: "refresh" });
    }
    check(world);
    mend(world);
    for (const id of ids) world.release(id);
    world.pass(900_000);
    check(world);
    assertEquals(world.igd.mappings.size + world.igd.pinholes.size, 0, `round ${round}`);
  }
});

function check(world: IgdWorld): void {
  assertEquals(world.igd.counters.violations, {});
  assertEquals(world.igd.counters.neighbourConnections, 0);
  assert(world.mostOpen <= 1);
  assert(world.sent.length < 6_000, `${world.sent.length}`);
}

/** The gateway behaves, but for what its description says. */
function mend({ igd }: IgdWorld): void {
  const { disconnectedFirst = false, twoDescriptions = false, controlUrls, urlBase } = igd.quirks;
  igd.quirks = {
    disconnectedFirst,
    twoDescriptions,
    ...controlUrls === undefined ? {} : { controlUrls },
    ...urlBase === undefined ? {} : { urlBase },
  };
}
