import { assert, assertEquals } from "@std/assert";
import {
  childText,
  elementsOf,
  escapeXml,
  findElement,
  readXml,
  type XmlElement,
} from "../../../src/wire/igd/xml.ts";
import { utf8 } from "../../helpers/igd_vectors.ts";

Deno.test("readXml() skips a byte order mark and white space before the declaration (M-15)", () => {
  const start = '\uFEFF\r\n <?xml version="1.0"?>';
  assertEquals(shape(`${start}<root>a</root>`), ["root", "a"]);
  assertEquals(shape(`\uFEFF${start}<root/>`), ["root", ""]);
});

Deno.test("readXml() decodes references, and leaves what is none (M-16)", () => {
  assertEquals(shape("<friendlyName>AT&T&nbsp;&#x41;&lt;</friendlyName>"), [
    "friendlyname",
    "AT&T&nbsp;A<",
  ]);
  const texts = [
    ["&amp;lt;&gt;&quot;&apos;", "&lt;>\"'"],
    ["&#65;&#x1F600;&#9;x", "A\u{1F600}\tx"],
    ["&#x9;&#xA;&#xD;&#x20;&#xD7FF;&#xE000;&#xFFFD;x", "\uD7FF\uE000\uFFFDx"],
    ["x&#xA;&#xD;&#x10000;&#x10FFFF;", "x\n\r\u{10000}\u{10FFFF}"],
    ["&#x1F;&#xDFFF;&#xFFFF;", "&#x1F;&#xDFFF;&#xFFFF;"],
    ["&#0;&#xD800;&#x110000;&#xFFFE;&#;&#x;&;&", "&#0;&#xD800;&#x110000;&#xFFFE;&#;&#x;&;&"],
    ["&#99999999999;&abcdefgh;", "&#99999999999;&abcdefgh;"],
    ["1 < 2", "1 < 2"],
  ];
  for (const [text = "", expected = ""] of texts) {
    assertEquals(shape(`<a>${text}</a>`), ["a", expected]);
  }
});

Deno.test("readXml() refuses a DOCTYPE and every other declaration (M-17, S-4)", () => {
  const documents = [
    '<!DOCTYPE r [<!ENTITY a "b">]><root>&a;</root>',
    "<root><!ENTITY a 'b'></root>",
    "<!doctype html><html></html>",
    "<root><![cdata[x]]></root>",
    "<root><!",
  ];
  for (const text of documents) assertEquals([text, reason(text)], [text, "doctype"]);
});

Deno.test("readXml() skips attributes, respecting quotes (M-18, U-7.5)", () => {
  assertEquals(shape(`<a x="1>2" y='"'>v</a>`), ["a", "v"]);
  assertEquals(shape('<NewX xsi:type="xsd:string">v</NewX>'), ["newx", "v"]);
  assertEquals(shape("<NewX/>"), ["newx", ""]);
  assertEquals(shape('<NewX\n a="/" />'), ["newx", ""]);
});

Deno.test("readXml() shows what a cut document has left open (M-19)", () => {
  for (
    const text of ["<root><device>", "<root", "<root><a></", "<root>x", '<root a="', "<root><a"]
  ) {
    const document = readXml(utf8(text));
    const isOpen = document.ok ? !document.value.closed : document.reason === "noElement";
    assertEquals([text, isOpen], [text, true]);
  }
  assertEquals(shape("<root><!-- x"), ["root", ""]);
  assertEquals(shape("<root><![CDATA[x"), ["root", ""]);
  assertEquals(shape("<root>abc"), ["root", "abc"]);
});

Deno.test("readXml() ignores what follows the end of the root (M-25)", () => {
  for (const rest of ["\0\0\r\n", "<extra>", "<!DOCTYPE x>", "</root>"]) {
    assertEquals(shape(`<root>a</root>${rest}`), ["root", "a"]);
  }
});

Deno.test("readXml() replaces octets that are not UTF-8 (M-26, Q-27)", () => {
  const bytes = Uint8Array.from([...utf8("<a><b>Conf"), 0xff, 0xfe, ...utf8("</a>")]);
  const document = readXml(bytes);
  assert(document.ok);
  assertEquals(childText(document.value, "b"), "Conf\uFFFD\uFFFD");
});

