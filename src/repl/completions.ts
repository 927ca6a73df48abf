import { GATEWAY_PROTOCOLS, type ShellName, SHELLS } from "./read_values.ts";
import {
  type ArgumentKind,
  COMMANDS,
  type CommandSpec,
  COMMON_OPTIONS,
  type OptionSpec,
} from "./table.ts";

/**
 * The completion for a shell, made from the table of commands.
 *
 * @param program The name under which the command line was installed.
 */
export function completionScript(shell: ShellName, program: string): string[] {
  return WRITERS[shell](program);
}

/** The fixed words that an argument can be. */
export function fixedWords(kind: ArgumentKind | undefined): readonly string[] {
  switch (kind) {
    case "command":
      return COMMANDS.map(({ name }) => name);
    case "idOrAll":
      return ["all"];
    case "onOff":
      return ["on", "off"];
    case "protocols":
      return GATEWAY_PROTOCOLS;
    case "shell":
      return SHELLS;
    default:
      return [];
  }
}

const WRITERS: Readonly<Record<ShellName, (program: string) => string[]>> = {
  bash: (program) => [
    `# Completion of ${program} for bash: eval "$(${program} completions bash)"`,
    `${functionName(program)}() {`,
    "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= words= at",
    "  COMPREPLY=()",
    ...valueCases(
      'case "$before" in',
      (kind) =>
        kind === "file"
          ? 'COMPREPLY=($(compgen -f -- "$word")); return'
          : `COMPREPLY=($(compgen -W "${fixedWords(kind).join(" ")}" -- "$word")); return`,
    ),
    "  for ((at = 1; at < COMP_CWORD; at++)); do",
    '    case "${COMP_WORDS[at]}" in',
    `      ${VALUED.join("|")}) ((at++)) ;;`,
    "      -*) ;;",
    "      *) command=${COMP_WORDS[at]}; break ;;",
    "    esac",
    "  done",
    "  if [[ $word == -* ]]; then",
    '    case "$command" in',
    ...WITH_OPTIONS.map(({ name, options }) => `      ${name}) words="${flags(options)}" ;;`),
    "    esac",
    `    words="$words ${flags(COMMON_OPTIONS)}"`,
    "  else",
    '    case "$command" in',
    `      "") words="${fixedWords("command").join(" ")}" ;;`,
    ...WITH_WORDS.map(([name, words]) => `      ${name}) words="${words.join(" ")}" ;;`),
    "    esac",
    "  fi",
    '  COMPREPLY=($(compgen -W "$words" -- "$word"))',
    "}",
    `complete -F ${functionName(program)} ${program}`,
  ],
  zsh: (program) => [
    `#compdef ${program}`,
    `# Completion of ${program} for zsh: eval "$(${program} completions zsh)"`,
    `${functionName(program)}() {`,
    "  local command= at",
    "  local -a list",
    ...valueCases(
      'case "$words[CURRENT-1]" in',
      (kind) =>
        kind === "file" ? "_files; return" : `compadd ${fixedWords(kind).join(" ")}; return`,
    ),
    "  for ((at = 2; at < CURRENT; at++)); do",
    '    case "$words[at]" in',
    `      ${VALUED.join("|")}) ((at++)) ;;`,
    "      -*) ;;",
    "      *) command=$words[at]; break ;;",
    "    esac",
    "  done",
    '  if [[ "$words[CURRENT]" == -* ]]; then',
    '    case "$command" in',
    ...WITH_OPTIONS.map(({ name, options }) => `      ${name}) list=(${zshOptions(options)}) ;;`),
    "    esac",
    `    list+=(${zshOptions(COMMON_OPTIONS)})`,
    "    _describe option list",
    "  else",
    '    case "$command" in',
    `      "") list=(${
      COMMANDS.map(({ name, help }) => single(`${name}:${colons(help)}`)).join(" ")
    }) ;;`,
    ...WITH_WORDS.map(([name, words]) => `      ${name}) list=(${words.join(" ")}) ;;`),
    "    esac",
    "    _describe word list",
    "  fi",
    "}",
    `compdef ${functionName(program)} ${program}`,
  ],
  fish: (program) => [
    `# Completion of ${program} for fish: ${program} completions fish | source`,
    ...COMMANDS.map(({ name, help }) =>
      `complete -c ${program} -f -n __fish_use_subcommand -a ${single(name)} -d ${single(help)}`
    ),
    ...WITH_WORDS.map(([name, words]) =>
      `complete -c ${program} -f -n '__fish_seen_subcommand_from ${name}' -a ${
        single(words.join(" "))
      }`
    ),
    ...COMMON_OPTIONS.map((option) => `complete -c ${program} ${fishOption(option)}`),
    ...WITH_OPTIONS.flatMap(({ name, options }) =>
      options.map((option) =>
        `complete -c ${program} -n '__fish_seen_subcommand_from ${name}' ${fishOption(option)}`
      )
    ),
  ],
};

const WITH_OPTIONS: readonly CommandSpec[] = COMMANDS.filter(({ options }) => options.length > 0);

/** Commands with an argument that can be a fixed word, and the words. */
const WITH_WORDS = COMMANDS.flatMap(({ name, args }) => {
  const words = args.flatMap(({ kind }) => fixedWords(kind));
  return words.length === 0 ? [] : [[name, words] as const];
});

const ALL_OPTIONS: readonly OptionSpec[] = [
  ...COMMON_OPTIONS,
  ...COMMANDS.flatMap(({ options }) => options),
];

/** Options whose value is the next word. */
const TAKING = ALL_OPTIONS.filter(({ value, optional }) => value !== undefined && !optional);

const VALUED = [...new Set(TAKING.flatMap(forms))];

function forms({ name, short }: OptionSpec): string[] {
  return [`--${name}`, ...(short === undefined ? [] : [`-${short}`])];
}

function flags(options: readonly OptionSpec[]): string {
  return options.map(({ name }) => `--${name}`).join(" ");
}

/** A `case` that completes the value of an option; nothing is offered for values that can be anything. */
function valueCases(begin: string, action: (kind: ArgumentKind) => string): string[] {
  const known = TAKING.flatMap((option) => {
    const { completes } = option;
    const isKnown = completes === "file" || fixedWords(completes).length > 0;
    return completes !== undefined && isKnown ? [[option, completes] as const] : [];
  });
  const names = new Set(known.flatMap(([option]) => forms(option)));
  const others = VALUED.filter((name) => !names.has(name));
  return [
    `  ${begin}`,
    ...known.map(([option, kind]) => `    ${forms(option).join("|")}) ${action(kind)} ;;`),
    `    ${others.join("|")}) return ;;`,
    "  esac",
  ];
}

function zshOptions(options: readonly OptionSpec[]): string {
  return options.map(({ name, help }) => single(`--${name}:${colons(help)}`)).join(" ");
}

function fishOption({ name, short, value, optional, completes, help }: OptionSpec): string {
  const words = fixedWords(completes).join(" ");
  return [
    `-l ${name}`,
    ...(short === undefined ? [] : [`-s ${short}`]),
    ...(value === undefined || optional ? [] : [completes === "file" ? "-r -F" : "-x"]),
    ...(words === "" || optional ? [] : [`-a ${single(words)}`]),
    `-d ${single(help)}`,
  ].join(" ");
}

function functionName(program: string): string {
  return `_${program.replaceAll(/\W/g, "_")}`;
}

/** A colon separates a word of zsh from its description. */
function colons(text: string): string {
  return text.replaceAll(":", "\\:");
}

/** A word of a shell, quoted where that is needed. */
function single(text: string): string {
  return /^[\w-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
