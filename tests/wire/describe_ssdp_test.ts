import { assertEquals } from "@std/assert";
import { describe } from "../../src/wire/describe.ts";
import { ANSWER, BYEBYE, SEARCH, utf8 } from "../helpers/igd_vectors.ts";

Deno.test("describe() shows datagrams of SSDP by their kind and headers (U-14.4)", () => {
  const igd = "urn:schemas-upnp-org:device:InternetGatewayDevice:1";
  assertEquals(describe(utf8(SEARCH)), `SSDP search, st: ${igd}`);
  assertEquals(
    describe(utf8(ANSWER)),
    `SSDP answer, st: ${igd}, location: http://192.168.1.1:5000/rootDesc.xml`,
  );
  assertEquals(describe(utf8(BYEBYE)), "SSDP announcement, nt: upnp:rootdevice, nts: ssdp:byebye");
  assertEquals(describe(utf8("HTTP/1.1 200 OK")), "SSDP answer");
  assertEquals(
    describe(utf8("M-SEARC")),
    "Unreadable datagram (version), 7 octets, begins 4d 2d 53 45",
  );
});

Deno.test("describe() shows no control characters of SSDP, and bounds its length (S-8)", () => {
  const text = `HTTP/1.1 200 OK\nST: \x1b[2J\u202e${"x".repeat(100)}\n${"NT: y\n".repeat(9)}`;
  const line = describe(utf8(text));
  assertEquals(line, `SSDP answer, st: [2J ${"x".repeat(76)}…, nt: y, nt: y, nt: y`);
});
