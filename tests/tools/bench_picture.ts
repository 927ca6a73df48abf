/**
 * `deno task bench:picture`: draws the pictures of docs/performance.md and writes its tables, from tests/bench/results.json,
 * which `deno task bench --json tests/bench/results.json` makes, and from tests/bench/peers.json, which was measured by hand.
 */

import { type Peers, peersBlock } from "../bench/peers.ts";
import { drawPeers } from "../bench/peers_picture.ts";
import { performanceBlock, replaceBetween } from "../bench/performance_page.ts";
import { draw } from "../bench/picture.ts";
import type { Results } from "../bench/results.ts";
import { readFile, ROOT } from "./repository.ts";

const results = JSON.parse(await readFile("tests/bench/results.json")) as Results;
const peers = JSON.parse(await readFile("tests/bench/peers.json")) as Peers;
await Deno.writeTextFile(new URL("docs/pictures/performance.svg", ROOT), draw(results));
await Deno.writeTextFile(new URL("docs/pictures/side_by_side.svg", ROOT), drawPeers(peers));
const page = await readFile("docs/performance.md");
await Deno.writeTextFile(
  new URL("docs/performance.md", ROOT),
  replaceBetween(
    replaceBetween(page, "bench", performanceBlock(results)),
    "peers",
    peersBlock(peers),
  ),
);
