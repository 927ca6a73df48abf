import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { readXml, type XmlElement } from "../../../src/wire/igd/xml.ts";
import { utf8 } from "../../helpers/igd_vectors.ts";
import { readStrictly, xmlDocument, type XmlTree } from "../../helpers/xml_documents.ts";

const SEED = 20_260_704;

Deno.test(`readXml() reads in well-formed documents what a strict parser reads, seed ${SEED} (U-7.3)`, () => {
  let elements = 0;
  const property = fc.property(xmlDocument, (document) => {
    const read = readXml(utf8(document));
    assert(read.ok, `refused: ${read.ok ? "" : read.reason}`);
    const tree = treeOf(read.value);
    assertEquals(tree, readStrictly(document));
    elements += count(tree);
  });
  fc.assert(property, { seed: SEED, numRuns: 2_000 });
  assert(elements > 4_000, `only ${elements} elements`); // otherwise the test would compare nothing
});

function treeOf({ name, text, children, closed }: XmlElement): XmlTree {
  assert(closed, `"${name}" has its end`);
  return { name, text, children: children.map(treeOf) };
}

function count({ children }: XmlTree): number {
  return children.reduce((sum, child) => sum + count(child), 1);
}
