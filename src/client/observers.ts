import { IntMap } from "../engine/int_map.ts";

/** What somebody wants to know of a subject; undefined as long as it cannot be told, an error if nothing will come of it. */
export type Question<T, R> = (subject: T) => R | Error | undefined;

/** Those who wait for something to become of a subject. Kept beside the subjects: of many few are waited for at a time. */
export class Observers<T extends { readonly id: number }> {
  /** Who waits for a subject, the oldest first, in the place of its id. Not a `Map`: one that is old gets new memory in vain. */
  readonly #first: (Observer<T> | undefined)[] = [];
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
    const observer: Observer<T, R> = {
      question,
      resolve,
      reject,
      stop: undefined,
      next: undefined,
    };
    this.#keep(subject, withLast(this.#firstOf(subject), observer));
    if (signal === undefined) return promise;
    const abort = (): void => {
      this.#keep(subject, without(this.#firstOf(subject), observer));
      reject(signal.reason);
    };
    observer.stop = () => signal.removeEventListener("abort", abort);
    signal.addEventListener("abort", abort, { once: true });
    return promise;
  }

  /** The subject has changed. */
  notify(subject: T): void {
    if (this.#free.length === this.#first.length) return; // nobody waits
    let observer = this.#firstOf(subject);
    if (observer === undefined) return;
    let waiting: Observer<T> | undefined;
    while (observer !== undefined) {
      const { next }: Observer<T> = observer;
      const answer = observer.question(subject);
      if (answer === undefined) {
        observer.next = undefined;
        waiting = withLast(waiting, observer);
      } else {
        observer.stop?.();
        if (answer instanceof Error) observer.reject(answer);
        else observer.resolve(answer);
      }
      observer = next;
    }
    this.#keep(subject, waiting);
  }

  #firstOf({ id }: T): Observer<T> | undefined {
    const place = this.#places.get(id);
    return place === undefined ? undefined : this.#first[place];
  }

  #keep({ id }: T, first: Observer<T> | undefined): void {
    const known = this.#places.get(id);
    if (first !== undefined) {
      const place = known ?? this.#free.pop() ?? this.#first.length;
      this.#first[place] = first;
      this.#places.set(id, place);
    } else if (known !== undefined) {
      this.#first[known] = undefined;
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
  next: Observer<T> | undefined;
}

function withLast<T>(first: Observer<T> | undefined, added: Observer<T>): Observer<T> {
  if (first === undefined) return added;
  let last = first;
  while (last.next !== undefined) last = last.next;
  last.next = added;
  return first;
}

function without<T>(
  first: Observer<T> | undefined,
  gone: Observer<T>,
): Observer<T> | undefined {
  if (first === gone) return gone.next;
  for (let each = first; each !== undefined; each = each.next) {
    if (each.next === gone) each.next = gone.next;
  }
  return first;
}
