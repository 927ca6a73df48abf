import { goesWith, MAPPING_OPTION_NAMES, MAPPING_OPTIONS } from "../mapping_options.ts";
import type { CommandName } from "./command.ts";

/** The meaning of an argument, by which it is completed. */
export type ArgumentKind =
  | "client"
  | "code"
  | "command"
  | "file"
  | "gateway"
  | "id"
  | "idOrAll"
  | "onOff"
  | "peer"
  | "port"
  | "protocols"
  | "seconds"
  | "shell"
  | "text";

/** One argument of a command. */
export interface ArgumentSpec {
  readonly kind: ArgumentKind;
  /** The argument as the help shows it. */
  readonly label: string;
  readonly optional?: true;
  /** May be given several times; only the last one may. */
  readonly many?: true;
}

/** One option. */
export interface OptionSpec {
  readonly name: string;
  /** Its one-letter form. */
  readonly short?: string;
  /** Its value as the help shows it; without one the option is a switch. */
  readonly value?: string;
  /** The value may be left out; it follows `=`, as in `--name=value`. */
  readonly optional?: true;
  /** May be given several times. */
  readonly many?: true;
  /** The kind of argument that its value is completed as. */
  readonly completes?: ArgumentKind;
  readonly help: string;
}

/** Options by name: `true` for a switch, otherwise the values that were given. */
export type OptionValues = ReadonlyMap<string, readonly string[] | true>;

/** One command, for parsing, help and completion. */
export interface CommandSpec {
  readonly name: CommandName;
  readonly args: readonly ArgumentSpec[];
  readonly options: readonly OptionSpec[];
  /** One line. */
  readonly help: string;
  /** Further lines for `help COMMAND`. */
  readonly more?: readonly string[];
  readonly examples: readonly string[];
}

const ID: ArgumentSpec = { kind: "id", label: "ID" };
const PORT: ArgumentSpec = { kind: "port", label: "PORT[/PROTO]" };

/** Options of both kinds of mappings that are no option of the request (RFC 6887 section 7.3). */
const LIFETIME_OPTIONS: readonly OptionSpec[] = [
  { name: "lifetime", short: "l", value: "SECONDS", help: "requested lifetime, 3600 if not given" },
  {
    name: "keep-alive",
    short: "k",
    help: "renew until Ctrl-C or revoke, then delete; survives restarts of the router",
  },
  { name: "repeat", value: "COUNT", help: "renew for COUNT lifetimes in all" },
];

/** The commands, in the order of the help. */
export const COMMANDS: readonly CommandSpec[] = [
  command("map", "open an external port to a port of this host", {
    args: [{ ...PORT, many: true }],
    options: mappingOptions("inbound"),
    more: [
      "The protocol is tcp if not given; 6000/tcp+udp is both. Port 0 means all ports, 0/all all protocols.",
      "On the command line a mapping without --keep-alive is left open: it ends with its lifetime, and",
      "cannot be deleted before, because the nonce that a deletion needs is lost with the command, unless --state keeps it.",
    ],
    examples: [
      "map 6000/tcp --lifetime 3600 --keep-alive",
      "map 6000/tcp+udp 6001/udp",
      "map 5353/udp --external-port 5353 --prefer-failure",
      "map 8080 --filter 198.51.100.0/24",
      "map 6000/tcp -k --exec 'notify-send \"port 6000\"'",
    ],
  }),
  command("peer", "keep one outgoing flow open", {
    args: [PORT, { kind: "peer", label: "ADDRESS:PORT" }],
    options: mappingOptions("outbound"),
    more: ["Such a mapping cannot be deleted; when it is not renewed any more, it expires."],
    examples: ["peer 6000/tcp 198.51.100.7:7000", "peer 6000/udp [2001:db8::7]:7000 -k"],
  }),
  command("discover", "the gateways of this host", { examples: ["discover", "discover --json"] }),
  command("announce", "is the server alive, and since when", {
    examples: ["announce", "announce --server 192.168.1.1"],
  }),
  command("external", "the external address", { examples: ["external", "external --json"] }),
  command("prefix64", "how the network's NAT64 builds IPv6 addresses", {
    examples: ["prefix64", "prefix64 --json"],
  }),
  command("stats", "what was sent, received and ignored so far", {
    examples: ["stats", "stats --json"],
  }),
  command("diagnose", "what blocks connections from outside", {
    more: [
      "Finds out which protocols the router speaks and whether its address is public: a second router behind",
      "it, or a provider that shares addresses, blocks every mapping. Leaves none behind. Exit code 1 with a problem.",
    ],
    examples: ["diagnose", "diagnose --server 192.168.1.1 --json"],
  }),
  command("connect", "choose the server; the gateway if not given", {
    args: [
      { kind: "client", label: "CLIENT", optional: true },
      { kind: "gateway", label: "SERVER", optional: true },
    ],
    examples: ["connect", "connect 192.168.1.101 192.168.1.1"],
  }),
  command("simulate", "start a simulated gateway and connect to it", {
    args: [{ kind: "protocols", label: "PROTOCOLS", optional: true }],
    more: [
      "PROTOCOLS are those that it speaks: pcp, nat-pmp and upnp, with commas between them; pcp if not given.",
      "On the command line it runs until Ctrl-C, for other programs to talk to; --port chooses its port.",
      "At the prompt js can use it: js gateway.changeExternalAddress('203.0.113.9')",
    ],
    examples: ["simulate", "simulate upnp", "simulate pcp,nat-pmp --port 5351"],
  }),
  command("disconnect", "delete every mapping and leave the server", {
    examples: ["disconnect", "disconnect --json"],
  }),
  command("list", "the mappings as a table", { examples: ["list", "list --json"] }),
  command("show", "all about one mapping, with its history", {
    args: [ID],
    examples: ["show 1", "show 1 --json"],
  }),
  command("renew", "request another lifetime from now on", {
    args: [ID, { kind: "seconds", label: "SECONDS" }],
    examples: ["renew 1 7200", "renew 1 600 --json"],
  }),
  command("revoke", "delete mappings, also those of an earlier run", {
    args: [{ kind: "idOrAll", label: "ID|PORT/PROTO|all", many: true }],
    more: [
      "ID is a number, or L1, L2 and so on for a mapping that an earlier run left: list shows them with --state FILE.",
    ],
    examples: ["revoke 1 6000/udp", "revoke L1 --state ports.json", "revoke all"],
  }),
  command("leftovers", "what an earlier run left open, see --state", {
    more: [
      '"revoke L1" deletes one of them, "revoke all" all; a request for the same continues it.',
    ],
    examples: ["leftovers --state ports.json", "leftovers --state ports.json --json"],
  }),
  command("watch", "the table, kept current until Ctrl-C", {
    more: ["Ends by itself when no mapping is left, or after --timeout seconds."],
    examples: ["watch", "watch --timeout 10"],
  }),
  command("trace", "print every datagram, decoded", {
    args: [{ kind: "onOff", label: "on|off" }],
    examples: ["trace on", "trace off"],
  }),
  command("js", "run JavaScript with the library's exports", {
    args: [{ kind: "code", label: "EXPRESSION" }],
    more: [
      "handle is the client, mappings what it holds, gateway the simulated gateway if there is one.",
      "await works, and so do statements; a variable without const or let is kept.",
    ],
    examples: [
      "js handle.stats()",
      "js await handle.request(new InboundMap(6000, 60)).ready()",
      "js gateway.restart()",
    ],
  }),
  command("completions", "a completion script for a shell", {
    args: [{ kind: "shell", label: "SHELL" }, { kind: "text", label: "PROGRAM", optional: true }],
    more: [
      "SHELL is bash, zsh or fish. PROGRAM is the name of this command line, pcp if not given, as in",
      "deno install -gA -n pcp jsr:@portcontrol/pcp/repl. The first line of the script says how to use it.",
    ],
    examples: ["completions bash", "completions fish pcp"],
  }),
  command("help", "this, or more about one command", {
    args: [{ kind: "command", label: "COMMAND", optional: true }],
    examples: ["help map", "? revoke"],
  }),
  command("exit", "delete every mapping and leave, as Ctrl-D", { examples: ["exit", "quit"] }),
];

