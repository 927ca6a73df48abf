/** What the VS Code extension says of a port. */

import { assertEquals, assertMatch } from "@std/assert";
import type { Mapping, State } from "../../examples/vscode/src/api.ts";
import {
  conditionOf,
  detailsOf,
  endpoint,
  natWarning,
  note,
  type Port,
  portDescription,
  portLabel,
  statusOf,
  timeLeft,
  tooltipOf,
} from "../../examples/vscode/src/port.ts";

const NOW = Date.UTC(2026, 0, 1);
const ASSIGNED = { externalAddress: "203.0.113.5", externalPort: 6001, lifetime: 3600 };

function port(state: State | undefined, more: Partial<Mapping & Port> = {}): Port {
  const { isUnknown = false, assigned = ASSIGNED, timeline = [] } = more;
  const expiresAt = assigned === null ? null : new Date(NOW + 3_600_000).toISOString();
  return {
    gateway: {
      kind: "simulated",
      client: { clientId: 1, client: "127.0.0.1", server: "127.0.0.2", port: 5351 },
      simulatorId: 1,
      protocol: "pcp",
      trouble: undefined,
    },
    protocol: "tcp",
    port: 6000,
    lifetime: 3600,
    mapping: state && { mappingId: 1, state, assigned, expiresAt },
    isUnknown,
    timeline,
  };
}

Deno.test("conditionOf() tells a mapping that is lost from one that is waited for", () => {
  const seen = (state: State | undefined, more: Partial<Mapping & Port> = {}) =>
    conditionOf(port(state, more));
  assertEquals(seen(undefined), "waiting");
  assertEquals(seen({ type: "requested" }, { assigned: null }), "waiting");
  assertEquals(seen({ type: "starting", attempt: 4 }, { assigned: null }), "waiting");
  assertEquals(seen({ type: "starting", attempt: 0 }), "waiting");
  assertEquals(seen({ type: "starting", attempt: 1 }), "lost");
  assertEquals(seen({ type: "running" }), "live");
  assertEquals(seen({ type: "updating", attempt: 0, lifetime: 3600 }), "live");
  assertEquals(seen({ type: "updating", attempt: 1, lifetime: 3600 }), "late");
  assertEquals(seen({ type: "updating", attempt: 5, lifetime: 0 }), "closing");
  assertEquals(seen({ type: "error", code: 8, name: "NO_RESOURCES" }), "lost");
  assertEquals(seen({ type: "expired" }), "lost");
  assertEquals(seen({ type: "revoked" }), "closing");
  assertEquals(seen({ type: "running" }, { isUnknown: true }), "unknown");
});

Deno.test("conditionOf() takes a state that it does not know for waiting", () => {
  assertEquals(conditionOf(port({ type: "dreaming" } as unknown as State)), "waiting");
});

Deno.test("portLabel() and endpoint() put IPv6 addresses in brackets", () => {
  assertEquals(portLabel(port({ type: "running" })), "tcp 6000 -> 203.0.113.5:6001");
  assertEquals(portLabel(port({ type: "requested" }, { assigned: null })), "tcp 6000");
  assertEquals(portLabel(port(undefined)), "tcp 6000");
  assertEquals(endpoint({ ...ASSIGNED, externalAddress: "2001:db8::5" }), "[2001:db8::5]:6001");
});

Deno.test("portDescription() has the time left while alive, and the state otherwise", () => {
  const said = (state: State | undefined, more: Partial<Mapping & Port> = {}) =>
    portDescription(port(state, more), NOW + 60_000);
  assertEquals(said({ type: "running" }), "59 min left");
  assertEquals(said({ type: "updating", attempt: 2, lifetime: 0 }), "closing");
  assertEquals(said({ type: "error", code: 8, name: "NO_RESOURCES" }), "refused: NO_RESOURCES");
  assertEquals(said(undefined), "asking");
  assertEquals(said({ type: "running" }, { isUnknown: true }), "unknown: the server is gone");
});

Deno.test("an unanswered renewal is a wait for the router, with the end of the lifetime (D-7)", () => {
  const late = port({ type: "updating", attempt: 1, lifetime: 3600 });
  assertMatch(
    portDescription(late, NOW),
    /^waiting for the router, port open until \d\d:\d\d$/,
  );
  assertEquals(statusOf([late]), { text: "$(clock) 1 port waiting for the router", warns: false });
});

