import { assertEquals, assertThrows } from "@std/assert";
import { IpAddress } from "../../../src/wire/address.ts";
import {
  encodeIgdRequest,
  igdDescriptionText,
  type IgdRequest,
  readConnected,
  readExternalAddress,
  readFirewallStatus,
  readListedPortMapping,
  readPortMappingEntry,
  readReservedPort,
  readUniqueId,
} from "../../../src/wire/igd/action.ts";
import { IgdErrorCode, igdErrorMeaning } from "../../../src/wire/igd/error_code.ts";
import {
  ADD,
  ADD_ANY,
  ADD_PINHOLE,
  DELETE,
  DELETE_PINHOLE,
  FC1,
  GET_ADDRESS,
  GET_ENTRY,
  GET_STATUS,
  IP1,
  IP2,
  utf8,
} from "../../helpers/igd_vectors.ts";

const TARGET = { address: IpAddress.parse("192.168.1.1"), port: 5000, path: "/ctl/IPConn" };
const TARGET6 = { address: IpAddress.parse("2001:db8:77::1"), port: 5000, path: "/ctl/IP6FCtl" };
const KEY = { externalPort: 6000, protocol: 6 } as const;
const MAPPING = {
  action: "AddPortMapping",
  ...KEY,
  internalPort: 6000,
  internalClient: IpAddress.parse("192.168.1.23"),
  description: "game server",
  lease: 3600,
} as const;
const PINHOLE = {
  action: "AddPinhole",
  internalClient: IpAddress.parse("2001:db8:77::2"),
  internalPort: 6000,
  protocol: 6,
  lease: 3600,
} as const;

Deno.test("encodeIgdRequest() writes every action octet by octet (V-6 to V-10, U-7.1, U-8.1, U-13.4)", () => {
  const requests: readonly (readonly [IgdRequest, string, string, number])[] = [
    [MAPPING, IP1, ADD, 803],
    [{ ...MAPPING, action: "AddAnyPortMapping" }, IP2, ADD_ANY, 812],
    [{ action: "DeletePortMapping", ...KEY }, IP1, DELETE, 589],
    [{ action: "GetSpecificPortMappingEntry", ...KEY }, IP1, GET_ENTRY, 619],
    [{ action: "GetExternalIPAddress" }, IP1, GET_ADDRESS, 498],
    [{ action: "GetStatusInfo" }, IP1, GET_STATUS, 477],
    [PINHOLE, FC1, ADD_PINHOLE, 668],
    [{ action: "DeletePinhole", uniqueId: 1 }, FC1, DELETE_PINHOLE, 519],
  ];
  for (const [request, type, expected, length] of requests) {
    const target = type === FC1 ? TARGET6 : TARGET;
    const bytes = encodeIgdRequest(target, type, request);
    assertEquals(new TextDecoder().decode(bytes), expected);
    assertEquals([request.action, bytes, bytes.length], [request.action, utf8(expected), length]);
  }
});

Deno.test("encodeIgdRequest() writes UDP, an index, and actions without arguments", () => {
  const text = (request: IgdRequest) =>
    new TextDecoder().decode(encodeIgdRequest(TARGET, IP1, request));
  assertEquals(
    text({ action: "DeletePortMapping", externalPort: 65_535, protocol: 17 }).includes(
      "<NewExternalPort>65535</NewExternalPort><NewProtocol>UDP</NewProtocol></u:",
    ),
    true,
  );
  assertEquals(
    text({ action: "GetGenericPortMappingEntry", index: 0 }).includes(
      `xmlns:u="${IP1}"><NewPortMappingIndex>0</NewPortMappingIndex></u:`,
    ),
    true,
  );
  assertEquals(text({ action: "GetFirewallStatus" }).includes(`xmlns:u="${IP1}"></u:`), true);
});

Deno.test("encodeIgdRequest() never asks for port 0, and refuses numbers out of range (U-8.2, S-6)", () => {
  const requests: readonly IgdRequest[] = [
    { ...MAPPING, externalPort: 0 },
    { ...MAPPING, externalPort: 65_536 },
    { ...MAPPING, internalPort: 0 },
    { ...MAPPING, lease: -1 },
    { ...MAPPING, lease: 604_801 },
    { ...MAPPING, lease: 1.5 },
    { action: "DeletePortMapping", externalPort: 0, protocol: 6 },
    { action: "GetSpecificPortMappingEntry", externalPort: NaN, protocol: 6 },
    { action: "GetGenericPortMappingEntry", index: -1 },
    { ...PINHOLE, internalPort: 0 },
    { ...PINHOLE, lease: 0 },
    { ...PINHOLE, lease: 86_401 },
    { action: "DeletePinhole", uniqueId: 65_536 },
  ];
  for (const request of requests) {
    assertThrows(() => encodeIgdRequest(TARGET, IP1, request), RangeError, "must be an integer");
  }
});

Deno.test("encodeIgdRequest() refuses an address of the other family", () => {
  const { internalClient } = PINHOLE;
  assertThrows(
    () => encodeIgdRequest(TARGET, IP1, { ...MAPPING, internalClient }),
    TypeError,
    'must be IPv4, got "2001:db8:77::2"',
  );
  assertThrows(
    () => encodeIgdRequest(TARGET6, FC1, { ...PINHOLE, internalClient: MAPPING.internalClient }),
    TypeError,
    "must be IPv6",
  );
});

