import { IgdErrorCode, igdErrorMeaning, type KnownIgdError } from "../wire/igd/error_code.ts";
import { ResultCode } from "../wire/result_code.ts";
import type { Device } from "./device.ts";
import { isPublic } from "./external_address.ts";
import type { Outcome } from "./task.ts";

/** Why a mapping cannot be made, in the terms of PCP. */
export interface Refusal {
  readonly type: "refused";
  /** A result code of PCP (RFC 6887 section 7.4). */
  readonly result: number;
  /** The gateway's own number. */
  readonly upnpCode?: number | undefined;
  /** How long it holds, in seconds; as long as the result code holds in PCP if left out. */
  readonly hold?: number;
}

/** The end of a task that found nothing listening: the gateway is to be searched and described anew. */
export interface Gone {
  readonly type: "gone";
  /** Something listens, but knows no such URL. */
  readonly isUrlWrong?: boolean;
  /** Nothing listens: the gateway has restarted, or was stopped. */
  readonly isRefused?: boolean;
}

/** An outcome that is no success, by what is to be done. */
export type Problem =
  /** An error with a meaning of its own. */
  | { readonly type: "fault"; readonly meaning: KnownIgdError; readonly code: number }
  /** The connection was closed without an answer. */
  | { readonly type: "closed" }
  /** Something else than a result of the action, such as a page to log in. */
  | { readonly type: "page" }
  | Gone
  | Refusal;

/** Says what an outcome means that is no success. */
export function problemOf(outcome: Exclude<Outcome, { type: "success" }>): Problem {
  switch (outcome.type) {
    case "fault":
      return { type: "fault", meaning: igdErrorMeaning(outcome.code), code: outcome.code };
    case "closed":
    case "gone":
      return outcome;
    case "status":
      return problemOfStatus(outcome.status);
    case "response":
    case "unreadable":
      return { type: "page" };
  }
}

/** The end of attempts to make a port mapping, by the last error. */
export function mappingRefusal(device: Device, code: number): Refusal {
  const result = MAPPING_RESULTS.get(igdErrorMeaning(code)) ?? ResultCode.NoResources;
  // Without an address of the Internet some routers refuse every mapping, whatever is asked.
  const isOffline = igdErrorMeaning(code) === IgdErrorCode.ActionFailed &&
    !isPublic(device.external?.address);
  return {
    type: "refused",
    result: isOffline ? ResultCode.NetworkFailure : result,
    upnpCode: code,
  };
}

/** The end of an attempt to make a pinhole. */
export function pinholeRefusal(code: number): Refusal {
  const known = PINHOLE_RESULTS.get(igdErrorMeaning(code)) ?? ResultCode.NoResources;
  const result = code === IgdErrorCode.InvalidArgs ? ResultCode.MalformedRequest : known;
  return { type: "refused", result, upnpCode: code };
}

function problemOfStatus(status: number): Problem {
  if (status === 401 || status === 403) {
    return { type: "refused", result: ResultCode.NotAuthorized };
  }
  if (status === 404 || status === 405 || status === 410) return { type: "gone", isUrlWrong: true };
  if (REFUSED_REQUEST.has(status)) {
    return { type: "refused", result: ResultCode.MalformedRequest };
  }
  return { type: "page" };
}

/** The gateway closes the connection, again, for what it does not allow. */
export const CLOSED: Refusal = { type: "refused", result: ResultCode.NotAuthorized };

/** What no attempt can change. */
export const NOT_SPOKEN: Refusal = { type: "refused", result: ResultCode.UnsuppOpcode };

/** The router dislikes the request as such. */
const REFUSED_REQUEST: ReadonlySet<number> = new Set([400, 411, 412, 415, 501]);

const MAPPING_RESULTS: ReadonlyMap<KnownIgdError, number> = new Map<KnownIgdError, number>([
  [IgdErrorCode.ConflictInMappingEntry, ResultCode.CannotProvideExternal],
  [IgdErrorCode.ConflictWithOtherMechanisms, ResultCode.CannotProvideExternal],
  [IgdErrorCode.SamePortValuesRequired, ResultCode.CannotProvideExternal],
  [IgdErrorCode.ExternalPortOnlySupportsWildcard, ResultCode.CannotProvideExternal],
  [IgdErrorCode.NotAuthorized, ResultCode.NotAuthorized],
  [IgdErrorCode.NotAvailable, ResultCode.NotAuthorized],
  [IgdErrorCode.InvalidAction, ResultCode.UnsuppOpcode],
  [IgdErrorCode.WildcardNotPermittedInSrcIpOfMapping, ResultCode.MalformedRequest],
  [IgdErrorCode.WildcardNotPermittedInExtPort, ResultCode.MalformedRequest],
  [IgdErrorCode.RemoteHostOnlySupportsWildcard, ResultCode.MalformedRequest],
  [IgdErrorCode.WildcardNotPermittedInIntPort, ResultCode.MalformedRequest],
]);

const PINHOLE_RESULTS: ReadonlyMap<KnownIgdError, number> = new Map<KnownIgdError, number>([
  [IgdErrorCode.NotAuthorized, ResultCode.NotAuthorized],
  [IgdErrorCode.NotAvailable, ResultCode.NotAuthorized],
  [IgdErrorCode.InboundPinholeNotAllowed, ResultCode.NotAuthorized],
  [IgdErrorCode.ProtocolNotSupported, ResultCode.UnsuppProtocol],
  [IgdErrorCode.ProtocolWildcardingNotAllowed, ResultCode.UnsuppProtocol],
  [IgdErrorCode.InternalPortWildcardingNotAllowed, ResultCode.MalformedRequest],
  [IgdErrorCode.WildcardNotPermittedInSrcIp, ResultCode.MalformedRequest],
  [IgdErrorCode.InvalidAction, ResultCode.UnsuppOpcode],
]);
