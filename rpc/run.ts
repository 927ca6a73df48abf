import { createMessageConnection } from "vscode-jsonrpc";
import type { TraceEvent } from "../mod.ts";
import { reportError } from "../src/report_error.ts";
import type { Channel } from "./channel.ts";
import type { Log } from "./log.ts";
import { onSignals, surviveDefects, watchProcess } from "./process_lifetime.ts";
import { installRuntime } from "./jsonrpc_runtime.ts";
import { serve } from "./server.ts";
import type { InitializeParams } from "./types.ts";

/** What the command line and the first message say. */
export interface RunOptions {
  readonly log: Log;
  /** Gets a line for each datagram. */
  readonly trace: ((line: string) => void) | undefined;
  /** Params of an `initialize` that was answered before. */
  readonly initialized: InitializeParams | undefined;
  /** Resolves when the process of `--clientProcessId` is gone. */
  readonly gone: Promise<unknown> | undefined;
}

/** Serves a channel until it ends; resolves with the exit code. Takes over signals and uncaught errors of the process. */
export async function run(channel: Channel, options: RunOptions): Promise<number> {
  const { log, trace, initialized, gone } = options;
  surviveDefects(log);
  installRuntime();
  const connection = createMessageConnection(channel.reader, channel.writer, {
    error: (text) => log("error", text),
    warn: (text) => log("warn", text),
    info: (text) => log("info", text),
    log: (text) => log("debug", text),
  });
  const server = serve(connection, {
    log,
    watchProcess: (processId, gone) => watchProcess(processId, log, gone),
    ...(initialized === undefined ? {} : { initialized }),
    ...(trace === undefined ? {} : { clientOptions: { onTrace: (event) => trace(line(event)) } }),
  });
  onSignals((exitCode) => {
    server.end(exitCode).catch(reportError);
  });
  gone?.then(() => server.end()).catch(reportError);
  const exitCode = await server.ended;
  await channel.flush();
  return exitCode;
}

function line({ direction, remote, text, ignored }: TraceEvent): string {
  const arrow = direction === "sent" ? "->" : "<-";
  return `${arrow} ${remote} ${text}${ignored === undefined ? "" : ` (ignored: ${ignored})`}`;
}
