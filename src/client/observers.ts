import { IntMap } from "../engine/int_map.ts";

/** Those who wait for something to become of a subject. Kept beside the subjects: of many few are waited for at a time. */
export class Observers<T extends { readonly id: number }> {
  /** Who waits for a subject, the newest first, in the place of its id. Not a `Map`: one that is old gets new memory in vain. */
  readonly #newest: (Observer<T> | undefined)[] = [];
  readonly #places = new IntMap();
  readonly #free: number[] = [];

  /** Resolves as soon as the condition holds; it is looked at when {@linkcode Observers.notify} is called. */
  when(
    subject: T,
    condition: (subject: T) => boolean,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (condition(subject)) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const observer: Observer<T> = {
      condition,
      resolve,
      stop: undefined,
      before: this.#newestOf(subject),
    };
    this.#keep(subject, observer);
    if (signal === undefined) return promise;
    const abort = (): void => {
      this.#keep(subject, without(this.#newestOf(subject), observer));
      reject(signal.reason);
    };
    observer.stop = () => signal.removeEventListener("abort", abort);
    signal.addEventListener("abort", abort, { once: true });
    return promise;
  }

  /** The subject has changed. */
  notify(subject: T): void {
    if (this.#free.length === this.#newest.length) return; // nobody waits
    let observer = this.#newestOf(subject);
    if (observer === undefined) return;
    let waiting: Observer<T> | undefined;
    let content: Observer<T> | undefined;
    while (observer !== undefined) {
      const { before }: Observer<T> = observer;
      if (observer.condition(subject)) {
        observer.before = content;
        content = observer;
      } else {
        observer.before = waiting;
        waiting = observer;
      }
      observer = before;
    }
    this.#keep(subject, waiting);
    for (; content !== undefined; content = content.before) {
      content.stop?.();
      content.resolve();
    }
  }

  #newestOf({ id }: T): Observer<T> | undefined {
    const place = this.#places.get(id);
    return place === undefined ? undefined : this.#newest[place];
  }

  #keep({ id }: T, newest: Observer<T> | undefined): void {
    const known = this.#places.get(id);
    if (newest !== undefined) {
      const place = known ?? this.#free.pop() ?? this.#newest.length;
      this.#newest[place] = newest;
      this.#places.set(id, place);
    } else if (known !== undefined) {
      this.#newest[known] = undefined;
      this.#places.delete(id);
      this.#free.push(known);
    }
  }
}

interface Observer<T> {
  readonly condition: (subject: T) => boolean;
  readonly resolve: () => void;
  stop: (() => void) | undefined;
  before: Observer<T> | undefined;
}

function without<T>(
  newest: Observer<T> | undefined,
  gone: Observer<T>,
): Observer<T> | undefined {
  if (newest === gone) return gone.before;
  for (let each = newest; each !== undefined; each = each.before) {
    if (each.before === gone) each.before = gone.before;
  }
  return newest;
}
