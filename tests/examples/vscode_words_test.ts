/** What the VS Code extension reads and advises, and how it starts the server. */

import { assertEquals, assertMatch } from "@std/assert";
import { adviceForCode } from "../../examples/vscode/src/advice.ts";
import { parsePort } from "../../examples/vscode/src/input.ts";
import { serverCommand } from "../../examples/vscode/src/server_command.ts";
import { LocalCode, ResultCode } from "../../mod.ts";

Deno.test("parsePort() reads a port, with or without its protocol", () => {
  const read = (text: string) => {
    const parsed = parsePort(text);
    return typeof parsed === "string" ? parsed : Object.values(parsed);
  };
  assertEquals(read("3000"), [3000, undefined, undefined]);
  assertEquals(read(" 65535/UDP "), [65535, "udp", undefined]);
  assertEquals(read("1/tcp"), [1, "tcp", undefined]);
  assertEquals(read("3000 as 8080"), [3000, undefined, 8080]);
  assertEquals(read("3000/udp  AS 1"), [3000, "udp", 1]);
});

Deno.test("parsePort() refuses everything else with the reason", () => {
  for (
    const text of [
      "0",
      "65536",
      "99999999999999999999",
      "-1",
      "80.5",
      "http",
      "80/sctp",
      "80 as 0",
      "80 as",
      "as 80",
    ]
  ) {
    assertMatch(String(parsePort(text)), /^A port is a number from 1 to 65535, got ".+"$/, text);
  }
  assertMatch(String(parsePort("  ")), /^Type the port/);
});

Deno.test("adviceForCode() has advice for every refusal that can be helped", () => {
  const { Success: _, ...codes } = ResultCode;
  const helped = Object.entries(codes).filter(([, code]) => adviceForCode(code) !== undefined);
  assertEquals(helped.map(([name]) => name), [
    "UnsuppVersion",
    "NotAuthorized",
    "UnsuppOpcode",
    "NetworkFailure",
    "NoResources",
    "UnsuppProtocol",
    "UserExQuota",
    "CannotProvideExternal",
    "AddressMismatch",
  ]);
  assertMatch(adviceForCode(LocalCode.NoResponse) ?? "", /UPnP, NAT-PMP or PCP switched on/);
  assertMatch(adviceForCode(LocalCode.UnusableAssignment) ?? "", /no external address/);
});

Deno.test("serverCommand() runs the setting, else the checkout, else what is published", () => {
  assertEquals(serverCommand([], "deno", undefined, "0.1.0"), {
    program: "deno",
    args: ["run", "-A", "jsr:@portcontrol/pcp@0.1.0/rpc/main", "--stdio", "--trace"],
    needsDeno: true,
  });
  assertEquals(serverCommand([], "deno", "/src/pcp", "0.1.0").args[2], "/src/pcp/rpc/main.ts");
  assertEquals(serverCommand(["/opt/pcp-rpc", "--stdio"], "deno", "/src/pcp", "0.1.0"), {
    program: "/opt/pcp-rpc",
    args: ["--stdio"],
    needsDeno: false,
  });
});
