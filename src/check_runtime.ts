/**
 * Checks that the runtime is not too old. Deno and Bun are as new as they must be where they load the package at all.
 *
 * @throws {Error} In a version of Node.js before 20.
 */
export function checkRuntime(): void {
  if ("Deno" in globalThis) return; // the global `process` would load a large module
  const { process } = globalThis as unknown as { process?: { versions?: { node?: string } } };
  const version = process?.versions?.node;
  if (version === undefined || Number.parseInt(version) >= OLDEST) return;
  throw new Error(
    `Cannot run in Node.js "${version}": use Node.js ${OLDEST} or later, Deno 2 or Bun`,
  );
}

const OLDEST = 20;
