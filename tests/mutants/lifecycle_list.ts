import type { MutantsByFile } from "./mutant.ts";

/** Ways to break the life of one mapping. */
export const LIFECYCLE_MUTANTS: MutantsByFile = {
  "lifecycle.ts": [
    ["a deletion is sent once", "deleting", "retransmitDue"],
    ["a deletion outlives its mapping", "deleting", "expireDue"],
    ["a mapping that is created after its end stays", "ended", "success"],
    ["an update waits for the next renewal", "running", "success"],
    ["an error that answers no request is ignored", "running", "failure"],
    ["a success during a hold is ignored", "refused", "success"],
    [
      "an answer to the deletion before refuses the new mapping",
      "receive",
      "isOfPreviousDeletion(",
    ],
    [
      "a lease is lost when its renewal meets a silent server",
      "running",
      "startOver",
      'startOver: beginAs("running"), //',
    ],
  ],
  "transitions.ts": [
    ["an answered mapping stays in the queue", "run", "context.dequeue(mapping)"],
    [
      "NAT-PMP renews in the windows of PCP",
      "scheduleRenewal",
      'lease.protocol === "pcp" ? context.random : undefined',
      "context.random",
    ],
    [
      "a late answer to the creation is not waited for",
      "end",
      "deletion.pendingCreates > 0",
      "false",
    ],
  ],
  "grant.ts": [
    ["renewals suggest the caller's port for ever", "grant", "mapping.suggestedPort ="],
    ["renewals suggest the caller's address for ever", "grant", "mapping.suggestedAddress ="],
    [
      "the granted lifetime becomes the wanted one",
      "grant",
      "mapping.suggestedPort =",
      "mapping.lifetime = lifetime;\n  mapping.suggestedPort =",
    ],
    ["received lifetimes are not limited", "grant", "config.maximumLifetime / 1000", "Infinity"],
    [
      "a lifetime begins when the response arrives",
      "grant",
      "unanswered?.lastSentAt ?? context.now",
      "context.now",
    ],
    ["lifetime 0 is a grant", "defectOf", "lifetime === 0", "false"],
    ["the all-zeros address is usable", "defectOf", "externalAddress.isUnspecified", "false"],
    ["port 0 is usable", "defectOf", "externalPort === 0 &&", "false &&"],
    ["PREFER_FAILURE accepts any assignment", "grant", "if (other !== undefined)"],
    [
      "a pinhole has the port of the answer",
      "externalPortOf",
      "externalAddress.equals(internalAddress)",
      "false",
    ],
    ["three copies of an update are three changes", "isChanged", "return false", "return true"],
    [
      "a copy of an update with the lifetime left is a change",
      "isChanged",
      "isAnswer ||",
      "true ||",
    ],
    ["a grant counts as no lifetime", "grant", "mapping.lifetimesGranted++"],
    ["a lease is of no generation", "grant", "server.generation", "NaN"],
    [
      "a NAT-PMP lease counts as one of PCP",
      "grant",
      "    protocol,",
      '    protocol: "pcp",',
    ],
    [
      "an update by the caller is lost to a late answer",
      "grant",
      "if (!updatePending)",
      "if (true)",
    ],
  ],
  "exchange.ts": [
    ["MRC is not obeyed", "isExhausted", "maximumTransmissions !== 0", "false"],
    ["MRD is not obeyed", "endOf", "maximumDuration === 0", "true"],
    ["a silent address is never left", "isServerSilent", "transmissionLimit !== 0", "false"],
    ["an urgent renewal leaves at once", "heldUntil", "keepsGap ?", "false ?"],
    ["a renewal forgets when it left", "send", "mapping.renewalSentAt = now"],
    [
      "a request without a response was not carried out",
      "rememberUnanswered",
      "mapping.mayExistUntil = ",
    ],
  ],
  "timeouts.ts": [
    [
      "a silent renewal leaves no address",
      "repeatRenewal",
      "isServerSilent(context, mapping)",
      "false",
    ],
  ],
  "refusal.ts": [
    ["a refused renewal is not held", "refuseRenewal", "noteRefusal("],
    ["NOT_AUTHORIZED leaves a renewed mapping alive", "refuseRenewal", "ResultCode.NotAuthorized"],
    ["a copy of a refusal withdraws the mapping", "withdraw", "if (isCopy)"],
    [
      "a version error takes a lease away",
      "outlastVersionError",
      '=== "pcp") return',
      '=== "pcp") return refuseVersion(context, mapping, { hold: 1_000 })',
    ],
    [
      "NO_RESOURCES to one request holds back no other",
      "holdOf",
      "result === ResultCode.NoResources",
    ],
    ["a final refusal is repeated", "refuse", "isSuggestionBinding(spec)", "false"],
  ],
  "other_grant.ts": [
    ["the first wrong answer is final", "refuseOther", "if (!isSame)"],
    [
      "THIRD_PARTY may be ignored",
      "otherThanRequested",
      "ignoresThirdParty(spec, response)",
      "false",
    ],
  ],
  "deletion.ts": [
    [
      "a late answer to the creation confirms the deletion",
      "deleted",
      "answersCreation(mapping)",
      "false",
    ],
    [
      "a late refusal of the creation refuses the deletion",
      "refuseDeletion",
      "answersCreation(mapping)",
      "false",
    ],
    ["PEER is deleted", "beginDeletion", 'spec.opcode === "peer"', "false"],
    ["NO_RESOURCES to a repeated deletion holds back everything", "refuseDeletion", "if (isGone)"],
    ["NO_RESOURCES to a deletion holds back new mappings only", "refuseDeletion", '"all"', '"new"'],
  ],
  "mapping.ts": [
    [
      "a mapping that takes over a nonce takes late answers",
      "adopt",
      "this.reusesNonce = isRecent",
    ],
    ["a mapping of an earlier run cannot exist", "restore", "this.mayExistUntil ="],
  ],
};
