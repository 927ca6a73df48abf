/** The client's codecs against everything that the simulated gateway can write: each was written without the other. */

import { assert, assertEquals } from "@std/assert";
import type { HttpQuirks, IgdQuirks } from "../../../src/testing/server/igd/options.ts";
import {
  encodeIgdRequest,
  type IgdRequest,
  readExternalAddress,
  readPortMappingEntry,
  readUniqueId,
} from "../../../src/wire/igd/action.ts";
import { decodeDescription } from "../../../src/wire/igd/description.ts";
import { parseLocation, resolveControlUrl } from "../../../src/wire/igd/http_location.ts";
import {
  decodeHttpResponse,
  encodeGet,
  LONGEST_DESCRIPTION,
  LONGEST_SOAP,
} from "../../../src/wire/igd/http_message.ts";
import { readSoapResponse, type SoapResult } from "../../../src/wire/igd/soap.ts";
import { decodeSsdp, encodeSearch } from "../../../src/wire/igd/ssdp.ts";
import { IGD1 } from "../../helpers/igd_vectors.ts";
import { ADDRESS, ADDRESS6, CLIENT, CLIENT6, FIREWALL, Gateway, GROUP, odd } from "./gateway.ts";

const KEY = { externalPort: 6000, protocol: 6 } as const;
const ADD = {
  action: "AddPortMapping",
  ...KEY,
  internalPort: 6000,
  internalClient: CLIENT,
  description: "game server",
  lease: 3600,
} as const;

const HTTP: readonly HttpQuirks[] = [
  {},
  { oldVersion: true, framing: "close" },
  { framing: "chunked" },
  { shortStatus: true },
  { lineFeed: true },
  { lineFeed: true, framing: "chunked", noSpace: true },
  { noSpace: true },
  { continues: true },
  { continues: true, lineFeed: true, shortStatus: true, framing: "close" },
];

const SPELLINGS = [undefined, "prefixes", "case", "attributes", "damaged"] as const;

Deno.test("the codecs read every way in which a gateway writes (Q-11, Q-27)", () => {
  for (const http of HTTP) {
    for (const spelling of SPELLINGS) {
      const quirks = { http, ...(spelling === undefined ? {} : { spelling }) };
      for (const faultStatus of [200, 400, 500]) {
        const gateway = odd({ ...quirks, faultStatus });
        const missing = run(gateway, { action: "GetSpecificPortMappingEntry", ...KEY });
        assert(missing.type === "fault" && missing.code === 714, JSON.stringify([quirks, missing]));
      }
      const gateway = odd(quirks);
      assertEquals(run(gateway, ADD).type, "success");
      const entry = run(gateway, { action: "GetSpecificPortMappingEntry", ...KEY });
      assert(entry.type === "success");
      assertEquals(readPortMappingEntry(entry.values), {
        internalPort: 6000,
        internalClient: CLIENT,
        description: "game server",
        lease: 3600,
      });
      const address = run(gateway, { action: "GetExternalIPAddress" });
      assert(address.type === "success");
      assertEquals(readExternalAddress(address.values)?.toString(), "203.0.113.5");
      assertEquals(run(gateway, { action: "DeletePortMapping", ...KEY }).type, "success");
      assertEquals(gateway.igd.counters.violations, {});
    }
  }
});

