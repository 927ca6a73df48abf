/** What the VS Code extension reads and advises, and how it starts the server. */

import { assertEquals, assertMatch } from "@std/assert";
import { adviceForCode } from "../../examples/vscode/src/advice.ts";
import { parsePort } from "../../examples/vscode/src/input.ts";
import { serverCommand } from "../../examples/vscode/src/server_command.ts";
import { LocalCode, ResultCode } from "../../mod.ts";

Deno.test("parsePort() reads a port, with or without its protocol", () => {
  assertEquals(parsePort("3000"), { port: 3000, protocol: undefined });
  assertEquals(parsePort(" 65535/UDP "), { port: 65535, protocol: "udp" });
  assertEquals(parsePort("1/tcp"), { port: 1, protocol: "tcp" });
});

Deno.test("parsePort() refuses everything else with the reason", () => {
  for (const text of ["0", "65536", "99999999999999999999", "-1", "80.5", "http", "80/sctp"]) {
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
  assertMatch(adviceForCode(LocalCode.NoResponse) ?? "", /PCP or NAT-PMP switched on/);
  assertMatch(adviceForCode(LocalCode.UnusableAssignment) ?? "", /no external address/);
});

Deno.test("serverCommand() runs the setting, else the checkout, else what is published", () => {
  assertEquals(serverCommand([], "deno", undefined), {
    program: "deno",
    args: ["run", "-A", "jsr:@portcontrol/pcp/rpc/main", "--stdio", "--trace"],
    needsDeno: true,
  });
  assertEquals(serverCommand([], "deno", "/src/pcp").args[2], "/src/pcp/rpc/main.ts");
  assertEquals(serverCommand(["/opt/pcp-rpc", "--stdio"], "deno", "/src/pcp"), {
    program: "/opt/pcp-rpc",
    args: ["--stdio"],
    needsDeno: false,
  });
});
