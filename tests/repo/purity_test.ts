/** Time, chance and sockets are passed in: src/wire and src/engine must not name them. */

import { assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { listFiles, readFile } from "../tools/repository.ts";

const IMPURE =
  /\b(Date|performance|setTimeout|setInterval|crypto|Deno)\b|\bMath\s*\.\s*random\b|\bnode:/;

for (const floor of ["wire", "engine", "igd"]) {
  Deno.test(`src/${floor} never names a clock, a socket or chance`, async () => {
    const files = await listFiles(/\.ts$/, `src/${floor}/`);
    const found: string[] = [];
    for (const file of files) {
      for (const [index, line] of (await readFile(file)).split("\n").entries()) {
        if (IMPURE.test(line)) found.push(`${file}:${index + 1}: ${line.trim()}`);
      }
    }
    assertEquals(files.length > 0, true);
    assertEquals(found, []);
  });
}

Deno.test("the pattern of forbidden names matches uses and spares other words", () => {
  for (const use of ["Date.now()", "new Date()", "performance.now()", "globalThis.crypto"]) {
    assertMatch(use, IMPURE);
  }
  for (const use of ["setTimeout(f, 1)", "Math.random()", "Deno.listen", 'from "node:dgram"']) {
    assertMatch(use, IMPURE);
  }
  for (const word of ["updateDate", "mandate", "random()", "cryptographic", "timeout"]) {
    assertNotMatch(word, IMPURE);
  }
});
