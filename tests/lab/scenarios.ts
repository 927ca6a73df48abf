import { assertEquals } from "@std/assert";
import { leftovers } from "./claim.ts";

/**
 * Declares a test whose steps run in parallel, each in its own lab, because they mostly wait.
 *
 * The leak checks of `Deno.test` do not work with parallel steps; instead the test asserts at the end that no namespace or
 * directory of this file is left. `PCP_LAB_ONLY` selects steps by a part of their names.
 */
export function scenarios(name: string, missing: string | undefined, steps: Scenarios): void {
  Deno.test({
    name: missing === undefined ? name : `${name} (skipped: ${missing})`,
    ignore: missing !== undefined,
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async (test) => {
      const only = Deno.env.get("PCP_LAB_ONLY") ?? "";
      const chosen = Object.entries(steps).filter(([step]) => step.includes(only));
      await Promise.all(chosen.map(([step, fn]) => {
        return test.step({
          name: step,
          fn,
          sanitizeOps: false,
          sanitizeResources: false,
          sanitizeExit: false,
        });
      }));
      await test.step("nothing is left behind", async () => assertEquals(await leftovers(), []));
    },
  });
}

/** The steps by name. */
export type Scenarios = Readonly<Record<string, () => Promise<void>>>;
