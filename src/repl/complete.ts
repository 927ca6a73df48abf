import { PROTOCOL_NAMES } from "./read_values.ts";
import {
  type ArgumentSpec,
  COMMANDS,
  type CommandSpec,
  COMMON_OPTIONS,
  findCommand,
  type OptionSpec,
} from "./table.ts";

/** What completion knows of the session. */
export interface CompletionContext {
  /** Numbers of the mappings that can be named. */
  readonly ids: readonly number[];
  /** Addresses of gateways; may take a moment. */
  gateways(): Promise<readonly string[]>;
  /** Addresses of this host; may take a moment. */
  clients(): Promise<readonly string[]>;
  /** Names in reach of `js`. */
  readonly names: readonly string[];
}

/** What may stand in place of the word that is being typed. */
export interface Completion {
  /** Whole words, each with a blank at the end where the word is complete. */
  readonly candidates: readonly string[];
  /** The word so far. */
  readonly word: string;
}

/** Completes the last word of a line. */
export async function complete(line: string, context: CompletionContext): Promise<Completion> {
  const code = /^\s*js\s(?:[^]*[^\w$.])?(?<name>[\w$]*)$/.exec(line);
  if (code !== null) {
    const name = code.groups?.["name"] ?? "";
    return name === "" ? { candidates: [], word: "" } : choose(name, context.names, "");
  }
  const words = line.trimStart().split(/\s+/);
  const word = words.pop() ?? "";
  const [name] = words.filter((each) => !each.startsWith("-"));
  const command = name === undefined ? undefined : findCommand(name);
  const options = [...(command?.options ?? []), ...COMMON_OPTIONS];
  if (word.startsWith("-")) {
    const unused = options.filter((option) => option.many || !words.includes(`--${option.name}`));
    return choose(word, unused.map((option) => `--${option.name}`));
  }
  const option = options.find((each) => isOpen(each, words.at(-1)));
  if (option !== undefined) {
    return choose(word, await optionValues(option, context));
  }
  if (name === undefined) return choose(word, COMMANDS.map((spec) => spec.name));
  return await completeArgument(command, words, word, context);
}

async function completeArgument(
  command: CommandSpec | undefined,
  words: readonly string[],
  word: string,
  context: CompletionContext,
): Promise<Completion> {
  const argument = command?.args[argumentsIn(words, command).length - 1];
  if (argument?.kind === "port") {
    const port = /^(?<port>\d+)\//.exec(word)?.groups?.["port"];
    return port === undefined
      ? { candidates: [], word }
      : choose(word, PROTOCOL_NAMES.map((protocol) => `${port}/${protocol}`));
  }
  return choose(word, argument === undefined ? [] : await argumentValues(argument, context));
}

/** The command and its arguments so far, without the options and what belongs to them. */
function argumentsIn(words: readonly string[], command: CommandSpec): string[] {
  const options = [...command.options, ...COMMON_OPTIONS];
  return words.filter((word, index) =>
    word !== "" && !word.startsWith("-") &&
    !options.some((option) => isOpen(option, words[index - 1]))
  );
}

function argumentValues(
  { kind }: ArgumentSpec,
  context: CompletionContext,
): Promise<readonly string[]> {
  switch (kind) {
    case "id":
      return Promise.resolve(context.ids.map(String));
    case "idOrAll":
      return Promise.resolve([...context.ids.map(String), "all"]);
    case "onOff":
      return Promise.resolve(["on", "off"]);
    case "command":
      return Promise.resolve(COMMANDS.map(({ name }) => name));
    case "gateway":
      return context.gateways();
    case "client":
      return context.clients();
    default:
      return Promise.resolve([]);
  }
}

function optionValues(
  { name }: OptionSpec,
  context: CompletionContext,
): Promise<readonly string[]> {
  if (name === "server") return context.gateways();
  return name === "client" ? context.clients() : Promise.resolve([]);
}

/** Whether the word is that option and waits for its value. */
function isOpen({ name, short, value }: OptionSpec, word: string | undefined): boolean {
  return value !== undefined && word !== undefined &&
    (word === `--${name}` || (short !== undefined && word === `-${short}`));
}

function choose(word: string, words: readonly string[], end = " "): Completion {
  const candidates = [...new Set(words)].filter((candidate) => candidate.startsWith(word));
  return { candidates: candidates.map((candidate) => candidate + end), word };
}
