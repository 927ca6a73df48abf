/** Worlds that have broken a rule, and the defect. Each fails without its repair. */
export const WORLDS: readonly (readonly [seed: number, defect: string])[] = [
  [422, "a mapping update during a deletion was taken for the deletion's response"],
  [1234, "a second copy of a grant was taken for the deletion's response"],
  [982, "a mapping update during a deletion was taken for the deletion's response"],
  [4244, "a second copy of a grant ended the deletion of a mapping released before its grant"],
  [
    108,
    "the mapping of a request without response was left at the server when a retransmission was refused",
  ],
  [
    806,
    "the mapping of a request without response was left at the server when a retransmission was refused",
  ],
  [1003007, "the same, with a server that grants more than requested"],
  [158, "the same, in NAT-PMP"],
  [3968, "the same, in NAT-PMP"],
  [7701, "a second refusal of a deletion was taken for that of the next mapping"],
  [9881, "a second response to a NAT-PMP deletion left the next mapping without a request"],
  [20262732, "an update overtaken by a renewal left the renewed mapping at the server"],
  [2743, "a server that ignores PREFER_FAILURE was asked for ever"],
  [69425586, "the same"],
  [
    700005308,
    "a renewal without a response was taken to be granted for no longer than an update had left",
  ],
  [
    700007350,
    "a repeated error of a server that speaks PCP only, meant for NAT-PMP, was taken to refuse PCP",
  ],
  [900014779, "what NAT-PMP granted beside a refusal in PCP was left at the server"],
  [7870, "a restart ended the hold of NO_RESOURCES for new mappings"],
  [555003549, "the same, with the update taken for the response to the renewal"],
];
