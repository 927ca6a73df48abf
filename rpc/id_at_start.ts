/**
 * The id of a request, of which only the start is there: if the id follows members that are no objects and no arrays, as all
 * usual clients write it. Null otherwise.
 */
export function idAtStart(octets: Uint8Array): string | number | null {
  const text = new TextDecoder().decode(octets);
  const [, id] = START.exec(text) ?? [];
  if (id === undefined) return null;
  try {
    return JSON.parse(id);
  } catch {
    return null; // such as an invalid escape
  }
}

/** Octets of a message that are searched for its id. */
export const ENOUGH_FOR_ID = 1_024;

const TEXT = String.raw`"(?:[^"\\\x00-\x1f]|\\.)*"`;
const NUMBER = String.raw`-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?`;
const MEMBER = String.raw`(?!"id")${TEXT}\s*:\s*(?:${TEXT}|${NUMBER}|true|false|null)\s*,\s*`;
const START = new RegExp(String.raw`^\s*\{\s*(?:${MEMBER})*"id"\s*:\s*(${TEXT}|${NUMBER})\s*[,}]`);
