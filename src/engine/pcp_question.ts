import type { Milliseconds } from "./events.ts";

/** Why the server is asked whether it speaks PCP. */
export type QuestionPurpose =
  /** It answered in another protocol, and mappings wait to go over to that. */
  | "goOver"
  /** It was believed to speak PCP, and a version error says that it does not. */
  | "doubt";

/** The question whether the server speaks PCP: one ANNOUNCE, which is not repeated. */
export class PcpQuestion {
  /** When {@linkcode PcpQuestion.takeDue} is due, Infinity if nothing is asked. Read only. */
  deadline: Milliseconds = Infinity;
  /** Undefined if nothing is asked. Read only. */
  purpose: QuestionPurpose | undefined = undefined;
  /** The request has left. Read only. */
  isSent = false;
  #wait: Milliseconds = 0;

  /** Asks at a time, and waits so long for the answer. */
  schedule(purpose: QuestionPurpose, at: Milliseconds, wait: Milliseconds): void {
    this.purpose = purpose;
    this.deadline = at;
    this.isSent = false;
    this.#wait = wait;
  }

  /** Whether the request is to be sent now, or its wait is over. */
  takeDue(now: Milliseconds): "send" | "unanswered" | undefined {
    if (this.deadline > now) return undefined;
    if (this.isSent) return "unanswered";
    this.isSent = true;
    this.deadline = now + this.#wait;
    return "send";
  }

  stop(): void {
    this.purpose = undefined;
    this.isSent = false;
    this.deadline = Infinity;
  }
}
