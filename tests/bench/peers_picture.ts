import type { Peer, Peers, Start } from "./peers.ts";
import { compact, logScale, round, STYLE, text } from "./svg.ts";
import { figure } from "./table.ts";

/** Draws the library beside other clients: what a reader compares before the choice of one. */
export function drawPeers({ date, commit, machine, starts, clients }: Peers): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui,sans-serif" font-size="12">`,
    STYLE,
    `<rect class="page" width="${WIDTH}" height="${HEIGHT}" rx="8"/>`,
    text(20, 24, "Time to the first mapping, and to many", { size: 15 }),
    text(20, 42, `${date}, commit ${commit}; ${machine}`, { size: 10, kind: "faint" }),
    ...bars(starts),
    ...curves(
      clients.filter(({ name, language }) => !name.includes("dgram") && language !== "Node 24"),
    ),
    "</svg>",
    "",
  ].join("\n");
}

/** One bar for each program. */
function bars(starts: readonly Start[]): string[] {
  const [start, end] = [215, 380];
  const most = Math.max(...starts.map(({ ms }) => ms));
  return [
    text(20, 72, "Milliseconds of a program that finds the gateway and opens one"),
    ...starts.map(({ name, ms, kind }, index) => {
      const top = 88 + index * BAR;
      const isLibrary = kind === "library";
      const width = round(Math.max(1, ms / most * (end - start)));
      const label = text(start - 8, top + 13, name, {
        anchor: "end",
        kind: isLibrary ? "libraryText" : kind === "floor" ? "faint" : "text",
      });
      return label +
        `<rect class="${isLibrary ? "library" : "peer"}" x="${start}" y="${
          top + 2
        }" width="${width}" height="${BAR - 8}"/>` +
        text(start + width + 6, top + 13, figure(ms, ""), { kind: "faint" });
    }),
  ];
}

/** One curve for each client over the number of mappings, both axes logarithmic. */
function curves(clients: readonly Peer[]): string[] {
  const [left, right, top, bottom] = [465, 655, 92, 320];
  const points = clients.flatMap(({ establish }) => establish);
  const x = logScale(points.map(({ count }) => count), left, right);
  const y = logScale(points.map(({ run }) => run), bottom, top);
  const most = Math.max(...points.map(({ count }) => count));
  const labels = spread(clients.map((client) => y.at(client.establish.at(-1)?.run ?? 1)));
  return [
    text(left, 72, "Milliseconds until N mappings are confirmed"),
    ...y.ticks.map((tick) =>
      `<path class="grid" d="M${left} ${y.at(tick)}H${right}"/>` +
      text(left - 6, y.at(tick) + 4, compact(tick), { anchor: "end", kind: "faint" })
    ),
    ...x.ticks.map((tick) =>
      text(x.at(tick), bottom + 16, compact(tick), { anchor: "middle", kind: "faint" })
    ),
    ...clients.map(({ name, establish }, index) => {
      const kind = kindOf(name);
      const path = establish.map((each) => `${x.at(each.count)},${y.at(each.run)}`).join(" ");
      const { count = 0, run = NaN } = establish.at(-1) ?? {};
      const until = count < most ? ` at ${compact(count)}` : "";
      return `<polyline class="${kind}" points="${path}"/>` +
        text(right + 8, (labels[index] ?? 0) + 4, `${name} ${figure(run, "")}${until}`, {
          kind: kind === "library" ? "libraryText" : "faint",
          size: 11,
        });
    }),
  ];
}

function kindOf(name: string): string {
  return name === "this library" ? "library" : name === "a minimal client" ? "minimal" : "peer";
}

/** Moves positions down until no two labels overlap. */
function spread(positions: readonly number[]): number[] {
  const order = positions.map((_, index) => index)
    .sort((one, other) => (positions[one] ?? 0) - (positions[other] ?? 0));
  const result = [...positions];
  let free = -Infinity;
  for (const index of order) {
    const at = Math.max(positions[index] ?? 0, free);
    result[index] = at;
    free = at + LABEL;
  }
  return result;
}

const WIDTH = 900;
const HEIGHT = 352;
const BAR = 26;
const LABEL = 14;
