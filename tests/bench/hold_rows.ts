import { builtPackage, type ClientReport, hold, MINIMAL } from "./clients.ts";
import { type Effort, type Family, median } from "./measure.ts";
import { type Row, row } from "./results.ts";

/** Mappings of a short lifetime, held for a while. */
export const holdRows: Family = { name: "hold", rows };

/**
 * Lifetimes and times, in seconds, such that a client sends as many renewals if it renews at 5/8 of the lifetime, the latest
 * that RFC 6887 section 11.2.1 allows, as if it renews at 1/2: three for each mapping.
 */
const ORDER = { count: 1_000, lifetime: 30, hold: 60 };
const SHORT_ORDER = { count: 1_000, lifetime: 12, hold: 23 };

async function rows({ short, runs }: Effort): Promise<Row[]> {
  const order = short ? SHORT_ORDER : ORDER;
  const { client } = await builtPackage();
  const { library, minimal } = await hold({ minimal: MINIMAL, library: client }, order, runs);
  const of = (field: keyof ClientReport) => ({
    value: median(library.map((report) => report[field])),
    floor: median(minimal.map((report) => report[field])),
  });
  const count = order.count.toLocaleString("en");
  const what = `${count} mappings of ${order.lifetime} s held for ${order.hold} s`;
  return [
    row({
      id: `hold.${order.count}.cpu`,
      what: `${what}: processor time`,
      unit: "ms",
      ...of("cpu"),
      target: { of: "ratio", most: 1.5 },
    }),
    row({
      id: `hold.${order.count}.memory`,
      what: `${what}: memory at the peak`,
      unit: "MiB",
      ...of("peak"),
      target: { of: "excess", most: 20 },
    }),
  ];
}
