import { assert, assertEquals } from "@std/assert";
import { IpAddress } from "../../../src/wire/address.ts";
import {
  type HttpLocation,
  ipv6HostOf,
  parseLocation,
  resolveControlUrl,
} from "../../../src/wire/igd/http_location.ts";

const GATEWAY = IpAddress.parse("192.168.1.1");

Deno.test("parseLocation() refuses what is not a plain http URL (M-3, U-3.3)", () => {
  const refusals = [
    ["https://192.168.1.1/d.xml", "scheme"],
    ["ftp://192.168.1.1/d.xml", "scheme"],
    ["192.168.1.1/d.xml", "scheme"],
    ["", "scheme"],
    ["http://", "host"],
    ["http:///d.xml", "host"],
    ["http://:80/d.xml", "host"],
    ["http://a b/d.xml", "host"],
    ["http://[::1/d.xml", "host"],
    ["http://[x]/d.xml", "host"],
    ["http://192.168.1.1:8x/", "host"],
    ["http://192.168.1.1:-1/", "host"],
    ["http://192.168.1.1:0/", "port"],
    ["http://192.168.1.1:99999/", "port"],
    [`http://192.168.1.1:${"9".repeat(400)}/`, "port"],
    ["http://user:pw@192.168.1.1/d", "user"],
    ["http://192.168.1.1/a b", "path"],
    ["http://192.168.1.1/a\r\nHost: b", "path"],
    ["http://192.168.1.1/ü", "path"],
    [`http://192.168.1.1/${"x".repeat(512)}`, "path"],
  ] as const;
  for (const [text, reason] of refusals) {
    assertEquals([text, parseLocation(text)], [text, { ok: false, reason }]);
  }
});

Deno.test("parseLocation() keeps port and path whatever the host (M-5, M-6, U-3.2)", () => {
  const locations = [
    ["http://router.lan:5000/d.xml", "router.lan", 5000, "/d.xml"],
    ["http://[::1]:1900/d.xml", "::1", 1900, "/d.xml"],
    ["http://[fe80::1%25eth0]:1900/d.xml", "fe80::1%25eth0", 1900, "/d.xml"],
    ["http://10.9.9.9:5000/d.xml", "10.9.9.9", 5000, "/d.xml"],
    ["http://192.168.1.1", "192.168.1.1", 80, "/"],
    ["http://192.168.1.1:", "192.168.1.1", 80, "/"],
    ["http://192.168.1.1:1/", "192.168.1.1", 1, "/"],
    ["HTTP://192.168.1.1?a", "192.168.1.1", 80, "/?a"],
    [" http://192.168.1.1:65535/a?b=/c#d ", "192.168.1.1", 65_535, "/a?b=/c"],
    [`http://a/${"x".repeat(511)}`, "a", 80, `/${"x".repeat(511)}`],
  ] as const;
  for (const [text, host, port, path] of locations) {
    assertEquals([text, parseLocation(text)], [text, { ok: true, value: { host, port, path } }]);
  }
});

Deno.test("resolveControlUrl() resolves against URLBase on the same host (M-7, U-5.3)", () => {
  const base = "http://192.168.1.1:49152/up/";
  assertEquals(resolve("ctl", base), [49_152, "/up/ctl"]);
  assertEquals(resolve("/ctl", base), [49_152, "/ctl"]);
  const location = parse("http://10.0.0.9:81/x");
  assertEquals(resolve("ctl", base, location), [49_152, "/up/ctl"], "the address that answered");
  assertEquals(resolve("ctl", "http://10.0.0.9/y/", location), [80, "/y/ctl"]);
  assertEquals(resolve("ctl", "http://Router.Lan/y/", parse("http://router.lan/")), [80, "/y/ctl"]);
  assertEquals(resolve("ctl", "http://other.lan/y/", parse("http://router.lan/")), [80, "/ctl"]);
});

