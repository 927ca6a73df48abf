import { assertEquals } from "@std/assert";
import type { Alert } from "../../mod.ts";
import { AlertQueue } from "../../rpc/alert_queue.ts";
import { nextTurn } from "./rpc_lab.ts";

const starting = (attempt: number): Alert => ({
  type: "stateChange",
  state: { type: "starting", attempt },
});
const assigned = (externalPort: number): Alert => ({
  type: "assigned",
  externalAddress: "203.0.113.5",
  externalPort,
  lifetime: 60,
  protocol: "pcp",
});

Deno.test("AlertQueue sends every alert in order to a reader that reads", async () => {
  const sent: Alert[] = [];
  const queue = new AlertQueue((alert) => Promise.resolve(void sent.push(alert)));
  const alerts = Array.from({ length: 100 }, (_, index) => starting(index));
  for (const alert of alerts) {
    queue.put(alert);
    await nextTurn();
  }
  assertEquals(sent, alerts);
});

Deno.test("AlertQueue keeps 16 alerts for a slow reader, then the newest of each type", async () => {
  const sent: Alert[] = [];
  let left = (): void => {};
  const queue = new AlertQueue((alert) => {
    sent.push(alert);
    return new Promise((resolve) => left = resolve);
  });
  queue.put(starting(0)); // on its way
  queue.put(assigned(1));
  queue.put(assigned(2));
  for (let attempt = 1; attempt <= 14; attempt++) queue.put(starting(attempt));
  await drain();
  assertEquals(sent.length, 17); // 16 waited, nothing is lost

  sent.length = 0;
  queue.put(starting(0));
  queue.put(assigned(1));
  for (let attempt = 1; attempt <= 1_000; attempt++) queue.put(starting(attempt));
  queue.put(assigned(3));
  await drain();
  assertEquals(sent[0], starting(0));
  assertEquals(sent.length <= 17, true);
  assertEquals(sent.slice(-2), [starting(1_000), assigned(3)]);
  assertEquals(sent.filter(({ type }) => type === "assigned").length <= 2, true);

  async function drain(): Promise<void> {
    for (let before = -1; before < sent.length;) {
      before = sent.length;
      left();
      await nextTurn();
    }
  }
});
