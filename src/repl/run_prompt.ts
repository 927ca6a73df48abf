import type { discover } from "../../mod.ts";
import type { CompletionContext } from "./complete.ts";
import { addToHistory, historyPath, historyText, readHistory } from "./history.ts";
import { piecesOf, TypingLimit } from "./lines.ts";
import { parseLine, tooLong } from "./parse.ts";
import { Prompt, promptLabel, type PromptParts } from "./prompt.ts";
import type { Screen } from "./screen.ts";
import type { Session } from "./session.ts";
import type { Marks } from "./vscode.ts";

/** Where lines are kept across runs. */
export interface HistoryFile {
  readonly os: string;
  readonly env: (name: string) => string | undefined;
  /** The text of a file; empty if it cannot be read. */
  readonly read: (path: string) => Promise<string>;
  /** Writes a whole file; does nothing if that is impossible. */
  readonly replace: (path: string, text: string) => Promise<void>;
}

/** What a session at a terminal runs with. */
export interface PromptRun
  extends Pick<PromptParts, "createInterface" | "input" | "makeOutput" | "write"> {
  readonly session: Session;
  readonly screen: Screen;
  readonly marks: Marks;
  readonly folder: string;
  /** What the terminal sends. */
  readonly keys: AsyncIterable<Uint8Array>;
  /** Passes on to `input`. */
  readonly feed: (text: string) => Promise<void>;
  /** Ends `input`. */
  readonly feedEnd: () => void;
  readonly historyFile: HistoryFile;
  readonly discover: typeof discover;
  /** Names in reach of `js`. */
  readonly names: readonly string[];
  readonly connectsAtOnce: boolean;
  readonly simulates: boolean;
  /** The signal that cancels the next command. */
  readonly nextSignal: () => AbortSignal;
  /** Cancels the command that runs. */
  readonly interrupt: () => void;
  /** Ends the prompt. */
  readonly leaving: AbortSignal;
}

/** Asks for commands and carries them out, until somebody leaves. */
export async function runPrompt(run: PromptRun): Promise<void> {
  const { session, screen, marks, write, leaving } = run;
  const path = historyPath(run.historyFile.os, run.historyFile.env);
  const history = path === undefined ? [] : readHistory(await run.historyFile.read(path));
  const prompt = new Prompt({
    ...run,
    history,
    label: () => {
      const { connection } = session;
      return promptLabel(connection?.name, connection?.handle.mappings.length ?? 0, screen);
    },
    completion: completionOf(run),
    onInterrupt: run.interrupt,
  });
  leaving.addEventListener("abort", () => prompt.close(), { once: true });
  const limit = new TypingLimit(() => session.report(tooLong(), false));
  void pump(run, limit, prompt);
  write(marks.folder(run.folder));
  screen.print('Type "help" for the commands, Tab completes, Ctrl-D leaves');
  if (run.connectsAtOnce) {
    const name = run.simulates ? "simulate" : "connect";
    await session.execute(() => ({ command: { name }, options: {} }), run.nextSignal());
  }
  let saving = Promise.resolve();
  while (!session.leaves && !leaving.aborted) {
    const line = await prompt.next();
    if (line === undefined) break;
    if (line.trim() === "") {
      write(marks.finished());
      continue;
    }
    write(marks.executing(line));
    saving = saving.then(() => save(run.historyFile, path, line));
    const status = await session.execute(() => parseLine(line), run.nextSignal());
    if (session.leaves) await session.end();
    write(marks.finished(status));
  }
  prompt.close();
  await saving;
}

/** Brings what the terminal sends to the line editor. */
async function pump(
  { keys, feed, feedEnd }: PromptRun,
  limit: TypingLimit,
  prompt: Prompt,
): Promise<void> {
  const decoder = new TextDecoder();
  try {
    for await (const octets of keys) {
      for (const piece of piecesOf(limit.filter(decoder.decode(octets, { stream: true })))) {
        if (piece.isPaste) prompt.paste(piece.text);
        else await feed(piece.text);
      }
    }
  } catch {
    // The terminal has gone, as at its end.
  }
  feedEnd();
}

/** Read anew each time, so that several prompts at once keep each other's lines. */
async function save(file: HistoryFile, path: string | undefined, line: string): Promise<void> {
  if (path === undefined) return;
  const lines = readHistory(await file.read(path));
  await file.replace(path, historyText(addToHistory(lines, line)));
}

function completionOf({ session, discover, names }: PromptRun): CompletionContext {
  let found: ReturnType<typeof discover> | undefined;
  // Asked once, when Tab is pressed at a place where it helps; without a network there is nothing to offer.
  const gateways = (): ReturnType<typeof discover> =>
    found ??= discover().catch(() => {
      found = undefined;
      return [];
    });
  return {
    get ids() {
      return session.connection?.handle.mappings.map(({ id }) => id) ?? [];
    },
    gateways: async () => (await gateways()).map(({ gateway }) => gateway),
    clients: async () => (await gateways()).map(({ client }) => client),
    names: [...names, "await", "gateway", "handle", "mappings"],
  };
}
