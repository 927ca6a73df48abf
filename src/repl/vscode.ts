/**
 * What the terminal of VS Code is told so that each command gets its decoration and can be run again, and what terminals
 * that show progress are told while a command waits. Empty where nobody would understand it.
 *
 * The sequences: https://code.visualstudio.com/docs/terminal/shell-integration, and OSC 9;4 of ConEmu.
 *
 * @module
 */

/** What is known of a terminal. */
export interface TerminalFacts {
  readonly isTerminal: boolean;
  /** Reads an environment variable. */
  readonly env: (name: string) => string | undefined;
}

/** What a terminal can do. */
export interface Abilities {
  /** It moves the cursor, so that lines can be edited and replaced. */
  readonly cursor: boolean;
  /** Colours, spinners and everything else that is only decoration. */
  readonly decoration: boolean;
  /** OSC 633. */
  readonly marks: boolean;
  /** OSC 9;4. */
  readonly progress: boolean;
}

/** Judges by the environment; no terminal is asked anything. */
export function abilitiesOf({ isTerminal, env }: TerminalFacts): Abilities {
  const cursor = isTerminal && env("TERM") !== "dumb";
  // https://no-color.org: any value but the empty one.
  const decoration = cursor && (env("NO_COLOR") ?? "") === "";
  const program = env("TERM_PROGRAM");
  const marks = decoration && program === "vscode";
  const progress = marks || decoration &&
      (program === "ghostty" || env("WT_SESSION") !== undefined || env("ConEmuANSI") === "ON");
  return { cursor, decoration, marks, progress };
}

/** The sequences of OSC 633 and OSC 9;4, each empty where it is not wanted. */
export interface Marks {
  /** The prompt begins. */
  readonly promptStart: string;
  /** The prompt ends, the command line begins. */
  readonly promptEnd: string;
  /**
   * The line being typed goes out of the way, and its prompt will begin once more. VS Code ignores a second beginning unless
   * the first line has ended, and would take news printed in between for a part of the command.
   */
  readonly lineLeft: string;
  /** The command line, and that it is now carried out. */
  executing(commandLine: string): string;
  /** The command is over; without an exit code none was given. */
  finished(exitCode?: number): string;
  /** The current folder, for links in what is printed. */
  folder(path: string): string;
  /** Something is waited for. */
  readonly busy: string;
  /** Nothing is waited for any more. */
  readonly idle: string;
}

/** The marks for a terminal of such abilities. */
export function marksFor({ marks, progress }: Pick<Abilities, "marks" | "progress">): Marks {
  const mark = (text: string): string => marks ? osc(`633;${text}`) : "";
  return {
    promptStart: mark("A"),
    promptEnd: mark("B"),
    lineLeft: mark("C"),
    executing: (commandLine) => mark(`E;${escapeMark(commandLine)}`) + mark("C"),
    finished: (exitCode) => mark(exitCode === undefined ? "D" : `D;${exitCode}`),
    folder: (path) => mark(`P;Cwd=${escapeMark(path)}`),
    busy: progress ? osc("9;4;3;0") : "",
    idle: progress ? osc("9;4;0;0") : "",
  };
}

/** VS Code's rules: a backslash doubled; semicolons and control characters as `\x` and two hexadecimal digits. */
export function escapeMark(text: string): string {
  return text.replace(
    /[\\;\p{Cc}]/gu,
    (character) =>
      character === "\\" ? "\\\\" : `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

function osc(text: string): string {
  return `\x1b]${text}\x07`;
}
