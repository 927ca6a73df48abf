import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import type { Invocation } from "../../src/repl/command.ts";
import { IpAddress } from "../../src/wire/address.ts";
import type { Option } from "../../src/wire/option.ts";
import { parseLine, parseWords } from "../../src/repl/parse.ts";
import { COMMANDS, usage } from "../../src/repl/table.ts";
import { UsageError } from "../../src/repl/usage_error.ts";

function assertUsageError(line: string, message: RegExp): void {
  assertMatch(assertThrows(() => parseLine(line), UsageError).message, message);
}

function parse(line: string): Invocation {
  const invocation = parseLine(line);
  if (invocation === undefined) throw new Error(`nothing in ${line}`);
  return invocation;
}

Deno.test("parseLine() reads every option of map", () => {
  const { command, options } = parse(
    "map 6000/udp -l 120 --keep-alive --external-port 7000 --external-address 0.0.0.0 " +
      "--prefer-failure --filter 198.51.100.0/24:80 --filter 203.0.113.7 --json --timeout 5",
  );
  if (command.name !== "map") throw new Error(command.name);
  assertEquals(command.requestType, "keepAlive");
  assertEquals([command.maps[0]?.internalPort, command.maps[0]?.lifetime], [6000, 120]);
  assertEquals(options, { json: true, timeout: 5 });
});

Deno.test("parseLine() reads the size and parity of a port set, and a third party's id", () => {
  const cases: [string, Option[]][] = [
    ["--port-set 4", [{ type: "portSet", size: 4, firstInternalPort: 6000, parity: false }]],
    ["--port-set 4,parity", [{ type: "portSet", size: 4, firstInternalPort: 6000, parity: true }]],
    ["--third-party-id 0Aff", [{ type: "thirdPartyId", id: new Uint8Array([0x0a, 0xff]) }]],
  ];
  for (const [flags, options] of cases) {
    const { command } = parse(`map 6000 ${flags}`);
    if (command.name !== "map") throw new Error(command.name);
    assertEquals(command.maps[0]?.toSpec(IpAddress.ANY_IPV4).options, options, flags);
  }
});

Deno.test("parseLine() defaults to tcp, one lifetime and an hour", () => {
  const { command, options } = parse("map 6000");
  if (command.name !== "map") throw new Error(command.name);
  assertEquals(
    [command.requestType, command.maps[0]?.lifetime, command.maps[0]?.kind],
    ["once", 3600, "inbound"],
  );
  assertEquals(options, {});
});

Deno.test("parseLine() reads several ports and protocols in one command", () => {
  const cases: [string, [number, number][]][] = [
    ["map 6000/tcp 6000/udp", [[6000, 6], [6000, 17]]],
    ["map 6000/tcp+udp", [[6000, 6], [6000, 17]]],
    ["map 6000 6001/udp+sctp -k", [[6000, 6], [6001, 17], [6001, 132]]],
  ];
  for (const [line, targets] of cases) {
    const { command } = parse(line);
    if (command.name !== "map") throw new Error(command.name);
    const specs = command.maps.map((map) => map.toSpec(IpAddress.ANY_IPV4));
    assertEquals(specs.map(({ internalPort, protocol }) => [internalPort, protocol]), targets);
  }
  assertUsageError("map 6000/tcp+", /Unknown protocol ""/);
  assertUsageError("map 6000 6001 --external-port 80", /--external-port is one port/);
});

Deno.test("parseLine() reads the protocols that may be used", () => {
  assertEquals(parse("map 6000 --protocols UPnP,pcp").options.protocols, ["pcp", "upnp"]);
  assertUsageError(
    "map 6000 --protocols natpmp",
    /Cannot read --protocols "natpmp": type pcp, nat-pmp or/,
  );
  assertUsageError("map 6000 --protocols ''", /--protocols needs a value/);
});

Deno.test("parseLine() reads peers of both families", () => {
  for (const peer of ["198.51.100.7:7000", "[2001:db8::7]:7000"]) {
    const { command } = parse(`peer 6000/17 ${peer} --repeat 3`);
    if (command.name !== "peer") throw new Error(command.name);
    assertEquals(command.maps[0]?.kind, "outbound");
    assertEquals(command.requestType, { repeat: 3 });
  }
});

