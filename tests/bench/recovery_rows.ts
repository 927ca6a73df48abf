import { ROOT } from "../tools/repository.ts";
import type { Effort, Family } from "./effort.ts";
import { Lines } from "./lines.ts";
import { median } from "./median.ts";
import { TIME_LIMIT } from "./programs.ts";
import { Responder } from "./responder_process.ts";
import { type Row, row } from "./row.ts";

/** A server that loses everything: how long until it has all mappings again. */
export const recoveryRows: Family = { name: "recovery", rows };

const COUNT = 1_000;

async function rows({ runs, wants }: Effort): Promise<Row[]> {
  const found: Row[] = [];
  for (const how of ["announce", "renew"] as const) {
    if (wants(`recovery.${how}`)) found.push(...await measure(how, runs));
  }
  return found;
}

/** What one recovery came to. */
interface Recovery {
  /** From the first request that the new server saw until the client had told of every mapping, in milliseconds. */
  readonly time: number;
  /** The most and the least requests of one mapping. */
  readonly most: number;
  readonly missing: number;
}

async function measure(how: "announce" | "renew", runs: number): Promise<Row[]> {
  // Each waits up to 5 s first (RFC 6887 section 14.1.3), so they do it side by side.
  const each = Array.from({ length: runs }, () => recover(how));
  const recoveries = how === "announce" ? await Promise.all(each.map((start) => start())) : [];
  if (how === "renew") { for (const start of each) recoveries.push(await start()); }
  const what = `recovery of ${COUNT.toLocaleString("en")}, restart learnt by ${
    how === "announce" ? "ANNOUNCE" : "renewal"
  }`;
  return [
    row({
      id: `recovery.${how}`,
      what: `${what}: time, wait not counted`,
      unit: "ms",
      value: median(recoveries.map(({ time }) => time)),
      limit: { of: "value", most: 1_000 },
    }),
    row({
      id: `recovery.${how}.asked`,
      what: `${what}: requests a mapping`,
      unit: "",
      value: Math.max(...recoveries.map(({ most, missing }) => missing > 0 ? Infinity : most)),
      limit: { of: "value", most: 1 },
    }),
  ];
}

function recover(how: "announce" | "renew"): () => Promise<Recovery> {
  return async () => {
    await using responder = await Responder.start();
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "tests/bench/recovery_client.ts", `${responder.port}`, `${COUNT}`, how],
      cwd: ROOT,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
      signal: AbortSignal.timeout(TIME_LIMIT),
    }).spawn();
    const lines = new Lines(child.stdout);
    await lines.next();
    await responder.tell("restart");
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode("go\n"));
    const { confirmed } = JSON.parse(await lines.next()) as { confirmed: number };
    const { first, most, nonces } = await responder.tell("report");
    await writer.close();
    await lines.close();
    await child.status;
    return { time: confirmed - first, most, missing: COUNT - nonces };
  };
}
