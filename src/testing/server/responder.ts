import type { Endpoint } from "../../wire/address.ts";
import { HEADER_LENGTH, PCP_VERSION } from "../../wire/constants.ts";
import type { Request } from "../../wire/message.ts";
import { resultClass, ResultCode, resultName } from "../../wire/result_code.ts";
import { tally } from "./counters.ts";
import {
  clampLifetime,
  countViolation,
  type Decision,
  type Refusal,
  refuse,
  type ServerContext,
} from "./decision.ts";
import { decideMap } from "./map.ts";
import { answerNatPmp, natPmpVersionError } from "./natpmp.ts";
import { misreadPadding, validateOptions } from "./option_rules.ts";
import { decidePeer } from "./peer.ts";
import { errorReply, successReply } from "./replies.ts";
import { fixedLength, validateDatagram } from "./validation.ts";
import { violationsOf } from "./violations.ts";

/** Turns requests into the octets of their responses. */
export class Responder {
  #context: ServerContext;

  constructor(context: ServerContext) {
    this.#context = context;
  }

  /**
   * The response to a datagram, if it gets one.
   *
   * @param request The request in the datagram as the codec decodes it.
   */
  respond(
    now: number,
    bytes: Uint8Array,
    request: Request | undefined,
    source: Endpoint,
  ): Uint8Array | undefined {
    if (bytes[0] === 1) countViolation(this.#context, "versionOne");
    const validation = validateDatagram(bytes, source, this.#context.settings);
    switch (validation.kind) {
      case "drop":
        return this.#drop(validation.reason);
      case "natpmp":
        return this.#respondNatPmp(now, bytes, source);
      case "version":
        return this.#refuseVersion(now, bytes);
      case "refuse":
        return this.#refuse(now, bytes, refuse(validation.result), validation.parsed);
      case "accept":
        if (request !== undefined) return this.#respondValid(now, bytes, request, source);
        // The codec must decode every valid datagram; the refusal makes a contradiction visible.
        return this.#refuse(now, bytes, refuse(ResultCode.MalformedRequest), false);
    }
  }

  /** Lifetime of an error in seconds: the one given, or the settings' for the result code (RFC 6887 section 7.4). */
  errorLifetime(result: number, lifetime: number | undefined): number {
    const { shortErrorLifetime, longErrorLifetime, quirks } = this.#context.settings;
    const isLong = resultClass(result) === "long";
    if (isLong && quirks.zeroLongLifetimes) return 0;
    return lifetime ?? (isLong ? longErrorLifetime : shortErrorLifetime);
  }

  #respondValid(
    now: number,
    bytes: Uint8Array,
    request: Request,
    source: Endpoint,
  ): Uint8Array | undefined {
    const { counters, faultScript, settings } = this.#context;
    for (const violation of violationsOf(bytes, source.port)) {
      countViolation(this.#context, violation);
    }
    if (faultScript.takeSwallow(request.opcode)) return this.#drop("swallowed");
    const failure = faultScript.takeFailure(request.opcode);
    const decision = failure === undefined
      ? this.#decide(now, bytes, request, source)
      : refuse(failure.result, failure.lifetime);
    if (!decision.ok) return this.#refuse(now, bytes, decision, true);
    const { lifetime } = decision;
    const header = { result: ResultCode.Success, lifetime, epoch: this.#context.epoch(now) };
    const external = request.type === "announce" ? undefined : decision;
    const options = settings.quirks.echoOptions ? request.options : decision.options;
    const reply = successReply(bytes, header, external, options);
    if (reply === undefined) {
      // The response would be too long (RFC 6887 section 7.4, MALFORMED_REQUEST).
      return this.#refuse(now, bytes, refuse(ResultCode.MalformedRequest), true);
    }
    tally(counters.sent, "success");
    return reply;
  }

  #decide(now: number, bytes: Uint8Array, request: Request, source: Endpoint): Decision {
    const context = this.#context;
    const { settings } = context;
    const { announceLifetime, clientFamily, refusesPadding } = settings.quirks;
    const misread = refusesPadding && request.type !== "announce"
      ? misreadPadding(bytes, fixedLength(request.opcode))
      : undefined;
    if (misread !== undefined) return misread;
    const validation = validateOptions(request, source, settings, context.counters);
    if (!validation.ok) return validation;
    if (request.type === "other") return refuse(ResultCode.UnsuppOpcode);
    if (request.type === "announce") {
      return {
        ok: true,
        lifetime: announceLifetime ? clampLifetime(settings, request.lifetime) : 0,
        externalAddress: source.address,
        externalPort: 0,
        options: settings.prefix64,
      };
    }
    const { options } = validation;
    const { protocol, internalPort, externalAddress } = request;
    const internalAddress = options.thirdParty ?? source.address;
    const { family } = clientFamily ? internalAddress : externalAddress;
    const internal = { protocol, internalAddress, internalPort, family };
    const valid = { context, now, source, internal, options };
    return request.type === "map"
      ? decideMap({ ...valid, request })
      : decidePeer({ ...valid, request });
  }

  #refuse(now: number, bytes: Uint8Array, refusal: Refusal, parsed: boolean): Uint8Array {
    const reply = this.#errorReply(now, bytes, refusal, parsed);
    const { zeroVersionOnMalformed, bareOpcodeErrors } = this.#context.settings.quirks;
    if (zeroVersionOnMalformed && !parsed) reply.set([0, 0x80]);
    if (refusal.result !== ResultCode.UnsuppOpcode) return reply;
    if (bareOpcodeErrors === "headerOnly") return reply.slice(0, HEADER_LENGTH);
    return bareOpcodeErrors === "zeroed" ? reply.fill(0, HEADER_LENGTH) : reply;
  }

  /** RFC 6887 section 9, or RFC 6886 section 3.5 if the server speaks NAT-PMP only. */
  #refuseVersion(now: number, bytes: Uint8Array): Uint8Array {
    const { counters, settings } = this.#context;
    if (!settings.spoken.has("pcp")) {
      tally(counters.sent, "natpmpError");
      return natPmpVersionError(this.#context, now, bytes);
    }
    const { supportedVersion: version, versionErrorLength } = settings;
    const reply = this.#errorReply(now, bytes, refuse(ResultCode.UnsuppVersion), false, version);
    return reply.slice(0, versionErrorLength);
  }

  #errorReply(
    now: number,
    bytes: Uint8Array,
    refusal: Refusal,
    parsed: boolean,
    version = PCP_VERSION,
  ): Uint8Array {
    const { counters } = this.#context;
    const { result } = refusal;
    tally(counters.refused, resultName(result));
    tally(counters.sent, "error");
    const lifetime = this.errorLifetime(result, refusal.lifetime);
    return errorReply(
      bytes,
      { version, result, lifetime, epoch: this.#context.epoch(now) },
      parsed,
    );
  }

  #respondNatPmp(now: number, bytes: Uint8Array, source: Endpoint): Uint8Array | undefined {
    if (this.#context.faultScript.takeSwallow(bytes[1] ?? 0)) return this.#drop("swallowed");
    const reply = answerNatPmp(this.#context, now, bytes, source);
    if (reply === undefined) return undefined;
    const isSuccess = reply[2] === 0 && reply[3] === 0;
    tally(this.#context.counters.sent, isSuccess ? "natpmp" : "natpmpError");
    return reply;
  }

  #drop(reason: string): undefined {
    tally(this.#context.counters.dropped, reason);
  }
}
