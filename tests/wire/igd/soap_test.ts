import { assert, assertEquals } from "@std/assert";
import { decodeHttpResponse, LONGEST_SOAP } from "../../../src/wire/igd/http_message.ts";
import { readSoapResponse, type SoapResult } from "../../../src/wire/igd/soap.ts";
import {
  ADDED,
  ADDED_ANY,
  ADDED_BODY,
  ADDRESS,
  CONFLICT,
  CONFLICT_BODY,
  lines,
  utf8,
} from "../../helpers/igd_vectors.ts";

const CONFLICT_FAULT = { type: "fault", code: 718, description: "ConflictInMappingEntry" } as const;
const FAILED = { type: "fault", code: 501, description: "" } as const;

Deno.test("readSoapResponse() reads success in every framing (V-11, V-12, V-13)", () => {
  assertEquals(values(read(ADDED)), {});
  assertEquals(values(read(ADDED_ANY, "AddAnyPortMapping")), { newreservedport: "49731" });
  assertEquals(values(read(ADDRESS, "GetExternalIPAddress")), {
    newexternalipaddress: "20.30.40.1",
  });
});

Deno.test("readSoapResponse() reads a fault whatever the status (V-14, M-20, U-7.2)", () => {
  assertEquals(read(CONFLICT), CONFLICT_FAULT);
  for (const status of ["200 OK", "400 Bad Request", "2"]) {
    assertEquals(read(http(status, CONFLICT_BODY)), CONFLICT_FAULT);
  }
});

Deno.test("readSoapResponse() believes no success without a status of class 2 (M-21, U-7.2)", () => {
  assertEquals(read(http("500 Error", ADDED_BODY)), FAILED);
  assertEquals(read(http("404 Not Found", ADDED_BODY)), { type: "notSoap", status: 404 });
  assertEquals(read(http("2", ADDED_BODY)).type, "success");
});

Deno.test("readSoapResponse() reads odd faults (M-22, U-7.2)", () => {
  const odd =
    "<e><FAULT><faultCode>x</faultCode><detail><errorcode> -911 </errorcode></detail></FAULT></e>";
  assertEquals(read(http("500 E", odd)), { type: "fault", code: -911, description: "" });
  for (const code of ["", "abc", "99999999999", "7.5"]) {
    const body = `<e><Fault><errorCode>${code}</errorCode></Fault></e>`;
    assertEquals([code, read(http("200 OK", body))], [code, FAILED]);
  }
  assertEquals(read(http("500 E", "<e><Fault></Fault></e>")), FAILED);
});

Deno.test("readSoapResponse() takes neither a login page nor another action's response (M-23, U-7.2)", () => {
  const others = [
    http("200 OK", "<html><body>Login</body></html>"),
    http("200 OK", "<!DOCTYPE html><html></html>"),
    http("200 OK", ""),
    http("200 OK", ADDED_BODY.replaceAll("AddPortMapping", "DeletePortMapping")),
  ];
  for (const text of others) assertEquals(read(text), { type: "notSoap", status: 200 });
  assertEquals(read(http("302 Found", "")), { type: "notSoap", status: 302 });
  assertEquals(read(http("401 Unauthorized", "<html></html>")), { type: "notSoap", status: 401 });
});

Deno.test("readSoapResponse() takes status 500 without a readable fault as Action Failed (6.2)", () => {
  assertEquals(read(http("500 Error", "<html></html>")), FAILED);
  assertEquals(read(http("501 Unknown", "")), { type: "notSoap", status: 501 });
});

Deno.test("a body with a response and a fault is a fault (U-7.2)", () => {
  const both = ADDED_BODY.replace(
    "</s:Body>",
    "<s:Fault><errorCode>402</errorCode></s:Fault></s:Body>",
  );
  assertEquals(read(http("200 OK", both)), { type: "fault", code: 402, description: "" });
});