Deno.test("igdDescriptionText() keeps what all routers take, and is never empty (U-8.10, S-7, Q-32)", () => {
  const texts = [
    ["a<b>&ü", "ab"],
    ["game server-1_x.y", "game server-1_x.y"],
    ["", "portcontrol"],
    [undefined, "portcontrol"],
    ["</NewPortMappingDescription>", "NewPortMappingDescription"],
    ["  ü  ", "portcontrol"],
    [`${" ".repeat(60)}x`, "x"],
    ["x".repeat(61), "x".repeat(60)],
    [`${"x".repeat(59)} y`, "x".repeat(59)],
  ];
  for (const [text, expected] of texts) {
    assertEquals([text, igdDescriptionText(text)], [text, expected]);
  }
  const bytes = encodeIgdRequest(TARGET, IP1, { ...MAPPING, description: "a<b>&ü" });
  assertEquals(
    new TextDecoder().decode(bytes).includes(
      "<NewPortMappingDescription>ab</NewPortMappingDescription>",
    ),
    true,
  );
});

Deno.test("readReservedPort() takes ports only (M-24, U-7.4, Q-31)", () => {
  const ports = [
    ["49731", 49_731],
    ["1", 1],
    ["65535", 65_535],
    [
      "65536",
      undefined,
    ],
    [" +80\n", 80],
    ["70000", undefined],
    ["0", undefined],
    [
      "abc",
      undefined,
    ],
    ["", undefined],
    ["-1", undefined],
    ["0x50", undefined],
    ["1e3", undefined],
  ] as const;
  for (const [text, port] of ports) {
    assertEquals([text, readReservedPort(new Map([["newreservedport", text]]))], [text, port]);
  }
  assertEquals(readReservedPort(new Map()), undefined);
});

Deno.test("entries are read as far as they can be read (U-7.4, Q-17)", () => {
  const entry = {
    newinternalport: "80",
    newinternalclient: "192.168.1.23",
    newportmappingdescription: "a\x07b",
    newleaseduration: "0",
  };
  assertEquals(readPortMappingEntry(new Map(Object.entries(entry))), {
    internalPort: 80,
    internalClient: IpAddress.parse("192.168.1.23"),
    description: "a b",
    lease: 0,
  });
  assertEquals(readPortMappingEntry(new Map([["newinternalclient", "host.lan"]])), {
    internalPort: undefined,
    internalClient: undefined,
    description: "",
    lease: undefined,
  });
  const listed = {
    ...entry,
    newexternalport: "8080",
    newprotocol: "udp",
    newremotehost: "1.2.3.4",
  };
  const { externalPort, protocol, remoteHost } = readListedPortMapping(
    new Map(Object.entries(listed)),
  );
  assertEquals([externalPort, protocol, remoteHost], [8080, 17, "1.2.3.4"]);
  assertEquals(readListedPortMapping(new Map([["newprotocol", "SCTP"]])).protocol, undefined);
});

Deno.test("readExternalAddress() takes IPv4 addresses only (U-12.1, Q-23)", () => {
  const addresses = [["20.30.40.1", "20.30.40.1"], ["0.0.0.0", "0.0.0.0"], ["", undefined], [
    "::1",
    undefined,
  ], ["host", undefined]];
  for (const [text = "", expected] of addresses) {
    const found = readExternalAddress(new Map([["newexternalipaddress", text]]));
    assertEquals([text, found?.toString()], [text, expected]);
  }
  assertEquals(readExternalAddress(new Map()), undefined);
});

Deno.test("readConnected() takes Connected and Up (U-6.1)", () => {
  const states = [["Connected", true], ["up", true], ["Connecting", false], ["", false]] as const;
  for (const [text, expected] of states) {
    assertEquals(readConnected(new Map([["newconnectionstatus", text]])), expected);
  }
  assertEquals(readConnected(new Map()), false);
});

Deno.test("the results of the IPv6 firewall are read (U-13.3, U-13.7)", () => {
  const status = (enabled: string, allowed: string) =>
    readFirewallStatus(new Map([["firewallenabled", enabled], ["inboundpinholeallowed", allowed]]));
  assertEquals(status("1", "0"), { enabled: true, allowsPinholes: false });
  assertEquals(status("True", "no"), { enabled: true, allowsPinholes: false });
  assertEquals(status("", "x"), { enabled: undefined, allowsPinholes: undefined });
  assertEquals(readUniqueId(new Map([["uniqueid", "7"]])), 7);
  assertEquals(readUniqueId(new Map([["uniqueid", "70000"]])), undefined);
});

Deno.test("igdErrorMeaning() leads every code to one with a row of its own (M-22, Q-14)", () => {
  const meanings = [
    [718, 718],
    [714, 714],
    [600, 402],
    [601, 402],
    [605, 402],
    [602, 401],
    [
      603,
      728,
    ],
    [604, 606],
    [-911, 402],
    [999, 402],
    [0, 402],
  ] as const;
  for (const [code, meaning] of meanings) {
    assertEquals([code, igdErrorMeaning(code)], [code, meaning]);
  }
  for (const code of Object.values(IgdErrorCode)) assertEquals(igdErrorMeaning(code), code);
});
