import { NATPMP_VERSION } from "../wire/constants.ts";
import { decodeResponse, type Response, responseFault } from "../wire/message.ts";
import type { MappingResponse } from "../wire/message_type.ts";
import { ResultCode } from "../wire/result_code.ts";
import type { AnnounceRequest } from "./announce_request.ts";
import { bareRefusal, bareRefusalOwner } from "./bare_refusal.ts";
import { errorHold } from "./error_hold.ts";
import type { IgnoreReason, Input, Milliseconds } from "./events.ts";
import * as lifecycle from "./lifecycle.ts";
import type { Mapping } from "./mapping.ts";
import type { MappingContext } from "./mapping_context.ts";
import type { Mappings } from "./mappings.ts";
import { noteOtherSource } from "./other_source.ts";
import type { Pacer } from "./pacer.ts";
import type { ProtocolChoice } from "./protocol_choice.ts";
import type { RecoverySchedule } from "./recovery_schedule.ts";
import type { RequestHolds } from "./request_holds.ts";
import { needsOptionData } from "./response_match.ts";
import type { ServerList } from "./server_list.ts";
import { isMappingResponse, nonceWord, prefixesOnly, wantedOptions } from "./wanted_options.ts";

/** What a {@linkcode Reception} passes datagrams to. */
export interface ReceptionOptions {
  readonly context: MappingContext;
  readonly mappings: Mappings;
  readonly servers: ServerList;
  readonly pacer: Pacer<Mapping>;
  readonly holds: RequestHolds;
  readonly recovery: RecoverySchedule;
  readonly announceRequest: AnnounceRequest;
  readonly choice: ProtocolChoice;
}

/**
 * Checks datagrams in the order of RFC 6887 section 8.3. One that fails a check changes nothing. Source, opcode and nonce come
 * first, and only those options are decoded that can matter: a flood must be cheap to refuse.
 */
export class Reception {
  readonly #options: ReceptionOptions;

  constructor(options: ReceptionOptions) {
    this.#options = options;
  }

  /** Takes a datagram; returns why it changed nothing, if so. */
  receive(now: Milliseconds, datagram: Input & { type: "datagram" }): IgnoreReason | undefined {
    const { choice, mappings, servers } = this.#options;
    const { bytes, source, multicast, isOnOldSocket = false } = datagram;
    const { address, port } = servers.current;
    if (source.port !== port || !source.address.equals(address)) {
      noteOtherSource(choice.knowledge, mappings, bytes, source, port);
      return "source";
    }
    if (bytes[0] === NATPMP_VERSION) {
      return isOnOldSocket ? "stale" : choice.receiveVersion0(now, bytes, multicast);
    }
    if (isMappingResponse(bytes)) return this.#mappingResponse(now, bytes, multicast);
    const decoded = decodeResponse(bytes, prefixesOnly);
    if (!decoded.ok) return decoded.reason;
    const response = decoded.value;
    const { type, result, version, lifetime } = response;
    const isAnnouncement = type === "announce" && result === ResultCode.Success;
    if (multicast && !isAnnouncement) return "notAnnouncement";
    if (result === ResultCode.UnsuppVersion) {
      return isOnOldSocket ? "stale" : choice.versionRefused(now, { version, lifetime });
    }
    if (type !== "announce") return "unexpectedOpcode";
    return this.#receiveAnnounce(now, response, multicast);
  }

