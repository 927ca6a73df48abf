import { parseArgs } from "@std/cli/parse-args";
import type { Command, CommonOptions, Invocation } from "./command.ts";
import { nearest } from "./nearest.ts";
import { readCommand } from "./read_command.ts";
import { readProtocols, readSeconds, readWirePort } from "./read_values.ts";
import {
  COMMANDS,
  type CommandSpec,
  COMMON_OPTIONS,
  findCommand,
  type OptionSpec,
  type OptionValues,
  START_OPTIONS,
} from "./table.ts";
import { quote } from "./text.ts";
import { UsageError } from "./usage_error.ts";
import { splitWords } from "./words.ts";

/** The parsed arguments of the process. */
export interface CommandLine {
  /** The command; undefined for the prompt or a script. */
  readonly invocation: Invocation | undefined;
  readonly options: CommonOptions;
  readonly keepGoing: boolean;
}

/** Characters of the longest line that is parsed; longer ones are pasted by mistake. */
export const LONGEST_LINE = 4_096;

/**
 * Parses a line of the prompt or of a script.
 *
 * @returns Undefined for a blank line or a comment.
 * @throws {UsageError} If it is not a valid command.
 */
export function parseLine(line: string): Invocation | undefined {
  if (line.length > LONGEST_LINE) throw tooLong();
  const text = line.trim();
  if (text === "" || text.startsWith("#")) return undefined;
  const js = /^js(?:\s+(?<code>[^]*))?$/.exec(text);
  // JavaScript has its own quotes, so the line is not split into words.
  if (js !== null) return { command: readJs(js.groups?.["code"] ?? ""), options: {} };
  if (CONTROL.test(text)) {
    const harmless = quote(text.replaceAll(new RegExp(CONTROL, "gu"), ""));
    throw new UsageError(`Cannot read the line: it holds a control character, type ${harmless}`);
  }
  const { command, values } = splitArguments(splitWords(text), false);
  if (command === undefined) {
    throw new UsageError(`No command was given: type "help" for all of them`);
  }
  return invocationOf(command, values);
}

/**
 * Parses the arguments of the process.
 *
 * @throws {UsageError} If they are not a valid command.
 */
export function parseWords(args: readonly string[]): CommandLine {
  const at = firstWord(args);
  if (args[at] === "js" && !(args.length === at + 2 && /^(-h|--help)$/.test(args[at + 1] ?? ""))) {
    // JavaScript may begin with "-" as options do.
    const options = readCommonOptions(splitArguments(args.slice(0, at), true).values);
    const command = readJs(args.slice(at + 1).join(" "));
    return { invocation: { command, options }, options, keepGoing: false };
  }
  const { command, values } = splitArguments(args, true);
  const options = readCommonOptions(values);
  if (command !== undefined) {
    return { invocation: invocationOf(command, values), options, keepGoing: false };
  }
  const name = (["help", "version"] as const).find((each) => values.has(each));
  const invocation = name === undefined ? undefined : { command: { name }, options };
  return { invocation, options, keepGoing: values.has("keep-going") };
}

type CommandWords = readonly [CommandSpec, readonly string[]];

function invocationOf([command, args]: CommandWords, values: OptionValues): Invocation {
  const options = readCommonOptions(values);
  if (values.has("help")) return { command: { name: "help", topic: command.name }, options };
  return { command: readCommand(command, args, values), options };
}

function readJs(code: string): Command {
  return readCommand(commandNamed("js"), code.trim() === "" ? [] : [code], new Map());
}

/** The index of the first argument that is no option. */
function firstWord(args: readonly string[]): number {
  let at = 0;
  for (let word = args[at]; word?.startsWith("-") === true; word = args[at]) {
    const option = COMMON_OPTIONS.find(({ name }) => word === `--${name}`);
    at += option === undefined || isSwitch(option) ? 1 : 2;
  }
  return at;
}

