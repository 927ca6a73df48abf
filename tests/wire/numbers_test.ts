import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { NatPmpResultCode, natPmpResultName, natPmpResultSentence } from "../../src/wire/natpmp.ts";
import { Opcode, opcodeName } from "../../src/wire/opcode.ts";
import { OptionCode, optionName } from "../../src/wire/option.ts";
import {
  hasPorts,
  parseProtocol,
  protocolName,
  ProtocolNumber,
} from "../../src/wire/protocol_number.ts";
import { resultClass, ResultCode, resultName, resultSentence } from "../../src/wire/result_code.ts";

Deno.test("opcodeName() names every opcode, known or not", () => {
  assertEquals(Object.values(Opcode).map(opcodeName), [
    "ANNOUNCE",
    "MAP",
    "PEER",
    "AUTHENTICATION",
  ]);
  assertEquals([opcodeName(4), opcodeName(127)], ["OPCODE_4", "OPCODE_127"]);
});

Deno.test("resultName() is ResultCode as the RFCs write it", () => {
  for (const [name, code] of Object.entries(ResultCode)) {
    const spelled = name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
    assertEquals([code, resultName(code)], [code, spelled]);
  }
  assertEquals(Object.values(ResultCode), Array.from({ length: 27 }, (_, code) => code));
});

Deno.test("unknown result codes are failures with a name and a sentence (C-7.4-1)", () => {
  for (const code of [27, 77, 128, 192, 255]) {
    assertEquals(resultName(code), `RESULT_${code}`);
    assertEquals(resultClass(code), "long");
    assertMatch(resultSentence(code), new RegExp(`\\(code ${code}\\)\\.$`));
  }
});

Deno.test("resultClass() is success for 0 alone, and short for the short errors of the RFC (C-8.3-L9)", () => {
  const codes = Object.values(ResultCode);
  assertEquals(codes.filter((code) => resultClass(code) === "success"), [0]);
  assertEquals(codes.filter((code) => resultClass(code) === "short"), [7, 8, 10]);
});

Deno.test("resultSentence() is one plain sentence, different for every code", () => {
  const sentences = Object.values(ResultCode).map(resultSentence);
  for (const sentence of sentences) assertMatch(sentence, /^[A-Z][^.]+\.$/);
  assertEquals(new Set(sentences).size, sentences.length);
});

Deno.test("NAT-PMP result codes have a table of their own", () => {
  assertEquals(Object.values(NatPmpResultCode).map(natPmpResultName), [
    "SUCCESS",
    "UNSUPPORTED_VERSION",
    "NOT_AUTHORIZED",
    "NETWORK_FAILURE",
    "OUT_OF_RESOURCES",
    "UNSUPPORTED_OPCODE",
  ]);
  assertEquals(natPmpResultName(6), "RESULT_6");
  for (const code of [0, 1, 2, 3, 4, 5, 6]) {
    assertMatch(natPmpResultSentence(code), /^[A-Z][^.]+\.$/);
  }
});

Deno.test("optionName() is OptionCode as the RFCs write it", () => {
  for (const [name, code] of Object.entries(OptionCode)) {
    const spelled = name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
    assertEquals([code, optionName(code)], [code, spelled]);
  }
  assertEquals(optionName(100), "OPTION_100");
});

Deno.test("parseProtocol() reads what protocolName() writes, for every number", () => {
  for (let number = 0; number <= 255; number++) {
    assertEquals(parseProtocol(protocolName(number)), number);
    assertEquals(parseProtocol(number), number);
    assertEquals(parseProtocol(String(number)), number);
  }
});

Deno.test("parseProtocol() reads names in any case, with or without the hyphen", () => {
  const names = ["tcp", "UDP", "Sctp", "DCCP", "udplite", "UDP-Lite", "all", "icmpv6", "esp"];
  assertEquals(names.map(parseProtocol), [6, 17, 132, 33, 136, 136, 0, 58, 50]);
});

Deno.test("parseProtocol() throws on what is no protocol", () => {
  for (const text of ["", "tpc", "-1", "6.0", "0x11", " 6"]) {
    assertThrows(() => parseProtocol(text), TypeError, `got "${text}"`);
  }
  for (const number of [-1, 256, 1.5, NaN, Infinity]) {
    assertThrows(() => parseProtocol(number), RangeError, `got "${number}"`);
  }
  assertThrows(() => parseProtocol("256"), RangeError, 'from 0 to 255, got "256"');
  assertThrows(() => parseProtocol(undefined as never), TypeError, 'got "undefined"');
});

Deno.test("hasPorts() is true for the protocols with ports (C-11.2-1)", () => {
  const withPorts = Object.values(ProtocolNumber).filter(hasPorts);
  assertEquals(withPorts, [6, 17, 33, 132, 136]);
});
