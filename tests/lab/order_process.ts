import type { LabProcess } from "./process.ts";

/** The giver's end of {@linkcode serveOrders}: a program on a host of the lab that takes orders of type `T`. */
export class OrderProcess<T extends { readonly do: string }> {
  readonly process: LabProcess;
  #orders = 0;

  constructor(process: LabProcess) {
    this.process = process;
  }

  /** Gives an order and returns its answer; throws what the other end threw, or after `timeout` ms. */
  async order(order: T, timeout = 5_000): Promise<unknown> {
    const id = ++this.#orders;
    await this.process.send({ id, order });
    const patience = timeout + (id === 1 ? STARTING : 0);
    const what = `the reply to ${JSON.stringify(order)}`;
    const line = await this.process.expectLine((line) => line["reply"] === id, patience, what);
    if (line["ok"] !== true) {
      throw new Error(`Cannot "${order.do}" on a host of the lab: ${String(line["error"])}`);
    }
    return line["value"];
  }
}

/** What a program may take to start while many others start too, in ms. */
const STARTING = 15_000;
