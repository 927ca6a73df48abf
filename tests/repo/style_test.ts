/** The house style, as far as the linter does not know it. */

import { assertEquals } from "@std/assert";
import { listFiles, readFile } from "../tools/repository.ts";

const CODE = /\.(ts|mjs|py)$/;
const TEXT = /\.(ts|mjs|py|sh|md|json|jsonc)$|^\.ci\/|^\.gitignore$|^LICENSE$/;

// Written in pieces, so that this file does not find itself.
const UNFINISHED = new RegExp(
  `\\b(TO${"DO"}|FIX${"ME"}|XX${"X"}|HA${"CK"}|not ${"implemented"}|un${"implemented"})\\b`,
  "i",
);
const PRIVATE_WORDS = new RegExp(
  `\\b(share${"d"}/|DEVELOPER${"S"}\\.md|issue ${"#"}?\\d+)|/wor${"k"}/|/roo${"t"}/|/hom${"e"}/`,
  "i",
);
/** Words that make persons of objects. */
const PERSONS = /\b(nobody|somebody|whoever|wish(es|ed)?)\b/i;
const LIMITS = { source: 400, test: 600 };

Deno.test("no file is longer than 400 lines, no test than 600", async () => {
  const long = await offenders(CODE, (text, path) => {
    const limit = path.startsWith("tests/") || path.endsWith(".py") ? LIMITS.test : LIMITS.source;
    const lines = text.split("\n").length - 1;
    return lines > limit ? [`${lines} lines`] : [];
  });
  assertEquals(long, []);
});

Deno.test("files and folders are named in snake_case", async () => {
  const files = await listFiles(CODE);
  assertEquals(files.filter((path) => !/^([a-z0-9_]+\/)*[a-z0-9_]+(\.d)?\.\w+$/.test(path)), []);
});

Deno.test("no module has a default export", async () => {
  assertEquals(await linesMatching(/\.(ts|mjs)$/, /^export default\b|\bas default\b/), []);
});

Deno.test("nothing is left unfinished", async () => {
  assertEquals(await linesMatching(TEXT, UNFINISHED), []);
});

Deno.test("no file names the place where it was written", async () => {
  assertEquals(await linesMatching(TEXT, PRIVATE_WORDS), []);
});

Deno.test("comments and documents speak of parts and rules, not of persons", async () => {
  const comments = new RegExp(`^\\s*(//|\\*|/\\*).*${PERSONS.source}`, "i");
  assertEquals(await linesMatching(/^(mod|repl|rpc\/.*|src\/.*|examples\/.*)\.ts$/, comments), []);
  assertEquals(await linesMatching(/\.md$/, PERSONS), []);
});

Deno.test("no source uses what Node.js 20 lacks: the package runs there once types are gone", async () => {
  const newer = /Promise\.(withResolvers|try)\(|^\s*(await )?using \w+ =|Object\.groupBy\(/;
  const sources = /^(?!src\/deferred)(mod|repl|rpc\/.*|src\/.*)\.ts$/;
  assertEquals(await linesMatching(sources, newer), []);
});

Deno.test("the compiler is never silenced", async () => {
  const silencers = /@ts-(ignore|nocheck)|lint-ignore(-file)? .*no-explicit-any/;
  assertEquals(await linesMatching(/^(?!tests\/repo\/style_test).*\.ts$/, silencers), []);
});

Deno.test("the compiler may expect an error in tests only", async () => {
  assertEquals(await linesMatching(/^(?!tests\/).*\.ts$/, /@ts-expect-error/), []);
});

Deno.test("tests are in files that the runner finds, and none is singled out", async () => {
  const misplaced = await offenders(/^(?!tests\/repo\/style_test).*\.ts$/, (text, path) => {
    // A suite that several files share defines its tests inside a function.
    const expected = /^tests\/.*_test\.ts$|^examples\/test_your_app\.ts$/.test(path);
    const hidden = /^Deno\.test\b/m.test(text) && !expected;
    const singled = /\bDeno\.test\.(only|ignore)\(|\bonly: true\b|\bignore: true\b/.test(text);
    return [
      ...(hidden ? ["has tests and is not called *_test.ts"] : []),
      ...(singled ? ["singles out or ignores a test"] : []),
    ];
  });
  assertEquals(misplaced, []);
});

Deno.test("every test file has a test", async () => {
  const empty = await offenders(/_test\.ts$/, (text) => {
    return /\bDeno\.test\b|^(await )?\w+\(/m.test(text) ? [] : ["has no test"];
  });
  assertEquals(empty, []);
});

/** What `judge` says of each file that fits the pattern, as `path: complaint`. */
async function offenders(
  files: RegExp,
  judge: (text: string, path: string) => string[],
): Promise<string[]> {
  const found: string[] = [];
  for (const path of await listFiles(files)) {
    found.push(...judge(await readFile(path), path).map((complaint) => `${path}: ${complaint}`));
  }
  return found;
}

function linesMatching(files: RegExp, pattern: RegExp): Promise<string[]> {
  return offenders(files, (text) => {
    return text.split("\n").flatMap((line, index) => {
      return pattern.test(line) ? [`line ${index + 1}: ${line.trim()}`] : [];
    });
  });
}
