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

  /** Runs the real Deno. */
  async works(): Promise<void> {
    await this.#write(`exec "${Deno.execPath()}" "$@"`);
  }

  /** Runs the real Deno in a network that has the loopback interface only. */
  async isOffline(): Promise<void> {
    const script = 'ip link set lo up && exec "$0" "$@"';
    await this.#write(`exec unshare --net sh -c '${script}' "${Deno.execPath()}" "$@"`);
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
