/**
 * Ways to break the engine and UPnP, each a change within one function. `deno task mutants` applies them one at a time to a copy, and
 * fails if the tests do not notice.
 */

import { CHOICE_MUTANTS } from "./choice_list.ts";
import { IGD_MUTANTS } from "./igd_list.ts";
import { LIFECYCLE_MUTANTS } from "./lifecycle_list.ts";
import type { Mutant, MutantsByFile } from "./mutant.ts";

const ENGINE_MUTANTS: MutantsByFile = {
  "epoch.ts": [
    [
      "the first epoch is a restart",
      "isEpochValid",
      "=== undefined) return true",
      "=== undefined) return false",
    ],
    [
      "one second backwards is a restart",
      "isEpochValid",
      "previous.server - 1)",
      "previous.server)",
    ],
    [
      "two seconds backwards is no restart",
      "isEpochValid",
      "previous.server - 1)",
      "previous.server - 2)",
    ],
    [
      "the server may run ahead by 3 s",
      "isEpochValid",
      "client + 2 < server",
      "client + 3 < server",
    ],
    [
      "the server may run ahead by less than 2 s",
      "isEpochValid",
      "client + 2 < server",
      "client + 2 <= server",
    ],
    ["the server may not drift ahead", "isEpochValid", "Math.trunc(server / 16)", "0"],
    [
      "drift ahead is rounded up",
      "isEpochValid",
      "Math.trunc(server / 16)",
      "Math.ceil(server / 16)",
    ],
    [
      "the server may fall behind by 3 s",
      "isEpochValid",
      "server + 2 < client",
      "server + 3 < client",
    ],
    [
      "the server may fall behind by less than 2 s",
      "isEpochValid",
      "server + 2 < client",
      "server + 2 <= client",
    ],
    ["the server may not drift behind", "isEpochValid", "Math.trunc(client / 16)", "0"],
  ],
  "server_state.ts": [
    [
      "an invalid epoch is not stored",
      "checkEpoch",
      "if (isValid) return true;",
      "if (isValid) return true;\n    this.#epoch = before;",
    ],
    ["a restart begins no generation", "checkEpoch", "this.restarted();"],
    ["what was refused outlasts a restart", "checkEpoch", "this.#restarts++"],
    [
      "a restart lets go of new mappings that a deletion held",
      "checkEpoch",
      "Math.max(this.#newHeldUntil, this.#allHeldUntil)",
      "this.#newHeldUntil",
    ],
    [
      "a restart lets go of new mappings that a creation held",
      "checkEpoch",
      "Math.max(this.#newHeldUntil, this.#allHeldUntil)",
      "this.#allHeldUntil",
    ],
    ["epochs of two addresses are compared", "moved", "this.#epoch = undefined"],
    ["holds of one address hold at the next", "moved", "this.#newHeldUntil ="],
    [
      "a version error holds as long as it says",
      "versionRefused",
      "Math.min(hold, maximumLongHold)",
      "hold",
    ],
    ["a version error holds back no request", "holdVersion", "this.#versionHeldUntil = until"],
    ["a version error holds back renewals", "heldUntil", "versionIsKnown ?", "false ?"],
    ["NO_RESOURCES holds back no new mapping", "heldUntil", "isNew ?", "false ?"],
    ["NO_RESOURCES holds back renewals", "heldUntil", "isNew ?", "true ?"],
  ],
  "reception.ts": [
    ["any source port is accepted", "receive", "source.port !== port", "false"],
    ["any source address is accepted", "receive", "!source.address.equals(address)", "false"],
    [
      "mapping responses are accepted on the announcement port",
      "receive",
      "multicast && !isAnnouncement",
    ],
    [
      "the epoch is checked before the match",
      "#receiveMapping",
      'return "unmatched"',
      'return context.server.checkEpoch(now, response.epoch) ? "unmatched" : "unmatched"',
    ],
    [
      "the epoch of an error is ignored",
      "#receiveMapping",
      "if (!context.server.checkEpoch",
      "if (response.result === 0 && !context.server.checkEpoch",
    ],
    [
      "a restart found in a response starts no recovery",
      "#receiveMapping",
      "recovery.schedule(",
    ],
    [
      "malformed options never matter",
      "#receiveMapping",
      "response.optionFault !== undefined",
      "false",
    ],
    ["what was refused is forgotten with its mapping", "#pass", "holds.set("],
    ["an unsolicited announcement may be an error", "#receiveAnnounce", 'return "notAnnouncement"'],
    [
      "recovery after an announcement does not wait",
      "#receiveAnnounce",
      "random() * config.announceWait",
      "0",
    ],
    [
      "recovery after an announcement waits up to 10 s",
      "#receiveAnnounce",
      "config.announceWait",
      "10_000",
    ],
  ],
  "engine.ts": [
    ["recovery sends a burst", "#recover", "this.#pacer.slowDown()"],
    ["recovery requests what was just granted", "#recover", "continue;", "{}"],
    ["holds are not checked", "#sendQueued", "until > now", "until > Infinity"],
    ["a new mapping has a new nonce, whatever went before", "#request", " ?? reusable?.nonce"],
    [
      "an address that is not used any more can be left again",
      "#take",
      "!== this.#servers.index) return",
      "!== this.#servers.index) void 0",
    ],
    ["an answered mapping goes on in NAT-PMP", "dequeue", "this.#choice.leave(mapping)"],
    ["a mapping that is refused leaves its slot in use", "dequeue", "this.#pacer.forget(mapping)"],
  ],
  "new_nonce.ts": [
    [
      "a nonce has 32 random bits",
      "newNonce",
      "return new Nonce(",
      "const word = randomWord();\n  return new Nonce(word, word, word || ",
    ],
    ["all nonces are one", "newNonce", "return new Nonce(", "return new Nonce(1, 2, 3 || "],
  ],
  "mappings.ts": [
    [
      "a mapping takes responses before it has sent a request",
      "matching",
      'mapping.phase !== "queued"',
      "true",
    ],
    [
      "a third of the nonce is compared",
      "matching",
      "mapping.nonce.equals(response.nonce)",
      "true",
    ],
    [
      "n version errors are n times n requests",
      "afterChange",
      'exchange.protocol === "pcp"',
      "true",
    ],
  ],
  "config.ts": [
    [
      "the first wait is 2 s",
      "defaultConfig",
      "initialRetransmission: 3_000",
      "initialRetransmission: 2_000",
    ],
    ["the longest wait is 850 s", "defaultConfig", "1_024_000", "850_000"],
    ["renewals keep 3 s apart", "defaultConfig", "renewalGap: 4_000", "renewalGap: 3_000"],
    ["lifetimes are limited to two days", "defaultConfig", "86_400_000", "172_800_000"],
    [
      "rounds of recovery are 20 s apart",
      "defaultConfig",
      "recoveryInterval: 60_000",
      "recoveryInterval: 20_000",
    ],
    [
      "an error with lifetime 0 holds for 3 s",
      "defaultConfig",
      "minimumShortHold: 30_000",
      "minimumShortHold: 3_000",
    ],
    ["the longest hold is an hour", "defaultConfig", "1_800_000", "3_600_000"],
    [
      "nonce and port are kept for a minute",
      "defaultConfig",
      "reuseTime: 120_000",
      "reuseTime: 60_000",
    ],
    ["the first burst is 320", "defaultConfig", "initialWindow: 32", "initialWindow: 320"],
  ],
  "retransmission.ts": [
    ["waits are not random", "retransmissionTime", "(0.9 + 0.2 * random())", "1"],
    [
      "waits are never longer than nominal",
      "retransmissionTime",
      "0.2 * random()",
      "0.1 * random()",
    ],
    ["waits do not double", "retransmissionTime", "2 * previous", "previous"],
    ["waits treble", "retransmissionTime", "2 * previous", "3 * previous"],
    ["waits are not capped", "retransmissionTime", "Math.min(2 * previous, cap)", "2 * previous"],
    [
      "the second wait is as long as the first",
      "retransmissionTime",
      "previous === 0",
      "previous < 4_000",
    ],
  ],
  "renewal.ts": [
    ["renewals are not spread", "nextRenewal", "random() * remaining / 4", "0"],
    [
      "the windows are twice as long",
      "nextRenewal",
      "random() * remaining / 4",
      "random() * remaining / 2",
    ],
    ["the first window is the second", "nextRenewal", "2 ** -attempt;", "2 ** -attempt / 2;"],
    [
      "renewals may be closer than 4 s",
      "nextRenewal",
      "Math.max(bunched, previousAt + config.renewalGap)",
      "bunched",
    ],
    ["bunches leave their window", "bunch", "next <= begin + width ? next : next - step", "next"],
    ["each renewal wakes this host up", "bunch", "if (widest <= 0)", ""],
    ["missed windows are made up for", "nextRenewal", "for (; remaining > left;"],
    [
      "the last renewal comes after the end",
      "nextRenewal",
      "at < grantedAt + lifetime",
      "at < grantedAt + 2 * lifetime",
    ],
  ],
  "error_hold.ts": [
    ["short answers are followed at once for ever", "stretchedWait", "!isStretched(inRow)", "true"],
    ["error lifetime 0 means at once", "errorHold", "lifetime > 0", "lifetime >= 0"],
    [
      "error lifetimes are not limited",
      "errorHold",
      "Math.min(lifetime * 1000, config.maximumLifetime)",
      "lifetime * 1000",
    ],
    ["holds do not double", "errorHold", " * 2 ** refusals", ""],
    ["holds double without end", "errorHold", ", config.maximumLongHold)", ", Infinity)"],
  ],
  "recovery_schedule.ts": [
    ["rounds are not limited", "#allowance", "2", "1e9"],
    ["a second reason begins a second round", "schedule", "this.deadline !== Infinity"],
    [
      "rounds never come back",
      "schedule",
      "Math.min(2, this.#allowance + refill)",
      "this.#allowance",
    ],
  ],
  "pacer.ts": [
    ["a small window lets one more leave", "next", "Math.max(1, window >> 2)", "window >> 2"],
    ["everything leaves at once", "next", "if (this.#isFull) return undefined"],
    ["the window never grows", "answered", "this.#window + 1", "this.#window"],
    ["the window never shrinks", "sent", "if (repeated)"],
    ["repeated requests measure the round trip", "answered", "if (clean)"],
    ["a request that did not leave keeps its slot", "release", "this.#free(sender)"],
    ["the window stays large in recovery", "slowDown", "this.#window ="],
  ],
  "response_match.ts": [
    [
      "responses of another protocol match",
      "matchesSpec",
      "response.protocol !== spec.protocol",
      "false",
    ],
    [
      "responses of another port match",
      "matchesSpec",
      "response.internalPort !== spec.internalPort",
      "false",
    ],
    [
      "responses of another remote port match",
      "matchesSpec",
      "response.remotePort !== spec.remotePort",
    ],
    [
      "responses of another remote address match",
      "matchesSpec",
      "!response.remoteAddress.equals(spec.remoteAddress)",
      "false",
    ],
    ["responses for another third party match", "matchesSpec", "echoed.equals(requested)", "true"],
    [
      "the last update is the true one",
      "mayExistAfterGrant",
      "? -Infinity : until",
      "? -Infinity : -Infinity",
    ],
    [
      "a second copy of an update forgets what it shortened",
      "mayExistAfterGrant",
      "Math.max(mayExistUntil, granted)",
      "granted",
    ],
    [
      "what was requested before the last request stays in doubt",
      "mayExistAfterGrant",
      "if (isAnswer)",
    ],
    [
      "every success answers the last request",
      "mayExistAfterGrant",
      "lifetime >= before.lifetime",
      "lifetime > 0",
    ],
  ],
  "mapping_spec.ts": [
    ["a deletion carries all options", "deletionOptions", "optionRules(option).inDeletion", "true"],
    ["a deletion carries no options", "deletionOptions", "optionRules(option).inDeletion", "false"],
  ],
  "check_spec.ts": [
    [
      "this host may be its own third party",
      "checkOptions",
      "option.address.equals(clientAddress)",
      "false",
    ],
    ["FILTER may stand on PEER", "checkOptions", "mapOnly &&", "false &&"],
    ["requests may have 1104 octets", "checkLength", "length > MAX_LENGTH", "length > 1104"],
    ["an id may be any number", "checkId", "!Number.isSafeInteger(id)", "false"],
    ["an id may be used twice", "checkId", "id <= lastId", "false"],
  ],
  "mapping_request.ts": [
    [
      "deletions suggest a port",
      "encodeMappingRequest",
      "isDeletion ? 0 : mapping.suggestedPort",
      "mapping.suggestedPort",
    ],
    [
      "deletions suggest an address",
      "encodeMappingRequest",
      "IpAddress.any(suggestedAddress.family)",
      "suggestedAddress",
    ],
    ["deletions are of one family", "encodeMappingRequest", "suggestedAddress.family", '"IPv4"'],
    [
      "deletions have a lifetime",
      "encodeMappingRequest",
      "isDeletion ? 0 : mapping.lifetime",
      "mapping.lifetime",
    ],
  ],
  "request_holds.ts": [
    ["holds are forgotten", "set", "this.#holds.set(requestKey(spec), until)", "void 0"],
  ],
  "port_reuse.ts": [
    ["nonce and port are kept for ever", "find", "kept.until > now", "true"],
    [
      "a mapping does not wait for the deletion before it",
      "claim",
      "this.#deleting.get(key)",
      "undefined as Mapping | undefined",
    ],
    ["nonce and port are not kept", "ended", "this.#ended.set("],
    ["what has expired accumulates", "#dropExpired", "until <= now", "false"],
    ["what has not expired is dropped", "#dropExpired", "until <= now", "until > now"],
    [
      "two successors of a deletion have its nonce",
      "claim",
      "isFirst ? predecessor",
      "true ? predecessor",
    ],
  ],
  "natpmp.ts": [
    ["the first NAT-PMP wait is 300 ms", "FIRST_WAIT", "250", "300"],
    ["NAT-PMP requests leave eight times", "TRANSMISSIONS", "9", "8"],
    ["NAT-PMP waits do not double", "#send", "FIRST_WAIT * 2 ** ", "FIRST_WAIT + "],
    ["NAT-PMP requests leave side by side", "#next", "this.isBusy"],
    [
      "one error naming version 2 answers all repetitions in NAT-PMP",
      "refused",
      "return now < this.#sentAt + LATE",
      "return false",
    ],
    ["the NAT-PMP epoch may lag by half", "#checkEpoch", "7 / 8", "1 / 2"],
    ["the NAT-PMP epoch may lag by 3 s", "#checkEpoch", "expected - 2", "expected - 3"],
    ["the NAT-PMP epoch may not lag", "#checkEpoch", "expected - 2", "expected"],
    [
      "the epoch of a version error is ignored",
      "versionRefused",
      'this.state !== "unasked" && epoch > 0',
      "false",
    ],
    [
      "NAT-PMP responses of another port match",
      "#isRequested",
      "mapping.spec.internalPort === internalPort",
      "true",
    ],
    [
      "NAT-PMP responses of another protocol match",
      "#isRequested",
      "mapping.spec.protocol === protocol",
      "true",
    ],
    ["a late NAT-PMP grant confirms the deletion", "#isRequested", "!isLate", "true"],
    [
      "NAT-PMP mapping responses are accepted on the announcement port",
      "receive",
      'return "notAnnouncement"',
    ],
    ["a new NAT-PMP address reaches no mapping", "#learn", "if (hasChanged)"],
    ["after a restart the old NAT-PMP address stands", "#checkEpoch", "this.#isAddressOld = true"],
    ["an announcement does not end the silence", "#hear", "this.#options.heard()"],
    [
      "a NAT-PMP answer to the deletion before is taken",
      "#isOfPreviousDeletion",
      "mapping?.reusesNonce === true",
      "false",
    ],
  ],
  "natpmp_terms.ts": [
    [
      "NAT-PMP is spoken from public addresses",
      "hasNatPmpAddress",
      "clientAddress.isPrivate",
      "true",
    ],
    [
      "NAT-PMP results are taken for PCP's",
      "pcpResult",
      "PCP_RESULTS[natPmpResult]",
      "natPmpResult",
    ],
    [
      "NAT-PMP deletions suggest a port",
      "encodeNatPmpMapRequest",
      "isDeletion ? 0 : mapping.suggestedPort",
      "mapping.suggestedPort",
    ],
    [
      "NAT-PMP deletions have a lifetime",
      "encodeNatPmpMapRequest",
      "isDeletion ? 0 : mapping.lifetime",
      "mapping.lifetime",
    ],
  ],
  "server_list.ts": [
    ["each address gets five transmissions", "TRANSMISSIONS", "4", "5"],
    ["rounds are ten minutes apart", "ROUND", "900_000", "600_000"],
    [
      "a search begins where the last one ended",
      "next",
      "this.#hasAnswered && this.index !== 0",
      "false",
    ],
    ["the next round begins at once", "next", "if (this.index !== 0) return now", "return now"],
  ],
  "announce_request.ts": [
    [
      "ANNOUNCE is sent once",
      "takeDue",
      "this.deadline = now + this.#wait",
      "this.deadline = Infinity",
    ],
    ["ANNOUNCE is not held", "takeDue", "Math.max(heldUntil, this.#retryAfter)", "-Infinity"],
  ],
};

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  ...mutantsIn("src/engine", { ...ENGINE_MUTANTS, ...CHOICE_MUTANTS, ...LIFECYCLE_MUTANTS }),
  ...mutantsIn("src/igd", IGD_MUTANTS),
];

function mutantsIn(folder: string, byFile: MutantsByFile): Mutant[] {
  return Object.entries(byFile).flatMap(([file, mutants]) =>
    mutants.map(([name, within, from, to]) => ({
      name,
      file: `${folder}/${file}`,
      within,
      from,
      to,
    }))
  );
}
