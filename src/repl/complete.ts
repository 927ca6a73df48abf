import { fixedWords } from "./completions.ts";
import { membersOf } from "./members.ts";
import { PROTOCOL_NAMES } from "./read_values.ts";
import {
  type ArgumentKind,
  COMMANDS,
  type CommandSpec,
  COMMON_OPTIONS,
  findCommand,
  type OptionSpec,
} from "./table.ts";

/** The values that completion offers besides commands and options. */
export interface CompletionContext {
  /** Ids of the mappings. */
  readonly ids: readonly number[];
  /** Addresses of the gateways. */
  gateways(): Promise<readonly string[]>;
  /** Addresses of this host. */
  clients(): Promise<readonly string[]>;
  /** Variables of `js`. */
  readonly names: readonly string[];
  /** The value of a variable of `js`, for its members. */
  valueOf?(name: string): unknown;
  /** Paths of files that begin in this way; folders with a slash at the end. */
  files?(word: string): Promise<readonly string[]>;
}

/** The possible completions of the word being typed. */
export interface Completion {
  /** Whole words, with a blank at the end except in `js`. */
  readonly candidates: readonly string[];
  /** The part that is typed. */
  readonly word: string;
}

/** Completes the last word of a line. */
export async function complete(line: string, context: CompletionContext): Promise<Completion> {
  const member = /^\s*js\s(?:[^]*[^\w$.\]])?(?<path>(?:[\w$]+(?:\[\d+\])*\.)+)(?<name>[\w$]*)$/
    .exec(line)?.groups;
  if (member !== undefined) {
    const { path = "", name = "" } = member;
    return choose(name, membersOf(path, (first) => context.valueOf?.(first)), "");
  }
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
  const option = options.find((each) => takesNext(each, words.at(-1)));
  if (option?.completes === "file") {
    return { candidates: await context.files?.(word) ?? [], word };
  }
  if (option !== undefined) return choose(word, await valuesOf(option.completes, context));
  if (name === undefined) return choose(word, COMMANDS.map((spec) => spec.name));
  const args = command?.args ?? [];
  const at = command === undefined ? -1 : argumentsIn(words, command).length - 1;
  const kind = (args[at] ?? (args.at(-1)?.many ? args.at(-1) : undefined))?.kind;
  const port = kind === "port" ? /^\d+(?=\/)/.exec(word)?.[0] : undefined;
  if (port !== undefined) return choose(word, PROTOCOL_NAMES.map((each) => `${port}/${each}`));
  return choose(word, await valuesOf(kind, context));
}

/** The command and its arguments, without options and their values. */
function argumentsIn(words: readonly string[], command: CommandSpec): string[] {
  const options = [...command.options, ...COMMON_OPTIONS];
  return words.filter((word, index) =>
    word !== "" && !word.startsWith("-") &&
    !options.some((option) => takesNext(option, words[index - 1]))
  );
}

async function valuesOf(
  kind: ArgumentKind | undefined,
  context: CompletionContext,
): Promise<readonly string[]> {
  switch (kind) {
    case "id":
      return context.ids.map(String);
    case "idOrAll":
      return [...context.ids.map(String), ...fixedWords(kind)];
    case "gateway":
      return await context.gateways();
    case "client":
      return await context.clients();
    default:
      return fixedWords(kind);
  }
}

/** Whether the word is this option and its value follows. */
function takesNext(
  { name, short, value, optional }: OptionSpec,
  word: string | undefined,
): boolean {
  return value !== undefined && optional !== true && word !== undefined &&
    (word === `--${name}` || (short !== undefined && word === `-${short}`));
}

function choose(word: string, words: readonly string[], end = " "): Completion {
  const candidates = [...new Set(words)].filter((candidate) => candidate.startsWith(word));
  return { candidates: candidates.map((candidate) => candidate + end), word };
}
