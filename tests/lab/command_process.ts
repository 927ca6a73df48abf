import type { LabProcess } from "./process.ts";

/** A program on a host of the lab that runs {@linkcode serveCommands} with commands of type `T`. */
export class CommandProcess<T extends { readonly do: string }> {
  readonly process: LabProcess;
  #commands = 0;

  constructor(process: LabProcess) {
    this.process = process;
  }

  /** Sends a command and returns its result; throws the error of the program, or after `timeout` ms. */
  async command(command: T, timeout = 5_000): Promise<unknown> {
    const id = ++this.#commands;
    await this.process.send({ id, command });
    const limit = timeout + (id === 1 ? STARTING : 0);
    const what = `the reply to ${JSON.stringify(command)}`;
    const line = await this.process.expectLine((line) => line["reply"] === id, limit, what);
    if (line["ok"] !== true) {
      throw new Error(`Cannot "${command.do}" on a host of the lab: ${String(line["error"])}`);
    }
    return line["value"];
  }
}

/** Most milliseconds that a program takes to start while many others start. */
const STARTING = 15_000;