Deno.test("resolveControlUrl() ignores a URLBase that is empty, invalid or elsewhere (M-8, U-5.3)", () => {
  const bases = [
    undefined,
    "",
    "http://0.0.0.0/",
    "https://192.168.1.1/",
    "http://192.168.1.1:0/",
    "http://router.lan/",
  ];
  for (const base of bases) assertEquals([base, resolve("ctl", base)], [base, [5000, "/a/ctl"]]);
});

Deno.test("resolveControlUrl() takes absolute URLs, without their fragment (M-9, Q-29)", () => {
  assertEquals(resolve("http://192.168.1.1:8080/c?x=1#f"), [8080, "/c?x=1"]);
  assertEquals(resolve("//192.168.1.1:8080/c"), [8080, "/c"]);
  assertEquals(resolve("http://192.168.1.66/c"), [80, "/c"], "the machine keeps the address");
});

Deno.test("resolveControlUrl() resolves relative paths (Q-10)", () => {
  const references = [
    ["\n /ctl/IPConn \r\n", "/ctl/IPConn"],
    ["ctl/ip", "/a/ctl/ip"],
    ["./ctl", "/a/ctl"],
    ["../ctl", "/ctl"],
    ["../../ctl/.", "/ctl/"],
    ["x/..", "/a/"],
    ["ctl?p=../x", "/a/ctl?p=../x"],
    ["?x=1", "/a/d.xml?x=1"],
    ["#f", "/a/d.xml"],
    ["/c/../d", "/c/../d"],
    ["a/b:c", "/a/a/b:c"],
  ];
  for (const [reference = "", path] of references) {
    assertEquals([reference, resolve(reference)], [reference, [5000, path]]);
  }
});

Deno.test("resolveControlUrl() gives the reason of a refusal (U-3.3)", () => {
  const refusals = [
    ["", "path"],
    [" \n", "path"],
    ["a b", "path"],
    ["/ü", "path"],
    [
      "ftp://x/",
      "scheme",
    ],
    ["javascript:x", "scheme"],
    [`/${"x".repeat(512)}`, "path"],
  ] as const;
  for (const [controlUrl, reason] of refusals) {
    const resolved = resolveControlUrl({
      location: LOCATION,
      address: GATEWAY,
      urlBase: undefined,
      controlUrl,
    });
    assertEquals([controlUrl, resolved], [controlUrl, { ok: false, reason }]);
  }
});

Deno.test("ipv6HostOf() takes only addresses that can be another host's (U-3.4)", () => {
  const source = IpAddress.parse("fe80::1%eth0");
  const own = IpAddress.parse("2001:db8:77::2");
  const hosts = [
    ["[2001:db8:77::1]", "2001:db8:77::1"],
    ["[fd00::1]", "fd00::1"],
    ["[fe80::1]", "fe80::1%eth0"],
    ["[fe80::1%25eth0]", "fe80::1%eth0"],
    ["[fe80::2]", undefined],
    ["[::1]", undefined],
    ["[::]", undefined],
    ["[ff02::c]", undefined],
    ["[::ffff:192.168.1.1]", undefined],
    ["[2001:db8:77::2]", undefined],
    ["192.168.1.1", undefined],
    ["router.lan", undefined],
  ];
  for (const [host, expected] of hosts) {
    const found = ipv6HostOf(parse(`http://${host}:5000/d.xml`), source, own);
    assertEquals([host, found?.toString()], [host, expected]);
  }
});

const LOCATION = parse("http://192.168.1.1:5000/a/d.xml");

function parse(text: string): HttpLocation {
  const parsed = parseLocation(text);
  assert(parsed.ok, text);
  return parsed.value;
}

function resolve(
  controlUrl: string,
  urlBase?: string,
  location = LOCATION,
): readonly [number, string] {
  const resolved = resolveControlUrl({ location, address: GATEWAY, urlBase, controlUrl });
  assert(resolved.ok, controlUrl);
  return [resolved.value.port, resolved.value.path];
}