Deno.test("parseLine() reads every other command", () => {
  const cases: [string, Invocation["command"]][] = [
    ["discover", { name: "discover" }],
    ["connect", { name: "connect" }],
    ["connect 192.168.1.1", { name: "connect", server: "192.168.1.1" }],
    ["connect 10.0.0.2 10.0.0.1", { name: "connect", client: "10.0.0.2", server: "10.0.0.1" }],
    ["show 3", { name: "show", id: 3 }],
    ["renew 3 7200", { name: "renew", id: 3, lifetime: 7200 }],
    ["revoke all", { name: "revoke", which: ["all"] }],
    ["trace off", { name: "trace", on: false }],
    ["help map", { name: "help", topic: "map" }],
    ["revoke --help", { name: "help", topic: "revoke" }],
    [`js "it's" + ' -k'`, { name: "js", code: `"it's" + ' -k'` }],
  ];
  for (const [line, command] of cases) assertEquals(parse(line).command, command, line);
});

Deno.test("parseLine() finds no command in blank lines and comments", () => {
  for (const line of ["", "   ", "# map 6000"]) assertEquals(parseLine(line), undefined);
});

Deno.test("parseLine() throws errors that say what to type instead", () => {
  const cases: [string, string][] = [
    ["mpa 6000", 'Unknown command "mpa": did you mean "map"?'],
    ["lst", 'did you mean "list"?'],
    ["frobnicate", 'type "help" for all commands'],
    ["map", "type map PORT[/PROTO]…, for example map 6000/tcp"],
    ["6000/tcp", 'type "map 6000/tcp" to open that port'],
    ["handle.stats()", 'type js in front of JavaScript, as in "js handle.stats()"'],
    ["handle", 'type js in front of JavaScript, as in "js handle.stats()"'],
    ["1+1", 'type js in front of JavaScript, as in "js handle.stats()"'],
    ["show 1 2", '"show" takes no argument "2"'],
    ["map 70000/tcp", "type a number from 0 to 65535"],
    ["map -1", 'Unknown option "-1" of "map"'],
    ["map 6000.5", "type a number from 0 to 65535"],
    ["map 0x10", "type a number from 0 to 65535"],
    ["map 6000/tpc", "did you mean tcp?"],
    ["map 6000/300", "type tcp, udp, or a number from 0 to 255"],
    ["map 6000 --lifetim 5", "did you mean --lifetime?"],
    ["map 6000 --lifetime", "type --lifetime SECONDS"],
    ["map 6000 --lifetime 0", "type whole seconds from 1 to 4294967295"],
    ["map 6000 --lifetime 1e3", "type whole seconds"],
    ["map 6000 --lifetime -1", 'Cannot read --lifetime "-1": type whole seconds'],
    ["map 6000 --watch -5 --port 1", 'Cannot read --watch "-5"'],
    ["map 6000 --lifetime -- -1", "type --lifetime SECONDS"],
    ["map 6000 6001 6000/tcp", '"6000/tcp" was given more than once, type it once'],
    ["map 6000/udp+tcp+udp", '"6000/udp" was given more than once, type it once'],
    ["map 6000 --lifetime 1 --lifetime 2", "type it once"],
    ["map 6000 --external-port 0", "type a number from 1 to 65535"],
    ["map 6000 --external-address nowhere", "external address must be an IPv4 or IPv6 address"],
    ["map 6000 --keep-alive --repeat 2", "type one of them"],
    ["map 6000 --prefer-failure", "type --external-port PORT too"],
    ["map 6000 --filter nowhere/x", "Cannot read the filter"],
    ["map 6000 --filter 198.51.100.0/33", "Cannot read the filter"],
    ["map 6000 --port-set 0", "type a number of ports from 1 to 65535, as in 4 or 4,parity"],
    ["map 6000 --port-set 4,even", "Cannot read --port-set"],
    ["map 6000 --third-party-id 0x1", "hexadecimal digits in pairs"],
    ["peer 6000 198.51.100.7:7000 --port-set 4", 'Unknown option "--port-set"'],
    ["map 6000 --exec ''", "type --exec"],
    ["map 6000 --simulate --server 10.0.0.1", "without --server and --client"],
    ["map 6000 --simulate=", "--simulate needs a value"],
    ["map 6000 --simulate=igd", 'Cannot read --simulate "igd": type pcp, nat-pmp or upnp'],
    ["map 6000 --simulate=pcp,pcp", "as in pcp,nat-pmp"],
    ["map 6000 --simulate=pcp --simulate=upnp", "type it once"],
    ["simulate upn", "Cannot read the protocols"],
    ["list --keep-alive", 'Unknown option "--keep-alive" of "list"'],
    ["list --keep-going", "Unknown option"],
    ["peer 6000 198.51.100.7", "as in 198.51.100.7:7000"],
    ["peer 6000 198.51.100.7:0", "a port from 1 to 65535"],
    ["peer 0 198.51.100.7:1", "internal port must be an integer from 1 to 65535"],
    ["show x", 'as the command "list" shows it'],
    ["renew 1", "type renew ID SECONDS"],
    ["revoke 0", "Cannot read the id"],
    ["trace maybe", "type trace on or trace off"],
    ["js", "type js EXPRESSION"],
    ["help mpa", "type help map"],
    ["map 'x", "a quote is not closed"],
    ["map 60\x0700", "it holds a control character"],
    ["--json", "No command was given"],
    ["x".repeat(100_000), "it is longer than 4096 characters"],
  ];
  for (const [line, message] of cases) {
    const error = assertThrows(() => parseLine(line), UsageError, message);
    assertEquals(error.message.length < 260, true, `too long: ${error.message}`);
    assertEquals(/\p{Cc}/u.test(error.message), false, "a control character in the message");
  }
});