/** Separates the options, which may stand anywhere, from the other arguments, and finds the command. */
function splitArguments(
  args: readonly string[],
  onCommandLine: boolean,
): { command: CommandWords | undefined; values: OptionValues } {
  const end = args.indexOf("--");
  const reserved = args.slice(0, end < 0 ? args.length : end).find((arg) => RESERVED.test(arg));
  if (reserved !== undefined) throw unknownOption(reserved, COMMON_OPTIONS, undefined);
  const unknown: string[] = [];
  const values = new Map<string, readonly string[] | true>();
  const parsed = parseArgs(withoutOptionalValues(withNegativeValues(args), values), {
    string: ["_", ...VALUED],
    boolean: SWITCHES,
    collect: VALUED,
    alias: ALIASES,
    unknown: (arg, key) => {
      if (key !== undefined) unknown.push(arg);
      return key === undefined;
    },
  });
  const [name, ...rest] = parsed._.map(String);
  const command = name === undefined ? undefined : commandNamed(name);
  const allowed = [
    ...COMMON_OPTIONS,
    ...(command?.options ?? (onCommandLine ? START_OPTIONS : [])),
  ];
  for (const option of [...SWITCHES, ...VALUED]) {
    const value: unknown = parsed[option];
    if (value === true && !values.has(option)) values.set(option, true);
    if (Array.isArray(value) && value.length > 0) values.set(option, value.map(String));
  }
  const misplaced = [...values.keys()].filter((key) => !allowed.some((one) => one.name === key));
  const [refused] = [...unknown, ...misplaced.map((key) => `--${key}`)];
  if (refused !== undefined) throw unknownOption(refused, allowed, command);
  checkValues(values, allowed);
  return { command: command === undefined ? undefined : [command, rest], values };
}

/** Joins a number below 0 with its option, as in `--lifetime=-1`, so that it is read as its value and not as an option. */
function withNegativeValues(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const option = joined.at(-1) ?? "";
    const isValue = /^-\d/.test(arg) && option.startsWith("--") && VALUED.includes(option.slice(2));
    if (isValue && !joined.includes("--")) joined[joined.length - 1] = `${option}=${arg}`;
    else joined.push(arg);
  }
  return joined;
}

/** Collects values that may be left out; `--name=value` becomes `--name`. */
function withoutOptionalValues(
  args: readonly string[],
  values: Map<string, readonly string[] | true>,
): string[] {
  const end = args.indexOf("--");
  return args.map((arg, index) => {
    const at = arg.indexOf("=");
    const name = arg.slice(2, at);
    if (at < 0 || !arg.startsWith("--") || !OPTIONAL.has(name)) return arg;
    if (end >= 0 && index > end) return arg;
    const before = values.get(name);
    values.set(name, [...Array.isArray(before) ? before : [], arg.slice(at + 1)]);
    return `--${name}`;
  });
}

function checkValues(values: OptionValues, allowed: readonly OptionSpec[]): void {
  for (const option of allowed) {
    const given = values.get(option.name);
    if (given === undefined || given === true) continue;
    if (given.length > 1 && option.many !== true) {
      throw new UsageError(`--${option.name} was given ${given.length} times, type it once`);
    }
    if (given.includes("")) {
      throw new UsageError(`--${option.name} needs a value, type --${option.name} ${option.value}`);
    }
  }
}