Deno.test("a fault inside of a value is none: other hosts choose descriptions (S-5)", () => {
  const body =
    "<e><GetSpecificPortMappingEntryResponse><NewPortMappingDescription><s:Fault><errorCode>714" +
    "</errorCode></s:Fault></NewPortMappingDescription><NewInternalPort>80</NewInternalPort>" +
    "</GetSpecificPortMappingEntryResponse></e>";
  assertEquals(values(read(http("200 OK", body), "GetSpecificPortMappingEntry")), {
    newportmappingdescription: "",
    newinternalport: "80",
  });
});

Deno.test("a cut body counts only if the wanted element is complete (M-12, M-19)", () => {
  const longer = (body: string) => lines("HTTP/1.1 200 OK", "Content-Length: 999", "") + body;
  const end = ADDED_BODY.indexOf("</u:AddPortMappingResponse>");
  assertEquals(read(longer(ADDED_BODY.slice(0, end))), { type: "cut" });
  assertEquals(read(longer(ADDED_BODY.slice(0, end + 10))), { type: "cut" });
  assertEquals(read(longer(ADDED_BODY.slice(0, end + 27))).type, "success");
  assertEquals(read(longer("<s:Envelope>")), { type: "cut" });
  assertEquals(read(longer("")), { type: "cut" });
  const fault = CONFLICT_BODY.slice(0, CONFLICT_BODY.indexOf("</s:Fault>"));
  assertEquals(read(http("500 E", fault)), { type: "cut" });
  assertEquals(read(http("200 OK", ADDED_BODY.slice(0, end))), { type: "cut" });
});

Deno.test("zeros or elements after the body change nothing (M-25)", () => {
  for (const rest of ["\0\0\r\n", "<extra>"]) {
    assertEquals(read(http("200 OK", ADDED_BODY + rest)).type, "success");
  }
});

Deno.test("octets that are not UTF-8 in a fault's text leave its number (M-26, Q-27)", () => {
  const [start = "", end = ""] = CONFLICT_BODY.split("lictInMappingEntry</errorDescription>");
  const bytes = [...utf8(`HTTP/1.1 500 E\r\n\r\n${start}`), 0xff, 0xfe, ...utf8(end)];
  const result = readBytes(Uint8Array.from(bytes), "AddPortMapping");
  assertEquals(result, { type: "fault", code: 718, description: "Conf\uFFFD\uFFFD" });
});

Deno.test("a fault's text has no control characters and at most 200 characters (S-8)", () => {
  const text = CONFLICT_BODY.replace("ConflictInMappingEntry", `\x1b[2J${"x".repeat(400)}`);
  const result = read(http("500 E", text));
  assertEquals(result.type === "fault" && result.description, `[2J${"x".repeat(197)}`);
});

Deno.test("readSoapResponse() never throws, for any cut and any changed octet of V-14 (U-7.3)", () => {
  const bytes = utf8(CONFLICT);
  for (let at = 0; at < bytes.length; at++) {
    readBytes(bytes.subarray(0, at), "AddPortMapping");
    for (let octet = 0; octet < 256; octet += 5) {
      const changed = bytes.slice();
      changed[at] = octet;
      readBytes(changed, "AddPortMapping");
    }
  }
});

function http(status: string, body: string): string {
  return lines(`HTTP/1.1 ${status}`, "") + body;
}

function read(octets: string, action = "AddPortMapping"): SoapResult {
  const result = readBytes(utf8(octets), action);
  assert(result !== undefined, octets);
  return result;
}

function readBytes(bytes: Uint8Array, action: string): SoapResult | undefined {
  const response = decodeHttpResponse(bytes, LONGEST_SOAP);
  return response.ok ? readSoapResponse(response.value, action) : undefined;
}

function values(result: SoapResult): Record<string, string> {
  assert(result.type === "success", JSON.stringify(result));
  return Object.fromEntries(result.values);
}
