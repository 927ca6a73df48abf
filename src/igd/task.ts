import type { IgdRequest } from "../wire/igd/action.ts";
import type { HttpResponse } from "../wire/igd/http_message.ts";
import type { SoapValues } from "../wire/igd/soap.ts";
import type { Service } from "./device.ts";
import type { Location } from "./location.ts";

/**
 * A sequence of exchanges, written as a generator: it yields what is to be asked, and is resumed with the outcome. So it reads
 * from top to bottom, without sockets or callbacks.
 */
export type Task<Result> = Generator<Ask, Result, Outcome>;

/** A question to the gateway. */
export type Ask =
  /** For a description. */
  | { readonly type: "description"; readonly location: Location }
  /** To carry out an action. */
  | { readonly type: "action"; readonly service: Service; readonly request: IgdRequest };

/** The outcome of a question, after a repetition if one may help. */
export type Outcome =
  /** The response to the question for a description. */
  | { readonly type: "response"; readonly response: HttpResponse }
  /** The action was carried out. */
  | { readonly type: "success"; readonly values: SoapValues }
  /** The action was refused, with a number of {@linkcode IgdErrorCode} or another one. */
  | { readonly type: "fault"; readonly code: number }
  /** An HTTP status without a readable result of the action. */
  | { readonly type: "status"; readonly status: number }
  /** The connection was closed before a whole response. */
  | { readonly type: "closed" }
  /** Nothing listens at the port, or no answer came in time. */
  | { readonly type: "gone"; readonly isRefused: boolean }
  /** The response is longer than allowed, or cannot be read. */
  | { readonly type: "unreadable" };

/** Asks for an action. */
export function* call(service: Service, request: IgdRequest): Task<Outcome> {
  return yield { type: "action", service, request };
}
