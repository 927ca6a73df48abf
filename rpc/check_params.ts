import { printable } from "../src/printable.ts";
import { ErrorCode } from "./error_codes.ts";
import { kindFaults } from "./mapping_request.ts";
import { PARAM_CHECKS } from "./param_checks.ts";
import { type Fault, RpcError } from "./rpc_error.ts";
import type { Method, Requests } from "./types.ts";
import { faultsOf, MOST_FAULTS } from "./value_check.ts";

/**
 * Checks the params of a request.
 *
 * @throws {RpcError} -32602 with every fault in `data`.
 */
export function checkParams<M extends Method>(method: M, params: unknown): Requests[M]["params"] {
  if (Array.isArray(params)) {
    throw invalidParams(method, [{ path: [], message: "Must be given by name, in an object" }]);
  }
  const given = params ?? {};
  const faults = [
    ...faultsOf(given, PARAM_CHECKS[method]),
    ...(method === "mapping/request" ? kindFaults({ ...given }) : []),
  ];
  if (faults.length > 0) throw invalidParams(method, faults.slice(0, MOST_FAULTS));
  return given as Requests[M]["params"];
}

/** The error -32602. */
export function invalidParams(method: string, faults: readonly Fault[]): RpcError {
  const sentences = faults.slice(0, MOST_SENTENCES).map(({ path, message }) =>
    [path.join("."), message].filter(Boolean).join(": ")
  );
  if (faults.length > MOST_SENTENCES) sentences.push("and more, see data");
  return new RpcError(
    ErrorCode.InvalidParams,
    `Invalid params of "${method}": ${sentences.join("; ")}`,
    faults.map(({ path, message }) => ({ path, message: printable(message) })),
  );
}

/** How many faults the message of the error has; its data has {@linkcode MOST_FAULTS}. */
const MOST_SENTENCES = 20;
