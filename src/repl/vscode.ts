/**
 * Shell integration of VS Code's terminal (OSC 633), which decorates each command and can run it again, and the progress
 * of other terminals (OSC 9;4 of ConEmu). Both are empty text where the terminal does not support them.
 *
 * See https://code.visualstudio.com/docs/terminal/shell-integration.
 *
 * @module
 */

/** What a terminal can do. */
export interface TerminalCapabilities {
  /** It moves the cursor, so lines can be edited and replaced. */
  readonly cursor: boolean;
  /** Colours, spinners and other decoration are on. */
  readonly decoration: boolean;
  /** OSC 633. */
  readonly marks: boolean;
  /** OSC 9;4. */
  readonly progress: boolean;
}

/** Derives the capabilities from the environment, without querying the terminal. */
export function terminalCapabilities(
  isTerminal: boolean,
  env: (name: string) => string | undefined,
): TerminalCapabilities {
  const cursor = isTerminal && env("TERM") !== "dumb";
  // https://no-color.org: any value but the empty one.
  const decoration = cursor && (env("NO_COLOR") ?? "") === "";
  const program = env("TERM_PROGRAM");
  const marks = decoration && program === "vscode";
  const progress = marks || decoration &&
      (program === "ghostty" || env("WT_SESSION") !== undefined || env("ConEmuANSI") === "ON");
  return { cursor, decoration, marks, progress };
}

/** The sequences of OSC 633 and OSC 9;4, each empty where it is not supported. */
export interface Marks {
  readonly promptStart: string;
  /** The prompt ends, and the command line begins. */
  readonly promptEnd: string;
  /**
   * The line being typed is erased, and its prompt will be drawn again. VS Code ignores a second prompt start unless a
   * command has started since the first, and would take alerts printed in between for a part of the command line.
   */
  readonly lineLeft: string;
  executing(commandLine: string): string;
  /** Without an exit code the line was empty or cancelled. */
  finished(exitCode?: number): string;
  /** The current folder, to which links in the output are relative. */
  folder(path: string): string;
  readonly busy: string;
  readonly idle: string;
}

/** The sequences that a terminal supports. */
export function marksFor(
  { marks, progress }: Pick<TerminalCapabilities, "marks" | "progress">,
): Marks {
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

/** Escapes text as OSC 633 requires: `\\` for a backslash, `\xHH` for semicolons and control characters. */
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
