import { IntMap } from "../engine/int_map.ts";

/** What somebody wants to know of a subject; undefined as long as it cannot be told, an error if nothing will come of it. */
export type Question<T, R> = (subject: T) => R | Error | undefined;

/** Those who wait for something to become of a subject. Kept beside the subjects: of many few are waited for at a time. */
export class Observers<T extends { readonly id: number }> {
  /**
   * Who waits for a subject, in the place of its id; a set only of several. Not a `Map` of ids: one that is old gets new
   * memory in vain.
   */
  readonly #waiting: (Observer<T> | Set<Observer<T>> | undefined)[] = [];
  readonly #places = new IntMap();
  readonly #free: number[] = [];

  /**
   * What becomes of the subject, as soon as the question has an answer; it is asked when {@linkcode Observers.notify} is
   * called. Rejects with an answer that is an error.
   */
  when<R>(
    subject: T,
    question: Question<T, R>,
    signal: AbortSignal | undefined,
  ): Promise<R> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const answer = question(subject);
    if (answer instanceof Error) return Promise.reject(answer);
    if (answer !== undefined) return Promise.resolve(answer);
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    const observer: Observer<T, R> = { question, resolve, reject, stop: undefined };
    this.#add(subject, observer);
    if (signal === undefined) return promise;
    const abort = (): void => {
      this.#remove(subject, observer);
      reject(signal.reason);
    };
    observer.stop = () => signal.removeEventListener("abort", abort);
    signal.addEventListener("abort", abort, { once: true });
    return promise;
  }

  /** The subject has changed: who has his answer now is told, in the order of the questions. */
  notify(subject: T): void {
    if (this.#free.length === this.#waiting.length) return; // nobody waits
    const waiting = this.#of(subject);
    if (waiting === undefined) return;
    if (waiting instanceof Set) {
      for (const observer of waiting) if (isTold(observer, subject)) waiting.delete(observer);
      if (waiting.size === 0) this.#keep(subject, undefined);
    } else if (isTold(waiting, subject)) this.#keep(subject, undefined);
  }

  #add(subject: T, observer: Observer<T>): void {
    const waiting = this.#of(subject);
    if (waiting === undefined) this.#keep(subject, observer);
    else if (waiting instanceof Set) waiting.add(observer);
    else this.#keep(subject, new Set([waiting, observer]));
  }

  #remove(subject: T, observer: Observer<T>): void {
    const waiting = this.#of(subject);
    const isLast = waiting instanceof Set
      ? waiting.delete(observer) && waiting.size === 0
      : waiting === observer;
    if (isLast) this.#keep(subject, undefined);
  }

  #of({ id }: T): Observer<T> | Set<Observer<T>> | undefined {
    const place = this.#places.get(id);
    return place === undefined ? undefined : this.#waiting[place];
  }

  #keep({ id }: T, waiting: Observer<T> | Set<Observer<T>> | undefined): void {
    const known = this.#places.get(id);
    if (waiting !== undefined) {
      const place = known ?? this.#free.pop() ?? this.#waiting.length;
      this.#waiting[place] = waiting;
      this.#places.set(id, place);
    } else if (known !== undefined) {
      this.#waiting[known] = undefined;
      this.#places.delete(id);
      this.#free.push(known);
    }
  }
}

interface Observer<T, R = unknown> {
  readonly question: Question<T, R>;
  resolve(answer: R): void;
  reject(reason: Error): void;
  stop: (() => void) | undefined;
}

/** Asks the question, and passes on the answer if there is one. */
function isTold<T>(observer: Observer<T>, subject: T): boolean {
  const answer = observer.question(subject);
  if (answer === undefined) return false;
  observer.stop?.();
  if (answer instanceof Error) observer.reject(answer);
  else observer.resolve(answer);
  return true;
}
