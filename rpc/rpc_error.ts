import { ResponseError } from "vscode-jsonrpc";
import {
  ClosedError,
  DiscoveryError,
  MappingConflictError,
  NotRunningError,
  PcpError,
  ResultCodeError,
  SocketError,
  StoreError,
} from "../mod.ts";
import { printable } from "../src/printable.ts";
import { ErrorCode } from "./error_codes.ts";
import { type Limit, type LimitData, LIMITS } from "./limits.ts";

/** Data of the error -32602: one for every faulty param. */
export interface Fault {
  /** Where the fault is, as keys and indexes from the params down. */
  path: (string | number)[];
  /** What is wrong with it. */
  message: string;
}

/** Data of the error 5. */
export interface ResultCodeData {
  /** 1 to 255 as the server sent it (RFC 6887 section 7.4); negative for a result of this client. */
  code: number;
  /** Its name in the RFC, such as `NO_RESOURCES`. */
  name: string;
  /** Seconds for which the same request is not repeated; null if it never will be. */
  lifetime: number | null;
}

/** An error response. Its message is printable: programs write it to terminals and logs. */
export class RpcError extends ResponseError<unknown> {
  constructor(code: ErrorCode, message: string, data?: unknown) {
    super(code, printable(message), data);
    // ResponseError sets its own prototype, which breaks instanceof for its subclasses.
    Object.setPrototypeOf(this, RpcError.prototype);
  }
}

/** The error response for a request that would exceed a limit. */
export function limitExceeded(limit: Limit, message: string): RpcError {
  const data: LimitData = { limit, most: LIMITS[limit] };
  return new RpcError(ErrorCode.LimitExceeded, message, data);
}

/** The error response for an error of the library; undefined for any other error, which is a defect. */
export function toRpcError(error: unknown): RpcError | undefined {
  if (error instanceof RpcError) return error;
  if (!(error instanceof PcpError)) return undefined;
  const respond = (code: ErrorCode, data?: unknown) => new RpcError(code, wordsOf(error), data);
  if (error instanceof ResultCodeError) {
    const { code, resultName: name, lifetime = null } = error;
    return respond(ErrorCode.ResultCode, { code, name, lifetime } satisfies ResultCodeData);
  }
  if (error instanceof NotRunningError) {
    return respond(ErrorCode.NotRunning, { state: error.state });
  }
  if (error instanceof SocketError) {
    return respond(ErrorCode.SocketError, { operation: error.operation });
  }
  if (error instanceof StoreError) return respond(ErrorCode.StoreError, { reason: error.reason });
  if (error instanceof ClosedError) return respond(ErrorCode.NotRunning);
  if (error instanceof DiscoveryError) return respond(ErrorCode.DiscoveryFailed);
  if (error instanceof MappingConflictError) return respond(ErrorCode.MappingConflict);
  return respond(ErrorCode.InternalError);
}

/** The message of an error, with advice for JSON-RPC in place of that for TypeScript. */
export function wordsOf(error: Error): string {
  if (!(error instanceof DiscoveryError)) {
    return printable(
      error.message.replaceAll('"allowThirdParty: true"', '"allowThirdParty": true'),
    );
  }
  const { message, detail } = error;
  const end = message.indexOf(detail) + detail.length;
  return printable(message.slice(0, end) + (message.length > end ? ADDRESSES : ""));
}

const ADDRESSES =
  '; give "client" and "server", as in {"client": "192.168.1.2", "server": "192.168.1.1"}';
