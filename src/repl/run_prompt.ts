import type { discover } from "../../mod.ts";
import type { CompletionContext } from "./complete.ts";
import type { HistoryFile } from "./history.ts";
import { splitPastes, TypingLimit } from "./lines.ts";
import { parseLine, tooLong } from "./parse.ts";
import { Prompt, promptLabel, type PromptParts } from "./prompt.ts";
import type { Screen } from "./screen.ts";
import type { CommandSession } from "./session.ts";
import type { Marks } from "./vscode.ts";

/** What the prompt of a terminal runs with. */
export interface PromptRun
  extends Pick<PromptParts, "createInterface" | "input" | "makeOutput" | "write"> {
  readonly session: CommandSession;
  readonly screen: Screen;
  readonly marks: Marks;
  readonly folder: string;
  /** What the terminal sends. */
  readonly keys: AsyncIterable<Uint8Array>;
  /** Writes to `input`. */
  readonly feed: (text: string) => Promise<void>;
  /** Ends `input`. */
  readonly feedEnd: () => void;
  readonly historyFile: HistoryFile;
  readonly discover: typeof discover;
  /** Variables of `js`, for completion. */
  readonly names: readonly string[];
  /** The command to run first: the options of the start name a server. */
  readonly first: "connect" | "simulate" | undefined;
  /** A new signal that cancels the next command. */
  readonly nextSignal: () => AbortSignal;
  /** Cancels the running command. */
  readonly interrupt: () => void;
  /** Ends the prompt. */
  readonly exitSignal: AbortSignal;
}

/** Reads and runs commands until `exit`, Ctrl-D or the end of the terminal. */
export async function runPrompt(run: PromptRun): Promise<void> {
  const { session, screen, marks, write, historyFile, first, exitSignal } = run;
  const prompt = new Prompt({
    ...run,
    history: await historyFile.read(),
    label: () => promptLabel(session.client, screen),
    completion: completionOf(run),
    onInterrupt: run.interrupt,
  });
  exitSignal.addEventListener("abort", () => prompt.close(), { once: true });
  const limit = new TypingLimit(() => session.report(tooLong(), false));
  void forwardKeys(run, limit, prompt);
  write(marks.folder(run.folder));
  screen.print('Type "help" for the commands, Tab completes, Ctrl-D leaves');
  if (first !== undefined) {
    await session.execute(() => ({ command: { name: first }, options: {} }), run.nextSignal());
  }
  let saving = Promise.resolve();
  while (!session.exitRequested && !exitSignal.aborted) {
    const line = await prompt.next();
    if (line === undefined) break;
    if (line.trim() === "") {
      write(marks.finished());
      continue;
    }
    write(marks.executing(line));
    saving = historyFile.add(line);
    const status = await session.execute(() => parseLine(line), run.nextSignal());
    if (session.exitRequested) await session.end();
    write(marks.finished(status));
  }
  prompt.close();
  await saving;
}

/** Passes what the terminal sends to the line editor. */
async function forwardKeys(
  { keys, feed, feedEnd }: PromptRun,
  limit: TypingLimit,
  prompt: Prompt,
): Promise<void> {
  const decoder = new TextDecoder();
  try {
    for await (const octets of keys) {
      for (const { text, isPaste } of splitPastes(limit.filter(decoder.decode(octets, STREAM)))) {
        if (isPaste) prompt.paste(text);
        else await feed(text);
      }
    }
  } catch {
    // The terminal has gone: the same as its end.
  }
  feedEnd();
}

function completionOf({ session, discover, names }: PromptRun): CompletionContext {
  let found: ReturnType<typeof discover> | undefined;
  // Discovered once, when Tab first needs an address; without a network there is nothing to offer, and the next Tab tries again.
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
    names: [...names, "await", "gateway", "handle", "mappings"],
  };
}

const STREAM = { stream: true };
