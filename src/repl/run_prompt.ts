import { discover } from "../../mod.ts";
import * as library from "../../mod.ts";
import { runtime } from "../runtime/running.ts";
import type { CompletionContext } from "./complete.ts";
import type { HistoryFile } from "./history.ts";
import { filesThatBegin } from "./file_names.ts";
import { parseLine, tooLong } from "./parse.ts";
import { Prompt } from "./prompt.ts";
import type { CommandLoop, CommandSession } from "./session.ts";

/** What only the prompt of a terminal has. */
export interface PromptLoop extends CommandLoop {
  /** What the terminal sends. */
  readonly keys: AsyncIterable<Uint8Array>;
  readonly history: HistoryFile;
  /** The command to run first, if the options of the start name a server. */
  readonly first: "connect" | "simulate" | undefined;
  /** Cancels the running command. */
  readonly interrupt: () => void;
  /** Stops the process, and calls the function when it continues. */
  readonly suspend: (onContinue: () => void) => void;
}

/** Reads and runs commands until `exit`, Ctrl-D or the end of the terminal. */
export async function runPrompt(
  { session, screen, keys, history, first, nextSignal, interrupt, suspend, exitSignal }: PromptLoop,
): Promise<void> {
  const { marks } = screen;
  const prompt = new Prompt({
    screen,
    history: await history.read(),
    label: () => session.prompt,
    completion: completionOf(session),
    onInterrupt: interrupt,
    onTooLong: () => session.report(tooLong(), false),
    onSuspend: suspend,
    openPorts: () => session.client?.handle.mappings.length ?? 0,
  });
  exitSignal.addEventListener("abort", () => prompt.close(), { once: true });
  void prompt.readKeys(keys);
  screen.write(marks.folder(runtime.folder()));
  screen.print('Type "help" for the commands, Tab completes, Ctrl-D leaves');
  if (first !== undefined) {
    await session.execute(() => ({ command: { name: first }, options: {} }), nextSignal());
  }
  let saving = Promise.resolve();
  while (!session.exitRequested && !exitSignal.aborted) {
    const line = await prompt.next();
    if (line === undefined) break;
    if (line.trim() === "") {
      screen.write(marks.finished());
      continue;
    }
    screen.write(marks.executing(line));
    saving = history.add(line);
    const status = await session.execute(() => parseLine(line), nextSignal());
    if (session.exitRequested) await session.end();
    screen.write(marks.finished(status));
  }
  prompt.close();
  await saving;
}

function completionOf(session: CommandSession): CompletionContext {
  let found: ReturnType<typeof discover> | undefined;
  // Runs when Tab first needs an address. A failure offers nothing, and the next Tab tries again.
  const gateways = (): ReturnType<typeof discover> =>
    found ??= discover().catch(() => {
      found = undefined;
      return [];
    });
  return {
    get ids() {
      return session.client?.handle.mappings.map(({ id }) => id) ?? [];
    },
    gateways: async () => (await gateways()).map(({ gateway }) => gateway),
    clients: async () => (await gateways()).map(({ client }) => client),
    names: [...Object.keys(library), "await", "gateway", "handle", "mappings"],
    valueOf: (name) => {
      const { handle, gateway } = session.client ?? {};
      const scope = { ...library, handle, gateway, mappings: handle?.mappings };
      return (name in scope ? scope : globalThis as object)[name as never];
    },
    files: filesThatBegin,
  };
}
