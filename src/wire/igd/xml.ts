import { type Decoded, decoded, refused } from "../errors.ts";
import { decodeUtf8, encodeUtf8 } from "./text.ts";

/** An element of a document. Attributes are not kept. */
export interface XmlElement {
  /** The name without its prefix, in lower case. */
  readonly name: string;
  /** The text without white space around it; empty in an element with child elements. */
  readonly text: string;
  /** The child elements in their order. */
  readonly children: readonly XmlElement[];
  /** Whether the document has the element's end. A document that was cut leaves elements open. */
  readonly closed: boolean;
}

/**
 * The rule that a document breaks:
 *
 * - `noElement`: it does not begin with an element, apart from white space, comments and declarations.
 * - `doctype`: it has a DOCTYPE or another declaration that may define entities.
 * - `tooMany`: more than 4,096 elements.
 * - `tooDeep`: elements nested deeper than 32.
 * - `tooLong`: a value longer than 2 KiB.
 */
export type XmlReason = "noElement" | "doctype" | "tooMany" | "tooDeep" | "tooLong";

/**
 * Reads a document of a router. Routers send what strict parsers refuse, so this one takes a bare `&`, a line break before
 * the declaration, undeclared prefixes, end tags in a wrong order, and octets after the end. Never throws.
 *
 * @returns The root element, with everything up to its end or the end of the octets.
 */
export function readXml(bytes: Uint8Array): Decoded<XmlElement, XmlReason> {
  return new XmlReader(decodeUtf8(bytes)).read();
}

/** The first element of a name, in lower case: the given element or one below it, in the order of the document. */
export function findElement(root: XmlElement, name: string): XmlElement | undefined {
  for (const element of elementsOf(root)) if (element.name === name) return element;
  return undefined;
}

/** An element and all below it, in the order of the document; what is below those that `skip` names is left out. */
export function* elementsOf(
  root: XmlElement,
  skip: (element: XmlElement) => boolean = () => false,
): Generator<XmlElement> {
  const stack = [root];
  for (let element = stack.pop(); element !== undefined; element = stack.pop()) {
    yield element;
    if (skip(element)) continue;
    for (let index = element.children.length; index > 0; index--) {
      const child = element.children[index - 1];
      if (child !== undefined) stack.push(child);
    }
  }
}

/** The first child of a name, in lower case. */
function childOf(parent: XmlElement, name: string): XmlElement | undefined {
  return parent.children.find((child) => child.name === name);
}

/** The text of the first child of a name, in lower case; `undefined` if there is no such child. */
export function childText(parent: XmlElement, name: string): string | undefined {
  return childOf(parent, name)?.text;
}

/** A text in an element or attribute, escaped. */
export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** An element while it is read. */
interface OpenElement {
  readonly name: string;
  text: string;
  readonly children: OpenElement[];
  closed: boolean;
}

/** Reads from left to right and never goes back, so the time grows with the length of the document only. */
class XmlReader {
  readonly #source: string;
  #at = 0;
  #elements = 0;
  /** The open elements, the innermost last. */
  readonly #open: OpenElement[] = [];
  #root: OpenElement | undefined = undefined;
  #fault: XmlReason | undefined = undefined;

  constructor(source: string) {
    this.#source = source;
  }

