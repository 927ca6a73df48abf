/** Which requests {@linkcode SimulatedServer.fail} refuses, and how. */
export interface FailOptions {
  /** Lifetime of the error in seconds. Default: the server's lifetime for the result code. */
  readonly lifetime?: number;
  /** Number of requests; `Infinity` for all. Default 1. */
  readonly times?: number;
  /** Opcode of the requests. Default: all. */
  readonly opcode?: number;
}

/** Applies to the next `times` requests of an opcode, or of every opcode. */
interface Fault {
  readonly opcode: number | undefined;
  times: number;
}

interface Failure extends Fault {
  readonly result: number;
  readonly lifetime: number | undefined;
}

/** Faults that a test has set for later requests, applied in the order in which they were set. */
export class FaultScript {
  #failures: Failure[] = [];
  #swallows: Fault[] = [];

  /** Adds error responses; the returned function cancels the rest. */
  fail(result: number, options: FailOptions): () => void {
    const { lifetime, times = 1, opcode } = options;
    const failure: Failure = { result, lifetime, times, opcode };
    this.#failures.push(failure);
    return () => failure.times = 0;
  }

  /** Adds requests without response; the returned function cancels the rest. */
  swallow(times: number, opcode: number | undefined): () => void {
    const fault: Fault = { times, opcode };
    this.#swallows.push(fault);
    return () => fault.times = 0;
  }

  /** Whether a request gets no response. Uses up one of {@linkcode swallow}. */
  takeSwallow(opcode: number): boolean {
    return take(this.#swallows, opcode) !== undefined;
  }

  /** The error of a request, if any. Uses up one of {@linkcode fail}. */
  takeFailure(opcode: number): Failure | undefined {
    return take(this.#failures, opcode);
  }
}

function take<T extends Fault>(faults: T[], opcode: number): T | undefined {
  while (faults[0]?.times === 0) faults.shift();
  const fault = faults.find((each) =>
    each.times > 0 && (each.opcode === undefined || each.opcode === opcode)
  );
  if (fault !== undefined) fault.times--;
  return fault;
}
