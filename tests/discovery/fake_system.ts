import { SystemError } from "../../src/discovery/discovery_error.ts";
import type { FileReader, LocalAddress, System } from "../../src/discovery/system.ts";

/** The answers of a fake system. Programs are keyed by their command line; a missing one fails. */
export interface Answers {
  /** "linux" by default. */
  readonly platform?: string;
  readonly programs?: Readonly<Record<string, string | SystemError>>;
  /** The files that can be read; undefined if none may be read without a question. */
  readonly files?: Readonly<Record<string, string>>;
  readonly addresses?: readonly LocalAddress[] | SystemError;
}

/** A system that returns the given answers. */
export class FakeSystem implements System {
  readonly platform: string;
  /** The command lines that were run, and the paths that were read. */
  readonly ran: string[] = [];
  readonly readPaths: string[] = [];
  /** How often the user was asked for a permission. */
  questions = 0;
  readonly #answers: Answers;

  constructor(answers: Answers) {
    this.platform = answers.platform ?? "linux";
    this.#answers = answers;
  }

  fileReader(): Promise<FileReader | undefined> {
    const { files } = this.#answers;
    return Promise.resolve(
      files && ((path) => {
        this.readPaths.push(path);
        return files[path];
      }),
    );
  }

  run(program: string, args: readonly string[]): Promise<string> {
    // The command of PowerShell is a program of its own, and is not repeated here.
    const command = program === "powershell" ? program : [program, ...args].join(" ");
    this.ran.push(command);
    const unreachable = new SystemError("programFailed", `"${program}" said "Unreachable"`);
    return settle(this.#answers.programs?.[command] ?? unreachable);
  }

  mayRun(program: string): Promise<boolean> {
    const results = Object.entries(this.#answers.programs ?? {});
    const isDenied = results.some(([command, result]) =>
      command.startsWith(program) && result instanceof SystemError &&
      result.reason === "permissionDenied"
    );
    return Promise.resolve(results.length > 0 && !isDenied);
  }

  mayListAddresses(): Promise<boolean> {
    return Promise.resolve(!(this.#answers.addresses instanceof SystemError));
  }

  addresses(): Promise<readonly LocalAddress[]> {
    if (this.#answers.addresses instanceof SystemError) this.questions++;
    return settle(this.#answers.addresses ?? []);
  }
}

/** One local address, as in `local("eth0", "192.168.1.2/24")`. */
export function local(name: string, cidr: string, scopeId?: number): LocalAddress {
  const [address = "", prefix] = cidr.split("/");
  return { interface: name, address, prefixLength: Number(prefix), scopeId };
}

function settle<T>(answer: T | SystemError): Promise<T> {
  return answer instanceof SystemError ? Promise.reject(answer) : Promise.resolve(answer);
}
