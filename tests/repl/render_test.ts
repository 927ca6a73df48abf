import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { MappingSnapshot, ReachProblem } from "../../mod.ts";
import { unicodeWidth } from "@std/cli/unicode-width";
import {
  detailFields,
  readyLines,
  remarksOn,
  stateText,
  tableLines,
} from "../../src/repl/render.ts";
import { paint, plain } from "../../src/repl/text.ts";

const NOW = new Date(2026, 0, 2, 12, 0, 0);

function snapshot(changes: Partial<MappingSnapshot> = {}): MappingSnapshot {
  return {
    mappingId: 1,
    kind: "inbound",
    protocol: "tcp",
    internalPort: 6000,
    lifetime: 3600,
    requestType: "keepAlive",
    state: { type: "running" },
    assigned: {
      externalAddress: "203.0.113.5",
      externalPort: 40000,
      lifetime: 3600,
      protocol: "pcp",
    },
    expiresAt: new Date(2026, 0, 2, 13, 0, 0).toISOString(),
    ...changes,
  };
}

function options(columns: number, colours = false) {
  return { paint: paint(colours), columns, widthOf: unicodeWidth };
}

Deno.test("readyLines() begins with the external address and port", () => {
  assertEquals(readyLines(snapshot(), NOW, options(80)), [
    "203.0.113.5:40000",
    "mapping 1: tcp 6000, granted for 1 h, until 13:00:00, renewed from 12:30:00 on, via PCP",
  ]);
  assertEquals(
    readyLines(snapshot({ requestType: "once" }), NOW, options(80))[1],
    "mapping 1: tcp 6000, granted for 1 h, until 13:00:00, not renewed, via PCP",
  );
});

Deno.test("readyLines() names the protocol by which the port is open", () => {
  const { assigned } = snapshot();
  for (const [protocol, name] of [["nat-pmp", "NAT-PMP"], ["upnp", "UPnP"]] as const) {
    const mapping = snapshot({ assigned: assigned && { ...assigned, protocol } });
    assertMatch(readyLines(mapping, NOW, options(80))[1] ?? "", new RegExp(`, via ${name}$`));
  }
});

Deno.test("tableLines() fits every width, wide characters and colours included", () => {
  const rows = [
    snapshot(),
    snapshot({
      mappingId: 12,
      protocol: 132,
      state: { type: "error", code: 8, name: "NO_RESOURCES", retryIn: 30 },
      assigned: {
        externalAddress: "fe80::1%イーサネット",
        externalPort: 1,
        lifetime: 9,
        protocol: "pcp",
      },
    }),
    snapshot({
      mappingId: 13,
      internalPort: 0,
      assigned: null,
      expiresAt: null,
      state: { type: "starting", attempt: 2 },
    }),
  ];
  for (const columns of [1, 5, 20, 40, 60, 80, 200]) {
    for (const line of tableLines(rows, NOW, options(columns, true))) {
      assertEquals(unicodeWidth(plain(line)) <= columns, true, `${columns}: ${line}`);
    }
  }
  assertEquals(tableLines(rows, NOW, options(Infinity)), [
    "ID  KIND     PROTOCOL  INTERNAL  EXTERNAL                  STATE                        TIME LEFT  VIA",
    "1   inbound  tcp       6000      203.0.113.5:40000         running                      1 h        PCP",
    "12  inbound  sctp      6000      [fe80::1%イーサネット]:1  NO_RESOURCES, again in 30 s  1 h        PCP",
    "13  inbound  tcp       all       -                         asking (sent 3 times)        -          -",
  ]);
});

Deno.test("tableLines() cuts every other column before the external address (K-13)", () => {
  const rows = [
    snapshot(),
    snapshot({ state: { type: "error", code: 8, name: "NO_RESOURCES", retryIn: 30 } }),
  ];
  for (const columns of [17, 20, 30, 40, 60]) {
    const lines = tableLines(rows, NOW, options(columns));
    for (const line of lines.slice(1)) {
      assertEquals(line.includes("203.0.113.5:40000"), true, `${columns}: ${line}`);
    }
  }
});

