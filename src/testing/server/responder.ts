import type { Endpoint } from "../../wire/address.ts";
import type { Request } from "../../wire/message.ts";
import { resultClass, ResultCode, resultName } from "../../wire/result_code.ts";
import { tally } from "./counters.ts";
import { type Answer, clampLifetime, type Context, countViolation, refuse } from "./decision.ts";
import { answerMap } from "./map.ts";
import { answerNatPmp, natPmpVersionError } from "./natpmp.ts";
import { validateOptions } from "./option_rules.ts";
import { answerPeer } from "./peer.ts";
import { errorReply, successReply } from "./replies.ts";
import type { FaultScript } from "./fault_script.ts";
import { validateDatagram } from "./validation.ts";
import { violationsOf } from "./violations.ts";

type Refusal = Extract<Answer, { readonly ok: false }>;

/** Turns each request into the octets of its answer. */
export class Responder {
  #context: Context;
  #script: FaultScript;
  #epoch: (now: number) => number;

  constructor(context: Context, script: FaultScript, epoch: (now: number) => number) {
    this.#context = context;
    this.#script = script;
    this.#epoch = epoch;
  }

  /**
   * The answer to a datagram, if there is one.
   *
   * @param request What the codec reads in the datagram.
   */
  answer(
    now: number,
    bytes: Uint8Array,
    request: Request | undefined,
    source: Endpoint,
  ): Uint8Array | undefined {
    if (bytes[0] === 1) countViolation(this.#context, "versionOne");
    const verdict = validateDatagram(bytes, source, this.#context.settings);
    switch (verdict.kind) {
      case "drop":
        return this.#drop(verdict.reason);
      case "natpmp":
        return this.#answerNatPmp(now, bytes, source);
      case "version":
        return this.#refuseVersion(now, bytes);
      case "refuse":
        return this.#refuse(now, bytes, refuse(verdict.result), verdict.parsed);
      case "accept": {
        // The codec must read what the judge lets pass; if not, one of them is at fault and the refusal shows it.
        const malformed = refuse(ResultCode.MalformedRequest);
        if (request === undefined) return this.#refuse(now, bytes, malformed, false);
        return this.#obey(now, bytes, request, source);
      }
    }
  }

  /** Lifetime in seconds of an error: as told, or usual for its code (RFC 6887 section 7.4). */
  errorLifetime(result: number, told: number | undefined): number {
    const { shortErrorLifetime, longErrorLifetime, quirks } = this.#context.settings;
    const long = resultClass(result) === "long";
    if (long && quirks.zeroLongLifetimes) return 0;
    return told ?? (long ? longErrorLifetime : shortErrorLifetime);
  }

  #obey(
    now: number,
    bytes: Uint8Array,
    request: Request,
    source: Endpoint,
  ): Uint8Array | undefined {
    const { counters, settings } = this.#context;
    for (const violation of violationsOf(bytes, source.port)) {
      countViolation(this.#context, violation);
    }
    if (this.#script.swallows(request.opcode)) return this.#drop("swallowed");
    const failure = this.#script.failure(request.opcode);
    if (failure !== undefined) {
      return this.#refuse(now, bytes, refuse(failure.result, failure.lifetime), true);
    }
    const answer = this.#decide(now, request, source);
    if (!answer.ok) return this.#refuse(now, bytes, answer, true);
    const { lifetime } = answer;
    const header = { result: ResultCode.Success, lifetime, epoch: this.#epoch(now) };
    const external = request.type === "announce" ? undefined : answer;
    const options = settings.quirks.echoOptions ? request.options : answer.options;
    const reply = successReply(bytes, header, external, options);
    if (reply === undefined) {
      // The answer would be too long to be sent (RFC 6887 section 7.4, MALFORMED_REQUEST).
      return this.#refuse(now, bytes, refuse(ResultCode.MalformedRequest), true);
    }
    tally(counters.sent, "success");
    return reply;
  }

  #decide(now: number, request: Request, source: Endpoint): Answer {
    const context = this.#context;
    const { settings } = context;
    const verdict = validateOptions(
      request,
      source,
      settings,
      (each) => countViolation(context, each),
    );
    if (!verdict.ok) return refuse(verdict.result);
    switch (request.type) {
      case "map":
        return answerMap(context, now, request, source, verdict.asked);
      case "peer":
        return answerPeer(context, now, request, source, verdict.asked);
      case "announce":
        return {
          ok: true,
          lifetime: settings.quirks.announceLifetime
            ? clampLifetime(settings, request.lifetime)
            : 0,
          externalAddress: source.address,
          externalPort: 0,
          options: settings.prefix64,
        };
      case "other":
        return refuse(ResultCode.UnsuppOpcode);
    }
  }

  #refuse(now: number, bytes: Uint8Array, refusal: Refusal, parsed: boolean): Uint8Array {
    const { counters, settings } = this.#context;
    const { result } = refusal;
    tally(counters.refused, resultName(result));
    tally(counters.sent, "error");
    const lifetime = this.errorLifetime(result, refusal.lifetime);
    const reply = errorReply(bytes, { result, lifetime, epoch: this.#epoch(now) }, parsed);
    if (settings.quirks.zeroVersionOnMalformed && !parsed) reply.set([0, 0x80]);
    return reply;
  }

  /** RFC 6887 section 9, or RFC 6886 section 3.5 where NAT-PMP is all that is spoken. */
  #refuseVersion(now: number, bytes: Uint8Array): Uint8Array {
    const { counters, settings } = this.#context;
    if (settings.natPmpOnly) {
      tally(counters.sent, "natpmpError");
      return natPmpVersionError(this.#context, this.#epoch(now), bytes);
    }
    const result = ResultCode.UnsuppVersion;
    tally(counters.refused, resultName(result));
    tally(counters.sent, "error");
    const lifetime = this.errorLifetime(result, undefined);
    const header = {
      version: settings.supportedVersion,
      result,
      lifetime,
      epoch: this.#epoch(now),
    };
    return errorReply(bytes, header, false).slice(0, settings.versionErrorLength);
  }

  #answerNatPmp(now: number, bytes: Uint8Array, source: Endpoint): Uint8Array | undefined {
    if (this.#script.swallows(bytes[1] ?? 0)) return this.#drop("swallowed");
    const scripted = (opcode: number) => this.#script.failure(opcode)?.result;
    const reply = answerNatPmp(this.#context, now, this.#epoch(now), bytes, source, scripted);
    if (reply === undefined) return undefined;
    const success = reply[2] === 0 && reply[3] === 0;
    tally(this.#context.counters.sent, success ? "natpmp" : "natpmpError");
    return reply;
  }

  #drop(reason: string): undefined {
    tally(this.#context.counters.dropped, reason);
  }
}
