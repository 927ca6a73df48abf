// deno-lint-ignore-file no-console -- the measured figures are printed
import { assert, assertEquals } from "@std/assert";
import { labPossible } from "./lab_possible.ts";
import type { NeverHeard } from "./never_heard.ts";
import { RemoteClient } from "./remote_client.ts";
import { type Router, startLab } from "./router.ts";
import { type Scenarios, scenarios } from "./scenarios.ts";
import { INSIDE_IPV4, ROUTER_IPV4 } from "./topology.ts";

// A third host in the inside network sends version errors and NAT-PMP answers with the router's source address to every
// dynamic port of the inside host. It sees none of that host's requests. `PCP_LAB_ATTACK` is the number of seconds of each
// attack, 3 by default. Mappings that PCP granted must neither change nor end. What happens to clients that have never heard
// the router is measured and printed, because NAT-PMP has no nonce.

const SECONDS = Number(Deno.env.get("PCP_LAB_ATTACK") ?? 3);
const missing = await labPossible();

scenarios("an attack on a silent router", missing, attackAt("silent"));
scenarios("an attack on a slow router", missing, attackAt("slow"));
scenarios("an attack on a quick router", missing, attackAt("quick"));

function attackAt(kind: Kind): Scenarios {
  return {
    [`no live mapping is changed or ended for ${SECONDS} s (${kind})`]: async () => {
      await using lab = await startLab({}, { thirdHost: true });
      const client = await RemoteClient.start(lab, INSIDE_IPV4, ROUTER_IPV4);
      if (kind === "slow") await lab.slowDown(20);
      for (const name of LIVE) await client.inboundReady(name, 3600);
      if (kind === "silent") await lab.filterRequests("drop");

      const attacker = await lab.attack(SECONDS);
      const strangers = startStrangers(lab, kind);
      const end = performance.now() + SECONDS * 1000;
      while (performance.now() < end) {
        // Requests without an answer are what forged answers need.
        for (const name of LIVE) await client.command({ do: "renew", name, lifetime: 3600 });
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const { sent } = await attacker.expectLine((line) => "sent" in line, 10_000, "the end");
      const limit = WAIT * 1000 + 20_000;
      const { counts } = await strangers.expectLine(
        (line) => "counts" in line,
        limit,
        "the counts",
      );
      report(kind, Number(sent), counts as NeverHeard);
      await expectUnchanged(lab, client);
    },
  };
}

type Kind = "silent" | "slow" | "quick";

const LIVE = Array.from({ length: 8 }, (_, index) => `tcp ${7000 + index}`);
/** Seconds in which a new client is granted a mapping, or is not. */
const WAIT = Math.min(8, SECONDS);

/** Starts clients that have never heard the router. At a silent one many wait at once, so that there are enough. */
function startStrangers(lab: Router, kind: Kind) {
  const atOnce = kind === "silent" ? 16 : 1;
  const args = [INSIDE_IPV4, ROUTER_IPV4, SECONDS, atOnce, WAIT].map(String);
  return lab.insideDeno("tests/lab/never_heard.ts", args);
}

async function expectUnchanged(lab: Router, client: RemoteClient): Promise<void> {
  const rules = (await lab.mappings()).filter(({ internalPort }) => internalPort >= 7000);
  assertEquals(rules.length, LIVE.length);
  for (const name of LIVE) {
    const assigned = await client.command({ do: "assigned", name }) as Record<string, unknown>;
    assertEquals(
      [assigned["externalAddress"], assigned["externalPort"]],
      ["20.30.40.1", Number(name.split(" ")[1])],
    );
    const states = new Set(client.states(name));
    for (const state of states) assert(KEEPING.has(state), `"${name}" became "${state}"`);
    assertEquals(new Set(client.assigned(name)).size <= 1, true);
  }
}

/** The states of a mapping that is granted, after those before its grant. */
const KEEPING: ReadonlySet<string> = new Set(["requested", "starting", "updating", "running"]);

function report(kind: string, sent: number, counts: NeverHeard): void {
  const { clients, right, forged, kept, none } = counts;
  assertEquals(right + forged + none, clients);
  // A full sweep of the dynamic ports takes a busy machine longer than the short form lasts.
  const least = SECONDS < 30 ? 1 : 16_384;
  assert(clients > 0 && sent >= least, `${clients} clients, ${sent} forged datagrams`);
  console.log(
    `${kind} router, ${SECONDS} s, ${
      Math.round(sent / SECONDS)
    } forged datagrams a second: of ${clients} clients that ` +
      `had not heard it, ${forged} were given a forged assignment, ${kept} of them for longer than a second; ` +
      `${right} the right one, ${none} none within ${WAIT} s`,
  );
}
