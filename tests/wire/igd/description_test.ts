import { assert, assertEquals } from "@std/assert";
import { decodeDescription, type IgdDescription } from "../../../src/wire/igd/description.ts";
import { DESCRIPTION, FC1, IP1, IP2, utf8, UUID } from "../../helpers/igd_vectors.ts";

const service = (type: string, url = "/c") =>
  `<service><serviceType>${type}</serviceType><controlURL>${url}</controlURL></service>`;
const root = (content: string) => `<root><device>${content}</device></root>`;
const typesOf = (text: string) => decode(text).services.map(({ type }) => type);

Deno.test("decodeDescription() finds the services of two connections and of IPv6 (V-4, U-5.1)", () => {
  assertEquals(decode(DESCRIPTION), {
    uuid: UUID,
    friendlyName: "Sim & Co",
    manufacturer: "",
    modelName: "",
    urlBase: undefined,
    services: [
      {
        type: "urn:schemas-upnp-org:service:WANPPPConnection:1",
        name: "WANPPPConnection",
        version: 1,
        isDslForum: false,
        controlUrl: "/ctl/ppp",
      },
      {
        type: IP2,
        name: "WANIPConnection",
        version: 2,
        isDslForum: false,
        controlUrl: "/ctl/IPConn",
      },
      {
        type: FC1,
        name: "WANIPv6FirewallControl",
        version: 1,
        isDslForum: false,
        controlUrl: "ctl/IP6FCtl",
      },
    ],
  });
});

Deno.test("decodeDescription() takes services wherever they stand (U-5.1)", () => {
  assertEquals(typesOf(root(service(IP1))), [IP1]);
  assertEquals(typesOf(`<root>${service(IP1)}</root>`), [IP1]);
  const embedded = `<deviceType>urn:schemas-upnp-org:device:Basic:1</deviceType><UDN>uuid:B</UDN>
    <deviceList><device><deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:7</deviceType>
    <UDN>uuid:A</UDN>${service(IP1)}</device></deviceList>`;
  assertEquals([typesOf(root(embedded)), decode(root(embedded)).uuid], [[IP1], "a"]);
  assertEquals(decode(root(`<UDN> uuid:C </UDN>${service(IP1)}`)).uuid, "c");
});

Deno.test("decodeDescription() takes the types of the DSL Forum, and any version", () => {
  const dsl = "urn:dslforum-org:service:WANPPPConnection:1";
  const [first, second] = decode(root(service(dsl) + service(IP2.replace(":2", ":3")))).services;
  assertEquals([first?.isDslForum, first?.name, first?.type], [true, "WANPPPConnection", dsl]);
  assertEquals(
    decode(root(service(dsl.replace("dslforum", "DSLForum")))).services[0]?.isDslForum,
    true,
  );
  assertEquals([second?.isDslForum, second?.version], [false, 3]);
});

Deno.test("decodeDescription() repeats only types that cannot change a request (S-7)", () => {
  const strange = [
    "urn:schemas-upnp-org:service:WANIPConnection:1&quot; x=&quot;",
    "urn:schemas-upnp-org:service:WANIPConnection:1\r\nX: y",
    "urn:schemas-upnp-org:service:WANIPConnection:0",
    "urn:schemas-upnp-org:service:WANIPConnection:",
    "urn:schemas-upnp-org:service:Layer3Forwarding:1",
    "urn:other:service:WANIPConnection:1",
  ];
  for (const type of strange) {
    assertEquals([type, reason(root(service(type)))], [type, "noService"]);
  }
});

Deno.test("decodeDescription() refuses what has no connection: media servers, WFADevice (U-5.5, Q-09)", () => {
  assertEquals(
    reason(root(service("urn:schemas-wifialliance-org:service:WFAWLANConfig:1"))),
    "noService",
  );
  assertEquals(reason("<html></html>"), "noService");
  assertEquals(reason(root(service(IP1, ""))), "noService");
});

Deno.test("decodeDescription() refuses a description that was cut (M-19)", () => {
  const end = DESCRIPTION.indexOf("</root>");
  for (const text of [DESCRIPTION.slice(0, end), DESCRIPTION.slice(0, end + 3)]) {
    assertEquals(reason(text), "cut");
  }
});

Deno.test("decodeDescription() passes on the reasons of XML (M-17, M-27)", () => {
  assertEquals(reason(`<!DOCTYPE r>${DESCRIPTION.slice(22)}`), "doctype");
  assertEquals(reason(`<root>${"<a/>".repeat(4_096)}</root>`), "tooMany");
  assertEquals(reason(""), "noElement");
});

Deno.test("decodeDescription() takes at most 16 services (U-15.7)", () => {
  assertEquals(typesOf(root(service(IP1).repeat(17))).length, 16);
});

Deno.test("decodeDescription() gives the first URLBase and trims URLs (Q-10)", () => {
  const text = `<root><URLBase>http://a/</URLBase><urlbase>http://b/</urlbase><device>${
    service(IP1, "\r\n  ctl/x\r\n")
  }</device></root>`;
  assertEquals([decode(text).urlBase, decode(text).services[0]?.controlUrl], [
    "http://a/",
    "ctl/x",
  ]);
});

Deno.test("decodeDescription() never throws, for any cut and any changed octet of V-4 (U-7.3)", () => {
  const bytes = utf8(DESCRIPTION);
  for (let at = 0; at < bytes.length; at++) {
    decodeDescription(bytes.subarray(0, at));
    const changed = bytes.slice();
    for (const octet of [0, 0x3c, 0x3e, 0x26, 0xff]) {
      changed[at] = octet;
      decodeDescription(changed);
    }
  }
});

function decode(text: string): IgdDescription {
  const decoded = decodeDescription(utf8(text));
  assert(decoded.ok, `${text}: ${decoded.ok ? "" : decoded.reason}`);
  return decoded.value;
}

function reason(text: string): string {
  const decoded = decodeDescription(utf8(text));
  return decoded.ok ? "none" : decoded.reason;
}
