import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../../../src/testing/random.ts";
import { ODD_GATEWAYS } from "../../helpers/igd_quirks.ts";
import { ADD_PINHOLE, GET, IGD1 } from "../../helpers/igd_vectors.ts";
import { CLIENT6, Gateway, mapping } from "./gateway.ts";

const SEED = 20_260_704;

Deno.test("every quirk has a switch, or is an act of a test (Q-01 to Q-35)", () => {
  const switches = new Set(ODD_GATEWAYS.map(({ id }) => id));
  const all = Array.from({ length: 35 }, (_, index) => `Q-${String(index + 1).padStart(2, "0")}`);
  assertEquals(all.filter((id) => !switches.has(id)), ["Q-21", "Q-34"]);
});

Deno.test(`any two quirks go together: the gateway answers, and never throws, seed ${SEED}`, () => {
  const random = seededRandom(SEED);
  const draw = () => ODD_GATEWAYS[Math.floor(random() * ODD_GATEWAYS.length)]?.options ?? {};
  for (let pair = 0; pair < 200; pair++) {
    const [first, second] = [draw(), draw()];
    const quirks = { ...first.quirks, ...second.quirks };
    const gateway = new Gateway({ ...first, ...second, quirks });
    gateway.search(IGD1);
    const answers = [
      gateway.request(GET),
      gateway.request(gateway.requestOf("AddPortMapping", mapping())),
      gateway.request(ADD_PINHOLE, CLIENT6),
    ];
    assert(answers.every((answer) => answer.length < 400_000));
    if (quirks.hostile !== "endless") gateway.pass(120_000);
    assertEquals(gateway.igd.restart(gateway.now).at(-1)?.type, "listen");
    assert(gateway.igd.mappings.size <= 1);
  }
});
