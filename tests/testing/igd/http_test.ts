import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ADD, ADD_ANY, GET, IP1, lines, utf8 } from "../../helpers/igd_vectors.ts";
import { CLIENT, Gateway, key, latin1, mapping, odd, resultOf, statusOf } from "./gateway.ts";

const types = (document: string) =>
  [...document.matchAll(/<serviceType>(.*?)<\/serviceType>/g)].map(([, type]) => type);

Deno.test("the simulated gateway serves its description and closes the connection (V-5)", () => {
  const gateway = new Gateway();
  const outputs = gateway.exchange(GET);
  assertEquals(outputs.map(({ type }) => type), ["send", "close"]);
  const [first] = outputs;
  const response = first?.type === "send" ? latin1(first.bytes) : "";
  assertEquals(statusOf(response), "HTTP/1.1 200 OK");
  assertEquals(types(response), [
    "urn:schemas-upnp-org:service:WANIPConnection:2",
    "urn:schemas-upnp-org:service:WANIPv6FirewallControl:1",
  ]);
  assertStringIncludes(response, "<controlURL>/ctl/IPConn</controlURL>");
  const nesting = [...response.matchAll(/<(device|deviceList|serviceList|\/device)>/g)];
  assertEquals(
    nesting.map(([, name]) => name).join(" "),
    [
      "device deviceList device deviceList device serviceList",
      "/device /device /device",
    ].join(" "),
  );
  assertEquals(gateway.igd.counters.requests, { "/rootDesc.xml": 1 });
  assertEquals(gateway.igd.counters.violations, {});
  const old = new Gateway({ version: 1, pinholes: false });
  assertEquals(types(old.request(GET)), ["urn:schemas-upnp-org:service:WANIPConnection:1"]);
});

Deno.test("the simulated gateway carries out the action of a client (V-6, V-7)", () => {
  const gateway = new Gateway({ version: 1 });
  const response = gateway.request(ADD);
  assertEquals(statusOf(response), "HTTP/1.1 200 OK");
  assertStringIncludes(response, `<u:AddPortMappingResponse xmlns:u="${IP1}"></u:AddPort`);
  assertEquals([...gateway.igd.mappings.keys()], ["TCP 6000"]);
  assertEquals(gateway.igd.counters.requests, { AddPortMapping: 1 });
  const [entry] = gateway.igd.log;
  assertEquals([entry?.request, entry?.values.get("NewLeaseDuration"), entry?.code], [
    "AddPortMapping",
    "3600",
    undefined,
  ]);
  const recent = new Gateway();
  assertEquals(resultOf(recent.request(ADD_ANY)), { NewReservedPort: "6000" });
  for (const { igd } of [gateway, recent]) assertEquals(igd.counters.violations, {});
});

Deno.test("the simulated gateway counts every deviation from the form of a request (U-4.1, U-7.1)", () => {
  const deviations: readonly (readonly [string, string, object])[] = [
    ["lower-case header", ADD.replace("SOAPAction", "soapaction"), { requestForm: 1 }],
    ["unquoted action", ADD.replace(/SOAPAction: "(.*)"/, "SOAPAction: $1"), { requestForm: 1 }],
    ["another order", ADD.replace(/(Host.*\r\n)(Content-L.*\r\n)/, "$2$1"), { requestForm: 1 }],
    ["a name as host", ADD.replace("192.168.1.1:5000", "router:5000"), { requestForm: 1 }],
    ["more headers", ADD.replace("Connection: c", "Accept: */*\r\nConnection: c"), {
      requestForm: 1,
    }],
    ["no close", ADD.replace("Connection: close\r\n", ""), { requestForm: 1 }],
    ["version 1.0", ADD.replace("/1.1", "/1.0"), { requestForm: 1 }],
    [
      "line breaks",
      ADD.replace("592", "594").replace("<NewProtocol>", "\r\n<NewProtocol>"),
      { bodyForm: 1 },
    ],
    [
      "an empty tag",
      ADD.replace("592", "577").replace("<NewRemoteHost></NewRemoteHost>", "<NewRemoteHost/>"),
      { bodyForm: 1 },
    ],
    [
      "another order of arguments",
      ADD.replace(
        /(<NewExternalPort>.*?<\/NewExternalPort>)(<NewProtocol>.*?<\/NewProtocol>)/,
        "$2$1",
      ),
      { bodyForm: 1 },
    ],
    ["another prefix", ADD.replaceAll("u:Add", "m:Add").replace("xmlns:u", "xmlns:m"), {
      bodyForm: 1,
    }],
  ];
  for (const [name, request, violations] of deviations) {
    const gateway = new Gateway({ version: 1 });
    assertEquals([name, statusOf(gateway.request(request))], [name, "HTTP/1.1 200 OK"]);
    assertEquals([name, gateway.igd.counters.violations], [name, violations]);
  }
});

