import type { FallbackHost } from "../engine/fallback.ts";
import type { UpnpInput } from "../engine/upnp_io.ts";
import type { Milliseconds } from "../milliseconds.ts";
import { encodeIgdRequest } from "../wire/igd/action.ts";
import {
  encodeGet,
  HttpFrame,
  type HttpResponse,
  type HttpTarget,
  LONGEST_DESCRIPTION,
  LONGEST_HEAD,
  LONGEST_SOAP,
} from "../wire/igd/http_message.ts";
import { readSoapResponse } from "../wire/igd/soap.ts";
import type { Ask, Outcome, Task } from "./task.ts";

/** A task under way, and what follows from its result. */
interface Running {
  readonly task: Task<unknown>;
  readonly done: (now: Milliseconds, result: unknown) => void;
  ask: Ask;
  /** The question is asked for the second time. */
  isRepeated: boolean;
}

/**
 * Carries out tasks, one exchange at a time, because two at once break some routers. An exchange that fails without an answer
 * is repeated once, on a new connection.
 */
export class Exchanges {
  /** When a question may leave that the limit holds back; Infinity if none waits. */
  deadline: Milliseconds = Infinity;
  readonly #host: FallbackHost;
  #running: Running | undefined;
  #lastId = 0;
  /** The exchange under way, undefined if there is none. */
  #id: number | undefined;
  #minuteAt: Milliseconds = -Infinity;
  #inMinute = 0;

  constructor(host: FallbackHost) {
    this.#host = host;
  }

  get isIdle(): boolean {
    return this.#running === undefined;
  }

  /** Runs a task. `done` is called with its result, maybe before this returns. */
  run<Result>(
    now: Milliseconds,
    task: Task<Result>,
    done: (now: Milliseconds, result: Result) => void,
  ): void {
    this.#continue(now, { task, done: (at, result) => done(at, result as Result) }, task.next());
  }

  /** Breaks off the task, without a result. */
  stop(): void {
    if (this.#id !== undefined) this.#host.act({ type: "cancel", id: this.#id });
    this.#running = this.#id = undefined;
    this.deadline = Infinity;
  }

  wake(now: Milliseconds): void {
    if (this.deadline > now || this.#running === undefined) return;
    this.deadline = Infinity;
    this.#send(now, this.#running.ask);
  }

  /** Takes the end of an exchange. Returns whether it is the one under way. */
  receive(
    now: Milliseconds,
    event: Extract<UpnpInput, { type: "exchanged" | "exchangeFailed" }>,
  ): boolean {
    const running = this.#running;
    if (running === undefined || event.id !== this.#id) return false;
    this.#id = undefined;
    const outcome = readOutcome(running.ask, event);
    if (!running.isRepeated && mayRepeat(running.ask, outcome)) {
      running.isRepeated = true;
      this.#send(now, running.ask);
    } else this.#continue(now, running, running.task.next(outcome));
    return true;
  }

  #continue(
    now: Milliseconds,
    { task, done }: Pick<Running, "task" | "done">,
    step: IteratorResult<Ask, unknown>,
  ): void {
    if (step.done === true) {
      this.#running = undefined;
      return done(now, step.value);
    }
    this.#running = { task, done, ask: step.value, isRepeated: false };
    this.#send(now, step.value);
  }

  #send(now: Milliseconds, ask: Ask): void {
    if (now - this.#minuteAt >= MINUTE) {
      this.#minuteAt = now;
      this.#inMinute = 0;
    }
    if (this.#inMinute >= MOST_IN_MINUTE) {
      this.deadline = this.#minuteAt + MINUTE;
      return;
    }
    this.#inMinute++;
    this.#id = ++this.#lastId;
    const longest = longestOf(ask);
    const frame = new HttpFrame(longest);
    const { address, port } = targetOf(ask);
    this.#host.act({
      type: "exchange",
      id: this.#id,
      address,
      port,
      from: this.#host.clientAddress,
      bytes: encode(ask),
      // The framing of chunks takes some octets, too.
      maximum: longest + 2 * LONGEST_HEAD,
      connectTimeout: CONNECT_TIME,
      timeout: ask.type === "action" ? ACTION_TIME : DESCRIPTION_TIME,
      isComplete: (octets) => frame.update(octets),
    });
  }
}

function targetOf(ask: Ask): HttpTarget {
  if (ask.type === "action") return ask.service.target;
  const { address, http: { port, path } } = ask.location;
  return { address, port, path };
}

function encode(ask: Ask): Uint8Array {
  if (ask.type === "description") return encodeGet(targetOf(ask));
  return encodeIgdRequest(ask.service.target, ask.service.type, ask.request);
}

function longestOf({ type }: Ask): number {
  return type === "action" ? LONGEST_SOAP : LONGEST_DESCRIPTION;
}

/** What was read counts also if the connection failed after it: some routers keep it open. */
function readOutcome(
  ask: Ask,
  event: Extract<UpnpInput, { type: "exchanged" | "exchangeFailed" }>,
): Outcome {
  const frame = new HttpFrame(longestOf(ask));
  frame.update(event.octets);
  const decoded = frame.response(event.octets);
  const outcome = decoded.ok ? read(ask, decoded.value) : undefined;
  if (outcome !== undefined && outcome.type !== "closed") return outcome;
  if (event.type === "exchanged") {
    const isClosed = decoded.ok || CUT.has(decoded.reason);
    return isClosed ? { type: "closed" } : { type: "unreadable" };
  }
  if (event.reason === "reset") return { type: "closed" };
  if (event.reason === "tooLong") return { type: "unreadable" };
  return { type: "gone", isRefused: event.reason === "refused" };
}

function read(ask: Ask, response: HttpResponse): Outcome {
  if (ask.type === "description") {
    // The reader of the description finds out whether what is missing matters.
    return { type: "response", response };
  }
  const result = readSoapResponse(response, ask.request.action);
  switch (result.type) {
    case "success":
      return result;
    case "fault":
      return { type: "fault", code: result.code };
    case "cut":
      return { type: "closed" };
    case "notSoap":
      return { type: "status", status: result.status };
  }
}

/** All actions may be carried out twice, but AddAnyPortMapping, which could assign a second port. */
function mayRepeat(ask: Ask, { type }: Outcome): boolean {
  if (type !== "closed" && type !== "gone") return false;
  return ask.type !== "action" || ask.request.action !== "AddAnyPortMapping";
}

/** Reasons of a response that ended too early. */
const CUT: ReadonlySet<string> = new Set(["empty", "head", "chunk"]);

const MINUTE: Milliseconds = 60_000;

/** Our decision: more than any program needs, and little for a router. */
const MOST_IN_MINUTE = 600;

/** Our decisions: routers need up to 4 s for an action, and one that is gone must not hold up everything for long. */
const CONNECT_TIME: Milliseconds = 2_000;
const DESCRIPTION_TIME: Milliseconds = 5_000;
const ACTION_TIME: Milliseconds = 10_000;