Deno.test("parseLine() parses every example of the help", () => {
  for (const { examples } of COMMANDS) for (const example of examples) parse(example);
});

Deno.test("parseWords() takes options on either side of the command, and options without a command for the prompt", () => {
  const before = parseWords(["--simulate", "map", "6000/tcp", "--json"]);
  assertEquals(before.invocation?.options, { simulate: ["pcp"], json: true });
  assertEquals(parseWords(["--simulate", "--keep-going"]), {
    invocation: undefined,
    options: { simulate: ["pcp"] },
    keepGoing: true,
  });
  assertEquals(parseWords(["--simulate=upnp", "--json", "js", "-1"]).invocation?.options, {
    simulate: ["upnp"],
    json: true,
  });
  const last = parseWords(["map", "6000", "--simulate=nat-pmp,pcp"]);
  assertEquals(last.invocation?.options, { simulate: ["pcp", "nat-pmp"] });
  assertEquals(parse("simulate upnp").command, { name: "simulate", protocols: ["upnp"] });
  assertEquals(parseWords(["--help"]).invocation?.command, { name: "help" });
  assertEquals(parseWords(["-V"]).invocation?.command, { name: "version" });
  assertEquals(parseWords(["js", "--help"]).invocation?.command, { name: "help", topic: "js" });
});

Deno.test("parseWords() passes JavaScript on unchanged", () => {
  const { invocation } = parseWords(["--port", "5351", "js", "-1", "--", "x --json"]);
  assertEquals(invocation, {
    command: { name: "js", code: "-1 -- x --json" },
    options: { port: 5351 },
  });
});

Deno.test("parseWords() splits --exec into program and arguments without a shell", () => {
  const { invocation } = parseWords(["map", "6000", "--exec", "sh -c 'echo $PCP_STATE; true'"]);
  assertEquals(invocation?.options.exec, ["sh", "-c", "echo $PCP_STATE; true"]);
});

Deno.test("the help of a command names its arguments", () => {
  assertStringIncludes(COMMANDS.map(usage).join("\n"), "connect [CLIENT] [SERVER]");
});
