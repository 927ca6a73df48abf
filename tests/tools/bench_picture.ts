/**
 * `deno task bench:picture`: draws docs/pictures/performance.svg and writes the table of docs/performance.md, both from
 * tests/bench/results.json, which `deno task bench --json tests/bench/results.json` makes.
 */

import { performanceBlock, replaceBetween } from "../bench/performance_page.ts";
import { draw } from "../bench/picture.ts";
import type { Results } from "../bench/results.ts";
import { readFile, ROOT } from "./repository.ts";

const results = JSON.parse(await readFile("tests/bench/results.json")) as Results;
await Deno.writeTextFile(new URL("docs/pictures/performance.svg", ROOT), draw(results));
const page = await readFile("docs/performance.md");
await Deno.writeTextFile(
  new URL("docs/performance.md", ROOT),
  replaceBetween(page, "bench", performanceBlock(results)),
);