  read(): Decoded<XmlElement, XmlReason> {
    while (this.#fault === undefined && this.#root?.closed !== true && this.#step());
    // The text of an element that is still open was cut, but its length counts as well.
    for (const element of this.#open) this.#setText(element);
    if (this.#fault !== undefined) return refused(this.#fault);
    return this.#root === undefined ? refused("noElement") : decoded(this.#root);
  }

  /** Reads the text up to the next tag, and the tag. Returns false at the end of the document. */
  #step(): boolean {
    const start = this.#source.indexOf("<", this.#at);
    this.#addText(decodeReferences(this.#source.slice(this.#at, start < 0 ? undefined : start)));
    if (start < 0 || this.#fault !== undefined) return false;
    this.#at = start + 1;
    const rest = this.#source.slice(this.#at, this.#at + CDATA.length);
    if (rest.startsWith("?")) return this.#skipTo("?>");
    if (rest.startsWith("!--")) {
      this.#at += 3;
      return this.#skipTo("-->");
    }
    if (rest === CDATA) return this.#readCdata();
    if (rest.startsWith("!")) return this.#fail("doctype");
    if (rest.startsWith("/")) return this.#readEndTag();
    if (/^[\p{L}_:]/u.test(rest)) return this.#readStartTag();
    this.#addText("<");
    return true;
  }

  #skipTo(end: string): boolean {
    const found = this.#source.indexOf(end, this.#at);
    this.#at = found + end.length;
    return found >= 0;
  }

  #readCdata(): boolean {
    const start = this.#at + CDATA.length;
    this.#at = start;
    if (!this.#skipTo("]]>")) return false;
    this.#addText(this.#source.slice(start, this.#at - 3));
    return true;
  }

  /** Closes the innermost open element of the name and everything inside; if there is none, nothing. */
  #readEndTag(): boolean {
    const start = this.#at + 1;
    if (!this.#skipTo(">")) return false;
    const name = localName(nameAt(this.#source, start, this.#at - 1));
    const index = this.#open.findLastIndex((element) => element.name === name);
    if (index < 0) return true;
    for (const element of this.#open.splice(index)) this.#close(element);
    return true;
  }

  #readStartTag(): boolean {
    const start = this.#at;
    const end = this.#endOfTag(start);
    if (end < 0) return false;
    this.#at = end + 1;
    const isEmpty = this.#source[end - 1] === "/";
    const element: OpenElement = {
      name: localName(nameAt(this.#source, start, isEmpty ? end - 1 : end)),
      text: "",
      children: [],
      closed: false,
    };
    this.#elements++;
    if (this.#elements > MOST_ELEMENTS) return this.#fail("tooMany");
    if (this.#open.length >= DEEPEST) return this.#fail("tooDeep");
    this.#open.at(-1)?.children.push(element);
    this.#root ??= element;
    if (isEmpty) this.#close(element);
    else this.#open.push(element);
    return true;
  }

  /** The offset of the `>` that ends a start tag: one in quotes belongs to an attribute. */
  #endOfTag(from: number): number {
    let quote = "";
    for (let at = from; at < this.#source.length; at++) {
      const character = this.#source[at] ?? "";
      if (quote !== "") {
        if (character === quote) quote = "";
      } else if (character === '"' || character === "'") {
        quote = character;
      } else if (character === ">") {
        return at;
      }
    }
    return -1;
  }

  /** Adds to the text of the innermost element. An element with child elements has no text. */
  #addText(text: string): void {
    const element = this.#open.at(-1);
    if (element !== undefined) {
      if (element.children.length === 0) element.text += text;
    } else if (this.#root === undefined && text.trim() !== "") {
      this.#fail("noElement"); // trim() takes a byte order mark as white space
    }
  }

  #close(element: OpenElement): void {
    element.closed = true;
    this.#setText(element);
  }

  #setText(element: OpenElement): void {
    element.text = element.children.length === 0 ? element.text.trim() : "";
    // A character has at most 3 octets for each unit of the string.
    const { length } = element.text;
    const isLong = length > LONGEST_VALUE / 3 && encodeUtf8(element.text).length > LONGEST_VALUE;
    if (isLong) this.#fail("tooLong");
  }

  #fail(reason: XmlReason): false {
    this.#fault ??= reason;
    return false;
  }
}

/** The name between two offsets: up to the first white space. */
function nameAt(source: string, start: number, end: number): string {
  let at = start;
  while (at < end && !WHITE_SPACE.has(source[at] ?? "")) at++;
  return source.slice(start, at);
}

/** What follows the last colon of a name, in lower case. */
function localName(name: string): string {
  return name.slice(name.lastIndexOf(":") + 1).toLowerCase();
}

/** Replaces the five named references and numeric ones of valid characters; others stay as they are. */
function decodeReferences(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(REFERENCE, (reference: string, body: string) => {
    if (!body.startsWith("#")) return NAMED.get(body) ?? reference;
    const code = body[1] === "x" ? parseInt(body.slice(2), 16) : parseInt(body.slice(1), 10);
    return isCharacter(code) ? String.fromCodePoint(code) : reference;
  });
}

/** Char of XML 1.0 section 2.2. */
function isCharacter(code: number): boolean {
  return code === 0x9 || code === 0xa || code === 0xd || (code >= 0x20 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) || (code >= 0x1_0000 && code <= 0x10_ffff);
}

/** Bounded, so that a `&` without its `;` costs no more than some characters. */
const REFERENCE = /&(#x[0-9a-fA-F]{1,8}|#[0-9]{1,10}|[a-z]{2,4});/g;

const NAMED: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
]);

const CDATA = "![CDATA[";

const WHITE_SPACE: ReadonlySet<string> = new Set([" ", "\t", "\r", "\n"]);

/** Our decisions, because the largest measured description has 130 elements, nested 10 deep, with values below 100 octets. */
const MOST_ELEMENTS = 4_096;
const DEEPEST = 32;
const LONGEST_VALUE = 2_048;
