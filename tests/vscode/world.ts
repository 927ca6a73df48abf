import type { ServerHost } from "../../src/testing/mod.ts";
import type { Browser } from "./browser.ts";
import type { Editor } from "./editor.ts";
import type { Workbench } from "./workbench.ts";

/** What the steps of a run have to do with. */
export interface World {
  /** Identifies the processes of the run. */
  readonly run: string;
  /** Home of the user, gone after the run. */
  readonly home: string;
  /** The Deno that the extension finds; replaced to make trouble. */
  readonly deno: FakeDeno;
  /** The router that the settings name. It lives in this process, and does what the steps want. */
  readonly router: ServerHost;
  readonly editor: Editor;
  readonly browser: Browser;
  readonly workbench: Workbench;
}

/** One thing that is promised, and how it is seen on the page. */
export type Step = readonly [name: string, run: (world: World) => Promise<void>];

/** A program in the place of Deno. */
export class FakeDeno {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Passes on to the real one. */
  async works(variables = ""): Promise<void> {
    await this.#write(`${variables} exec "${Deno.execPath()}" "$@"`);
  }

  /** Says something, and exits. */
  async fails(words: string, exitCode: number): Promise<void> {
    await this.#write(`echo "${words}" >&2; exit ${exitCode}`);
  }

  /** Is not there. */
  async isMissing(): Promise<void> {
    await Deno.remove(this.path);
  }

  async #write(line: string): Promise<void> {
    await Deno.writeTextFile(this.path, `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  }
}
