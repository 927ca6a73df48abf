/**
 * Ways to break the engine, each a textual change of one file that fits exactly once. `deno task mutants` applies them one
 * at a time to a copy, and fails if the tests do not notice.
 */

import { type ChangesByFile, MAPPING_MUTANTS } from "./mapping_list.ts";

/** One way to break it. */
export interface Mutant {
  readonly name: string;
  /** A file of src/engine/. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const LIST: ChangesByFile = {
  "epoch.ts": [
    ["the first epoch is a restart", "=== undefined) return true;", "=== undefined) return false;"],
    ["backwards by one second is a restart", "previous.server - 1)", "previous.server)"],
    ["backwards by two seconds is none", "previous.server - 1)", "previous.server - 2)"],
    ["the server may run ahead by 3 s", "client + 2 < server", "client + 3 < server"],
    ["the server may run ahead by less than 2 s", "client + 2 < server", "client + 2 <= server"],
    ["the server may not drift ahead", "Math.trunc(server / 16)", "0"],
    ["drift ahead is rounded up", "Math.trunc(server / 16)", "Math.ceil(server / 16)"],
    ["the server may fall behind by 3 s", "server + 2 < client", "server + 3 < client"],
    ["the server may fall behind by less than 2 s", "server + 2 < client", "server + 2 <= client"],
    ["the server may not drift behind", "Math.trunc(client / 16)", "0"],
  ],
  "server_state.ts": [
    [
      "an invalid epoch is not stored",
      "if (!valid) this.generation++;",
      "if (!valid) { this.generation++; this.#epoch = before; }",
    ],
    ["a restart changes no generation", "if (!valid) this.generation++;", ""],
    ["epochs of two addresses are compared", "    this.#epoch = undefined;\n", ""],
    [
      "holds go along to the next address",
      "this.#holdNewUntil = this.#holdAllUntil = this.#holdVersionUntil = -Infinity;",
      "",
    ],
    [
      "a version error holds as long as it says",
      "return Math.min(hold, this.#config.maximumLongHold);",
      "return hold;",
    ],
    ["a version error holds nothing back", "this.#holdVersionUntil = until;", ""],
    [
      "a version error holds back what is alive",
      "outlasts ? -Infinity : this.#holdVersionUntil",
      "this.#holdVersionUntil",
    ],
    [
      "NO_RESOURCES holds up nothing new",
      "isNew ? this.#holdNewUntil : -Infinity",
      "-Infinity",
    ],
    [
      "NO_RESOURCES holds up renewals",
      "isNew ? this.#holdNewUntil : -Infinity",
      "this.#holdNewUntil",
    ],
  ],
  "engine.ts": [
    ["any source port will do", "source.port !== port || ", ""],
    ["any source address will do", " || !source.address.equals(address)", ""],
    [
      "mappings may come on the announcement port",
      '    if (multicast && !isAnnouncement) return "notAnnouncement";\n',
      "",
    ],
    [
      "the epoch is checked before the match",
      "    const mapping = this.#mappings.answeredBy(answer);\n",
      "    this.#state.checkEpoch(now, answer.epoch);\n    const mapping = this.#mappings.answeredBy(answer);\n",
    ],
    [
      "errors carry no epoch",
      "    if (!this.#state.checkEpoch(now, answer.epoch)) {",
      "    if (answer.result === 0 && !this.#state.checkEpoch(now, answer.epoch)) {",
    ],
    [
      "a restart told by an answer recovers nothing",
      "this.#recovery.arrange(now, 0);\n      this.#world.outputs",
      "this.#world.outputs",
    ],
    [
      "malformed options never matter",
      "answer.optionFault !== undefined && needsOptionData(mapping.spec)",
      "false",
    ],
    [
      "an unsolicited announcement may be an error",
      '    if (result !== ResultCode.Success && !asked) return "notAnnouncement";\n',
      "",
    ],
    [
      "recovery after an announcement does not wait",
      "this.#recovery.arrange(now, this.#random() * this.#config.announceWait);",
      "this.#recovery.arrange(now, 0);",
    ],
    [
      "recovery after an announcement waits up to 10 s",
      "this.#recovery.arrange(now, this.#random() * this.#config.announceWait);",
      "this.#recovery.arrange(now, this.#random() * 10_000);",
    ],
    [
      "NAT-PMP recovery does not wait",
      "this.#recovery.arrange(this.#now, this.#random() * this.#config.announceWait);",
      "this.#recovery.arrange(this.#now, 0);",
    ],
    ["recovery is a burst", "      this.#pacer.slowDown();\n", ""],
    [
      "recovery asks for what was just granted, too",
      'mapping.generation !== this.#state.generation || mapping.phase === "starting"',
      "true",
    ],
    [
      "holds are not looked at",
      "const until = this.#state.heldUntil(mapping);",
      "const until = -Infinity;",
    ],
    [
      "what was refused is forgotten with its mapping",
      "this.#memory.hold(requestKey(mapping.spec), mapping.holdUntil, now);",
      "",
    ],
    ["a new mapping has a new nonce, whatever went before", " ?? remains?.nonce;", ";"],
    [
      "an address that was left can be left again",
      "    if (index !== this.#servers.index) return; // it was left already\n",
      "",
    ],
  ],
  "version_negotiation.ts": [
    [
      "UNSUPP_VERSION counts when nothing is asked",
      '  if (awaiting.length === 0 && !probe.isUnderWay) return "stale";\n',
      "",
    ],
    [
      "n version errors are n times n requests",
      "mapping.awaiting && !mapping.natPmp",
      "mapping.awaiting",
    ],
    [
      "NAT-PMP is asked for what it cannot do",
      "if (fallsBack && isNatPmpPossible(mapping.spec, world.clientAddress)) {",
      "if (fallsBack) {",
    ],
    [
      "a NAT-PMP server is held like one of another version",
      "  else state.holdVersion(now + hold);",
      "  state.holdVersion(now + hold);",
    ],
    ["an ANNOUNCE goes on after a version error", "    probe.stop();\n", ""],
  ],
  ...MAPPING_MUTANTS,
  "retransmission.ts": [
    ["waits are not random", "(0.9 + 0.2 * random())", "1"],
    ["waits are never longer than nominal", "(0.9 + 0.2 * random())", "(0.9 + 0.1 * random())"],
    ["waits do not double", "Math.min(2 * previous, cap)", "Math.min(previous, cap)"],
    ["waits treble", "Math.min(2 * previous, cap)", "Math.min(3 * previous, cap)"],
    ["waits are not capped", "Math.min(2 * previous, cap)", "2 * previous"],
    [
      "the second wait is as long as the first",
      "previous === 0 ? config.initialRetransmission :",
      "previous < 4_000 ? config.initialRetransmission :",
    ],
  ],
  "config.ts": [
    ["the first wait is 2 s", "initialRetransmission: 3_000,", "initialRetransmission: 2_000,"],
    [
      "the longest wait is 850 s",
      "maximumRetransmission: 1_024_000,",
      "maximumRetransmission: 850_000,",
    ],
    ["renewals keep 3 s apart", "renewalGap: 4_000,", "renewalGap: 3_000,"],
    [
      "lifetimes are limited to two days",
      "maximumLifetime: 86_400_000,",
      "maximumLifetime: 172_800_000,",
    ],
    ["rounds of recovery are 20 s apart", "recoveryInterval: 60_000,", "recoveryInterval: 20_000,"],
    ["an error with lifetime 0 holds 3 s", "minimumShortHold: 30_000,", "minimumShortHold: 3_000,"],
    ["the longest hold is an hour", "maximumLongHold: 1_800_000,", "maximumLongHold: 3_600_000,"],
    ["nonce and port are kept for a minute", "reuseTime: 120_000,", "reuseTime: 60_000,"],
    ["the first burst is 320", "initialWindow: 32,", "initialWindow: 320,"],
  ],
  "renewal.ts": [
    ["renewals are not spread", "random() * remaining / 4", "0"],
    ["the windows are twice as long", "random() * remaining / 4", "random() * remaining / 2"],
    [
      "the first window is the second",
      "let remaining = 2 ** -attempt;",
      "let remaining = 2 ** -attempt / 2;",
    ],
    [
      "renewals may be closer than 4 s",
      "Math.max(bunched, previousAt + config.renewalGap)",
      "bunched",
    ],
    [
      "bunches leave their window",
      "return next <= begin + width ? next : next - step;",
      "return next;",
    ],
    ["each renewal wakes this host up", "if (widest <= 0) return at;", "return at;"],
    ["missed windows are made up for", "for (; remaining > left; remaining /= 2) attempt++;", ""],
    [
      "the last renewal comes after the end",
      "return at < grantedAt + lifetime ?",
      "return at < grantedAt + 2 * lifetime ?",
    ],
  ],
  "error_hold.ts": [
    ["error lifetime 0 means at once", "if (lifetime > 0)", "if (lifetime >= 0)"],
    [
      "error lifetimes are not limited",
      "Math.min(lifetime * 1000, config.maximumLifetime)",
      "lifetime * 1000",
    ],
    ["holds do not double", "config.minimumLongHold * 2 ** refusals", "config.minimumLongHold"],
    [
      "holds double without end",
      "Math.min(config.minimumLongHold * 2 ** refusals, config.maximumLongHold)",
      "config.minimumLongHold * 2 ** refusals",
    ],
  ],
  "recovery_schedule.ts": [
    ["rounds are not limited", "#rounds = 2;", "#rounds = 1e9;"],
    ["a second reason begins a second round", "    if (this.deadline !== Infinity) return;\n", ""],
    ["rounds never come back", "this.#rounds = Math.min(2, this.#rounds + refill);", ""],
  ],
  "late_answers.ts": [
    [
      "the last update is the true one",
      "until - expiresAt < SAME_END ? -Infinity : until",
      "-Infinity",
    ],
    [
      "the second copy of an update makes forget what it shortened",
      "Math.max(m.heldByServerUntil, granted)",
      "granted",
    ],
    [
      "what was asked before the last request stays in doubt",
      "  if (isAnswer) return -Infinity; // to all that was asked before, too\n",
      "",
    ],
    ["every answer is one to the last request", "lifetime >= before.lifetime", "lifetime > 0"],
  ],
  "pacer.ts": [
    ["a small window lets one more leave", "Math.max(1, window >> 2)", "window >> 2"],
    [
      "everything leaves at once",
      "if (this.#isFull) return undefined;",
      "",
    ],
    [
      "the window never grows",
      "this.#window = Math.min(this.#config.maximumWindow, this.#window + 1);",
      "",
    ],
    [
      "the window never shrinks",
      "if (repeated) this.#window = Math.max(this.#config.minimumWindow, this.#window / 2);",
      "",
    ],
    ["repeated requests measure the round trip", "    if (!clean) return;\n", ""],
  ],
  "response_match.ts": [
    ["answers of another protocol fit", "response.protocol !== spec.protocol ||", ""],
    [
      "answers of another port fit",
      "    response.internalPort !== spec.internalPort\n",
      "    false\n",
    ],
    [
      "answers of another remote port fit",
      "    if (response.remotePort !== spec.remotePort) return false;\n",
      "",
    ],
    [
      "answers of another remote address fit",
      " || !response.remoteAddress.equals(spec.remoteAddress)",
      "",
    ],
    ["answers for another third party fit", "echoed.equals(requested)", "true"],
  ],
  "mapping_spec.ts": [
    ["a deletion carries all options", "optionRules(option).inDeletion", "true"],
    ["a deletion carries no options", "optionRules(option).inDeletion", "false"],
  ],
  "check_spec.ts": [
    [
      "this host may be its own third party",
      'option.type === "thirdParty" && option.address.equals(clientAddress)',
      "false",
    ],
    ["FILTER may stand on PEER", 'mapOnly && spec.opcode === "peer"', "false"],
    [
      "requests may have 1100 octets",
      "const LARGEST_REQUEST = 1024;",
      "const LARGEST_REQUEST = 1100;",
    ],
  ],
  "mapping_request.ts": [
    [
      "deletions suggest a port",
      "externalPort = deleting ? 0 : m.suggestedPort;",
      "externalPort = m.suggestedPort;",
    ],
    [
      "deletions suggest an address",
      "deleting ? IpAddress.any(m.suggestedAddress.family) : m.suggestedAddress",
      "m.suggestedAddress",
    ],
    [
      "deletions are of one family",
      "IpAddress.any(m.suggestedAddress.family)",
      'IpAddress.any("IPv4")',
    ],
    [
      "deletions have a lifetime",
      "lifetime = deleting ? 0 : m.lifetime;",
      "lifetime = m.lifetime;",
    ],
  ],
  "memory.ts": [
    ["holds are forgotten", "    this.#holds.set(key, until);\n", ""],
    ["leftovers never age", "remains.until > now ? remains", "true ? remains"],
  ],
  "natpmp.ts": [
    ["the first wait is 300 ms", "const FIRST_WAIT = 250;", "const FIRST_WAIT = 300;"],
    ["NAT-PMP requests leave eight times", "const TRANSMISSIONS = 9;", "const TRANSMISSIONS = 8;"],
    [
      "NAT-PMP waits do not double",
      "FIRST_WAIT * 2 ** this.#transmissions++",
      "FIRST_WAIT + this.#transmissions++",
    ],
    [
      "NAT-PMP requests leave side by side",
      "    if (this.#current !== undefined) return;\n    this.#current",
      "    this.#current",
    ],
    ["the NAT-PMP epoch may lag by half", "7 / 8 * (now / 1000", "1 / 2 * (now / 1000"],
    [
      "the NAT-PMP epoch may lag by 3 s",
      "if (epoch >= expected - 2) return;",
      "if (epoch >= expected - 3) return;",
    ],
    [
      "the NAT-PMP epoch may not lag",
      "if (epoch >= expected - 2) return;",
      "if (epoch >= expected) return;",
    ],
    [
      "the epoch of a version error is not looked at",
      "if (this.isInUse && epoch > 0)",
      "if (false)",
    ],
    [
      "NAT-PMP deletions suggest a port",
      "externalPort: deleting ? 0 : mapping.suggestedPort,",
      "externalPort: mapping.suggestedPort,",
    ],
    [
      "NAT-PMP deletions have a lifetime",
      "lifetime: deleting ? 0 : mapping.lifetime,",
      "lifetime: mapping.lifetime,",
    ],
    ["NAT-PMP answers of another port fit", "mapping.spec.internalPort === internalPort;", "true;"],
    ["NAT-PMP answers of another protocol fit", "mapping.spec.protocol === protocol &&", ""],
    ["a late NAT-PMP grant confirms the deletion", "return !isLate && ", "return "],
    [
      "NAT-PMP mappings may come on the announcement port",
      'if (multicast && response.type !== "externalAddress") return "notAnnouncement";',
      "",
    ],
    ["a new NAT-PMP address is not told", "if (changed) this.#options.readdressed(address);", ""],
    ["after a restart the old NAT-PMP address stands", "    this.#isAddressOld = true;\n", ""],
    [
      "an announcement does not end the silence",
      "if (this.#gaveUp && !asked) this.#options.heard();",
      "",
    ],
  ],
  "natpmp_terms.ts": [
    [
      "NAT-PMP is spoken from public addresses",
      "if (!clientAddress.isPrivate && !clientAddress.isLoopback) return false;",
      "",
    ],
    [
      "NAT-PMP errors are taken by PCP's numbers",
      "PCP_RESULTS[natPmpResult] ?? ResultCode.MalformedRequest",
      "natPmpResult",
    ],
  ],
  "server_list.ts": [
    ["each address is asked five times", "const TRANSMISSIONS = 4;", "const TRANSMISSIONS = 5;"],
    [
      "rounds are ten minutes apart",
      "const ROUND: Milliseconds = 900_000;",
      "const ROUND: Milliseconds = 600_000;",
    ],
    [
      "a search begins where the last one ended",
      "const startOver = this.#answeredHere && this.index !== 0;",
      "const startOver = false;",
    ],
    ["the next round begins at once", "if (this.index !== 0) return now;", "return now;"],
  ],
  "announce_request.ts": [
    [
      "ANNOUNCE is sent once",
      "    this.deadline = now + this.#wait;\n",
      "    this.deadline = Infinity;\n",
    ],
    [
      "ANNOUNCE is not held",
      "const until = Math.max(heldUntil, this.#holdUntil);",
      "const until = -Infinity;",
    ],
  ],
  "succession.ts": [
    [
      "a mapping does not wait for the deletion before it",
      "const before = this.#deleting.get(key);",
      "const before = undefined as Mapping | undefined;",
    ],
    ["nothing is left behind", "if (heirs.length === 0) this.#memory.keep(key, mapping, now);", ""],
  ],
};

/** All of them. */
export const MUTANTS: readonly Mutant[] = Object.entries(LIST).flatMap(([file, changes]) =>
  changes.map(([name, from, to]) => ({ name, file: `src/engine/${file}`, from, to }))
);
