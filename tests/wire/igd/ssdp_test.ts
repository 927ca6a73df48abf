import { assert, assertEquals, assertThrows } from "@std/assert";
import { decodeSsdp, encodeSearch, type SsdpMessage } from "../../../src/wire/igd/ssdp.ts";
import { ANSWER, BYEBYE, IGD1, lines, SEARCH, utf8, UUID } from "../../helpers/igd_vectors.ts";

const WANTED = { group: "239.255.255.250", mx: 1, target: IGD1 } as const;

Deno.test("encodeSearch() writes the lines in order and spelling (V-1, U-2.1)", () => {
  const bytes = encodeSearch(WANTED);
  assertEquals(bytes.length, 137);
  assertEquals(bytes, utf8(SEARCH));
});

Deno.test("encodeSearch() names the group in HOST, IPv6 in brackets (U-2.1, U-13.2)", () => {
  const hosts = [["ff02::c", "[FF02::C]:1900"], ["ff05::c", "[FF05::C]:1900"]] as const;
  for (const [group, host] of hosts) {
    const expected = SEARCH.replace("239.255.255.250:1900", host);
    assertEquals(encodeSearch({ ...WANTED, group }), utf8(expected));
  }
});

Deno.test("encodeSearch() refuses an MX out of range and a target that would add lines (S-7)", () => {
  for (const mx of [0, 6, 1.5, NaN]) {
    assertThrows(() => encodeSearch({ ...WANTED, mx }), RangeError, `got "${mx}"`);
  }
  for (const target of ["", "a b", "a\r\nb", "ü"]) {
    assertThrows(() => encodeSearch({ ...WANTED, target }), RangeError, "printable ASCII");
  }
});

Deno.test("decodeSsdp() reads an answer (V-2)", () => {
  assertEquals(decode(ANSWER), {
    type: "answer",
    location: "http://192.168.1.1:5000/rootDesc.xml",
    target: IGD1,
    uuid: UUID,
    bootId: 41,
    server: "sim/1 UPnP/1.1 portcontrol-gateway/1",
  });
});

Deno.test("decodeSsdp() reads announcements (V-3)", () => {
  assertEquals(decode(BYEBYE), {
    type: "byebye",
    location: "",
    target: "upnp:rootdevice",
    uuid: UUID,
    bootId: 41,
    server: "",
  });
  const alive = BYEBYE.replace("ssdp:byebye", "SSDP:Alive\r\nlocation: http://192.168.1.1/");
  assertEquals([decode(alive).type, decode(alive).location], ["alive", "http://192.168.1.1/"]);
  assertEquals(decode(BYEBYE.replace("byebye", "update")).type, "update");
});

Deno.test("decodeSsdp() refuses an answer without LOCATION, and takes the first of two (M-1)", () => {
  const without = ANSWER.replace(/LOCATION.*\r\n/, "");
  assertEquals(decodeSsdp(utf8(without)), { ok: false, reason: "location" });
  const two = ANSWER.replace("EXT:", "LOCATION: http://192.168.1.1:1/a.xml");
  assertEquals(decode(two).location, "http://192.168.1.1:1/a.xml");
});

Deno.test("decodeSsdp() takes lower case, LF and no space after the colon (M-2)", () => {
  const message = decode("http/1.1 200 ok\nlocation :http://192.168.1.1:80/d.xml\n\n");
  assertEquals(message.location, "http://192.168.1.1:80/d.xml");
  assertEquals([message.uuid, message.bootId], ["", undefined]);
});

Deno.test("decodeSsdp() skips continued lines, and what follows the empty line", () => {
  for (const line of [" LOCATION: http://a/", "\tLOCATION: http://a/", ": http://a/", "LOCATION"]) {
    const text = ANSWER.replace("EXT:", line).replace(/\r\nLOCATION: http.*/, "");
    assertEquals([line, decodeSsdp(utf8(text)).ok], [line, false]);
  }
  const late = `${ANSWER.replace(/BOOTID.*\r\n/, "")}BOOTID.UPNP.ORG: 7\r\n`;
  assertEquals(decode(late).bootId, undefined);
});

Deno.test("decodeSsdp() gives the reason of a refusal", () => {
  const refusals = [
    ["", "startLine"],
    [SEARCH, "startLine"],
    ["\0\0\0\0", "startLine"],
    [ANSWER.replace("200 OK", "404 Not Found"), "status"],
    ["HTTP/1.1\r\n\r\n", "status"],
    [BYEBYE.replace("ssdp:byebye", "ssdp:other"), "notify"],
    [BYEBYE.replace(/NTS.*\r\n/, ""), "notify"],
  ] as const;
  for (const [text, reason] of refusals) {
    assertEquals([text, decodeSsdp(utf8(text))], [text, { ok: false, reason }]);
  }
});

Deno.test("decodeSsdp() refuses more than 2 KiB and more than 32 headers (U-15.1)", () => {
  const padded = (length: number) => utf8(ANSWER.padEnd(length, " "));
  assert(decodeSsdp(padded(2_048)).ok);
  assertEquals(decodeSsdp(padded(2_049)), { ok: false, reason: "tooLong" });
  const more = (count: number) =>
    utf8(ANSWER.replace("EXT:\r\n", lines(...Array(count).fill("X: 1"))));
  assert(decodeSsdp(more(26)).ok);
  assertEquals(decodeSsdp(more(27)), { ok: false, reason: "tooLong" });
});

Deno.test("decodeSsdp() gives no BOOTID that is not above 0 (U-9.4)", () => {
  const bootIds = [["-1", undefined], ["0", undefined], ["x", undefined], ["+7", 7], [
    "4294967295",
    4_294_967_295,
  ], ["4294967296", undefined]] as const;
  for (const [text, expected] of bootIds) {
    assertEquals([text, decode(ANSWER.replace("ORG: 41", `ORG: ${text}`)).bootId], [
      text,
      expected,
    ]);
  }
});

Deno.test("decodeSsdp() removes control characters from texts for people (S-8)", () => {
  const server = `\x1b[2J\u202eevil\u0007${"x".repeat(300)}`;
  const message = decode(ANSWER.replace(/SERVER: .*\r\n/, `SERVER: ${server}\r\n`));
  assertEquals(message.server, `[2J evil ${"x".repeat(191)}`);
});

function decode(text: string): SsdpMessage {
  const decoded = decodeSsdp(utf8(text));
  assert(decoded.ok, text);
  return decoded.value;
}
