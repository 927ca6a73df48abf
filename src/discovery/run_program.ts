import { SystemError } from "./discovery_error.ts";

/** The used part of Deno, absent in Node and Bun. */
const { Deno: deno } = globalThis as unknown as { Deno?: Pick<typeof Deno, "Command"> };

/**
 * Runs a program and returns its output. A program that runs too long, or prints more than 4 MiB, is killed.
 *
 * @param limit How long it may run, in milliseconds.
 * @throws {SystemError} If the program is missing, not permitted, fails or is killed.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  limit = TIME_LIMIT,
): Promise<string> {
  try {
    // Deno has node:child_process too, but that is slow to load and requires the permission to read the environment.
    return await (deno === undefined
      ? runByNode(program, args, limit)
      : runByDeno(deno, program, args, limit));
  } catch (error) {
    if (error instanceof SystemError) throw error;
    throw SystemError.from(error, `run "${program}"`, `--allow-run=${program}`);
  }
}

async function runByDeno(
  { Command }: Pick<typeof Deno, "Command">,
  program: string,
  args: readonly string[],
  limit: number,
): Promise<string> {
  const pipes = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
  const child = new Command(program, { args: [...args], ...pipes }).spawn();
  const [output, errors] = [child.stdout.getReader(), child.stderr.getReader()];
  let fault: SystemError | undefined;
  const stop = (error: SystemError): void => {
    fault ??= error;
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended. A process of its own may still hold the pipes, so they are closed from here.
    }
    void output.cancel();
    void errors.cancel();
  };
  const timeout = AbortSignal.timeout(limit);
  const onTimeout = (): void => stop(stopped(program, `ran longer than ${limit / 1000} s`));
  timeout.addEventListener("abort", onTimeout);
  try {
    const text = await readAll(output, () => stop(stopped(program, TOO_LONG)));
    const { success } = await child.status;
    // The pipe holds 64 KiB of errors; a program that prints more waits, and is killed.
    const message = success || fault !== undefined ? "" : await readAll(errors, () => {});
    if (fault !== undefined) throw fault;
    if (success) return text;
    throw new SystemError("programFailed", `"${program}" said "${message.trim().slice(0, 500)}"`);
  } finally {
    timeout.removeEventListener("abort", onTimeout);
    void errors.cancel();
  }
}

/** Reads to the end, or until there is too much. */
async function readAll(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  onTooMuch: () => void,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for (let size = 0;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.length;
    if (size > SIZE_LIMIT) {
      onTooMuch();
      return "";
    }
    text += decoder.decode(value, { stream: true });
  }
}

async function runByNode(
  program: string,
  args: readonly string[],
  limit: number,
): Promise<string> {
  const { execFile } = await import("node:child_process");
  const options = {
    killSignal: "SIGKILL",
    maxBuffer: SIZE_LIMIT,
    timeout: limit,
    windowsHide: true,
  } as const;
  return await new Promise((resolve, reject) => {
    execFile(program, [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if (String(error.code) === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") {
        reject(stopped(program, TOO_LONG));
      } else if (error.killed) reject(stopped(program, `ran longer than ${limit / 1000} s`));
      else if (typeof error.code === "string") reject(error);
      else {reject(
          new SystemError("programFailed", `"${program}" said "${stderr.trim().slice(0, 500)}"`),
        );}
    });
  });
}

function stopped(program: string, why: string): SystemError {
  return new SystemError("programStopped", `"${program}" ${why} and was killed`);
}

/** In milliseconds; `ip` takes 2 of them. */
const TIME_LIMIT = 3_000;

/** In octets: some 3000 interfaces. */
const SIZE_LIMIT = 4 * 1024 * 1024;

const TOO_LONG = "printed more than 4 MiB";
