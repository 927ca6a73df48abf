import type { GatewayOrder, GatewayReport } from "./gateway.ts";

const PROGRAM = new URL("./gateway.ts", import.meta.url).href;

/** A gateway that can be killed and comes back on the same port, with nothing left of what it knew. */
export class GatewayProcess {
  readonly #order: GatewayOrder;
  #running: Running;
  #port: number;

  private constructor(order: GatewayOrder, running: Running, port: number) {
    this.#order = order;
    this.#running = running;
    this.#port = port;
  }

  static async start(order: Omit<GatewayOrder, "port">): Promise<GatewayProcess> {
    const whole = { ...order, port: 0 };
    const running = spawn();
    const { port } = await ask(running, JSON.stringify(whole));
    return new GatewayProcess(whole, running, port);
  }

  get port(): number {
    return this.#port;
  }

  /** Kills it without warning and starts another one in its place. */
  async replace(seed: number): Promise<GatewayReport> {
    await this.#kill();
    this.#running = spawn();
    return await ask(
      this.#running,
      JSON.stringify({ ...this.#order, seed, port: this.#port }),
    );
  }

  /** Has it do something and tell how it is. */
  tell(order: "restart" | "readdress" | "report"): Promise<GatewayReport> {
    return ask(this.#running, order);
  }

  async stop(): Promise<void> {
    await this.#kill();
  }

  async #kill(): Promise<void> {
    const { child, writer, reader } = this.#running;
    child.kill("SIGKILL");
    await writer.abort().catch(() => {
      // Its end of the pipe has gone already.
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

/** Sends one line and gives the line that comes back. */
async function ask(running: Running, line: string): Promise<GatewayReport> {
  await running.writer.write(new TextEncoder().encode(`${line}\n`));
  while (!running.rest.includes("\n")) {
    const { value, done } = await running.reader.read();
    if (done) throw new Error(`Cannot ask the gateway "${line}": it has ended`);
    running.rest += value;
  }
  const end = running.rest.indexOf("\n");
  const answer = running.rest.slice(0, end);
  running.rest = running.rest.slice(end + 1);
  return JSON.parse(answer);
}
