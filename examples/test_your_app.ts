/**
 * A program that opens a port, and its tests with a simulated gateway in virtual time: a new external address, a refusal
 * and a week of renewals in milliseconds.
 *
 *     deno test examples/test_your_app.ts
 */
import { type Handle, InboundMap, ProtocolNumber, RequestType, ResultCode } from "../mod.ts";
import { lab } from "../src/testing/mod.ts";

/** The program: opens a port for a game and reports its external address and port whenever they change. */
async function publish(
  handle: Handle,
  port: number,
  report: (status: string) => void,
): Promise<void> {
  const map = new InboundMap(port, 3600).protocol(ProtocolNumber.Udp);
  for await (const alert of handle.request(map, RequestType.KeepAlive)) {
    if (alert.type === "assigned") report(`${alert.externalAddress}:${alert.externalPort}`);
    if (alert.type === "stateChange" && alert.state.type === "error") {
      report(`closed: ${alert.state.name}`);
    }
  }
}

Deno.test("publish() reports the external address and port", async () => {
  await using simulation = await lab();
  const reports: string[] = [];
  void publish(simulation.handle, 7777, (status) => reports.push(status));
  await simulation.advance(1_000);
  expect(reports, ["203.0.113.5:40000"]);
});

Deno.test("publish() reports the new address after the router got another one", async () => {
  await using simulation = await lab();
  const reports: string[] = [];
  void publish(simulation.handle, 7777, (status) => reports.push(status));
  await simulation.advance(1_000);
  simulation.host.changeExternalAddress("203.0.113.77");
  await simulation.advance(10_000);
  expect(reports.at(-1), "203.0.113.77:40000");
});

Deno.test("publish() continues after a refusal, and keeps the port open for a week", async () => {
  await using simulation = await lab();
  simulation.server.fail(ResultCode.NoResources, { lifetime: 30 });
  const reports: string[] = [];
  void publish(simulation.handle, 7777, (status) => reports.push(status));
  await simulation.advance(7 * 24 * 3600 * 1000);
  expect(reports.slice(0, 2), ["closed: NO_RESOURCES", "203.0.113.5:40000"]);
  expect(simulation.server.mappings.size, 1);
});

function expect(actual: unknown, wanted: unknown): void {
  if (JSON.stringify(actual) !== JSON.stringify(wanted)) {
    throw new Error(`Expected ${JSON.stringify(wanted)}, got ${JSON.stringify(actual)}`);
  }
}
