import { assertEquals, assertThrows } from "@std/assert";
import { Nonce } from "../../src/wire/nonce.ts";
import { hex, viewOfHex } from "../helpers/hex.ts";

const TEXT = "a0a1a2a3a4a5a6a7a8a9aaab";

Deno.test("Nonce survives text and octets", () => {
  const nonce = Nonce.fromHex(TEXT.toUpperCase());
  const view = new DataView(new ArrayBuffer(16));
  nonce.write(view, 4);
  assertEquals(hex(new Uint8Array(view.buffer)), "00000000 a0a1a2a3 a4a5a6a7 a8a9aaab");
  assertEquals(Nonce.read(view, 4), nonce);
  assertEquals(nonce.toString(), TEXT);
  assertEquals(new Nonce(0, 1, 0xffffffff).toString(), "0000000000000001ffffffff");
});

Deno.test("Nonce.fromHex() throws TypeError that does not repeat the secret", () => {
  for (const text of ["", TEXT.slice(1), `${TEXT}0`, `${TEXT.slice(1)}g`, `0x${TEXT.slice(2)}`]) {
    const error = assertThrows(() => Nonce.fromHex(text), TypeError, `"${text.length}" characters`);
    assertEquals(text !== "" && error.message.includes(text), false);
  }
});

Deno.test("Nonce.equals() compares all 96 bits", () => {
  const nonce = Nonce.fromHex(TEXT);
  assertEquals(nonce.equals(Nonce.fromHex(TEXT)), true);
  assertEquals(nonce.equals(Nonce.read(viewOfHex(`ffffffff ${TEXT}`), 4)), true);
  for (let octet = 0; octet < 12; octet++) {
    const view = viewOfHex(TEXT);
    view.setUint8(octet, view.getUint8(octet) ^ 0x80);
    assertEquals([octet, nonce.equals(Nonce.read(view, 0))], [octet, false]);
  }
});

Deno.test("Nonce.hint shows sixteen bits of it (C-18-3)", () => {
  assertEquals(Nonce.fromHex(TEXT).hint, "a0a1…");
});