Deno.test("the codecs find the services of every gateway, from its answer on (Q-05, Q-07 to Q-10, Q-29)", () => {
  const gateways: readonly (readonly [IgdQuirks, readonly string[]])[] = [
    [{}, ["/ctl/IPConn", "/ctl/IP6FCtl"]],
    [{ disconnectedFirst: true }, ["/ctl/IPConn", "/ctl/PPPConn", "/ctl/IP6FCtl"]],
    [{ twoDescriptions: true }, ["/igdupnp/control/WANIPConn1", "/igd2upnp/control/WANIPConn1"]],
    [{ otherDevicesFirst: true }, ["/ctl/IPConn", "/ctl/IP6FCtl"]],
    [{ controlUrls: "relative", urlBase: "http://0.0.0.0/" }, ["/ctl/IPConn", "/ctl/IP6FCtl"]],
    [{ controlUrls: "relative", urlBase: "http://192.168.1.1:5000/" }, [
      "/ctl/IPConn",
      "/ctl/IP6FCtl",
    ]],
    [{ controlUrls: "lineBreak" }, ["/ctl/IPConn", "/ctl/IP6FCtl"]],
    [{ controlUrls: "elsewhere" }, ["/ctl/IPConn", "/ctl/IP6FCtl"]],
    [{ answersForParts: true, answerCopies: 2 }, ["/ctl/IPConn", "/ctl/IP6FCtl"]],
    [{ locations: ["https://192.168.1.1/", "http://router.lan:5000/rootDesc.xml"] }, [
      "/ctl/IPConn",
      "/ctl/IP6FCtl",
    ]],
    [{ hostile: "description" }, []],
    [{ hostile: "nesting" }, []],
    [{ hostile: "headers" }, []],
    [{ redirect: "http://192.168.1.66/" }, []],
  ];
  for (const [quirks, paths] of gateways) {
    assertEquals([quirks, controlPaths(odd(quirks))], [quirks, paths]);
  }
});

Deno.test("the codecs make and delete a pinhole (V-10)", () => {
  const gateway = new Gateway();
  const add = {
    action: "AddPinhole",
    internalClient: CLIENT6,
    internalPort: 6000,
    protocol: 17,
    lease: 60,
  } as const;
  const made = run(gateway, add, true);
  assert(made.type === "success");
  const uniqueId = readUniqueId(made.values) ?? 0;
  assertEquals(gateway.igd.pinholes.get(uniqueId)?.protocol, 17);
  assertEquals(run(gateway, { action: "DeletePinhole", uniqueId }, true).type, "success");
  assertEquals([gateway.igd.pinholes.size, gateway.igd.counters.violations], [0, {}]);
});

Deno.test("a page in place of a response, and a response that stops, are no success (Q-26, Q-27)", () => {
  assertEquals(run(odd({ spelling: "page" }), ADD), { type: "notSoap", status: 200 });
  assertEquals(run(odd({ stalls: "response" }), ADD), { type: "cut" });
});

/** Sends an action as the client does, and reads the response. */
function run(gateway: Gateway, request: IgdRequest, isPinhole = false): SoapResult {
  const { path, type } = isPinhole ? FIREWALL : gateway.service;
  const [address, from] = isPinhole ? [ADDRESS6, CLIENT6] : [ADDRESS, CLIENT];
  const bytes = encodeIgdRequest({ address, port: 5000, path }, type, request);
  const response = decodeHttpResponse(send(gateway, bytes, from), LONGEST_SOAP);
  assert(response.ok, JSON.stringify(response));
  return readSoapResponse(response.value, request.action);
}

/** The paths of all services that a client finds. */
function controlPaths(gateway: Gateway): string[] {
  const search = encodeSearch({ group: "239.255.255.250", mx: 1, target: IGD1 });
  const outputs = gateway.igd.datagram(0, search, { address: CLIENT, port: 50_000 }, GROUP);
  const paths = new Set<string>();
  for (const output of outputs) {
    const answer = output.type === "datagram" ? decodeSsdp(output.bytes) : undefined;
    assert(answer?.ok);
    const location = parseLocation(answer.value.location);
    if (!location.ok) continue;
    const bytes = send(gateway, encodeGet({ address: ADDRESS, ...location.value }), CLIENT);
    const response = decodeHttpResponse(bytes, LONGEST_DESCRIPTION);
    if (!response.ok || response.value.statusClass !== 2) continue;
    const description = decodeDescription(response.value.body);
    if (!description.ok) continue;
    const { services, urlBase } = description.value;
    for (const { controlUrl } of services) {
      const parts = { location: location.value, address: ADDRESS, urlBase, controlUrl };
      const resolved = resolveControlUrl(parts);
      assert(resolved.ok, controlUrl);
      paths.add(resolved.value.path);
    }
  }
  return [...paths];
}

function send(gateway: Gateway, request: Uint8Array, from: typeof CLIENT): Uint8Array {
  const id = gateway.connect(from);
  const outputs = gateway.igd.octets(gateway.now, id, request);
  gateway.igd.disconnected(gateway.now, id);
  return Uint8Array.from(
    outputs.flatMap((output) => output.type === "send" ? [...output.bytes] : []),
  );
}
