/** The errors of a session, and those of the library in its terms. */
import { type MapHandle, NotRunningError, type PcpError, RenewalRefusedError } from "../mod.ts";
import { printable } from "../src/printable.ts";
import { invalidParams } from "./check_params.ts";
import { ErrorCode } from "./error_codes.ts";
import { LIMITS } from "./limits.ts";
import { limitExceeded, RpcError, wordsOf } from "./rpc_error.ts";
import type { Notifications } from "./types.ts";

/** Reports the library's RangeError and TypeError, for mistakes that no schema finds, as -32602. */
export async function asInvalidParams<T>(method: string, call: () => T | Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) {
      throw invalidParams(method, [{ path: [], message: wordsOf(error) }]);
    }
    throw error;
  }
}

/** Puts this server's mapping id into errors: the library counts the mappings of each client separately. */
export async function withServerId<T>(
  { mapping, mappingId }: { readonly mapping: MapHandle; readonly mappingId: number },
  call: () => Promise<T>,
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof NotRunningError)) throw error;
    const message = replaceId(error.message, mapping.id, mappingId);
    throw new RpcError(ErrorCode.NotRunning, message, { state: error.state });
  }
}

export function toJson(
  error: PcpError,
  mappingIds: ReadonlyMap<number, number>,
): Notifications["client/error"]["error"] {
  const fields = Object.entries(error.toJSON()).map(([name, value]) => [
    name,
    typeof value === "string" ? printable(value) : value,
  ]);
  const json = { ...Object.fromEntries(fields), name: error.name, message: wordsOf(error) };
  if (!(error instanceof RenewalRefusedError)) return json;
  const mappingId = mappingIds.get(error.mappingId) ?? error.mappingId;
  return { ...json, mappingId, message: replaceId(json.message, error.mappingId, mappingId) };
}

function replaceId(message: string, from: number, to: number): string {
  return message.replace(`mapping "${from}"`, `mapping "${to}"`);
}

export function unknown(
  what: "Client" | "Mapping" | "Simulator",
  none: string,
  id: number,
): RpcError {
  const message = `Cannot find the ${what.toLowerCase()}: ${none} has the id "${id}"`;
  return new RpcError(ErrorCode[`Unknown${what}`], message);
}

export function full(limit: keyof typeof FULL): RpcError {
  return limitExceeded(limit, `Cannot ${FULL[limit]} before`);
}

export function shuttingDown(): RpcError {
  return new RpcError(ErrorCode.NotRunning, "Cannot start anything: the server is shutting down");
}

const FULL = {
  clients: `start a client: ${LIMITS.clients} are running, the limit of this server; shut one down`,
  simulators:
    `start a simulator: ${LIMITS.simulators} are running, the limit of this server; stop one`,
  mappings: `request a mapping: there are ${LIMITS.mappings}, the limit of this server; revoke one`,
} as const;
