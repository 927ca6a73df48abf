/** Worlds that once broke a rule, kept so that none does again. Each fails without the repair that it is named after. */
export const WORLDS: readonly (readonly [seed: number, repaired: string])[] = [
  [422, "a mapping update during a deletion passed for the deletion's answer"],
  [1234, "a second copy of a grant passed for the deletion's answer"],
  [982, "a mapping update during a deletion passed for the deletion's answer"],
  [4244, "a second copy of a grant ended the deletion of what was let go of before it was granted"],
  [108, "what an unanswered request had made was left at the server when a repetition was refused"],
  [806, "what an unanswered request had made was left at the server when a repetition was refused"],
  [1003007, "the same, where the server grants more than was asked for"],
  [158, "the same, in NAT-PMP"],
  [3968, "the same, in NAT-PMP"],
  [7701, "a second refusal of a deletion passed for that of the mapping wanted next"],
  [9881, "a second answer to a NAT-PMP deletion left the mapping wanted next waiting for ever"],
  [20262732, "an update that a renewal had overtaken left the renewed mapping at the server"],
  [555003549, "the same, where the update passed for the answer to the renewal"],
];
