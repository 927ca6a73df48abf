import { readdir } from "node:fs/promises";

/**
 * The paths of files that begin with a word, for completion; folders end with a slash, files with a blank. Hidden ones are
 * offered to a word that begins their name with a dot only.
 */
export async function filesThatBegin(word: string): Promise<string[]> {
  const end = word.lastIndexOf("/") + 1;
  const [folder, begin] = [word.slice(0, end), word.slice(end)];
  try {
    const entries = await readdir(folder === "" ? "." : folder, { withFileTypes: true });
    return entries
      .filter(({ name }) => name.startsWith(begin) && (begin !== "" || !name.startsWith(".")))
      .filter(({ name }) => !/[\s\p{Cc}'"\\]/u.test(name)) // would have to be quoted
      .map((entry) => `${folder}${entry.name}${entry.isDirectory() ? "/" : " "}`)
      .sort();
  } catch {
    return []; // there is no such folder, or the permission is missing
  }
}
