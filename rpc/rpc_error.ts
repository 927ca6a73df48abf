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
import { ErrorCode } from "./error_codes.ts";
import type { ResultCodeData } from "./types.ts";

/** An error answer, with its typed data. */
export class RpcError extends ResponseError<unknown> {
  constructor(code: ErrorCode, message: string, data?: unknown) {
    super(code, message, data);
    // ResponseError sets its own prototype, which would make this class unrecognisable.
    Object.setPrototypeOf(this, RpcError.prototype);
  }
}

/** The error answer for what a call of the library threw; undefined if only a defect explains it. */
export function toRpcError(error: unknown): RpcError | undefined {
  if (error instanceof RpcError) return error;
  if (error instanceof ResultCodeError) {
    const { code, resultName, lifetime } = error;
    const data: ResultCodeData = { code, name: resultName, lifetime: lifetime ?? null };
    return new RpcError(ErrorCode.ResultCode, error.message, data);
  }
  if (error instanceof NotRunningError) {
    return new RpcError(ErrorCode.NotRunning, error.message, { state: error.state });
  }
  if (error instanceof ClosedError) return new RpcError(ErrorCode.NotRunning, error.message);
  if (error instanceof DiscoveryError) {
    return new RpcError(ErrorCode.DiscoveryFailed, error.message);
  }
  if (error instanceof SocketError) {
    return new RpcError(ErrorCode.SocketError, error.message, { operation: error.operation });
  }
  if (error instanceof MappingConflictError) {
    return new RpcError(ErrorCode.MappingConflict, error.message);
  }
  if (error instanceof StoreError) {
    return new RpcError(ErrorCode.StoreError, error.message, { reason: error.reason });
  }
  if (error instanceof PcpError) return new RpcError(ErrorCode.InternalError, error.message);
  return undefined;
}
