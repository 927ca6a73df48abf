/**
 * Runs what was typed after `js`, with top-level await: an expression, or else statements. Names that are assigned without
 * a declaration stay for the next time.
 *
 * @param code The text.
 * @param scope Names in reach, and what they stand for.
 * @returns The value of the expression, or what the statements return.
 * @throws {SyntaxError} If it is no JavaScript, and whatever the code throws.
 */
export async function evaluate(
  code: string,
  scope: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const names = Object.keys(scope);
  const values = Object.values(scope);
  let run: (...values: readonly unknown[]) => Promise<unknown>;
  try {
    run = new AsyncFunction(...names, `return (${code}\n);`);
  } catch {
    run = new AsyncFunction(...names, code);
  }
  return await run(...values);
}

const AsyncFunction = (async () => {}).constructor as new (
  ...text: string[]
) => (...values: readonly unknown[]) => Promise<unknown>;
