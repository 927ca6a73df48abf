import type { ServerHost } from "../../src/testing/mod.ts";
import type { Browser } from "./browser.ts";
import type { Editor } from "./editor.ts";
import type { Workbench } from "./workbench.ts";

/** The parts of a run that its steps use. */
export interface StepContext {
  /** Identifies the processes of the run. */
  readonly run: string;
  /** Home folder of the user, removed after the run. */
  readonly home: string;
  /** The Deno that the extension finds; steps replace it to make it fail. */
  readonly deno: FakeDeno;
  /** The router that the settings name, in this process. */
  readonly router: ServerHost;
  readonly editor: Editor;
  readonly browser: Browser;
  readonly workbench: Workbench;
}

/** One promise of the extension, and its check on the page. */
export type Step = readonly [name: string, run: (context: StepContext) => Promise<void>];

/** A script in the place of Deno. */
export class FakeDeno {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Runs the real Deno, with variables set as `NAME=value`. */
  async works(variables = ""): Promise<void> {
    await this.#write(`${variables} exec "${Deno.execPath()}" "$@"`);
  }

  /** Prints a text on stderr, and exits. */
  async fails(text: string, exitCode: number): Promise<void> {
    await this.#write(`echo "${text}" >&2; exit ${exitCode}`);
  }

  /** Does not exist. */
  async isMissing(): Promise<void> {
    await Deno.remove(this.path);
  }

  async #write(line: string): Promise<void> {
    await Deno.writeTextFile(this.path, `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  }
}
