/** Links and paths in Markdown. For the tests of the documents, in the repository and in the built package. */

import { basename, dirname, join } from "node:path/posix";

/** A link of a document that leads nowhere. */
export interface DeadLink {
  readonly document: string;
  readonly target: string;
}

/**
 * The relative links of Markdown files that lead to no file, folder or heading. Absolute links are not followed.
 *
 * @param files Every path that a link may lead to.
 * @param read The text of a Markdown file.
 */
export async function deadLinks(
  files: readonly string[],
  read: (path: string) => Promise<string>,
): Promise<DeadLink[]> {
  const paths = new Set(files.flatMap((file) => [file, ...foldersOf(file)]));
  const documents = files.filter((file) => file.endsWith(".md"));
  const texts = new Map(
    await Promise.all(documents.map(async (document) => {
      return [document, await read(document)] as const;
    })),
  );
  return [...texts].flatMap(([document, text]) => {
    const dead = linksOf(text).filter((target) => {
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? document : join(dirname(document), path);
      if (anchor === undefined) return !paths.has(file);
      return !anchorsOf(texts.get(file) ?? "").has(anchor);
    });
    return dead.map((target) => ({ document, target }));
  });
}

/** The targets of the links and pictures of a Markdown text, code left out, without those to other hosts. */
export function linksOf(markdown: string): string[] {
  return [...withoutCode(markdown).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z][a-z+.-]*:/i.test(target));
}

/**
 * The paths of this repository that Markdown files name in code, and that lead to no file or folder. They count from the root or
 * from the document's folder; a file name alone may be in any folder.
 *
 * @param documents The Markdown files.
 * @param files Every path that may be named.
 * @param read The text of a Markdown file.
 */
export async function deadPaths(
  documents: readonly string[],
  files: readonly string[],
  read: (path: string) => Promise<string>,
): Promise<DeadLink[]> {
  const paths = new Set(files.flatMap((file) => [file, basename(file), ...foldersOf(file)]));
  const exists = (path: string): boolean => paths.has(path) || paths.has(`${path}/`);
  const dead: DeadLink[] = [];
  for (const document of documents) {
    const named = pathsOf(await read(document));
    const missing = named.filter((path) => !exists(path) && !exists(join(dirname(document), path)));
    dead.push(...missing.map((target) => ({ document, target })));
  }
  return dead;
}

/** The paths in the code spans of a Markdown text, and at the beginning of the lines of its blocks of type `text`. */
export function pathsOf(markdown: string): string[] {
  const spans = withoutFences(markdown).matchAll(/`([^`\n]+)`/g);
  const blocks = [...markdown.matchAll(/^```text$([^]*?)^```$/gm)];
  const lines = blocks.flatMap(([, block = ""]) => [...block.matchAll(/^(\S+)/gm)]);
  return [...spans, ...lines].map(([, code = ""]) => code).filter((code) => PATH.test(code));
}

const PATH =
  /^(\.ci|\.vscode|docs|examples|links|rpc|src|tests)\/[\w./-]*$|^[a-z]\w*\.(ts|py|mjs|sh|md)$/;

/** The anchors that the headings of a Markdown text have where it is rendered. */
export function anchorsOf(markdown: string): Set<string> {
  const headings = withoutFences(markdown).matchAll(/^#+ +(.*)$/gm);
  return new Set(
    [...headings].map(([, heading = ""]) =>
      heading.toLowerCase().replaceAll(/[^\p{L}\p{N}_ -]/gu, "").trim().replaceAll(" ", "-")
    ),
  );
}

/** `a/b/c.md` is in `a/` and `a/b/`. */
function foldersOf(path: string): string[] {
  const names = path.split("/").slice(0, -1);
  return names.map((_, index) => `${names.slice(0, index + 1).join("/")}/`);
}

function withoutCode(markdown: string): string {
  return withoutFences(markdown).replaceAll(/`[^`\n]*`/g, "");
}

function withoutFences(markdown: string): string {
  return markdown.replaceAll(/^```[^]*?^```$/gm, "");
}
