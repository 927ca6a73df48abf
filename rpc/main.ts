/**
 * The JSON-RPC server as a program: `deno run -A jsr:@portcontrol/pcp/rpc/main --stdio`. See rpc/README.md for the protocol.
 *
 * @example A server, a request and its answer, in a shell
 * ```sh
 * request='{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}'
 * printf 'Content-Length: %d\r\n\r\n%s' ${#request} "$request" | deno run -A jsr:@portcontrol/pcp/rpc/main --stdio
 * ```
 *
 * @module
 */
import { deferred } from "../src/deferred.ts";
import { runtime } from "../src/runtime/running.ts";
import { parseArguments, type ServeArguments } from "./arguments.ts";
import { Channel } from "./channel.ts";
import { handshake, plainInitialize } from "./handshake.ts";
import { type Log, logLine, logTo } from "./log.ts";
import { claimStdout, writeStderr } from "./stdout.ts";
import type { InitializeParams } from "./types.ts";

if (runtime.isMain(import.meta)) runtime.exit(await main(runtime.args));

async function main(args: readonly string[]): Promise<number> {
  const parsed = parseArguments(args);
  switch (parsed.run) {
    case "print":
      await runtime.stdout.write(new TextEncoder().encode(`${parsed.text}\n`));
      return 0;
    case "complain":
      writeStderr(parsed.text);
      return 2;
    case "serve":
      return await serveStdio(parsed);
  }
}

/** Answers `initialize` first: only what that takes is loaded by now. Then loads and runs the server. */
async function serveStdio(
  { logLevel, trace, maxMessage, clientProcessId }: ServeArguments,
): Promise<number> {
  const write = claimStdout();
  const log = logTo((line) => writeStderr(`pcp-rpc: ${line}`), logLevel);
  const channel = new Channel(runtime.stdin, { write }, log, { maxMessage });
  const gone = clientProcessId === undefined ? undefined : processGone(clientProcessId, log);
  let initialized: InitializeParams | undefined;
  try {
    const first = await Promise.race([channel.next(), ...(gone === undefined ? [] : [gone])]);
    if (first === undefined) return 0;
    initialized = first.id === undefined ? undefined : plainInitialize(first);
    if (initialized === undefined) channel.unread(first);
    else await channel.write({ jsonrpc: "2.0", id: first.id, result: handshake() } as Response);
  } catch (error) {
    log("error", error instanceof Error ? error.message : String(error));
    await channel.flush();
    return 1;
  }
  const { run } = await import("./run.ts");
  return await run(channel, {
    log,
    trace: trace ? (line) => writeStderr(`pcp-rpc: trace: ${logLine(line)}`) : undefined,
    initialized,
    gone,
  });
}

/** Resolves when the process is gone. */
async function processGone(processId: number, log: Log): Promise<undefined> {
  const { watchProcess } = await import("./process_lifetime.ts");
  const { promise, resolve } = deferred<undefined>();
  watchProcess(processId, log, () => {
    log("info", `Process "${processId}" is gone`);
    resolve(undefined);
  });
  return await promise;
}

type Response = Parameters<Channel["write"]>[0];
