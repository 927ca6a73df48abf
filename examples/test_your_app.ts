/**
 * A program that opens a port, and its test with a simulated gateway: restarts, refusals and a week of renewals in
 * milliseconds.
 *
 *     deno test examples/test_your_app.ts
 */
import { type Handle, InboundMap, ProtocolNumber, RequestType, ResultCode } from "../mod.ts";
import { lab } from "../src/testing/mod.ts";

/** The program: opens a port for a game and tells its players where it is reached, whenever that changes. */
async function publish(handle: Handle, port: number, tell: (where: string) => void): Promise<void> {
  const map = new InboundMap(port, 3600).protocol(ProtocolNumber.Udp);
  for await (const alert of handle.request(map, RequestType.KeepAlive)) {
    if (alert.type === "assigned") tell(`${alert.externalAddress}:${alert.externalPort}`);
    if (alert.type === "stateChange" && alert.state.type === "error") {
      tell(`closed: ${alert.state.name}`);
    }
  }
}

Deno.test("publish() tells where the game is reached", async () => {
  await using world = await lab();
  const told: string[] = [];
  void publish(world.handle, 7777, (where) => told.push(where));
  await world.advance(1_000);
  expect(told, ["203.0.113.5:40000"]);
});

Deno.test("publish() tells the new address after the router got another one", async () => {
  await using world = await lab();
  const told: string[] = [];
  void publish(world.handle, 7777, (where) => told.push(where));
  await world.advance(1_000);
  world.host.changeExternalAddress("203.0.113.77");
  await world.advance(10_000);
  expect(told.at(-1), "203.0.113.77:40000");
});

Deno.test("publish() goes on after a refusal, and keeps the port open for a week", async () => {
  await using world = await lab();
  world.server.fail(ResultCode.NoResources, { lifetime: 30 });
  const told: string[] = [];
  void publish(world.handle, 7777, (where) => told.push(where));
  await world.advance(7 * 24 * 3600 * 1000);
  expect(told.slice(0, 2), ["closed: NO_RESOURCES", "203.0.113.5:40000"]);
  expect(world.server.mappings.size, 1);
});

function expect(actual: unknown, wanted: unknown): void {
  if (JSON.stringify(actual) !== JSON.stringify(wanted)) {
    throw new Error(`Expected ${JSON.stringify(wanted)}, got ${JSON.stringify(actual)}`);
  }
}