/** Options of every command, and of the start without one. */
export const COMMON_OPTIONS: readonly OptionSpec[] = [
  {
    name: "server",
    value: "ADDRESS",
    completes: "gateway",
    many: true,
    help: "the router; the default gateway if not given; several are tried in turn",
  },
  {
    name: "client",
    value: "ADDRESS",
    completes: "client",
    help: "the address of this host that faces it",
  },
  { name: "port", value: "PORT", help: "the server's UDP port, 5351 if not given" },
  {
    name: "simulate",
    value: "PROTOCOLS",
    optional: true,
    help: "no router: a simulated gateway on loopback; pcp if not given, nat-pmp, upnp",
  },
  {
    name: "protocols",
    value: "LIST",
    completes: "protocols",
    help: "ask in these only: pcp, nat-pmp, upnp, with commas; all if not given",
  },
  { name: "all", help: "on the command line: at every gateway of this host, IPv4 and IPv6" },
  { name: "anycast", help: "where the gateway is silent, ask the anycast address (RFC 7723)" },
  { name: "watch", value: "SECONDS|off", help: "how often the network is checked, 5 if not given" },
  { name: "wait-for-network", help: "wait until this host has a network, as -k does" },
  { name: "trace", help: "print every datagram and exchange, decoded" },
  { name: "json", help: "one JSON object a line" },
  {
    name: "exec",
    value: "COMMAND",
    help:
      "run at a change of the external address or port, and at a loss, with PCP_STATE and others set",
  },
  {
    name: "state",
    value: "FILE",
    completes: "file",
    help: "keep mappings in FILE: a later run continues or revokes them",
  },
  { name: "timeout", value: "SECONDS", help: "longest wait for an answer; 8 of a silent router" },
  { name: "help", short: "h", help: "help, also for one command" },
];

/** Options of the start without a command: of the prompt or a script. */
export const START_OPTIONS: readonly OptionSpec[] = [
  { name: "keep-going", help: "a script continues after a failure" },
  { name: "version", short: "V", help: "the version" },
];

/** The command of that name. */
export function findCommand(name: string): CommandSpec | undefined {
  const full = ALIASES.get(name) ?? name;
  return COMMANDS.find((spec) => spec.name === full);
}

/** `map PORT[/PROTOCOL]`; optional arguments in brackets. */
export function usage({ name, args }: CommandSpec): string {
  const labels = args.map(({ label, optional, many }) => {
    const shown = many ? `${label}\u2026` : label;
    return optional ? `[${shown}]` : shown;
  });
  return [name, ...labels].join(" ");
}

function command(
  name: CommandName,
  help: string,
  rest: Partial<CommandSpec> & Pick<CommandSpec, "examples">,
): CommandSpec {
  return { name, help, args: [], options: [], ...rest };
}

function mappingOptions(kind: "inbound" | "outbound"): OptionSpec[] {
  const names = MAPPING_OPTION_NAMES.filter((name) => goesWith(name, kind));
  return [...LIFETIME_OPTIONS, ...names.flatMap((name) => MAPPING_OPTIONS[name].flag ?? [])];
}

/** Names of commands in other programs with a prompt. */
const ALIASES: ReadonlyMap<string, CommandName> = new Map([
  ["?", "help"],
  ["q", "exit"],
  ["quit", "exit"],
]);
