/** The process of a program: its arguments, streams, signals and child programs. Each runtime has an implementation. */
export interface Runtime {
  /** The arguments after the program's name. */
  readonly args: readonly string[];
  /** As `Deno.build.os`. */
  readonly platform: string;
  /** The number of this process. */
  readonly pid: number;
  /** The present number of the parent process: it changes when the parent ends. */
  readonly parentId: number;
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Ends this process. */
  exit(code: number): never;
  /** Whether the module is the program that was started. */
  isMain(module: ImportMeta): boolean;
  /** A variable of the environment; undefined also without the permission to read it. */
  env(name: string): string | undefined;
  /** The working folder. */
  folder(): string;
  /** The number of columns of the terminal; undefined if it cannot be found out. */
  columns(): number | undefined;
  /** The number of its rows; undefined if it cannot be found out. */
  rows(): number | undefined;
  /** A value as text, for a person. */
  inspect(value: unknown, options?: InspectOptions): string;
  /** Calls the listener for each signal of this name. */
  onSignal(signal: Signal, listener: () => void): void;
  /** Whether SIGHUP was ignored at the start, as under `nohup`; false where that cannot be found out. */
  isHangUpIgnored(): boolean;
  /**
   * Stops this process and its group until a shell continues them, as Ctrl-Z does. Returns false where it is not permitted or not
   * possible.
   */
  suspend(): boolean;
  /** Calls the listener for each uncaught error; the process goes on. */
  onDefect(listener: (error: unknown) => void): void;
  /**
   * Opens a way to send text to a UNIX socket of datagrams, whose failures are ignored; undefined where the runtime has no such
   * sockets.
   */
  unixDatagrams(path: string): ((text: string) => void) | undefined;
  /** Whether a process runs; undefined without the permission to find out. */
  isRunning(pid: number): Promise<boolean | undefined>;
  /**
   * Starts a program, without a shell and without input.
   *
   * @throws {Error} If it cannot be started.
   */
  start(program: readonly string[], options: StartOptions): Promise<Child>;
  /**
   * Keeps standard output for {@linkcode Output.write}: what else writes to it, writes to standard error.
   *
   * @returns The only function that still writes to standard output.
   */
  claimStdout(): (bytes: Uint8Array) => Promise<number>;
}

/** Standard input. */
export interface Input {
  readonly isTerminal: boolean;
  /** What comes, until the end. */
  readonly octets: AsyncIterable<Uint8Array>;
  /** Reads into the buffer; resolves with the number of octets, or with null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Whether the terminal passes each key at once, without echo. */
  setRaw(isRaw: boolean): void;
}

/** Standard output or standard error. */
export interface Output {
  readonly isTerminal: boolean;
  /** Writes some or all of the octets; resolves with their number. */
  write(bytes: Uint8Array): Promise<number>;
  /** Writes some or all of the octets, and returns their number. */
  writeSync(bytes: Uint8Array): number;
}

/** Options of {@linkcode Runtime.inspect}. */
export interface InspectOptions {
  readonly colors?: boolean;
  /** Levels of nested objects. */
  readonly depth?: number;
}

/** The signals that the programs listen to. */
export type Signal = "SIGBREAK" | "SIGHUP" | "SIGINT" | "SIGTERM" | "SIGWINCH";

/** Options of {@linkcode Runtime.start}. */
export interface StartOptions {
  /** Variables added to the environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether the output is read here; otherwise the program has that of this process. */
  readonly isCaptured: boolean;
}

/** A program that was started. */
export interface Child {
  /** Standard output and standard error, if they are captured. */
  readonly output: readonly AsyncIterable<Uint8Array>[];
  /** Resolves when it has ended. */
  readonly ended: Promise<{ readonly code: number; readonly signal: string | null }>;
  /** Sends a signal to it, and to the programs that it has started if that is permitted. */
  stop(signal: "SIGKILL" | "SIGTERM"): void;
}