Deno.test("list, show and map say beside the address that it is not reached from the Internet (D-1)", () => {
  const cases: [string, string, ReachProblem][] = [
    ["192.168.178.2", "double NAT", "doubleNat"],
    ["100.64.0.9", "carrier NAT", "carrierNat"],
    ["fd00::9", "local only", "uniqueLocal"],
    ["169.254.0.1", "not public", "oddAddress"],
  ];
  for (const [externalAddress, label, reachProblem] of cases) {
    const assigned = {
      externalAddress,
      externalPort: 6000,
      lifetime: 60,
      protocol: "pcp",
      globallyReachable: false,
      reachProblem,
    } as const;
    const row = snapshot({ assigned });
    assertMatch(
      tableLines([row], NOW, options(Infinity))[1] ?? "",
      new RegExp(`${externalAddress}]?:6000 \\(${label}\\)`),
    );
    const shown = detailFields(row, NOW, options(80).paint).map((field) => field.join(" "));
    assertStringIncludes(shown.join("\n"), `reach ${externalAddress} is`);
    assertStringIncludes(remarksOn(row).join(), "Not reached from the Internet: ");
  }
  assertEquals(remarksOn(snapshot()), []);
});

Deno.test("what a router does otherwise than asked is remarked: no lifetimes, filters in doubt, options ignored", () => {
  const assigned = {
    externalAddress: "203.0.113.5",
    externalPort: 6000,
    lifetime: 60,
    protocol: "upnp",
    permanent: true,
    filterConfirmed: false,
    ignoredOptions: ["description"],
  } as const;
  const remarks = remarksOn(snapshot({ assigned }));
  assertEquals(remarks.map((text) => text.slice(0, 24)), [
    "The router ignored descr",
    "The router may not filte",
    "The router knows no life",
  ]);
  assertStringIncludes(
    readyLines(snapshot({ assigned }), NOW, options(80))[1] ?? "",
    "until it is deleted",
  );
});

Deno.test("stateText() names every state", () => {
  assertEquals(
    ([
      { type: "requested" },
      { type: "starting", attempt: 0 },
      { type: "starting", attempt: 1 },
      { type: "updating", attempt: 0, lifetime: 60 },
      { type: "updating", attempt: 1, lifetime: 0 },
      { type: "error", code: 2, name: "NOT_AUTHORIZED" },
      { type: "expired" },
    ] as const).map(stateText),
    [
      "requested",
      "asking",
      "asking (sent 2 times)",
      "renewing",
      "deleting (sent 2 times)",
      "NOT_AUTHORIZED",
      "expired",
    ],
  );
});

Deno.test("show and map say that a router of UPnP knows no lifetimes, and its own number of an error (7.2)", () => {
  const assigned = {
    externalAddress: "20.30.40.1",
    externalPort: 6000,
    lifetime: 600,
    protocol: "upnp",
    permanent: true,
  } as const;
  const fields = new Map(detailFields(snapshot({ assigned }), NOW, paint(false)));
  assertEquals(fields.get("granted"), "until deleted; wanted for 10 min");
  const state = { type: "error", code: 2, name: "NOT_AUTHORIZED", upnpCode: 606 } as const;
  const row = tableLines([snapshot({ state, assigned: null })], NOW, options(Infinity))[1] ?? "";
  assertStringIncludes(row, "NOT_AUTHORIZED (UPnP 606)");
});

Deno.test("detailFields() shows the options that were granted, without control characters", () => {
  const assigned = {
    externalAddress: "203.0.113.5",
    externalPort: 40000,
    lifetime: 60,
    protocol: "pcp" as const,
    portSet: { size: 4, firstInternalPort: 6000, firstExternalPort: 40000 },
    description: "a\x1b[2Jb",
    ignoredOptions: ["filter"],
  };
  const fields = new Map(detailFields(snapshot({ assigned }), NOW, paint(false)));
  assertEquals(
    [fields.get("ports"), fields.get("description"), fields.get("ignored")],
    ["6000-6003 at 40000-40003", "a\\x1b[2Jb", "filter"],
  );
});