Deno.test("the simulated gateway counts paths, services and actions that no client needs (U-5.6)", () => {
  const gateway = new Gateway({ version: 1 });
  assertEquals(statusOf(gateway.request(GET.replace("rootDesc", "ip"))), "HTTP/1.1 404 Not Found");
  assertEquals(
    statusOf(gateway.request(GET.replace("GET", "HEAD"))),
    "HTTP/1.1 405 Method Not Allowed",
  );
  assertEquals(
    statusOf(gateway.request(ADD.replace("ctl/IPConn", "ctl/x"))),
    "HTTP/1.1 404 Not Found",
  );
  assertEquals(resultOf(gateway.request(ADD.replaceAll("WANIP", "WANIX"))), 401);
  const { violations } = gateway.igd.counters;
  assertEquals(violations, { path: 3, serviceType: 1 });
  assertEquals(new Gateway().action("DeletePortMappingRange"), 606);
  assertEquals(gateway.action("ForceTermination"), 606);
  assertEquals(violations.action, 1);
});

Deno.test("the simulated gateway counts connections at once, and requests in pieces (U-4.1, U-4.6)", () => {
  const gateway = new Gateway({ version: 1 });
  const [first, second] = [gateway.connect(), gateway.connect()];
  assertEquals(gateway.igd.counters.violations, { connections: 1 });
  gateway.igd.disconnected(0, first);
  gateway.igd.disconnected(0, second);
  assertEquals(statusOf(gateway.request([ADD.slice(0, 300), ADD.slice(300)])), "HTTP/1.1 200 OK");
  assertEquals(gateway.igd.counters.violations, { connections: 1, secondSegment: 1 });
  assertEquals([gateway.igd.counters.connections, gateway.igd.counters.mostConnections], [3, 2]);
});

Deno.test("Q-07: the first of two connections is down", () => {
  const gateway = odd({ disconnectedFirst: true });
  const ppp = { path: "/ctl/PPPConn", type: "urn:schemas-upnp-org:service:WANPPPConnection:1" };
  assertEquals(types(gateway.request(GET)).slice(0, 2), [gateway.service.type, ppp.type]);
  const status = (service = gateway.service) =>
    gateway.action("GetStatusInfo", {}, CLIENT, service);
  assertEquals(status(), {
    NewConnectionStatus: "Disconnected",
    NewLastConnectionError: "ERROR_NONE",
    NewUptime: "0",
  });
  gateway.pass(5_000);
  assertEquals(status(ppp), {
    NewConnectionStatus: "Connected",
    NewLastConnectionError: "ERROR_NONE",
    NewUptime: "5",
  });
  gateway.igd.isConnected = false;
  assertEquals(status(ppp), status());
});

Deno.test("Q-08: both descriptions have one UDN and one table", () => {
  const gateway = odd({ twoDescriptions: true });
  const pages = ["igddesc", "igd2desc"].map((name) =>
    gateway.request(GET.replace("rootDesc", name))
  );
  assertEquals(new Set(pages.map((page) => /<UDN>(.*?)</.exec(page)?.[1])).size, 1);
  const services = [IP1, IP1.replace(":1", ":2")].map((type, index) => ({
    type,
    path: `/igd${index === 0 ? "" : "2"}upnp/control/WANIPConn1`,
  }));
  const [first, second] = services;
  assertEquals(gateway.action("AddPortMapping", mapping(), CLIENT, first), {});
  assertEquals(gateway.action("DeletePortMapping", key(), CLIENT, second), {});
});