Deno.test("readXml() has limits for elements, depth and values (M-27, U-15.6)", () => {
  const wide = (count: number) => `<r>${"<a/>".repeat(count - 1)}</r>`;
  const deep = (depth: number) => "<a>".repeat(depth) + "</a>".repeat(depth);
  const long = (length: number, character = "x") => `<a>${character.repeat(length)}</a>`;
  for (const text of [wide(4_096), deep(32), long(2_048), long(1_024, "ü")]) {
    assert(readXml(utf8(text)).ok);
  }
  assertEquals(reason(wide(4_097)), "tooMany");
  assertEquals(reason(deep(33)), "tooDeep");
  assertEquals(reason(`${"<a>".repeat(32)}<a/>`), "tooDeep");
  assertEquals(reason(long(2_049)), "tooLong");
  assertEquals(reason(long(1_025, "ü")), "tooLong");
  assertEquals(reason(`<a>${"x".repeat(2_049)}`), "tooLong");
  assert(readXml(utf8(`<a>${"x".repeat(3_000)}<b/></a>`)).ok, "no value: it has child elements");
  assert(readXml(utf8(`<a>${" ".repeat(3_000)}b</a>`)).ok, "white space around does not count");
});

Deno.test("readXml() gives no text to an element with child elements (M-29)", () => {
  const text =
    "<e><NewPortMappingDescription>a <b> & c</NewPortMappingDescription><NewLease>7</NewLease></e>";
  const entry = readXml(utf8(text));
  assert(entry.ok);
  assertEquals(childText(entry.value, "newportmappingdescription"), "");
  assertEquals(childText(entry.value, "newlease"), "7");
});

Deno.test("readXml() takes CDATA as text and skips comments (M-30)", () => {
  const text = "<controlURL><!-- x --><![CDATA[/c?a=1&b=2]]></controlURL>";
  assertEquals(shape(text), ["controlurl", "/c?a=1&b=2"]);
  assertEquals(shape("<a>1<!-- <b> -->2<?p <c> ?>3<![CDATA[<&amp;]]></a>"), ["a", "123<&amp;"]);
});

Deno.test("readXml() closes with an end tag everything inside, and ignores one that closes nothing", () => {
  assertEquals(shape("<a><b><c>1</b></x><d>2</d></a>"), [
    "a",
    ["b", ["c", "1"]],
    ["d", "2"],
  ]);
  assertEquals(shape("<x:A><y:b>1</B ></z:a>"), ["a", ["b", "1"]]);
});

Deno.test("readXml() needs an element at the beginning", () => {
  for (const text of ["", "  ", "text", "text<a/>", "<?xml?>", "<!-- -->", "<", "< a>", "</a>"]) {
    assertEquals([text, reason(text)], [text, "noElement"]);
  }
});

Deno.test("the first of two equal elements counts (2.5)", () => {
  const document = readXml(utf8("<a><b>1</b><c><d>2</d></c><b>3</b></a>"));
  assert(document.ok);
  assertEquals(childText(document.value, "b"), "1");
  assertEquals(childText(document.value, "d"), undefined);
  assertEquals(findElement(document.value, "d")?.text, "2");
  assertEquals(findElement(document.value, "e"), undefined);
  assertEquals([...elementsOf(document.value)].map(({ name }) => name), ["a", "b", "c", "d", "b"]);
  const skipped = elementsOf(document.value, ({ name }) => name === "c");
  assertEquals([...skipped].map(({ name }) => name), ["a", "b", "c", "b"]);
});

Deno.test("readXml() takes time in proportion to the octets (S-3)", () => {
  const documents = ["<", "<!--", "&", "<a b='", "</a>", "<?", "<a>&#x"].map((piece) =>
    `<r>${piece.repeat(Math.floor(250_000 / piece.length))}`
  );
  const start = performance.now();
  for (const document of documents) readXml(utf8(document));
  assert(performance.now() - start < 5_000);
});

Deno.test("escapeXml() escapes what would end a text (2.4)", () => {
  assertEquals(escapeXml("a<b>&c;"), "a&lt;b&gt;&amp;c;");
});

type Shape = readonly [string, ...(string | Shape)[]];

/** The root as name and text, or as name and child elements. */
function shape(text: string): Shape {
  const document = readXml(utf8(text));
  assert(document.ok, `${text}: ${document.ok ? "" : document.reason}`);
  return shapeOf(document.value);
}

function shapeOf({ name, text, children }: XmlElement): Shape {
  return children.length === 0 ? [name, text] : [name, ...children.map(shapeOf)];
}

function reason(text: string): string {
  const document = readXml(utf8(text));
  return document.ok ? "none" : document.reason;
}