Deno.test("an address behind a second NAT is shown as such, with what to do (D-1)", () => {
  const assigned = { ...ASSIGNED, reachProblem: "doubleNat" as const };
  const hidden = port({ type: "running" }, { assigned });
  assertEquals(portDescription(hidden, NOW + 60_000), "59 min left, behind a second NAT");
  assertMatch(detailsOf(hidden, true, NOW), /203\.0\.113\.5 is a private address/);
  assertMatch(natWarning(hidden) ?? "", /bridge mode/);
  assertEquals(statusOf([port({ type: "running" }), hidden, port({ type: "running" })]), {
    text: "$(warning) 3 ports · 203.0.113.5:6001 · PCP · behind a second NAT",
    warns: true,
  });
  const local = port({ type: "running" }, {
    assigned: { ...ASSIGNED, reachProblem: "uniqueLocal" },
  });
  assertEquals(portDescription(local, NOW + 60_000), "59 min left, local network only");
  assertMatch(statusOf([local])?.text ?? "", /· local network only$/);
  assertMatch(natWarning(local) ?? "", /local network only \(ULA\)/);
  assertEquals(natWarning(port({ type: "running" })), undefined);
});

Deno.test("a timeline keeps the last state changes only", () => {
  const kept = port({ type: "running" });
  for (let index = 0; index < 5_000; index++) note(kept, `state ${index}`);
  note(kept, "state 4999");
  assertEquals(kept.timeline.length, 200);
  assertEquals(kept.timeline.at(-1)?.text, "state 4999");
  assertEquals(kept.timeline.at(-2)?.text, "state 4998");
});

Deno.test("tooltipOf() names the newest ports, and counts the others", () => {
  const ports = Array.from({ length: 1_000 }, () => port({ type: "running" }));
  const lines = tooltipOf(ports).split("\n");
  assertEquals([lines.length, lines[0]], [21, "and 980 ports before these"]);
  assertEquals(
    tooltipOf(ports.slice(0, 2)),
    Array(2).fill("tcp 6000 -> 203.0.113.5:6001").join("\n"),
  );
});

Deno.test("timeLeft() counts seconds towards the end, and never below none", () => {
  const texts = [-5, 0, 119, 120, 3_599, 3_600, 3_660, 86_400].map((s) => timeLeft(s * 1_000));
  assertEquals(texts, [
    "0 s left",
    "0 s left",
    "119 s left",
    "2 min left",
    "59 min left",
    "1 h left",
    "1 h 1 min left",
    "24 h left",
  ]);
});

Deno.test("statusOf() counts the live ports, and warns of what is lost or unknown", () => {
  const live = port({ type: "running" });
  const lost = port({ type: "expired" });
  const waiting = port({ type: "requested" }, { assigned: null });
  const unknown = port({ type: "running" }, { isUnknown: true });
  assertEquals(statusOf([]), undefined);
  assertEquals(statusOf([live]), {
    text: "$(arrow-swap) 1 port · 203.0.113.5:6001 · PCP",
    warns: false,
  });
  assertEquals(
    statusOf([live, live, waiting])?.text,
    "$(arrow-swap) 2 ports · 203.0.113.5:6001 · PCP",
  );
  assertEquals(statusOf([waiting]), { text: "$(sync~spin) 1 port waiting", warns: false });
  assertEquals(statusOf([live, lost]), { text: "$(warning) 1 of 2 ports lost", warns: true });
  assertEquals(statusOf([lost, unknown]), { text: "$(question) 1 port unknown", warns: true });
});

Deno.test("detailsOf() ends with the timeline, and says when the port is closed", () => {
  const timeline = [{ at: new Date(NOW), text: "asking" }, { at: new Date(NOW), text: "running" }];
  const shown = detailsOf(port({ type: "running" }, { timeline }), true, NOW);
  assertMatch(shown, /^tcp 6000 -> 203\.0\.113\.5:6001\n/);
  assertMatch(shown, /State +1 h left\n/);
  assertMatch(shown, /Gateway +Simulated gateway 127\.0\.0\.2 port 5351\n/);
  assertMatch(shown, /Protocol +PCP\n/);
  assertMatch(shown, /Timeline\n\n\d\d:\d\d:\d\d {2}asking\n\d\d:\d\d:\d\d {2}running\n$/);
  assertMatch(detailsOf(port({ type: "running" }), false, NOW), /State +closed\n/);
});