Deno.test("Q-09: the other devices have descriptions without connections", () => {
  const gateway = odd({ otherDevicesFirst: true });
  for (const [path, type] of [["media", "MediaServer"], ["wps", "WFADevice"]] as const) {
    const page = gateway.request(GET.replace("rootDesc", path));
    assertEquals(types(page), []);
    assertStringIncludes(page, `device:${type}:1`);
  }
});

Deno.test("Q-10, Q-29: control URLs are relative, broken, or name another host", () => {
  const urls = [
    [{ controlUrls: "relative", urlBase: "http://0.0.0.0/" }, "ctl/IPConn"],
    [{ controlUrls: "lineBreak" }, "\n /ctl/IPConn\r\n"],
    [{ controlUrls: "elsewhere" }, "http://192.168.1.66/ctl/IPConn"],
  ] as const;
  for (const [quirks, url] of urls) {
    const page = odd(quirks).request(GET);
    assertStringIncludes(page, `<controlURL>${url}</controlURL>`);
    assertEquals(page.includes("<URLBase>http://0.0.0.0/</URLBase>"), "urlBase" in quirks);
  }
});

Deno.test("Q-11: responses are written in odd ways", () => {
  const request = (http: object) => odd({ http }, 1).request(ADD);
  const plain = request({});
  const body = plain.slice(plain.indexOf("<?xml"));
  assertEquals(statusOf(request({ oldVersion: true })), "HTTP/1.0 200 OK");
  assertEquals(statusOf(request({ shortStatus: true })), "HTTP/1.1 2");
  assert(!request({ lineFeed: true }).split("<?xml")[0]?.includes("\r"));
  assertStringIncludes(request({ noSpace: true }), `Content-Length:${body.length}\r\n`);
  const closed = request({ framing: "close" });
  const isChunked = (response: string) => response.includes("\r\nTransfer-Encoding: chunked\r\n");
  assertEquals([plain, closed, request({ framing: "chunked" })].map(isChunked), [
    false,
    false,
    true,
  ]);
  assertEquals([closed.includes("Content-Length"), closed.endsWith(body)], [false, true]);
  assertStringIncludes(
    request({ framing: "chunked" }),
    `\r\n\r\n64;first=1\r\n${body.slice(0, 100)}\r\n64\r\n`,
  );
  assert(request({ framing: "chunked" }).endsWith("\r\n0\r\n\r\n"));
  assert(
    request({ continues: true }).startsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"),
  );
  const open = odd({ http: { keepOpen: true } }, 1).exchange(ADD);
  assertEquals(open.map(({ type }) => type), ["send"]);
  const picky = odd({ refusesSecondSegment: true }, 1);
  assertEquals(
    statusOf(picky.request([ADD.slice(0, 200), ADD.slice(200)])),
    "HTTP/1.1 411 Length Required",
  );
  assertEquals([statusOf(picky.request(ADD)), picky.igd.mappings.size], ["HTTP/1.1 200 OK", 1]);
});

Deno.test("Q-12: the header SOAPAction counts only as it should be spelled", () => {
  const gateway = odd({ exactSoapAction: true }, 1);
  for (
    const odd of [
      ADD.replace("SOAPAction", "Soapaction"),
      ADD.replace(/SOAPAction: "(.*)"/, "SOAPAction: $1"),
    ]
  ) {
    assertEquals(statusOf(gateway.request(odd)), "HTTP/1.1 501 Cannot Do That");
  }
  assertEquals(statusOf(gateway.request(ADD)), "HTTP/1.1 200 OK");
});

Deno.test("Q-25: the first actions fail", () => {
  const gateway = odd({ failuresFirst: 2 });
  const results = [1, 2, 3].map(() => gateway.action("AddPortMapping", mapping()));
  assertEquals(results, [501, 501, {}]);
});

