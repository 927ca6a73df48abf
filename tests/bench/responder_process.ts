import { Lines } from "./lines.ts";
import { commandLine } from "./programs.ts";
import { ROOT } from "../tools/repository.ts";
import type { Counts } from "./responder_table.ts";

/** What a responder answers: its counts, its own processor time, and when, in milliseconds since 1970. */
export interface ResponderReport extends Counts {
  readonly now: number;
  readonly cpu: number;
}

/** What a responder may be started with. */
export interface ResponderOrder {
  /** The lifetime it grants, in seconds; what is asked for unless told. */
  readonly lifetime?: number;
  /** How many of a hundred requests it drops. */
  readonly drop?: number;
  readonly seed?: number;
  /** Which core it may use. */
  readonly core?: number;
}

/** A responder in a process of its own. */
export class Responder implements AsyncDisposable {
  readonly port: number;
  readonly #child: Deno.ChildProcess;
  readonly #lines: Lines;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  private constructor(child: Deno.ChildProcess, lines: Lines, port: number) {
    this.#child = child;
    this.#lines = lines;
    this.#writer = child.stdin.getWriter();
    this.port = port;
  }

  static async start({ core, ...order }: ResponderOrder = {}): Promise<Responder> {
    const options = Object.entries(order).flatMap(([name, value]) => [`--${name}`, `${value}`]);
    const program = ["run", "-A", "tests/bench/responder.ts", ...options];
    const [command, ...args] = commandLine(program, core);
    const child = new Deno.Command(command, {
      args,
      cwd: ROOT,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const lines = new Lines(child.stdout);
    const { port } = JSON.parse(await lines.next()) as { port: number };
    return new Responder(child, lines, port);
  }

  /** Has it do something; it answers with what it counted. */
  async tell(command: "restart" | "reset" | "report"): Promise<ResponderReport> {
    await this.#writer.write(new TextEncoder().encode(`${command}\n`));
    return JSON.parse(await this.#lines.next());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#lines.close();
    await this.#child.status;
  }
}
