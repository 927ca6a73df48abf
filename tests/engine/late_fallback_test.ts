import { assert, assertEquals } from "@std/assert";
import { lateUpnp } from "../../src/engine/late_fallback.ts";
import { Engine } from "../../src/engine/engine.ts";
import type { Input, Output } from "../../src/engine/events.ts";
import type { Fallback, FallbackEvents } from "../../src/engine/fallback.ts";
import type { Mapping } from "../../src/engine/mapping.ts";
import type { Protocol } from "../../src/engine/protocol.ts";
import { IpAddress } from "../../src/wire/address.ts";
import { mapSpec } from "../helpers/specs.ts";

Deno.test("UPnP is loaded when a mapping needs it, and takes over what waits (U-1.7)", () => {
  const { step, made } = engine(["upnp"]);
  assertEquals(actions(step(0, request(0))), ["load"]);
  assertEquals(actions(step(0, request(1))), [], "once");
  step(5, { type: "upnp", event: { type: "loaded" } });
  assertEquals(made.added, [0, 1]);
  step(6, request(2));
  assertEquals(made.added, [0, 1, 2]);
});

Deno.test("a mapping that was released before is not requested (U-1.7)", () => {
  const { step, made } = engine(["upnp"]);
  step(0, request(0));
  step(1, { type: "release", id: 0, as: "revoked" });
  step(5, { type: "upnp", event: { type: "loaded" } });
  assertEquals(made.phases, ["deleting"]);
});

Deno.test("without the module a mapping is held (U-1.7)", () => {
  const { step } = engine(["upnp"]);
  step(0, request(0));
  const outputs = step(5, { type: "upnp", event: { type: "loadFailed" } });
  const [state] = outputs.filter(({ type }) => type === "state");
  assert(state?.type === "state" && state.state.type === "error");
  assertEquals(state.state.retryIn, 1_800);
});

Deno.test("nothing of UPnP is loaded while the server answers in PCP (U-1.1)", () => {
  const { step } = engine(["pcp", "nat-pmp", "upnp"]);
  assertEquals(actions(step(0, request(0))), []);
  assertEquals(actions(step(999, { type: "timeout" })), []);
  assertEquals(actions(step(1_000, { type: "timeout" })), ["load"]);
});

function engine(protocols: readonly Protocol[]) {
  const made = new Made();
  const machine = new Engine({
    server: { address: IpAddress.parse("192.168.1.1"), port: 5351 },
    clientAddress: IpAddress.parse("192.168.1.10"),
    random: () => 0.5,
    randomWord: () => 7,
    protocols,
    fallbacks: [lateUpnp(() => made.create)],
  });
  return { made, step: (now: number, input: Input) => machine.step(now, input) };
}

function request(id: number): Input {
  return { type: "request", id, spec: mapSpec({ internalPort: 6_000 + id }), lifetimes: 1 };
}

function actions(outputs: readonly Output[]): string[] {
  return outputs.flatMap((output) => output.type === "upnp" ? [output.action.type] : []);
}

/** Notes what it is asked. */
class Made {
  readonly added: number[] = [];
  readonly phases: string[] = [];
  readonly create = (_events: FallbackEvents): Fallback => ({
    protocol: "upnp",
    state: "asked",
    deadline: Infinity,
    isBusy: true,
    obstacle: () => undefined,
    ask: () => {},
    add: ({ id, phase }: Mapping) => {
      this.added.push(id);
      this.phases.push(phase);
    },
    remove: () => {},
    wake: () => {},
    unreachable: () => {},
    moved: () => {},
  });
}
