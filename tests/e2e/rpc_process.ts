import { assertMatch } from "@std/assert";
import { FrameDecoder } from "../../rpc/framing.ts";
import { ROOT } from "../tools/repository.ts";

/** A message of the server. */
export interface Answer {
  readonly jsonrpc: string;
  readonly id?: number | string | null;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** How a server process is started. */
export interface ProcessOptions {
  /** Arguments after `rpc/main.ts`. */
  readonly args?: readonly string[];
  /** Permissions, by default all. */
  readonly permissions?: readonly string[];
  /** Another program in place of `rpc/main.ts`. */
  readonly entry?: string;
  /** A command of the shell before it, such as `ulimit -n 64`. */
  readonly limit?: string;
}

/** A real server process at the other end of stdin and stdout. */
export class RpcProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new FrameDecoder(Infinity);
  readonly #stderr: Promise<void>;
  #errors = "";
  #lastId = 0;

  constructor(
    { args = ["--stdio"], permissions = ["-A"], entry = "rpc/main.ts", limit }: ProcessOptions = {},
  ) {
    const deno = ["run", "--no-prompt", ...permissions, entry, ...args];
    const shell = ["-c", `${limit}; exec "$@"`, "sh", Deno.execPath(), ...deno];
    this.#child = new Deno.Command(limit === undefined ? Deno.execPath() : "sh", {
      args: limit === undefined ? deno : shell,
      cwd: ROOT,
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#output = this.#child.stdout.getReader();
    this.#stderr = this.#readErrors();
  }

  /** A server after the handshake. */
  static async initialized(options?: ProcessOptions): Promise<RpcProcess> {
    const process = new RpcProcess(options);
    await process.call("initialize", { processId: Deno.pid });
    return process;
  }

  /** Its process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** What it wrote to stderr so far. */
  get errors(): string {
    return this.#errors;
  }

  /** Writes octets or text as they are. */
  async write(data: Uint8Array | string): Promise<void> {
    await this.#input.write(typeof data === "string" ? new TextEncoder().encode(data) : data);
  }

  /** Writes one message. */
  async send(message: unknown): Promise<void> {
    await this.write(frame(JSON.stringify(message)));
  }

  /** Sends a request and returns its id. */
  async request(method: string, params?: object): Promise<number> {
    const id = ++this.#lastId;
    await this.send({ jsonrpc: "2.0", id, method, ...(params === undefined ? {} : { params }) });
    return id;
  }

  /** The next message; undefined when stdout has ended. */
  async receive(): Promise<Answer | undefined> {
    for (;;) {
      const next = this.#decoder.next();
      if (next?.ok === false) throw new Error(`Cannot read: ${JSON.stringify(next)}`);
      if (next !== undefined) return JSON.parse(next.text);
      const { value } = await this.#output.read();
      if (value === undefined) {
        if (!this.#decoder.isIdle) throw new Error("stdout ended in the middle of a message");
        return undefined;
      }
      this.#decoder.push(value);
    }
  }

  /** The answer to a request, whatever else comes before. */
  async answer(id: number | string | null): Promise<Answer> {
    for (let next = await this.receive(); next !== undefined; next = await this.receive()) {
      if (next.method === undefined && next.id === id) return next;
    }
    throw new Error(`No answer to ${id}: ${this.#errors}`);
  }

  /** Sends a request and waits for its answer. */
  async exchange(method: string, params?: object): Promise<Answer> {
    return await this.answer(await this.request(method, params));
  }

  /** Sends a request and waits for its result. */
  async call(method: string, params?: object): Promise<Record<string, unknown>> {
    const { result, error } = await this.exchange(method, params);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result as Record<string, unknown>;
  }

  /** Starts a simulator and a client of it, and opens a mapping. Every id is 1. */
  async openMapping(): Promise<void> {
    const { server, port } = await this.call("simulator/start", {});
    await this.call("client/start", { client: server, server, port });
    await this.call("mapping/request", INBOUND);
    await this.call("mapping/ready", { mappingId: 1 });
  }

  /** Sends a signal. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Closes its stdin. */
  async closeInput(): Promise<void> {
    await this.#input.close();
  }

  /** Closes its stdout. */
  async closeOutput(): Promise<void> {
    await this.#output.cancel();
  }

  /** Waits for its end, and returns the exit code. What it still writes is not read. */
  async endedUnread(): Promise<number> {
    return (await this.#child.status).code;
  }

  /** Waits for its end, and returns the exit code. What it still writes is thrown away. */
  async ended(): Promise<number> {
    while ((await this.#output.read()).value !== undefined);
    const { code } = await this.#child.status;
    await this.#stderr;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
    await this.#input.close().catch(() => {}); // closed by the test, or with the process
    await this.ended();
    await this.#output.cancel();
  }

  async #readErrors(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stderr) {
      this.#errors += decoder.decode(chunk, { stream: true });
    }
  }
}

/** Arguments that print every datagram on stderr. */
export const TRACED = ["--stdio", "--trace"];

/** Params of `mapping/request` for client 1. */
export const INBOUND = { clientId: 1, kind: "inbound", internalPort: 6000, lifetime: 60 } as const;

/** A text with its header. */
export function frame(text: string): Uint8Array {
  const body = new TextEncoder().encode(text);
  const header = new TextEncoder().encode(`Content-Length: ${body.length}\r\n\r\n`);
  const framed = new Uint8Array(header.length + body.length);
  framed.set(header);
  framed.set(body, header.length);
  return framed;
}

/** Fails unless the last PCP request was a deletion, and was answered. */
export function assertDeleted(server: RpcProcess): void {
  const maps = server.errors.split("\n").filter((line) => line.includes(" MAP "));
  assertMatch(maps.at(-2) ?? "", /-> .* MAP request, tcp 6000 .* lifetime 0,/);
  assertMatch(maps.at(-1) ?? "", /<- .* MAP response, SUCCESS, tcp 6000 .* lifetime 0,/);
}

/** Resolves when the process has used no processor time for a while. */
export async function untilIdle(server: RpcProcess): Promise<string> {
  for (let before = -1;;) {
    const stat = await Deno.readTextFile(`/proc/${server.pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const used = Number(fields[11]) + Number(fields[12]); // user and system time
    if (used === before) return "idle";
    before = used;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}
