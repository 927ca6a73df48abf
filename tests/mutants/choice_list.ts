/** Ways to break the choice of the protocol, each a change within one function. */

import type { MutantsByFile } from "./mutant.ts";

export const CHOICE_MUTANTS: MutantsByFile = {
  "hand_over.ts": [
    ["a PCP lease goes over", "move", ' || lease?.protocol === "pcp") return;', ") return;"],
  ],
  "version_negotiation.ts": [
    ["a late version error counts", "receiveError", "this.#lastSentAt > this.", "0 * this."],
    [
      "a gateway that spoke PCP is not believed",
      "receiveError",
      "knowledge.believesPcp(now)",
      "false",
    ],
    ["NAT-PMP goes on at the old port", "#accept", "context.outputs.push"],
    ["a refuted version error is forgotten", "#doubt", "now < this.#trustedUntil", "false"],
  ],
  "version_error.ts": [
    [
      "an announced address is a version error",
      "readNatPmpVersionError",
      "ANNOUNCED.has(result)",
      "false",
    ],
  ],
  "gateway_knowledge.ts": [
    ["silence is judged after 10 s", "SILENCE", "8_000", "10_000"],
    ["PCP is believed for an hour", "LONGEST_TRUST", "1_800_000", "3_600_000"],
    ["one renewal is a silence", "asked", "if (isRenewal) return isFirst"],
  ],
  "protocol_choice.ts": [
    ["NAT-PMP is asked after 2 s", "SILENCE", "1_000", "2_000"],
    ["PCP is not asked once more", "#askPcpOnce", "this.#question.schedule"],
    ["PCP does not take requests back", "pcpAnswered", "this.#handOver.returnToPcp()"],
  ],
};