  #mappingResponse(
    now: Milliseconds,
    bytes: Uint8Array,
    multicast: boolean,
  ): IgnoreReason | undefined {
    const { mappings } = this.#options;
    const fault = responseFault(bytes);
    if (multicast) return fault ?? "notAnnouncement";
    const candidates = fault === undefined ? mappings.withNonceWord(nonceWord(bytes)) : undefined;
    if (candidates === undefined) {
      const mapping = bareRefusalOwner(bytes, mappings);
      return mapping === undefined ? fault ?? "unmatched" : this.#refuseBarely(now, mapping, bytes);
    }
    const decoded = decodeResponse(bytes, wantedOptions(candidates));
    if (!decoded.ok) return decoded.reason;
    const { value } = decoded;
    const isOfMapping = value.type === "map" || value.type === "peer";
    return isOfMapping ? this.#receiveMapping(now, value) : "unexpectedOpcode";
  }

  /** Its epoch is not believed, as it has no nonce. */
  #refuseBarely(now: Milliseconds, mapping: Mapping, bytes: Uint8Array): IgnoreReason | undefined {
    const { context, servers, choice, pacer } = this.#options;
    servers.answered();
    choice.pcpAnswered(now);
    pacer.release(mapping);
    const { maximumLongHold } = context.config;
    return this.#pass(now, mapping, bareRefusal(bytes, mapping, maximumLongHold));
  }

  #receiveMapping(now: Milliseconds, response: MappingResponse): IgnoreReason | undefined {
    const { context, mappings, servers, recovery, choice, pacer } = this.#options;
    const mapping = mappings.matching(response);
    if (mapping === undefined) return "unmatched";
    if (response.optionFault !== undefined && needsOptionData(mapping)) return "malformedOptions";
    servers.answered();
    if (!context.server.checkEpoch(now, response.epoch)) {
      // The round leaves out what this response grants: all other mappings may be lost.
      recovery.schedule(now, 0);
      context.outputs.push({ type: "serverRestarted", epoch: response.epoch });
    }
    const isGrant = response.result === ResultCode.Success && response.lifetime > 0;
    choice.pcpAnswered(now, isGrant ? response.lifetime * 1000 : undefined);
    const { exchange } = mapping;
    if (exchange?.responsePending) {
      pacer.answered(mapping, exchange.lastSentAt, now, exchange.transmissions === 1);
    }
    return this.#pass(now, mapping, response);
  }

  /** Passes the response to its mapping. What the server refused outlasts that. */
  #pass(
    now: Milliseconds,
    mapping: Mapping,
    response: MappingResponse,
  ): IgnoreReason | undefined {
    const { context, mappings, holds } = this.#options;
    const { refusal, leavesOut } = mapping;
    const ignored = lifecycle.receive(context, mapping, response);
    mappings.afterChange(mapping);
    if (mapping.refusal !== refusal) holds.set(mapping.spec, mapping.retryAfter, now);
    if (mapping.leavesOut !== leavesOut) {
      const hold = errorHold(response.result, response.lifetime, 0, context.config);
      holds.leaveOut(mapping.spec, now + hold);
    }
    if (ignored === undefined && response.options.length > 0) this.#emitPrefixes(response);
    return ignored;
  }

  #receiveAnnounce(
    now: Milliseconds,
    response: Response,
    multicast: boolean,
  ): IgnoreReason | undefined {
    const { context, servers, recovery, choice, announceRequest } = this.#options;
    const { random, outputs, server, config } = context;
    const { result, epoch } = response;
    const isWanted = announceRequest.isUnderWay;
    const isRequested = isWanted || choice.awaitsAnnounce;
    if (result !== ResultCode.Success && !isRequested) return "notAnnouncement";
    servers.answered();
    const isFirst = server.epoch === undefined;
    const restarted = !server.checkEpoch(now, epoch);
    if (restarted) outputs.push({ type: "serverRestarted", epoch });
    this.#emitPrefixes(response);
    // The first announcement ends a silence, in which the next repetition of a request may be far away.
    if (restarted || (isFirst && !isRequested)) {
      recovery.schedule(now, random() * config.announceWait);
    }
    if (isRequested && !multicast) choice.announceAnswered(now, response);
    if (isWanted) outputs.push(announceRequest.receive(now, response));
    return undefined;
  }

  /** A response has all NAT64 prefixes of the server, requested or not (RFC 7225 section 4.3). */
  #emitPrefixes({ options }: Response): void {
    const prefixes = options.filter((option) => option.type === "prefix64");
    if (prefixes.length > 0) this.#options.context.outputs.push({ type: "prefix64", prefixes });
  }
}
