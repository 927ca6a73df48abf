/**
 * Stands in for the module `vscode` in tests of the extension: it has what the extension uses. `editor` is what the person
 * and the window would do.
 */

/** The person at the window, and what the window shows. */
export class FakeEditor {
  /** Settings of the extension; those that are absent have their defaults. */
  readonly settings: Record<string, unknown> = {};
  /** The name of the workspace. */
  workspaceName = "workspace";
  /** Texts of the notifications, oldest first. */
  readonly notices: string[] = [];
  /** Lines of the output channel. */
  readonly lines: string[] = [];
  /** What is typed into the next boxes. */
  readonly typed: string[] = [];
  /** The item in the status bar. */
  readonly status = { text: "", isShown: false };
  readonly commands = new Map<string, (row?: string) => Promise<unknown>>();
  tree: Tree | undefined;
  pages: { provideTextDocumentContent(uri: Uri): string } | undefined;
  /** The page in front. */
  page: Uri | undefined;
  clipboard = "";

  /** Every row of the tree, those below a row after it, as `label description`. */
  rows(parent?: string): string[] {
    return (this.tree?.getChildren(parent) ?? []).flatMap((row) => {
      const { label, description } = this.tree?.getTreeItem(row) ?? {};
      return [`${label} ${description}`, ...this.rows(row)];
    });
  }

  /** The text of the page in front. */
  pageText(): string {
    return this.page === undefined ? "" : this.pages?.provideTextDocumentContent(this.page) ?? "";
  }
}

/** Replaced by a new one for each test. */
export let editor: FakeEditor = new FakeEditor();

/** Opens another window. */
export function newEditor(): FakeEditor {
  return editor = new FakeEditor();
}

interface Tree {
  getChildren(row?: string): string[];
  getTreeItem(row: string): { label: string; description: string };
}

export class Disposable {
  readonly dispose: () => void;

  constructor(dispose: () => void) {
    this.dispose = dispose;
  }

  static from(...parts: { dispose(): unknown }[]): Disposable {
    return new Disposable(() => parts.forEach((part) => part.dispose()));
  }
}

export class EventEmitter<T> {
  readonly #hearers = new Set<(value: T) => void>();
  readonly event = (hear: (value: T) => void): Disposable => {
    this.#hearers.add(hear);
    return new Disposable(() => this.#hearers.delete(hear));
  };

  fire(value: T): void {
    for (const hear of [...this.#hearers]) hear(value);
  }

  dispose(): void {
    this.#hearers.clear();
  }
}

export class TreeItem {
  readonly label: string;

  constructor(label: string) {
    this.label = label;
  }
}

export class ThemeIcon {}
export class ThemeColor {}
export const TreeItemCollapsibleState = { Expanded: 2 };
export const StatusBarAlignment = { Left: 1 };
export const ProgressLocation = { Notification: 15 };

/** The address of a page. */
export class Uri {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  static parse(text: string): Uri {
    return new Uri(text);
  }

  static from({ scheme, path, query }: { scheme: string; path: string; query: string }): Uri {
    return new Uri(`${scheme}:${path}?${query}`);
  }

  toString(): string {
    return this.#text;
  }
}

const NOTHING = new Disposable(() => {});

function notify(text: string): Promise<undefined> {
  editor.notices.push(text);
  return Promise.resolve(undefined);
}

function log(line: string): void {
  editor.lines.push(line);
}

export const window = {
  createOutputChannel: () => ({ info: log, warn: log, error: log, debug() {}, dispose() {} }),
  createStatusBarItem() {
    const { status } = editor;
    return Object.assign(status, {
      show: () => void (status.isShown = true),
      hide: () => void (status.isShown = false),
      dispose: () => void (status.isShown = false),
    });
  },
  registerTreeDataProvider(_id: string, tree: Tree): Disposable {
    editor.tree = tree;
    return NOTHING;
  },
  showInformationMessage: notify,
  showWarningMessage: notify,
  showErrorMessage: notify,
  /** Chooses the box to type into, or else the first item. */
  showQuickPick: <T extends { label: string }>(items: T[]) =>
    Promise.resolve(items.find(({ label }) => label.includes("Another port")) ?? items[0]),
  showInputBox({ validateInput }: { validateInput(text: string): string | undefined }) {
    const text = editor.typed.shift() ?? "";
    return Promise.resolve(validateInput(text) === undefined ? text : undefined);
  },
  showTextDocument(uri: Uri): Promise<void> {
    editor.page = uri;
    return Promise.resolve();
  },
  withProgress: <T>(_options: unknown, run: (report: unknown, token: unknown) => T): T =>
    run({ report() {} }, {
      isCancellationRequested: false,
      onCancellationRequested: () => NOTHING,
    }),
};

export const workspace = {
  isTrusted: false,
  workspaceFolders: undefined,
  get name(): string {
    return editor.workspaceName;
  },
  getConfiguration: () => ({
    get: <T>(name: string, otherwise: T): T => (editor.settings[name] ?? otherwise) as T,
  }),
  registerTextDocumentContentProvider(_scheme: string, pages: FakeEditor["pages"]): Disposable {
    editor.pages = pages;
    return NOTHING;
  },
  onDidCloseTextDocument: () => NOTHING,
};

export const commands = {
  registerCommand(name: string, run: (row?: string) => Promise<unknown>): Disposable {
    editor.commands.set(name, run);
    return NOTHING;
  },
  executeCommand: async (name: string, row?: string): Promise<unknown> =>
    await editor.commands.get(name)?.(row),
};

export const env = {
  clipboard: {
    writeText(text: string): Promise<void> {
      editor.clipboard = text;
      return Promise.resolve();
    },
  },
};
