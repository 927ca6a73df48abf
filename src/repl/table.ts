import type { CommandName } from "./command.ts";

/** The meaning of an argument, by which it is completed. */
export type ArgumentKind =
  | "client"
  | "code"
  | "command"
  | "gateway"
  | "id"
  | "idOrAll"
  | "onOff"
  | "peer"
  | "port"
  | "seconds";

/** One argument of a command. */
export interface ArgumentSpec {
  readonly kind: ArgumentKind;
  /** The argument as the help shows it. */
  readonly label: string;
  readonly optional?: true;
}

/** One option. */
export interface OptionSpec {
  readonly name: string;
  /** Its one-letter form. */
  readonly short?: string;
  /** Its value as the help shows it; without one the option is a switch. */
  readonly value?: string;
  /** May be given several times. */
  readonly many?: true;
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

const LIFETIME: readonly OptionSpec[] = [
  { name: "lifetime", short: "l", value: "SECONDS", help: "wanted lifetime, 3600 if not given" },
  {
    name: "keep-alive",
    short: "k",
    help: "renew until Ctrl-C or revoke, then delete; survives restarts of the router",
  },
  { name: "repeat", value: "COUNT", help: "renew for so many lifetimes in all" },
  { name: "external-port", value: "PORT", help: "external port to suggest" },
  { name: "external-address", value: "ADDRESS", help: "external address to suggest" },
  { name: "third-party", value: "ADDRESS", help: "for another host; most routers refuse" },
  { name: "description", value: "TEXT", help: "a name that the router may show in its settings" },
];

const ID: ArgumentSpec = { kind: "id", label: "ID" };

/** The commands, in the order of the help. */
export const COMMANDS: readonly CommandSpec[] = [
  {
    name: "map",
    args: [{ kind: "port", label: "PORT[/PROTO]" }],
    options: [
      ...LIFETIME,
      { name: "prefer-failure", help: "rather nothing than another external port or address" },
      {
        name: "filter",
        value: "ADDRESS[/BITS][:PORT]",
        many: true,
        help: "let in only this peer; may be given several times",
      },
      { name: "port-set", value: "COUNT", help: "so many ports in a row, from PORT on" },
    ],
    help: "open an external port to a port of this host",
    more: [
      "The protocol is tcp if not given. Port 0 means all ports, 0/all all protocols.",
      "On the command line a mapping without --keep-alive is left open: it ends with its lifetime, and",
      "cannot be deleted before, because the secret that allows it is forgotten when the command ends, unless --state keeps it.",
    ],
    examples: [
      "map 6000/tcp --lifetime 3600 --keep-alive",
      "map 5353/udp --external-port 5353 --prefer-failure",
      "map 8080 --filter 198.51.100.0/24",
      "map 6000/tcp -k --exec 'notify-send \"port 6000\"'",
    ],
  },
  {
    name: "peer",
    args: [{ kind: "port", label: "PORT[/PROTO]" }, { kind: "peer", label: "ADDRESS:PORT" }],
    options: LIFETIME,
    help: "keep one outgoing flow open",
    more: ["Such a mapping cannot be deleted; when it is not renewed any more, it expires."],
    examples: ["peer 6000/tcp 198.51.100.7:7000", "peer 6000/udp [2001:db8::7]:7000 -k"],
  },
  {
    name: "discover",
    args: [],
    options: [],
    help: "the gateways of this host",
    examples: ["discover", "discover --json"],
  },
  {
    name: "announce",
    args: [],
    options: [],
    help: "is the server alive, and since when",
    examples: ["announce", "announce --server 192.168.1.1"],
  },
  {
    name: "external",
    args: [],
    options: [],
    help: "the external address",
    examples: ["external", "external --json"],
  },
  {
    name: "diagnose",
    args: [],
    options: [],
    help: "what keeps the outside from reaching you",
    more: [
      "Asks what the router speaks and what its address is: another router behind it, or a provider that",
      "shares addresses, cannot be helped from here. Leaves no mapping behind. Exit code 1 with a problem.",
    ],
    examples: ["diagnose", "diagnose --server 192.168.1.1 --json"],
  },
  {
    name: "connect",
    args: [
      { kind: "client", label: "CLIENT", optional: true },
      { kind: "gateway", label: "SERVER", optional: true },
    ],
    options: [],
    help: "choose the server; the gateway if not given",
    examples: ["connect", "connect 192.168.1.101 192.168.1.1"],
  },
  {
    name: "simulate",
    args: [],
    options: [],
    help: "start a simulated gateway and connect to it",
    more: [
      "On the command line it runs until Ctrl-C, for other programs to talk to; --port chooses its port.",
      "At the prompt it is in reach of js: js gateway.changeExternalAddress('203.0.113.9')",
    ],
    examples: ["simulate", "simulate --port 5351"],
  },
  {
    name: "disconnect",
    args: [],
    options: [],
    help: "delete every mapping and leave the server",
    examples: ["disconnect"],
  },
  {
    name: "list",
    args: [],
    options: [],
    help: "the mappings as a table",
    examples: ["list", "list --json"],
  },
  {
    name: "show",
    args: [ID],
    options: [],
    help: "all about one mapping, with its history",
    examples: ["show 1"],
  },
  {
    name: "renew",
    args: [ID, { kind: "seconds", label: "SECONDS" }],
    options: [],
    help: "ask for another lifetime from now on",
    examples: ["renew 1 7200"],
  },
  {
    name: "revoke",
    args: [{ kind: "idOrAll", label: "ID|all" }],
    options: [],
    help: "delete one mapping, or all",
    examples: ["revoke 1", "revoke all"],
  },
  {
    name: "watch",
    args: [],
    options: [],
    help: "the table, kept current until Ctrl-C",
    more: ["Ends by itself when no mapping is left, or after --timeout seconds."],
    examples: ["watch", "watch --timeout 10"],
  },
  {
    name: "trace",
    args: [{ kind: "onOff", label: "on|off" }],
    options: [],
    help: "print every datagram, decoded",
    examples: ["trace on", "trace off"],
  },
  {
    name: "js",
    args: [{ kind: "code", label: "EXPRESSION" }],
    options: [],
    help: "run JavaScript with the library in reach",
    more: [
      "handle is the client, mappings what it holds, gateway the simulated gateway if there is one.",
      "await works, and so do statements; a name without const or let stays for the next time.",
    ],
    examples: [
      "js handle.stats()",
      "js await handle.request(new InboundMap(6000, 60)).ready()",
      "js gateway.restart()",
    ],
  },
  {
    name: "help",
    args: [{ kind: "command", label: "COMMAND", optional: true }],
    options: [],
    help: "this, or more about one command",
    examples: ["help map"],
  },
  {
    name: "exit",
    args: [],
    options: [],
    help: "delete every mapping and leave, as Ctrl-D",
    examples: ["exit"],
  },
];

/** Options of every command, and of the start without one. */
export const COMMON_OPTIONS: readonly OptionSpec[] = [
  { name: "server", value: "ADDRESS", help: "the router; the default gateway if not given" },
  { name: "client", value: "ADDRESS", help: "the address of this host that faces it" },
  { name: "port", value: "PORT", help: "the server's UDP port, 5351 if not given" },
  { name: "simulate", help: "no router: a simulated gateway on loopback" },
  { name: "json", help: "one JSON object a line" },
  {
    name: "exec",
    value: "COMMAND",
    help: "run when the external address or port changes, with PCP_EXTERNAL_ADDRESS and others set",
  },
  {
    name: "state",
    value: "FILE",
    help: "keep mappings in FILE: a later run continues or revokes them",
  },
  { name: "timeout", value: "SECONDS", help: "longest wait for an answer, 30 if not given" },
  { name: "help", short: "h", help: "help, also for one command" },
];

/** Options of the start without a command: of the prompt or a script. */
export const START_OPTIONS: readonly OptionSpec[] = [
  { name: "keep-going", help: "a script goes on after a failure" },
  { name: "version", short: "V", help: "the version" },
];

/** The command of that name. */
export function findCommand(name: string): CommandSpec | undefined {
  return COMMANDS.find((spec) => spec.name === name);
}

/** `map PORT[/PROTOCOL]`; optional arguments in brackets. */
export function usage({ name, args }: CommandSpec): string {
  const labels = args.map(({ label, optional }) => optional ? `[${label}]` : label);
  return [name, ...labels].join(" ");
}
