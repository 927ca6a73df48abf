/** Well-formed documents of XML in many spellings, and what a strict parser reads in them. */

import fc from "fast-check";
import { SaxesParser } from "saxes";

/** Name in lower case without prefix, the text of an element without child elements, child elements. */
export interface XmlTree {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlTree[];
}

const letters = "abcXYZ_é".split("");
const name = fc.tuple(
  fc.constantFrom("", "", "s:", "SOAP-ENV:", "x1:"),
  fc.constantFrom(...letters),
  fc.string({ unit: fc.constantFrom(...letters, ..."0189.-"), maxLength: 6 }),
).map((parts) => parts.join(""));

const character = fc.constantFrom(..."ab 019\n\t&<>\"'];:/=é€\u{1F600}\u00a0", "]]>");
const plain = fc.string({ unit: character, maxLength: 12 });

/** One text in one of its spellings. */
const text = fc.tuple(plain, fc.constantFrom("named", "decimal", "hexadecimal", "cdata")).map(
  ([value, style]) => {
    if (style === "cdata") return `<![CDATA[${value.replaceAll(">", "")}]]>`;
    return value.replaceAll(/[&<>"']/g, (each) => {
      const code = each.codePointAt(0) ?? 0;
      if (style === "decimal") return `&#${code};`;
      return style === "named" ? NAMED[each] ?? each : `&#x${code.toString(16)};`;
    });
  },
);

const comment = plain.map((value) => `<!--${value.replaceAll("-", "")}-->`);
const instruction = plain.map((value) => `<?p ${value.replaceAll("?>", "")}?>`);
const space = fc.constantFrom("", " ", "\n", "\t ");

const attributes = fc.uniqueArray(
  fc.tuple(name, plain, fc.constantFrom('"', "'")),
  { maxLength: 3, selector: ([key]) => key },
).map((list) =>
  list.map(([key, value, quote]) =>
    ` ${key}=${quote}${
      value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(quote, "")
    }${quote}`
  ).join("")
);

const empty = fc.tuple(name, attributes, space).map(([tag, given, gap]) =>
  `<${tag}${given}${gap}/>`
);

const { element } = fc.letrec<{ element: string; content: string }>((tie) => ({
  element: fc.oneof({ maxDepth: 6 }, empty, {
    weight: 4,
    arbitrary: fc.tuple(name, attributes, space, tie("content")).map(([tag, given, gap, content]) =>
      `<${tag}${given}${gap}>${content}</${tag}${gap}>`
    ),
  }),
  content: fc.array(
    fc.oneof(text, comment, instruction, { weight: 3, arbitrary: tie("element") }),
    { maxLength: 5 },
  ).map((parts) => parts.join("")),
}));

/** A document with everything around its root that XML allows, apart from a DOCTYPE. */
export const xmlDocument: fc.Arbitrary<string> = fc.tuple(
  fc.constantFrom("", '<?xml version="1.0"?>', "\uFEFF<?xml version='1.0' encoding='utf-8'?>\n"),
  fc.oneof(space, comment),
  element,
  fc.oneof(space, comment),
).map((parts) => parts.join(""));

/**
 * Reads a document with saxes, a strict parser.
 *
 * @throws {Error} If it is not well-formed.
 */
export function readStrictly(document: string): XmlTree {
  const root: OpenTree = { name: "", text: "", children: [] };
  const open = [root];
  const innermost = (): OpenTree => open.at(-1) ?? root;
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name }) => {
    const tree = {
      name: name.slice(name.lastIndexOf(":") + 1).toLowerCase(),
      text: "",
      children: [],
    };
    innermost().children.push(tree);
    open.push(tree);
  });
  parser.on("text", (value) => innermost().text += value);
  parser.on("cdata", (value) => innermost().text += value);
  parser.on("closetag", () => {
    const tree = open.pop();
    if (tree !== undefined) tree.text = tree.children.length === 0 ? tree.text.trim() : "";
  });
  parser.write(document).close();
  return root.children[0] ?? root;
}

interface OpenTree extends XmlTree {
  text: string;
  readonly children: OpenTree[];
}

const NAMED: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};
