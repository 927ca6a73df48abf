import { assert } from "@std/assert";
import type { Assignment, Input, MappingState, Output } from "../../src/engine/events.ts";
import { type MappingKey, type MappingSpec, requestKey } from "../../src/engine/mapping_spec.ts";
import { NATPMP_VERSION } from "../../src/wire/constants.ts";
import { ResultCode } from "../../src/wire/result_code.ts";

/** A mapping as the user of the engine sees it. */
export interface ExpectedMapping {
  readonly id: number;
  readonly spec: MappingSpec;
  lifetimes: number;
  state: MappingState;
  over: boolean;
  releasedAt: number | undefined;
  assignment: Assignment | undefined;
  /** The latest assignment, lost or not. */
  lastAssignment: Assignment | undefined;
  /** Time of the latest loss of an assignment. */
  lostAt: number;
  /** Whether a mapping update has ended the mapping; the client cannot know better. */
  withdrawn: boolean;
  /** No request for it may be sent before this time. */
  holdUntil: number;
}

/** The requested mappings and what the engine has reported about them, with the rules that hold at any time. */
export class ExpectedMappings {
  readonly open = new Map<number, ExpectedMapping>();
  /** Mappings that have ended in the present step. */
  ended: ExpectedMapping[] = [];
  readonly #holds = new Map<MappingKey, number>();
  #holdNewUntil = -Infinity;
  #lastId = 0;

  /** The mapping with such a spec that is not released. */
  unreleased(sameAs: (spec: MappingSpec) => boolean): ExpectedMapping | undefined {
    return [...this.open.values()].find(({ spec, releasedAt }) =>
      releasedAt === undefined && sameAs(spec)
    );
  }

  /** Adds a mapping and returns the input for the engine. */
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

  /**
   * Processes an output of the engine, and checks it.
   *
   * @param isPcp Whether it follows from a PCP datagram: an error's lifetime then delays later mappings too; in NAT-PMP not.
   */
  take(now: number, output: Output, isPcp: boolean): void {
    if (output.type === "serverRestarted") return this.#restarted();
    if (!("id" in output) || output.id === undefined) return;
    const mapping = this.open.get(output.id);
    if (mapping === undefined) {
      // A deletion may follow the end of its mapping if a late response shows that the server has it.
      assert(output.type === "send", `${output.type} for ${output.id}, which is over`);
      return;
    }
    switch (output.type) {
      case "send":
        return this.#checkSend(now, mapping, output.bytes);
      case "state":
        return this.#stateChanged(now, mapping, output, isPcp);
      case "granted":
        mapping.assignment = mapping.lastAssignment = output.assignment;
        mapping.holdUntil = -Infinity;
        this.#holds.delete(requestKey(mapping.spec));
        return;
      case "lost":
        assert(mapping.assignment !== undefined, `${mapping.id} lost what it did not have`);
        mapping.assignment = undefined;
        mapping.lostAt = now;
        return;
      case "renewalRefused":
        return this.#hold(now, mapping, output, isPcp);
    }
  }

  /** The server refused renewals in an earlier life: leases are requested anew (RFC 6887 section 14.1.3). */
  #restarted(): void {
    for (const mapping of this.open.values()) {
      if (mapping.assignment !== undefined) mapping.holdUntil = -Infinity;
    }
  }

  #checkSend(now: number, mapping: ExpectedMapping, bytes: Uint8Array): void {
    if (mapping.releasedAt !== undefined || isFailed(mapping)) return;
    // A gateway that seems to refuse PCP is not the one whose PCP was short of something.
    const isHeldAsNew = mapping.assignment === undefined && bytes[0] !== NATPMP_VERSION;
    const until = isHeldAsNew ? Math.max(mapping.holdUntil, this.#holdNewUntil) : mapping.holdUntil;
    // With a tolerance for sums of fractions.
    assert(now >= until - 1e-3, `${mapping.id} sends at ${now}, held until ${until}`);
  }

  #stateChanged(
    now: number,
    mapping: ExpectedMapping,
    { state, over }: Output & { readonly type: "state" },
    isPcp: boolean,
  ): void {
    assert(!mapping.over, `${mapping.id} changes after its end`);
    mapping.state = state;
    mapping.over = over;
    if (state.type === "error" && mapping.lostAt === now) mapping.withdrawn = true;
    if (state.type === "error" && state.retryIn !== undefined) {
      this.#hold(now, mapping, { code: state.code, retryIn: state.retryIn }, isPcp);
    }
    if (!over) return;
    assert(mapping.assignment === undefined, `${mapping.id} ended with an assignment`);
    this.#checkEnd(mapping, state);
    this.open.delete(mapping.id);
    this.ended.push(mapping);
  }

  /** A mapping without a number of lifetimes may end unreleased only if its suggestion was binding. */
  #checkEnd(mapping: ExpectedMapping, state: MappingState): void {
    const final = ["error", "expired", "revoked", "dropped"].includes(state.type);
    assert(final, `${mapping.id} is over in state ${state.type}`);
    if (mapping.releasedAt !== undefined || mapping.lifetimes !== Infinity) return;
    const isBinding = mapping.spec.opcode === "peer" ||
      mapping.spec.options.some(({ type }) => type === "preferFailure");
    const isFinalRefusal = state.type === "error" && isBinding &&
      state.code === ResultCode.CannotProvideExternal;
    assert(isFinalRefusal, `${mapping.id} ended unreleased as ${JSON.stringify(state)}`);
  }

  #hold(
    now: number,
    mapping: ExpectedMapping,
    { code, retryIn }: { readonly code: number; readonly retryIn: number },
    isPcp: boolean,
  ): void {
    // A hold because of the protocol ends with the next packet in another one (RFC 6886 section 3.1).
    if (code === ResultCode.UnsuppVersion) return;
    const until = now + retryIn * 1000;
    mapping.holdUntil = until;
    if (code <= 0 || !isPcp) return;
    this.#holds.set(requestKey(mapping.spec), until);
    if (code === ResultCode.NoResources) this.#holdNewUntil = Math.max(this.#holdNewUntil, until);
  }
}

/** Whether the mapping has failed for good: what follows are deletions of what the server made in its place. */
function isFailed({ state }: ExpectedMapping): boolean {
  return state.type === "error" && state.retryIn === undefined;
}
