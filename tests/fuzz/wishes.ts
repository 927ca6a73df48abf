import { assert } from "@std/assert";
import type { Input, Output } from "../../src/engine/events.ts";
import { type MappingKey, type MappingSpec, requestKey } from "../../src/engine/mapping_spec.ts";
import type { Assignment, MappingState } from "../../src/engine/events.ts";
import { ResultCode } from "../../src/wire/result_code.ts";

/** One mapping as the user of the engine sees it. */
export interface Wish {
  readonly id: number;
  readonly spec: MappingSpec;
  lifetimes: number;
  state: MappingState;
  over: boolean;
  releasedAt: number | undefined;
  assignment: Assignment | undefined;
  /** The assignment that it had last, if it had one. */
  lastAssignment: Assignment | undefined;
  /** When the assignment was lost last. */
  lostAt: number;
  /** The server said that it took the mapping back: there is no telling that it did not. */
  withdrawn: boolean;
  /** Before when no request for it may leave. */
  holdUntil: number;
}

/** Everything that the user of an engine wants and was told, with the rules that hold at any time. */
export class Wishes {
  readonly open = new Map<number, Wish>();
  /** Those that ended in the step before. */
  ended: Wish[] = [];
  readonly #holds = new Map<MappingKey, number>();
  #holdNewUntil = -Infinity;
  #lastId = 0;
  readonly #isPcp: boolean;

  /** @param isPcp Whether a hold can outlive its mapping and hold back others, which NAT-PMP does not know. */
  constructor(isPcp: boolean) {
    this.#isPcp = isPcp;
  }

  /** The wish for a key that was not let go of. */
  wanted(sameAs: (spec: MappingSpec) => boolean): Wish | undefined {
    return [...this.open.values()].find(({ spec, releasedAt }) =>
      releasedAt === undefined && sameAs(spec)
    );
  }

  /** A new wish, and the input that tells the engine. */
  add(spec: MappingSpec, lifetimes: number): Input & { readonly type: "request" } {
    const id = ++this.#lastId;
    this.open.set(id, {
      id,
      spec,
      lifetimes,
      state: { type: "requested" },
      over: false,
      releasedAt: undefined,
      assignment: undefined,
      lastAssignment: undefined,
      lostAt: -Infinity,
      withdrawn: false,
      holdUntil: this.#holds.get(requestKey(spec)) ?? -Infinity,
    });
    return { type: "request", id, spec, lifetimes };
  }

  /** Takes in what the engine said; `send` has no consequence here but is judged. */
  take(now: number, output: Output): void {
    if (!("id" in output) || output.id === undefined) return;
    const wish = this.open.get(output.id);
    if (wish === undefined) {
      // A deletion may follow its mapping's end, should a late answer show that one is needed.
      assert(output.type === "send", `${output.type} for ${output.id}, which is over`);
      return;
    }
    switch (output.type) {
      case "send":
        return this.#judgeSend(now, wish);
      case "state":
        return this.#stateChanged(now, wish, output.state, output.over);
      case "granted":
        wish.assignment = wish.lastAssignment = output.assignment;
        wish.holdUntil = -Infinity;
        this.#holds.delete(requestKey(wish.spec));
        return;
      case "lost":
        assert(wish.assignment !== undefined, `${wish.id} lost what it did not have`);
        wish.assignment = undefined;
        wish.lostAt = now;
        return;
      case "renewalRefused":
        return this.#hold(now, wish, output.code, output.retryIn);
    }
  }

  #judgeSend(now: number, wish: Wish): void {
    if (wish.releasedAt !== undefined) return;
    const until = wish.assignment === undefined
      ? Math.max(wish.holdUntil, this.#holdNewUntil)
      : wish.holdUntil;
    // Less than the rounding of a sum of milliseconds.
    assert(now >= until - 1e-3, `${wish.id} sends at ${now}, held until ${until}`);
  }

  #stateChanged(now: number, wish: Wish, state: MappingState, over: boolean): void {
    assert(!wish.over, `${wish.id} changes after its end`);
    wish.state = state;
    wish.over = over;
    if (state.type === "error" && wish.lostAt === now) wish.withdrawn = true;
    if (state.type === "error" && state.retryIn !== undefined) {
      this.#hold(now, wish, state.code, state.retryIn);
    }
    if (!over) return;
    assert(wish.assignment === undefined, `${wish.id} ended with an assignment`);
    this.#judgeEnd(wish, state);
    this.open.delete(wish.id);
    this.ended.push(wish);
  }

  /** What is wanted until it is let go of may end by itself only where its suggestion was the point. */
  #judgeEnd(wish: Wish, state: MappingState): void {
    const final = ["error", "expired", "revoked", "dropped"].includes(state.type);
    assert(final, `${wish.id} is over in state ${state.type}`);
    if (wish.releasedAt !== undefined || wish.lifetimes !== Infinity) return;
    const isBinding = wish.spec.opcode === "peer" ||
      wish.spec.options.some(({ type }) => type === "preferFailure");
    const isLastWord = state.type === "error" && isBinding &&
      state.code === ResultCode.CannotProvideExternal;
    assert(isLastWord, `${wish.id} was wanted and ended as ${JSON.stringify(state)}`);
  }

  #hold(now: number, wish: Wish, code: number, seconds: number): void {
    // What was concluded from a NAT-PMP server's silence holds until it speaks (RFC 6886 section 3.1).
    if (!this.#isPcp && code === ResultCode.UnsuppVersion) return;
    const until = now + seconds * 1000;
    wish.holdUntil = until;
    if (code <= 0 || !this.#isPcp) return;
    this.#holds.set(requestKey(wish.spec), until);
    if (code === ResultCode.NoResources) this.#holdNewUntil = Math.max(this.#holdNewUntil, until);
  }
}
