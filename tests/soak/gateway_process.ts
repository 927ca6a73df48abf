import type { GatewayOptions, GatewayReport } from "./gateway.ts";

const PROGRAM = new URL("./gateway.ts", import.meta.url).href;

/** A gateway process that can be replaced by a new one on the same port, without its state. */
export class GatewayProcess {
  readonly #options: GatewayOptions;
  #running: Running;
  #port: number;

  private constructor(options: GatewayOptions, running: Running, port: number) {
    this.#options = options;
    this.#running = running;
    this.#port = port;
  }

  static async start(options: Omit<GatewayOptions, "port">): Promise<GatewayProcess> {
    const withPort = { ...options, port: 0 };
    const running = spawn();
    const { port } = await request(running, JSON.stringify(withPort));
    return new GatewayProcess(withPort, running, port);
  }

  get port(): number {
    return this.#port;
  }

  /** Kills the process and starts another one on the same port. */
  async replace(seed: number): Promise<GatewayReport> {
    await this.#kill();
    this.#running = spawn();
    return await request(
      this.#running,
      JSON.stringify({ ...this.#options, seed, port: this.#port }),
    );
  }

  /** Sends a command and returns the report after it. */
  command(command: "restart" | "changeAddress" | "report"): Promise<GatewayReport> {
    return request(this.#running, command);
  }

  async stop(): Promise<void> {
    await this.#kill();
  }

  async #kill(): Promise<void> {
    const { child, writer, reader } = this.#running;
    child.kill("SIGKILL");
    await writer.abort().catch(() => {
      // The process has closed its end of the pipe.
    });
    await reader.cancel();
    await child.status;
  }
}

interface Running {
  readonly child: Deno.ChildProcess;
  readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly reader: ReadableStreamDefaultReader<string>;
  rest: string;
}

function spawn(): Running {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-net=127.0.0.1", "--unstable-net", PROGRAM],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  return {
    child,
    writer: child.stdin.getWriter(),
    reader: child.stdout.pipeThrough(new TextDecoderStream()).getReader(),
    rest: "",
  };
}

/** Sends a line and returns the report. */
async function request(running: Running, line: string): Promise<GatewayReport> {
  await running.writer.write(new TextEncoder().encode(`${line}\n`));
  while (!running.rest.includes("\n")) {
    const { value, done } = await running.reader.read();
    if (done) throw new Error(`Cannot ask the gateway "${line}": it has ended`);
    running.rest += value;
  }
  const end = running.rest.indexOf("\n");
  const report = running.rest.slice(0, end);
  running.rest = running.rest.slice(end + 1);
  return JSON.parse(report);
}
