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

  static async start(order: ResponderOrder = {}): Promise<Responder> {
    const options = Object.entries(order).flatMap(([name, value]) => [`--${name}`, `${value}`]);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "tests/bench/responder.ts", ...options],
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

/** Reads a stream line by line. */
class Lines {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #rest = "";

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  }

  async next(): Promise<string> {
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#reader.read();
      if (done) throw new Error("Cannot ask the responder: it has ended");
      this.#rest += value;
    }
    const end = this.#rest.indexOf("\n");
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    return line;
  }

  async close(): Promise<void> {
    await this.#reader.cancel();
  }
}