function readCommonOptions(values: OptionValues): CommonOptions {
  const options: { -readonly [Name in keyof CommonOptions]: CommonOptions[Name] } = {};
  const read = (name: string, store: (text: string) => void): void => {
    const value = values.get(name);
    if (value !== undefined && value !== true) store(value[0] ?? "");
  };
  const servers = values.get("server");
  if (servers !== undefined && servers !== true) options.server = servers;
  read("client", (text) => options.client = text);
  read("port", (text) => options.port = readWirePort("--port", text));
  read("exec", (text) => options.exec = readProgram(text));
  read("state", (text) => options.state = text);
  read("timeout", (text) => options.timeout = readSeconds("--timeout", text));
  const simulate = values.get("simulate");
  if (simulate !== undefined) {
    options.simulate = simulate === true ? ["pcp"] : readProtocols("--simulate", simulate[0] ?? "");
  }
  read("protocols", (text) => options.protocols = readProtocols("--protocols", text));
  read("watch", (text) => options.watch = text === "off" ? text : readSeconds("--watch", text));
  if (values.has("all")) options.all = true;
  if (values.has("anycast")) options.anycast = true;
  if (values.has("wait-for-network")) options.waitForNetwork = true;
  if (values.has("trace")) options.trace = true;
  if (values.has("json")) options.json = true;
  if (options.simulate !== undefined && (options.server ?? options.client) !== undefined) {
    throw new UsageError(
      "--simulate brings its own addresses, type it without --server and --client",
    );
  }
  const addresses = options.server ?? options.client ?? options.simulate;
  if (options.all && (addresses !== undefined || options.state !== undefined)) {
    throw new UsageError(
      "--all finds the gateways by itself, type it without --server, --client, --simulate and --state",
    );
  }
  return options;
}

function readProgram(text: string): readonly string[] {
  const program = splitWords(text);
  if (program.length > 0) return program;
  throw new UsageError("--exec needs a program, type --exec 'PROGRAM ARGUMENT\u2026'");
}

function commandNamed(name: string): CommandSpec {
  const found = findCommand(name);
  if (found !== undefined) return found;
  const meant = nearest(name, COMMANDS.map((each) => each.name));
  const advice = meant !== undefined
    ? `did you mean "${meant}"?`
    : /^\d+(\/\w+)?$/.test(name)
    ? `type "map ${name}" to open that port`
    : /\w[.(=+*]|^handle$/.test(name)
    ? 'type js in front of JavaScript, as in "js handle.stats()"'
    : 'type "help" for all commands';
  throw new UsageError(`Unknown command ${quote(name)}: ${advice}`);
}

function unknownOption(
  option: string,
  allowed: readonly OptionSpec[],
  command: CommandSpec | undefined,
): UsageError {
  const name = option.replace(/^-+/, "").replace(/=[^]*$/, "");
  const meant = nearest(name, allowed.map((each) => each.name));
  const where = command === undefined ? "" : ` of "${command.name}"`;
  const advice = meant !== undefined
    ? `did you mean --${meant}?`
    : command === undefined
    ? 'type "help" for all of them'
    : `type "help ${command.name}" for all of them`;
  return new UsageError(`Unknown option ${quote(option)}${where}: ${advice}`);
}

/** The error for a line longer than {@linkcode LONGEST_LINE}. */
export function tooLong(): UsageError {
  return new UsageError(
    `Cannot read the line: it is longer than ${LONGEST_LINE} characters, type "help" for the commands`,
  );
}

const OPTIONS = [
  ...COMMON_OPTIONS,
  ...START_OPTIONS,
  ...COMMANDS.flatMap(({ options }) => options),
];
const namesOf = (options: readonly OptionSpec[]): string[] => [
  ...new Set(options.map(({ name }) => name)),
];
const isSwitch = ({ value, optional }: OptionSpec): boolean =>
  value === undefined || optional === true;
const VALUED = namesOf(OPTIONS.filter((option) => !isSwitch(option)));
const SWITCHES = namesOf(OPTIONS.filter(isSwitch));
const OPTIONAL = new Set(namesOf(OPTIONS.filter(({ optional }) => optional === true)));
const ALIASES = Object.fromEntries(
  OPTIONS.flatMap(({ name, short }) => short === undefined ? [] : [[short, name]]),
);

/** Control characters other than the tab, which is a blank. */
const CONTROL = /(?!\t)\p{Cc}/u;

/** An option named "_" would overwrite the arguments in the result of parseArgs(). */
const RESERVED = /^-(?!-)[^=]*_|^--_(?:=|$)/;