Deno.test("Q-26: actions take time, responses stop, connections stay silent", () => {
  const slow = odd({ actionDelay: 4_000 }, 1);
  assertEquals([slow.request(ADD), slow.igd.mappings.size], ["", 0]);
  assertEquals(slow.pass(3_999), []);
  assertEquals(slow.pass(1).map(({ type }) => type), ["send", "close"]);
  assertEquals(slow.igd.mappings.size, 1);
  assertEquals(statusOf(slow.request(GET)), "HTTP/1.1 200 OK");

  const gone = odd({ actionDelay: 4_000 }, 1);
  const id = gone.connect();
  gone.igd.octets(0, id, utf8(ADD));
  gone.igd.disconnected(0, id);
  assertEquals([gone.pass(10_000), gone.igd.mappings.size], [[], 0]);

  const stopping = odd({ stalls: "response" }, 1);
  const outputs = stopping.exchange(ADD);
  assertEquals(outputs.map(({ type }) => type), ["send"]);
  assertEquals(stopping.exchange(GET).map(({ type }) => type), ["send", "close"]);
  assertEquals(odd({ stalls: "accept" }).exchange(GET), []);
});

Deno.test("Q-27: responses have other prefixes, cases, attributes, octets, or are pages", () => {
  const add = (quirks: object) => odd(quirks, 1).request(ADD);
  const refuse = (quirks: object) => odd({ ...quirks, refusesFiniteLeases: 725 }, 1).request(ADD);
  assertStringIncludes(add({ spelling: "prefixes" }), "<SOAP-ENV:Body><m:AddPortMappingResponse");
  assertStringIncludes(add({ spelling: "case" }), "<S:BODY><U:ADDPORTMAPPINGRESPONSE");
  assertStringIncludes(refuse({ spelling: "case" }), "<ERRORCODE>725</ERRORCODE>");
  const gateway = odd({ spelling: "attributes" });
  const inside = gateway.requestOf("GetExternalIPAddress", {});
  assertStringIncludes(
    gateway.request(inside),
    '<NewExternalIPAddress dt:dt="string" x=">">203.0.113.5<',
  );
  assertStringIncludes(
    refuse({ spelling: "damaged" }),
    "<errorDescription>Conf\xff\xfe\xfd</UPnPError>",
  );
  assert(add({ spelling: "damaged" }).endsWith("</s:Envelope>\r\n\0\0"));
  for (const page of [add({ spelling: "page" }), refuse({ spelling: "page" })]) {
    assertStringIncludes(page, "200 OK");
    assertStringIncludes(page, "<html><body>Login</body></html>");
  }
  assertEquals(statusOf(refuse({ faultStatus: 200 })), "HTTP/1.1 200 OK");
  assertEquals(statusOf(refuse({})), "HTTP/1.1 500 Internal Server Error");
});

Deno.test("Q-28: what a hostile gateway sends exceeds the limits", () => {
  assert(odd({ hostile: "description" }).request(GET).length > 300_000);
  assertStringIncludes(odd({ hostile: "nesting" }).request(GET), "<a>".repeat(10_000));
  assertEquals(odd({ hostile: "headers" }).request(GET).split("X-Header").length, 10_001);
  const endless = odd({ hostile: "endless" });
  const id = endless.connect();
  assertEquals(endless.igd.octets(0, id, utf8(GET)).length, 2);
  assertEquals(endless.pass(100).length, 100);
  endless.igd.disconnected(endless.now, id);
  assertEquals([endless.pass(100), endless.igd.deadline], [[], undefined]);
});

Deno.test("Q-29: every response is a redirection", () => {
  const gateway = odd({ redirect: "http://192.168.1.66/" });
  for (const request of [GET, ADD]) {
    const response = gateway.request(request);
    assertEquals(statusOf(response), "HTTP/1.1 302 Found");
    assertStringIncludes(response, lines("Location: http://192.168.1.66/"));
  }
});

Deno.test("Q-30: two connections at once are both reset", () => {
  const gateway = odd({ oneAtATime: true });
  const first = gateway.connect();
  const remote = { address: CLIENT, port: 40_009 };
  const second = gateway.igd.connect(0, 9, remote, { address: CLIENT, port: 5000 });
  assertEquals(second, [{ type: "reset", connection: first }, { type: "reset", connection: 9 }]);
  assertEquals(gateway.request(GET).length > 0, true);
});

Deno.test("a silent gateway answers no request", () => {
  const gateway = new Gateway();
  gateway.igd.silent = true;
  assertEquals(gateway.request(GET), "");
});
