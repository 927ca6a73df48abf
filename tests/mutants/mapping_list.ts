/** File, then name, what stands there, and what stands there instead. */
export type ChangesByFile = Readonly<
  Record<string, readonly (readonly [name: string, from: string, to: string])[]>
>;

/** Those of the life of one mapping. */
export const MAPPING_MUTANTS: ChangesByFile = {
  "mapping_actions.ts": [
    ["renewals suggest the first wish for ever", "  m.suggestedPort = externalPort;\n", ""],
    [
      "renewals suggest the first address for ever",
      "  m.suggestedAddress = externalAddress;\n",
      "",
    ],
    [
      "the granted lifetime becomes the wanted one",
      "  m.suggestedPort = externalPort;\n",
      "  m.suggestedPort = externalPort;\n  m.lifetime = lifetime;\n",
    ],
    [
      "lifetimes are not limited",
      "Math.min(answer.lifetime, world.config.maximumLifetime / 1000)",
      "answer.lifetime",
    ],
    [
      "a lifetime begins when the answer comes",
      "m.grantedAt = Math.floor(m.awaiting ? m.lastSentAt : now);",
      "m.grantedAt = now;",
    ],
    [
      "lifetime 0 is a grant",
      "answer.lifetime === 0 || (!isKnown &&",
      "(!isKnown &&",
    ],
    [
      "the all-zeros address is usable",
      "(!isKnown && answer.externalAddress.isUnspecified) ||",
      "",
    ],
    ["port 0 is usable", "(externalPort === 0 && m.spec.internalPort !== 0)", "false"],
    [
      "PREFER_FAILURE takes anything",
      '  if (m.spec.options.length > 0 && !isSuggested(m.spec, answer)) return "notSuggested";\n',
      "",
    ],
    [
      "a late answer to the creation confirms the deletion",
      "if (answer.lifetime !== 0) {\n    if (m.createsPending",
      "if (answer.lifetime < 0) {\n    if (m.createsPending",
    ],
    [
      "a late refusal of the creation refuses the deletion",
      "if (m.createsPending > 0 && !m.natPmp) {",
      "if (m.createsPending < 0) {",
    ],
    ["PEER is deleted", 'm.spec.opcode === "peer" ||', ""],
    [
      "NO_RESOURCES to a repeated deletion holds up everything",
      "answer.result === NoResources && (m.transmissions > 1 || m.assigned === undefined)",
      "false",
    ],
    [
      "NO_RESOURCES to a deletion holds up new mappings only",
      'm.world.server.hold("all", now + hold)',
      'm.world.server.hold("new", now + hold)',
    ],
    [
      "NOT_AUTHORIZED leaves a renewed mapping alive",
      "  if (answer.result === ResultCode.NotAuthorized) return refuse(m, now, answer);\n",
      "",
    ],
    [
      "a refused renewal is not held",
      "  m.holdUntil = now + hold;\n  resume(m, now);",
      "  resume(m, now);",
    ],
    [
      "a copy of a refusal withdraws the mapping",
      '  if (answer.result === m.lastRefusal && now < m.holdUntil) return "stale"; // a copy of the last refusal\n',
      "",
    ],
    [
      "a version error takes a live mapping away",
      "  if (m.assigned !== undefined) return m.natPmp ? resume(m, now) : undefined;\n",
      "",
    ],
    [
      "an address that is silent is never left",
      "transmissionLimit !== 0 && m.transmissions >= transmissionLimit) {",
      "false) {",
    ],
    [
      "a renewal that is silent leaves no address",
      "const isSilent = transmissionLimit !== 0 && m.transmissions >= transmissionLimit;",
      "const isSilent = false;",
    ],
    ["NAT-PMP renews in the windows of PCP", "m.viaNatPmp ? undefined : ", ""],
    [
      "three copies of an update are three changes",
      "const changed = before === undefined ||",
      "const changed = true ||",
    ],
    [
      "MRC is not obeyed",
      "maximumTransmissions !== 0 && m.transmissions >= maximumTransmissions",
      "false",
    ],
    [
      "MRD is not obeyed",
      "maximumDuration === 0 ? Infinity : m.firstSentAt + maximumDuration",
      "Infinity",
    ],
  ],
  "mapping.ts": [
    [
      "a deletion is sent once",
      "      retransmitDue: act.repeat,\n      retryDue: (m) => m.world.enqueue(m),\n      expireDue: (m) => act.end(m, { type: m.endAs }),",
      "      retryDue: (m) => m.world.enqueue(m),\n      expireDue: (m) => act.end(m, { type: m.endAs }),",
    ],
    [
      "a deletion outlives its mapping",
      "      expireDue: (m) => act.end(m, { type: m.endAs }),\n",
      "",
    ],
    [
      "what comes through after the end stays",
      'success: (m, _now, answer) => answer.lifetime === 0 ? "stale" : m.world.enqueue(m),',
      "",
    ],
    [
      "an update waits for the next renewal",
      "      success: act.grant,\n      failure: act.withdraw,\n      renewDue",
      "      failure: act.withdraw,\n      renewDue",
    ],
    [
      "an error that nobody asked for is ignored",
      "      failure: act.withdraw,\n      renewDue",
      "      renewDue",
    ],
    [
      "a success during a hold is ignored",
      "      success: act.grant,\n      failure: act.withdraw,\n      retryDue",
      "      failure: act.withdraw,\n      retryDue",
    ],
    [
      "a renewal wished in a hurry leaves at once",
      "const gap = keepsGap ? this.renewalSentAt + this.world.config.renewalGap : -Infinity;",
      "const gap = -Infinity;",
    ],
  ],
};
