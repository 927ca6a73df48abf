/**
 * The JSON-RPC server as a program: `deno run -A jsr:@portcontrol/pcp/rpc/main --stdio`. See rpc/README.md for the protocol.
 *
 * @module
 */
import { parseArguments } from "./arguments.ts";
import { Channel } from "./channel.ts";
import { handshake, plainInitialize } from "./handshake.ts";
import { type LogLevel, logTo } from "./log.ts";
import { claimStdout, writeStderr } from "./stdout.ts";
import type { InitializeParams } from "./types.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const parsed = parseArguments(args);
  switch (parsed.run) {
    case "print":
      await Deno.stdout.write(new TextEncoder().encode(`${parsed.text}\n`));
      return 0;
    case "complain":
      writeStderr(parsed.text);
      return 2;
    case "serve":
      return await serveStdio(parsed.logLevel, parsed.trace);
  }
}

/** Answers `initialize` first: only what that takes is loaded by now. Then loads and runs the server. */
async function serveStdio(logLevel: LogLevel, trace: boolean): Promise<number> {
  const write = claimStdout();
  const log = logTo((line) => writeStderr(`pcp-rpc: ${line}`), logLevel);
  const channel = new Channel(Deno.stdin, { write }, log);
  let initialized: InitializeParams | undefined;
  try {
    const first = await channel.next();
    if (first === undefined) return 0;
    initialized = first.id === undefined ? undefined : plainInitialize(first);
    if (initialized === undefined) channel.unread(first);
    else await channel.write({ jsonrpc: "2.0", id: first.id, result: handshake() } as Response);
  } catch (error) {
    log("error", error instanceof Error ? error.message : String(error));
    return 1;
  }
  const { run } = await import("./run.ts");
  return await run(channel, {
    log,
    trace: trace ? (line) => writeStderr(`pcp-rpc: trace: ${line}`) : undefined,
    initialized,
  });
}

type Response = Parameters<Channel["write"]>[0];
