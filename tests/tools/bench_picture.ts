/**
 * `deno task bench:picture`: draws tests/bench/picture.svg and writes the README's table, both from tests/bench/results.json,
 * which `deno task bench --json tests/bench/results.json` makes.
 */

import { draw } from "../bench/picture.ts";
import { readmeBlock, replaceBetween } from "../bench/readme.ts";
import type { Results } from "../bench/results.ts";
import { readFile, ROOT } from "./repository.ts";

const results = JSON.parse(await readFile("tests/bench/results.json")) as Results;
await Deno.writeTextFile(new URL("tests/bench/picture.svg", ROOT), draw(results));
const readme = await readFile("README.md");
await Deno.writeTextFile(
  new URL("README.md", ROOT),
  replaceBetween(readme, "bench", readmeBlock(results)),
);
