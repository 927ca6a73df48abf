import { addressed, builtPackage } from "./clients.ts";
import { type Effort, type Family, median } from "./measure.ts";
import { Responder, type ResponderOptions, runProgram } from "./programs.ts";
import { type Row, row } from "./results.ts";

/** How soon a person knows what a gateway does that does not answer as it should, and how soon the client ends there. */
export const knowingRows: Family = { name: "knowing", rows };

/** What `knowing_client.ts` prints: seconds. */
interface Knowing {
  /** Until the gateway's state is `silent` or `refuses`; or until the mapping runs. */
  readonly known: number;
  /** From then until `shutdown()` has resolved. */
  readonly ended: number;
}

async function rows(effort: Effort): Promise<Row[]> {
  const runs = effort.short ? 1 : effort.runs;
  // They wait most of the time, so they wait at once.
  const [refusing, silent, natPmp, lossy, lossyQuick] = await Promise.all([
    repeat(runs, undefined, []),
    repeat(1, "silent", []),
    repeat(runs, "nat-pmp", ["3000"]),
    repeat(runs, "lossy", ["3000"]),
    repeat(runs, "lossy", ["1000"]),
  ]);
  const made = (id: string, what: string, values: readonly number[], most?: number): Row =>
    row({
      id: `knowing.${id}`,
      what,
      unit: "s",
      value: median(values),
      floor: null,
      against: "",
      ...(most === undefined ? {} : { target: { of: "value", most } }),
    });
  return [
    made("refused", "gateway that refuses by ICMP: known", refusing.map(({ known }) => known), 1),
    made("silent", "gateway that is silent: verdict", silent.map(({ known }) => known), 8.2),
    made(
      "end",
      "shutdown at a gateway that never answered",
      silent.map(({ ended }) => ended),
      1.1,
    ),
    made(
      "natpmp",
      "gateway that speaks NAT-PMP only, silent to PCP: mapping",
      natPmp.map(({ known }) => known),
      2,
    ),
    made("lost", "first request lost: mapping, as RFC 6887 says", lossy.map(({ known }) => known)),
    made(
      "lost.quick",
      "the same with initialRetransmission 1000",
      lossyQuick.map(({ known }) => known),
    ),
  ];
}

async function repeat(
  runs: number,
  mode: ResponderOptions["mode"],
  args: readonly string[],
): Promise<Knowing[]> {
  const found: Knowing[] = [];
  const { knowing } = await builtPackage();
  for (let run = 0; run < runs; run++) {
    await using responder = mode === undefined ? undefined : await Responder.start({ mode });
    const port = responder?.port ?? CLOSED_PORT;
    const { output } = await runProgram(knowing, [...addressed(port), ...args]);
    found.push(JSON.parse(output));
  }
  return found;
}

/** Nothing listens there. */
const CLOSED_PORT = 5359;
