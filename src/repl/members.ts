/**
 * The names that can follow `handle.` in an expression, for completion.
 *
 * @param path Names and indices with a dot behind each, such as `handle.mappings[0].`.
 * @param valueOf The value of the first name.
 */
export function membersOf(path: string, valueOf: (name: string) => unknown): string[] {
  const [first = "", ...rest] = path.match(/[\w$]+/g) ?? [];
  try {
    let value = valueOf(first);
    for (const name of rest) value = (value as Record<string, unknown>)[name];
    return namesOf(value);
  } catch {
    return []; // it is undefined, or a getter throws
  }
}

/** Names of the value and of its classes; those of every object are left out. */
function namesOf(value: unknown): string[] {
  const names = new Set<string>();
  let owner: unknown = value === undefined || value === null ? null : Object(value);
  while (owner !== null && owner !== Object.prototype && owner !== Function.prototype) {
    for (const name of Object.getOwnPropertyNames(owner)) {
      if (/^[A-Za-z$][\w$]*$/.test(name) && name !== "constructor") names.add(name);
    }
    owner = Object.getPrototypeOf(owner);
  }
  return [...names].sort();
}
