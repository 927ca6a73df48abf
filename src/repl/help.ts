import { VERSION } from "../version.ts";
import {
  COMMANDS,
  type CommandSpec,
  COMMON_OPTIONS,
  findCommand,
  type OptionSpec,
  START_OPTIONS,
  usage,
} from "./table.ts";
import { wrap } from "./text.ts";

/** The help for one command, or an overview that fits 80 columns and 24 lines. */
export function helpLines(topic: string | undefined): string[] {
  const spec = topic === undefined ? undefined : findCommand(topic);
  return spec === undefined ? overview() : details(spec);
}

/** The output of `--version`. */
export function versionLine(json: boolean): string {
  return json ? JSON.stringify({ version: VERSION }) : `pcp ${VERSION}`;
}

function overview(): string[] {
  const column = Math.max(...COMMANDS.map((spec) => usage(spec).length)) + 2;
  return [
    "repl.ts [COMMAND] [OPTION]…   opens ports on the router; alone it is a prompt",
    ...COMMANDS.map((spec) => `  ${usage(spec).padEnd(column)}${spec.help}`),
    "Exit code: 0 done, 1 failed, 2 not understood. Options of every command:",
    ...indented(COMMON_OPTIONS.map(optionLabel)),
    ...indented(START_OPTIONS.map((option) => `${optionLabel(option)}  ${option.help}`)),
  ];
}

function details(spec: CommandSpec): string[] {
  const options = [...spec.options, ...COMMON_OPTIONS];
  const column = Math.max(...options.map((option) => optionLabel(option).length)) + 2;
  const list = (list: readonly OptionSpec[]): string[] =>
    list.map((option) => `  ${optionLabel(option).padEnd(column)}${option.help}`);
  return [
    `${usage(spec)} [OPTION]…`,
    `  ${spec.help}`,
    ...(spec.more ?? []).map((line) => `  ${line}`),
    ...(spec.options.length === 0 ? [] : ["Options", ...list(spec.options)]),
    "Options of every command",
    ...list(COMMON_OPTIONS),
    "Examples",
    ...spec.examples.map((example) => `  ${example}`),
  ];
}

function optionLabel({ name, short, value, optional }: OptionSpec): string {
  const shown = optional === true ? `[=${value}]` : ` ${value}`;
  return `${short === undefined ? "" : `-${short}, `}--${name}${value === undefined ? "" : shown}`;
}

function indented(labels: readonly string[]): string[] {
  return wrap(labels, "  ", 78).map((line) => `  ${line}`);
}
